#include "check.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <set>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "snug/image/contents.hh"
#include "snug/sys/file.hh"
#include "snug/transport/hash.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

// Whether a registry has it: what was made here is nowhere else, whatever it is called.
bool can_be_fetched(const image::Stored& stored) { return stored.manifest.annotations.contains(std::string(image::origin_key)); }

std::optional<image::Image> try_open(const image::Store& store, const image::Stored& stored) {
  try {
    return store.open(stored);
  } catch (const Error&) {
    return {};
  }
}

class Check {
 public:
  Check(image::Store& store, const commands::Trees& trees, bool try_only) : store_(store), trees_(trees), try_only_(try_only) {}

  Faults run() {
    check_layout();
    check_index();
    if (faults_.no_index) return faults_;
    find_local();
    for (const image::Digest& blob : list_blobs(store_)) check_blob(blob);
    for (const image::Stored& stored : store_.list()) check_image(stored);
    for (const image::LayerFolder& folder : list_layers(store_))
      if (!folder.seam) check_folder(folder);
    return faults_;
  }

 private:
  void tell(std::string_view fault, std::string_view remedy) {
    ++faults_.found;
    commands::print(format("{}; {}\n", fault, remedy));
  }
  void mended(std::string_view fault, std::string_view would, std::string_view done) {
    if (!try_only_) ++faults_.mended;
    tell(fault, try_only_ ? would : done);
  }

  void check_layout() {
    try {
      if (!store_.check_layout(!try_only_)) mended("oci-layout does not say what it should", "'snug gc --check' writes it anew", "written anew");
    } catch (const Error& error) {
      tell(format("oci-layout cannot be read: {}", error.message()), way_to_read(store_.path() + "/images/oci-layout"));
    }
  }

  // What no registry has is not thrown away, for there may be something in it still.
  void find_local() {
    for (const image::Stored& stored : store_.list()) {
      const bool whole = image::add_reached(store_, stored.manifest.digest, can_be_fetched(stored) ? fetched_ : local_);
      any_may_be_local_ = any_may_be_local_ || (!whole && !can_be_fetched(stored));
    }
  }

  // Where a manifest is lost, any blob that no image of a registry names may be of its image.
  [[nodiscard]] bool is_local(const image::Digest& blob) const { return local_.contains(blob) || (any_may_be_local_ && !fetched_.contains(blob)); }

  static std::string way_to_read(const std::string& path) {
    const auto status = sys::find_status(AT_FDCWD, path.c_str());
    return status && S_ISREG(status->st_mode) ? format("'chmod u+r {}' may help", shell_quoted(path)) : format("move {} away, and check again", quoted(path));
  }

  // The others are checked all the same.
  void check_blob(const image::Digest& blob) {
    const std::string path = store_.blob_path(blob);
    try {
      if (transport::digest_of_file(store_.open_blob(blob).get(), blob.algorithm) != blob) put_away(blob, path);
    } catch (const Error& error) {
      tell(format("the blob {} cannot be read: {}", blob.text(), error.message()), way_to_read(path));
    }
  }

  void put_away(const image::Digest& blob, const std::string& path) {
    const std::string fault = format("the blob {} is damaged", blob.text());
    const std::string aside = path + std::string(image::put_aside_ending);
    const bool local = is_local(blob);
    if (try_only_) return tell(fault, local ? "'snug gc --check' puts it aside" : "'snug gc --check' removes it");
    if (local ? ::rename(path.c_str(), aside.c_str()) != 0 : ::unlink(path.c_str()) != 0) return tell(fault, errno_text(errno));
    if (!local && !fetched_.contains(blob) && !rebuilt_) return mended(fault, "", "removed, for no image has it");
    tell(fault, local ? format("kept as {}, for it came from no registry", quoted(aside)) : "removed, 'snug pull' brings it anew");
  }

  // Names are kept with the index before; what is in neither has lost its name, but is there.
  void check_index() {
    try {
      static_cast<void>(store_.list());
    } catch (const Error& error) {
      if (try_only_) {
        faults_.no_index = true;
        return tell(error.message(), "'snug gc --check' makes it anew");
      }
      const bool is_there = sys::find_status(AT_FDCWD, (store_.path() + "/images/index.json").c_str()).has_value();
      const std::vector<image::Descriptor> images = find_images();
      const auto nameless = static_cast<std::size_t>(std::count_if(images.begin(), images.end(), [](const auto& one) { return one.annotations.empty(); }));
      store_.rebuild(images);
      rebuilt_ = true;
      tell(error.message(), format("made anew with {} images, {} of which have lost their names{}", images.size(), nameless, is_there ? "; what there was of the old one is index.json.damaged" : ""));
      if (nameless == 0) ++faults_.mended;
    }
  }

  std::vector<image::Descriptor> find_images() {
    std::vector<image::Descriptor> images = store_.list_former();
    // One whose manifest is damaged stays, as damaged: nothing is swept out then that may be its.
    const auto is_there = [&](const std::string& path) { return sys::find_status(AT_FDCWD, path.c_str()).has_value(); };
    std::erase_if(images, [&](const image::Descriptor& one) {
      const std::string path = store_.blob_path(one.digest);
      return !is_there(path) && !is_there(path + std::string(image::put_aside_ending));
    });
    for (const image::Digest& blob : list_blobs(store_)) {
      const bool known = std::any_of(images.begin(), images.end(), [&](const auto& one) { return one.digest == blob; });
      if (auto manifest = known ? std::nullopt : find_manifest(blob)) images.push_back(*std::move(manifest));
    }
    return images;
  }

