#include "sweep.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <set>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/contents.hh"
#include "snug/state/record.hh"
#include "snug/sys/file.hh"

namespace snug::image_commands {
namespace {

std::uint64_t file_size(const std::string& path) {
  const auto status = sys::find_status(AT_FDCWD, path.c_str());
  return status ? static_cast<std::uint64_t>(status->st_size) : 0;
}

void add_unneeded(const image::Store& store, std::vector<Waste>& waste) {
  const image::Usage usage = usage_of(store);
  if (!usage.damaged.empty()) return;
  for (const image::Digest& blob : list_blobs(store))
    if (!usage.blobs.contains(blob)) waste.push_back({Waste::Kind::blob, blob.text(), store.blob_path(blob), {}, blob});
  for (const image::LayerFolder& layer : list_layers(store))
    if (!usage.has(layer)) waste.push_back({Waste::Kind::layer, layer.digest.text(), layer.path, layer.map, layer.digest});
  for (const image::PutAside& blob : list_put_aside(store))
    if (!usage.blobs.contains(blob.digest)) waste.push_back({Waste::Kind::unfinished, quoted(blob.path), blob.path, {}});
}

}  // namespace

// A container that is kept starts again on its layers, also when its image has lost all names.
std::set<std::string> layers_of_containers(const image::Store& store) {
  std::set<std::string> folders;
  for (const state::Record& record : state::list_records(store.path()))
    for (const std::string& lower : record.lowers) folders.insert(lower.substr(0, lower.rfind('/')));
  return folders;
}

namespace {

/// Removes one thing after the other and adds up.
class Broom {
 public:
  Broom(const image::Store& store, const commands::Trees& trees, bool try_only) : store_(store), trees_(trees), try_only_(try_only) {}

  void take(const Waste& waste) {
    switch (waste.kind) {
      case Waste::Kind::blob: return take_blob(waste);
      case Waste::Kind::layer: return take_layer(waste);
      case Waste::Kind::unfinished: return take_tree(waste, waste.path, swept_.unfinished);
    }
  }

  Swept finish() { return std::move(swept_); }

 private:
  void take_blob(const Waste& waste) {
    const std::uint64_t size = file_size(waste.path);
    if (!try_only_ && ::unlink(waste.path.c_str()) != 0) return keep(waste, errno_text(errno));
    ++swept_.blobs;
    swept_.bytes += size;
  }

  void take_layer(const Waste& waste) {
    if (try_only_) return take_tree(waste, waste.path, swept_.layers);
    // Since the waste was found a container may have been made on it that does not run.
    const std::string path = take_away(store_, {waste.map, waste.digest, waste.path}, [&] { return layers_of_containers(store_).contains(waste.path); });
    if (path.empty()) return keep(waste, "a container needs it");
    take_tree(waste, path, swept_.layers);
  }

  void take_tree(const Waste& waste, const std::string& path, std::size_t& count) {
    const auto status = sys::find_status(AT_FDCWD, path.c_str());
    const bool file = status && !S_ISDIR(status->st_mode);
    const std::uint64_t size = file ? file_size(path) : trees_.size(path, waste.map);
    const bool gone = try_only_ || (file ? ::unlink(path.c_str()) == 0 : trees_.remove(path, waste.map));
    if (!gone) return keep(waste, format("{} could not be removed", quoted(path)));
    ++count;
    swept_.bytes += size;
  }

  void keep(const Waste& waste, std::string_view why) { swept_.kept.push_back(format("{} stays: {}", waste.name, why)); }

  const image::Store& store_;
  const commands::Trees& trees_;
  bool try_only_;
  Swept swept_;
};

}  // namespace

std::vector<Waste> find_waste(const image::Store& store, std::int64_t age) {
  std::vector<Waste> waste;
  add_unneeded(store, waste);
  const std::set<std::string> needed = layers_of_containers(store);
  const bool unknown = !state::list_damaged(store.path()).empty();  // nobody knows what such a container needs
  std::erase_if(waste, [&](const Waste& each) { return each.kind == Waste::Kind::layer && (unknown || needed.contains(each.path)); });
  for (const std::string& path : list_abandoned(store, age)) waste.push_back({Waste::Kind::unfinished, quoted(path), path, {}});
  return waste;
}

sys::Fd lock_for_removal(const image::Store& store) {
  // Of a command that was interrupted somebody takes away what was half unpacked, which is soon done.
  constexpr int attempts = 40;
  constexpr timespec moment{0, 50'000'000};
  sys::Fd lock = try_lock_exclusive(store);
  for (int attempt = 1; !lock && attempt < attempts; ++attempt) {
    ::nanosleep(&moment, nullptr);
    lock = try_lock_exclusive(store);
  }
  if (!lock) throw Error("another snug is adding to the store", "try again when it has finished");
  return lock;
}

Swept sweep(const image::Store& store, const commands::Trees& trees, std::int64_t age, bool try_only) {
  Broom broom(store, trees, try_only);
  for (const Waste& waste : find_waste(store, age)) broom.take(waste);
  Swept swept = broom.finish();
  for (const std::string& damaged : usage_of(store).damaged)
    swept.kept.push_back(format("no blob and no layer is removed while an image is damaged: {}", damaged));
  return swept;
}

}  // namespace snug::image_commands
