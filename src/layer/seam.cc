#include "snug/layer/seam.hh"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <tuple>

#include "attributes.hh"
#include "name.hh"
#include "snug/base/error.hh"
#include "snug/base/owner_mark.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::layer {
namespace {

using sys::Fd;

constexpr std::string_view first_word = "names ";

/// What one layer has at a path.
struct Sight {
  Fd folder;         ///< empty: no folder
  bool last = false;  ///< the layers below have no say in it
};

bool is_opaque(int folder) {
  char mark = 0;
  return ::fgetxattr(folder, "user.overlay.opaque", &mark, 1) == 1 && mark == 'y';
}

// Goes down name by name, by overlayfs's rules: what is no folder, or opaque, hides what lies below.
Sight look(const std::string& root, std::string_view path) {
  Sight sight{sys::try_open(AT_FDCWD, root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)};
  if (!sight.folder) throw system_error(format("open the layer {}", quoted(root)), errno);
  while (!path.empty()) {
    const std::string name(path.substr(0, path.find('/')));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    Fd next = sys::try_open(sight.folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!next) return {{}, sight.last || errno != ENOENT};
    sight.folder = std::move(next);
    sight.last = sight.last || is_opaque(sight.folder.get());
  }
  return sight;
}

/// Which layers show a folder: the topmost that has it, and the topmost that has an entry for it.
struct Shown {
  const Accounted* top = nullptr;
  const Accounted* told = nullptr;
};

Shown find_shown(const std::vector<Accounted>& layers, const std::string& path) {
  Shown shown;
  for (const Accounted& layer : layers) {
    const Sight sight = look(layer.root, path);
    if (sight.folder && !shown.top) shown.top = &layer;
    if (sight.folder && !layer.account.implied.contains(path)) {
      shown.told = &layer;
      break;
    }
    if (sight.last) break;
  }
  return shown;
}

void copy_xattrs(int from, int to, const std::string& path) {
  std::array<char, XATTR_LIST_MAX> names;
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t size = ::flistxattr(from, names.data(), names.size());
  for (const std::string& name : split(std::string_view(names.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))), '\0')) {
    if (!is_kept(name) && name != owner_xattr) continue;
    const ssize_t length = ::fgetxattr(from, name.c_str(), value.data(), value.size());
    if (length < 0 || ::fsetxattr(to, name.c_str(), value.data(), static_cast<std::size_t>(length), 0) != 0) fail("copy an attribute of", path, errno);
  }
}

void dress(int target, const std::string& path, const std::string& root) {
  const Sight from = look(root, path);
  const Fd to = sys::try_open(target, path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  struct stat status {};
  if (!from.folder || !to || ::fstat(from.folder.get(), &status) != 0) fail("open the folder", path, errno);
  if (::fchown(to.get(), status.st_uid, status.st_gid) != 0) fail("set the owner of", path, errno);
  copy_xattrs(from.folder.get(), to.get(), path);
  set_mode_and_time(to.get(), path, status.st_mode & 07777U, status.st_mtim);
}

// Every container makes folders in its root: the time of that is nobody's, and no reason for a seam.
bool is_same_root(const Accounted& one, const Accounted& other) {
  const auto describe = [](const Accounted& layer) {
    const Sight root = look(layer.root, "");
    struct stat status {};
    std::array<char, XATTR_LIST_MAX> names;
    if (::fstat(root.folder.get(), &status) != 0) fail("look at", ".", errno);
    const bool plain = ::flistxattr(root.folder.get(), names.data(), names.size()) == 0;
    return std::tuple(status.st_uid, status.st_gid, status.st_mode, plain);
  };
  return describe(one) == describe(other) && std::get<3>(describe(one));
}

bool is_needed(const std::string& path, const Shown& shown) {
  return shown.told && shown.told != shown.top && (!path.empty() || !is_same_root(*shown.told, *shown.top));
}

// Those of which a lower layer says more than the topmost, and all on the way to them.
std::map<std::string, const Accounted*> find_folders(const std::vector<Accounted>& layers) {
  std::map<std::string, const Accounted*> folders;
  for (const Accounted& layer : layers)
    for (const std::string& path : layer.account.implied)
      if (const Shown shown = folders.contains(path) ? Shown() : find_shown(layers, path); is_needed(path, shown)) folders.emplace(path, shown.told);
  std::map<std::string, const Accounted*> all = folders;
  for (const auto& [folder, _] : folders)
    for (std::string path = folder; !path.empty();) {
      path = parent_of(path);
      if (all.contains(path)) continue;
      const Shown shown = find_shown(layers, path);
      all.emplace(path, shown.told ? shown.told : shown.top);
    }
  return all;
}

}  // namespace

std::string render_account(const Unpacked& unpacked) {
  std::string text = format("{}{}\n", first_word, unpacked.names);
  for (const std::string& path : unpacked.implied) {
    text += path.empty() ? "." : path;
    text += '\0';
  }
  return text;
}

std::optional<Account> parse_account(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (!text.starts_with(first_word) || end == std::string_view::npos || (end + 1 < text.size() && text.back() != '\0')) return {};
  const auto names = parse_number(text.substr(first_word.size(), end - first_word.size()));
  if (!names) return {};
  Account account{*names, {}};
  for (std::string_view rest = text.substr(end + 1); !rest.empty();) {
    const std::string path(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(path.size() + 1);
    try {
      const std::string clean = clean_name(path);
      if (clean != path && path != ".") return {};
      account.implied.insert(clean);
    } catch (const Error&) {
      return {};
    }
  }
  return account;
}

bool may_need_seam(const std::vector<Accounted>& layers) {
  bool root = false;  // a layer above implies it
  for (const Accounted& layer : layers) {
    const auto& implied = layer.account.implied;
    const bool own_root = !implied.contains("");
    if (&layer != &layers.back() && implied.size() > (own_root ? 0U : 1U)) return true;
    if (own_root && root) return true;
    root = root || !own_root;
  }
  return false;
}

bool make_seam(const std::vector<Accounted>& layers, int target) {
  const auto folders = find_folders(layers);
  for (const auto& [path, layer] : folders)
    if (!path.empty() && ::mkdirat(target, path.c_str(), 0700) != 0) fail("make the folder", path, errno);
  // What is below a folder comes before it, for the folder's mode may close the way.
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) dress(target, folder->first, folder->second->root);
  return !folders.empty();
}

}  // namespace snug::layer
