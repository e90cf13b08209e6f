#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "snug/base/text.hh"
#include "snug/state/container_folder.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

using sys::Fd;

struct Folder {
  Fd fd;
  dev_t device = 0;
  ino_t inode = 0;
};

// overlayfs leaves its work folder with mode 0, and images may hold folders that are closed to their owner.
Folder open_up(int parent, const std::string& name) {
  Fd folder = sys::try_open(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder && errno == EACCES) {
    const Fd place = sys::try_open(parent, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    // By the descriptor's own name, since fchmod(2) takes no O_PATH and fchmodat(2) follows links.
    if (place) static_cast<void>(::chmod(format("/proc/self/fd/{}", place.get()).c_str(), 0700));
    if (place) folder = sys::try_open(place.get(), ".", O_RDONLY | O_DIRECTORY);
  }
  const auto status = folder ? sys::find_status(folder.get(), "") : std::nullopt;
  if (!status) return {};
  if ((status->st_mode & 0700) != 0700) static_cast<void>(::fchmod(folder.get(), 0700));
  return {std::move(folder), status->st_dev, status->st_ino};
}

// Whatever the depth of the tree, a few descriptors are enough: down by name, up by "..".
class Removal {
 public:
  explicit Removal(Folder parent) : at_(std::move(parent)) {}

  bool remove(const std::string& folder) {
    if (!remove_empty(folder)) enter(folder);
    while (!levels_.empty() && !lost_) {
      std::vector<std::string>& folders = levels_.back().folders;
      if (folders.empty()) {
        leave();
      } else {
        const std::string next = std::move(folders.back());
        folders.pop_back();
        if (!remove_empty(next)) enter(next);
      }
    }
    return all_ && !lost_;
  }

 private:
  struct Level {
    std::string name;
    dev_t parent_device = 0;
    ino_t parent = 0;
    std::vector<std::string> folders;  // of those in it, the ones that are still there
  };

  [[nodiscard]] bool remove_empty(const std::string& folder) const {
    return ::unlinkat(at_.fd.get(), folder.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
  }

  void enter(const std::string& name) {
    Folder folder = open_up(at_.fd.get(), name);
    if (!folder.fd) {
      all_ = false;
      return;
    }
    const Folder parent = std::exchange(at_, std::move(folder));
    levels_.push_back({name, parent.device, parent.inode, remove_files()});
  }

  // Gives the folders that are left.
  std::vector<std::string> remove_files() {
    std::vector<std::string> folders;
    for (sys::Entry& entry : sys::list_folder(at_.fd.get())) {
      if (entry.type != DT_DIR && ::unlinkat(at_.fd.get(), entry.name.c_str(), 0) == 0) continue;
      if (entry.type == DT_DIR || errno == EISDIR)
        folders.push_back(std::move(entry.name));
      else
        all_ = all_ && errno == ENOENT;
    }
    return folders;
  }

  // Somebody may move folders about in there, still: ".." has to be where we came from, or we would remove elsewhere.
  void leave() {
    const Level& level = levels_.back();
    Fd parent = sys::try_open(at_.fd.get(), "..", O_RDONLY | O_DIRECTORY);
    const auto status = parent ? sys::find_status(parent.get(), "") : std::nullopt;
    lost_ = !status || status->st_dev != level.parent_device || status->st_ino != level.parent;
    if (lost_) return;
    at_ = {std::move(parent), status->st_dev, status->st_ino};
    all_ = remove_empty(level.name) && all_;
    levels_.pop_back();
  }

  Folder at_;
  std::vector<Level> levels_;
  bool all_ = true, lost_ = false;
};

}  // namespace

bool remove_tree(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  Fd parent = sys::try_open(AT_FDCWD, path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY);
  const auto status = parent ? sys::find_status(parent.get(), "") : std::nullopt;
  return status && Removal({std::move(parent), status->st_dev, status->st_ino}).remove(path.substr(slash + 1));
}

}  // namespace snug::state
