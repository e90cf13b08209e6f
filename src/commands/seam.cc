#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "account.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/trees.hh"
#include "snug/layer/seam.hh"
#include "snug/runtime/mapped.hh"
#include "snug/sys/file.hh"

namespace snug::commands {
namespace {

/// A seam in the making, below STORE/staging. It goes away with this unless it has got its name.
class Making {
 public:
  Making(const Trees& trees, const image::Store& store, const std::string& map) : trees_(trees), map_(map), staged_(image::Staged::make_folder(store)) {}
  ~Making() {
    if (!named_) static_cast<void>(trees_.remove(staged_.path(), map_));  // what stays is gc's
  }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;

  void fill(const std::vector<layer::Accounted>& layers) {
    const std::string root = staged_.path() + "/root";
    if (!in_map([&] { return make(layers, root); })) throw Error("the folders that its layers imply could not be made", "snug gc --check tells what is damaged");
    if (::syncfs(staged_.fd()) != 0) throw system_error("write the seam to the disk", errno);
  }

  void name(const std::string& path) { named_ = staged_.move_to(path); }

 private:
  // Where all is the caller's there are no others' ids to give.
  [[nodiscard]] bool in_map(const std::function<bool()>& work) const {
    const plan::WriteIdMaps maps = trees_.maps(map_);
    const auto own = [](const std::vector<plan::IdRange>& ranges) { return ranges.size() == 1 && ranges[0].count == 1; };
    return ::geteuid() == 0 || (own(maps.uids) && own(maps.gids)) ? work() : runtime::run_mapped(maps, work);
  }

  static bool make(const std::vector<layer::Accounted>& layers, const std::string& root) {
    if (::mkdir(root.c_str(), 0755) != 0) throw system_error(format("make the folder {}", quoted(root)), errno);
    const sys::Fd target = sys::open(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!layer::make_seam(layers, target.get()) && ::rmdir(root.c_str()) != 0) throw system_error(format("remove the folder {}", quoted(root)), errno);
    return true;
  }

  const Trees& trees_;
  std::string map_;
  image::Staged staged_;
  bool named_ = false;
};

}  // namespace

std::optional<layer::Account> find_account(const std::string& folder) {
  const auto text = sys::find_file_text(account_path(folder, std::string_view(folder).substr(folder.rfind('/') + 1)).c_str(), longest_account);
  return text ? layer::parse_account(std::string_view(*text).substr(std::min(text->size(), text->find('\n') + 1))) : std::nullopt;
}

void settle_seam(const Environment& environment, const image::Store& store, const std::string& map, const image::Image& image) {
  const auto held = find_bare_layers(store, map, image);
  if (!held || held->roots.size() < 2 || store.use_seam(map, image.id())) return;
  const image::Lock own(store, format("layer-seam-{}-{}", image.id().algorithm, image.id().hex));
  if (store.use_seam(map, image.id())) return;
  std::vector<layer::Accounted> layers;
  // A layer that an older snug unpacked has no account, and implies nothing that is known.
  for (const std::string& root : held->roots) layers.push_back({root, find_account(root.substr(0, root.rfind('/'))).value_or(layer::Account{})});
  const Trees trees(environment);
  Making seam(trees, store, map);
  try {
    if (layer::may_need_seam(layers)) seam.fill(layers);
    seam.name(store.seam_path(map, image.id()));
  } catch (Error& error) {
    throw error.during(format("putting together the image {}", quoted(image.name.empty() ? image.id().text() : image.name)));
  }
}

}  // namespace snug::commands
