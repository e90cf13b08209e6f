#include "snug/layer/changes.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "mark.hh"
#include "name.hh"
#include "placeholders.hh"
#include "snug/base/owner_mark.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/file.hh"

namespace snug::layer {
namespace {

using sys::Fd;

/// Something that is not for this process to read.
struct Closed {};

constexpr int reading = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

[[noreturn]] void give_up(std::string_view what, std::string_view path) {
  if (errno == EACCES || errno == EPERM) throw Closed();
  fail(what, path, errno);
}

/// A folder of a layer. Overlayfs marks it by an attribute: "y" hides what is below, "x" says that its whiteouts may be
/// files with a mark of their own. Those of fuse-overlayfs may be files with a name of their own. In a copy nothing is a mark.
struct Folder {
  Fd fd;
  char mark = 0;
  bool fuse = false, copy = false;
  bool closed = false;  ///< can only be looked at
};

Folder mark_folder(Fd fd) {
  char value[2]{};
  const bool marked = ::fgetxattr(fd.get(), "user.overlay.opaque", value, sizeof value) == 1;
  return {std::move(fd), marked ? value[0] : '\0'};
}

Folder mark_upper(Fd fd, const Overlay& overlay) {
  if (overlay.copy) return {.fd = std::move(fd), .copy = true};
  Folder folder = mark_folder(std::move(fd));
  folder.fuse = overlay.fuse;
  if (folder.fuse && sys::find_status(folder.fd.get(), fuse_opaque)) folder.mark = 'y';
  return folder;
}

// A folder of a layer below may be closed to everybody here, and still hold nothing that has changed: then it is only looked at. Of a
// copy all of it has to be known.
Folder open_lower(int folder, const char* name, std::string_view path, bool copied) {
  Fd fd = sys::try_open(folder, name, reading);
  if (!fd && errno == EACCES && !copied) return {.fd = sys::try_open(folder, name, reading | O_PATH), .closed = true};
  if (!fd) give_up("open", path);
  return mark_folder(std::move(fd));
}

/// What a name is in a layer.
struct Found {
  struct stat status;
  bool whiteout = false;
};

std::optional<Found> find_in(const Folder& folder, const std::string& name) {
  const auto status = sys::find_status(folder.fd.get(), name.c_str());
  if (!status && errno != ENOENT) give_up("look at", name);
  if (!status && folder.fuse)
    if (const auto hidden = sys::find_status(folder.fd.get(), (".wh." + name).c_str())) return Found{*hidden, true};
  if (!status) return {};
  bool whiteout = !folder.copy && is_whiteout(*status);
  if (folder.mark == 'x' && S_ISREG(status->st_mode) && status->st_size == 0) {
    const Fd file = sys::try_open(folder.fd.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    whiteout = file && ::fgetxattr(file.get(), "user.overlay.whiteout", nullptr, 0) >= 0;
  }
  return Found{*status, whiteout};
}

/// A folder as the layers below have it together, topmost first; none where they have none.
using Below = std::vector<Folder>;

std::optional<struct stat> find_below(const Below& below, const std::string& name) {
  for (const Folder& folder : below)
    if (const auto found = find_in(folder, name)) return found->whiteout ? std::nullopt : std::optional(found->status);
  return {};
}

Below enter(const Below& below, const std::string& name, const std::string& path, bool copied) {
  Below next;
  for (const Folder& folder : below) {
    const auto found = find_in(folder, name);
    if (!found) continue;
    if (found->whiteout || !S_ISDIR(found->status.st_mode)) break;
    next.push_back(open_lower(folder.fd.get(), name.c_str(), path, copied));
    if (next.back().mark == 'y') break;
  }
  return next;
}

bool is_same(const struct stat& now, const struct stat& before, bool copied) {
  if (now.st_mode != before.st_mode || now.st_uid != before.st_uid || now.st_gid != before.st_gid) return false;
  if (S_ISDIR(now.st_mode)) return true;
  return copied && now.st_size == before.st_size && now.st_rdev == before.st_rdev && now.st_mtim.tv_sec == before.st_mtim.tv_sec && now.st_mtim.tv_nsec == before.st_mtim.tv_nsec;
}

// The one that is kept, where it cannot be had. A folder that could only be looked at has whichever.
bool has_same_owner(int now, int before) {
  constexpr std::size_t most = 64;
  std::array<char, most> one{}, other{};
  const ssize_t ours = ::fgetxattr(now, owner_xattr, one.data(), most);
  const ssize_t theirs = ::fgetxattr(before, owner_xattr, other.data(), most);
  return (theirs < 0 && errno == EBADF) || (std::max<ssize_t>(ours, 0) == std::max<ssize_t>(theirs, 0) && one == other);
}

class Comparison {
 public:
  Comparison(const Overlay& overlay, const std::vector<std::string>& mounts, const std::function<void(Change, const std::string&)>& take) : overlay_(overlay), take_(take) {
    for (const char* path : placeholders) leave_out(path);
    for (const std::string& path : mounts) leave_out(path);
  }

  void run() {
    Below below;
    for (const std::string& lower : overlay_.lowers) below.push_back(open_lower(AT_FDCWD, lower.c_str(), lower, overlay_.copy));
    Fd upper = sys::try_open(AT_FDCWD, overlay_.upper.c_str(), reading);
    if (!upper) give_up("open", overlay_.upper);
    static_cast<void>(compare(mark_upper(std::move(upper), overlay_), below, overlay_.folder));
  }

 private:
  void leave_out(std::string_view path) {
    for (; !path.empty(); path = parent_of(path)) made_.emplace(path);
  }

  // Gives whether anything in the folder has changed.
  bool compare(const Folder& upper, const Below& below, const std::string& path) {
    bool changed = (upper.mark == 'y' || upper.copy) && take_hidden(upper, below, path);
    for (const sys::Entry& entry : sys::list_folder(upper.fd.get())) {
      const bool marked = upper.fuse && mark_of(entry.name) != Mark::none;
      if (marked && (mark_of(entry.name) != Mark::whiteout || entry.name == fuse_opaque_device)) continue;
      const std::string name = marked ? hidden_by(entry.name) : entry.name;
      if (const auto found = find_in(upper, name)) changed = compare_name(upper, below, path + name, name, *found) || changed;
    }
    return changed;
  }

  bool compare_name(const Folder& upper, const Below& below, const std::string& path, const std::string& name, const Found& found) {
    const auto before = find_below(below, name);
    if (found.whiteout) return before && take(Change::deleted, path);
    bool within = false, given = false;
    if (S_ISDIR(found.status.st_mode)) {
      Fd folder = sys::try_open(upper.fd.get(), name.c_str(), reading);
      if (!folder && errno == ENOENT) return false;  // somebody works there still
      if (!folder) give_up("open", path);
      const Below next = enter(below, name, path, overlay_.copy);
      given = before && !next.empty() && !has_same_owner(folder.get(), next.front().fd.get());
      within = compare(mark_upper(std::move(folder), overlay_), next, path + "/");
    }
    if (!before) return (within || !is_made(path, found.status)) && take(Change::added, path);
    return (within || given || !is_same(found.status, *before, overlay_.copy)) && take(Change::changed, path);
  }

  // What an opaque folder does not bring itself is gone, and what a copy has no more.
  bool take_hidden(const Folder& upper, const Below& below, const std::string& path) {
    bool any = false;
    std::set<std::string> seen;
    for (const Folder& folder : below) {
      if (folder.closed) throw Closed();
      for (sys::Entry& entry : sys::list_folder(folder.fd.get())) {
        if (!seen.insert(entry.name).second || !find_below(below, entry.name)) continue;
        if (!find_in(upper, entry.name)) any = take(Change::deleted, path + entry.name);
      }
    }
    return any;
  }

  [[nodiscard]] bool is_made(const std::string& path, const struct stat& status) const {
    return made_.contains(path) && (S_ISDIR(status.st_mode) || status.st_size == 0);
  }

  bool take(Change change, const std::string& path) {
    take_(change, path);
    return true;
  }

  const Overlay& overlay_;
  const std::function<void(Change, const std::string&)>& take_;
  std::set<std::string, std::less<>> made_;
};

}  // namespace

bool find_changes(const Overlay& overlay, const std::vector<std::string>& mounts, const std::function<void(Change, const std::string&)>& take) {
  try {
    Comparison(overlay, mounts, take).run();
    return true;
  } catch (const Closed&) {
    return false;
  }
}

}  // namespace snug::layer