  std::optional<image::Descriptor> find_manifest(const image::Digest& blob) {
    const auto status = sys::find_status(AT_FDCWD, store_.blob_path(blob).c_str());
    if (!status || static_cast<std::uint64_t>(status->st_size) > image::largest_manifest) return {};
    try {
      const auto document = image::parse_manifest(store_.read_blob(blob, image::largest_manifest));
      const auto* manifest = std::get_if<image::Manifest>(&document);
      if (!manifest) return {};
      return image::Descriptor{.media_type = manifest->media_type, .digest = blob, .size = static_cast<std::uint64_t>(status->st_size)};
    } catch (const Error&) {
      return {};  // a configuration, or a layer
    }
  }

  void check_image(const image::Stored& stored) {
    const std::string name = stored.name.empty() ? stored.manifest.digest.text() : short_name(stored.name);
    try {
      const image::Image image = store_.open(stored);
      for (const image::Descriptor& layer : image.manifest.layers)
        if (!store_.has_blob(layer.digest, layer.size) && !(can_be_fetched(stored) && is_unpacked(image, layer)))
          tell(format("{} lacks the blob {}", quoted(name), layer.digest.text()), can_be_fetched(stored) ? remedy_for(stored) : remedy_for_blob(store_, layer.digest).value_or(remedy_for(stored)));
    } catch (const Error& error) {
      tell(format("{} is damaged: {}", quoted(name), error.message()), remedy_for(stored));
    }
  }

  // What gc --blobs took is no damage.
  bool is_unpacked(const image::Image& image, const image::Descriptor& layer) {
    for (std::size_t at = 0; at < image.manifest.layers.size(); ++at) {
      if (image.manifest.layers[at].digest != layer.digest) continue;
      for (const image::LayerFolder& folder : list_layers(store_))
        if (!folder.seam && folder.digest == image.config.diff_ids[at]) return true;
    }
    return false;
  }

  // The contents of files are not looked at: that would be to unpack the layer once more.
  std::string find_fault(const image::LayerFolder& folder) const {
    std::optional<layer::Account> account;
    try {
      account = commands::find_account(folder.path);
    } catch (const Error& error) {
      return format("its account cannot be read: {}", error.message());
    }
    const auto root = sys::find_status(AT_FDCWD, (folder.path + "/root").c_str());
    if (!account) return "its account is missing or another layer's";
    if (!root || !S_ISDIR(root->st_mode)) return "it has no root";
    const auto size = trees_.measure(folder.path + "/root", folder.map);
    return size && size->names != account->names ? format("it has {} names where {} were unpacked", size->names, account->names) : std::string();
  }

  void check_folder(const image::LayerFolder& folder) {
    const std::string why = find_fault(folder);
    if (why.empty()) return;
    const std::string fault = format("the unpacked layer {} is damaged: {}", quoted(folder.path), why);
    if (try_only_) return tell(fault, "'snug gc --check' removes it");
    const std::string away = take_away(store_, folder, [&] { return layers_of_containers(store_).contains(folder.path); });
    if (away.empty()) return tell(fault, "a container needs it: 'snug rm' that, and check again");
    static_cast<void>(trees_.remove(away, folder.map));  // what stays in staging is swept out
    if (has_blob_of(folder.digest)) return mended(fault, "", "removed, the next start unpacks it anew");
    tell(fault, "removed, 'snug pull' brings it anew");
  }

  bool has_blob_of(const image::Digest& diff_id) const {
    for (const image::Stored& stored : store_.list()) {
      const auto image = try_open(store_, stored);
      for (std::size_t at = 0; image && at < image->manifest.layers.size(); ++at)
        if (image->config.diff_ids[at] == diff_id && store_.has_blob(image->manifest.layers[at].digest, image->manifest.layers[at].size)) return true;
    }
    return false;
  }

  image::Store& store_;
  const commands::Trees& trees_;
  bool try_only_;
  std::set<image::Digest> local_, fetched_;
  bool any_may_be_local_ = false, rebuilt_ = false;
  Faults faults_;
};

}  // namespace

Faults check(image::Store& store, const commands::Trees& trees, bool try_only) { return Check(store, trees, try_only).run(); }

void drop_blobs(const image::Store& store, bool try_only, Swept& swept) {
  std::set<image::Digest> unpacked, wanted, done;
  for (const image::LayerFolder& layer : list_layers(store)) unpacked.insert(layer.digest);
  // A layer that one image of the store has from nowhere stays for all of them.
  for (const image::Stored& stored : store.list())
    if (!can_be_fetched(stored)) static_cast<void>(image::add_reached(store, stored.manifest.digest, wanted));
  for (const image::Stored& stored : store.list()) {
    const auto image = try_open(store, stored);
    for (std::size_t at = 0; image && at < image->manifest.layers.size(); ++at) {
      const image::Descriptor& layer = image->manifest.layers[at];
      if (wanted.contains(layer.digest) || !unpacked.contains(image->config.diff_ids[at]) || !done.insert(layer.digest).second) continue;
      if (!store.has_blob(layer.digest, layer.size) || (!try_only && ::unlink(store.blob_path(layer.digest).c_str()) != 0)) continue;
      ++swept.blobs;
      swept.bytes += layer.size;
    }
  }
}

}  // namespace snug::image_commands
