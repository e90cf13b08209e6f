#include "snug/state/tree_size.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "snug/base/error.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

// A folder whose names are still to be looked at. One descriptor a level: trees of thousands of levels are measured no deeper
// than descriptors reach, and then are not measured at all.
struct Level {
  sys::Fd folder;
  std::vector<sys::Entry> entries;
};

class Measurement {
 public:
  std::optional<TreeSize> measure(const std::string& path) {
    if (!enter(AT_FDCWD, path.c_str())) return {};
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.entries.empty()) {
        levels_.pop_back();
        continue;
      }
      const sys::Entry entry = std::move(level.entries.back());
      level.entries.pop_back();
      if (!look_at(level.folder.get(), entry.name)) return {};
    }
    return size_;
  }

 private:
  bool look_at(int folder, const std::string& name) {
    const auto status = sys::find_status(folder, name.c_str());
    if (!status) return errno == ENOENT;
    ++size_.names;
    if (S_ISDIR(status->st_mode)) return status->st_dev != device_ || enter(folder, name.c_str());
    if (status->st_nlink < 2 || seen_.insert(status->st_ino).second) count(*status);
    return true;
  }

  bool enter(int parent, const char* name) {
    sys::Fd folder = sys::try_open(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!folder) return errno == ENOENT;
    const auto status = sys::find_status(folder.get(), "");
    if (!status) return false;
    if (levels_.empty()) device_ = status->st_dev;
    count(*status);
    std::vector<sys::Entry> entries = sys::list_folder(folder.get());
    levels_.push_back({std::move(folder), std::move(entries)});
    return true;
  }

  void count(const struct stat& status) {
    constexpr std::uint64_t block = 512;
    size_.bytes += static_cast<std::uint64_t>(status.st_blocks) * block;
  }

  std::vector<Level> levels_;
  std::set<ino_t> seen_;
  dev_t device_ = 0;
  TreeSize size_;
};

}  // namespace

std::optional<TreeSize> tree_size(const std::string& path) {
  try {
    return Measurement().measure(path);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace snug::state
