#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "copy_path.hh"
#include "entry_packer.hh"
#include "name.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::layer {
namespace {

using sys::Fd;

constexpr int reading = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

std::string_view special_word(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFIFO: return "FIFO";
    case S_IFSOCK: return "socket";
    default: return "device";
  }
}

/// Goes through a tree that others may change meanwhile: whatever a name was, what counts is what was opened by it.
class Sender {
 public:
  Sender(const Sending& what, int stream) : what_(what), archive_(stream) {}

  CopyLosses run() {
    send_top();
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.next == level.names.size())
        levels_.pop_back();
      else
        send(level.folder.get(), level.path, level.names[level.next++]);
    }
    archive_.finish();
    losses_.xattrs = archive_.lost_xattrs();
    return losses_;
  }

 private:
  struct Level {
    Fd folder;
    std::string path;  ///< with a slash at its end
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  void send_top() {
    const std::string& path = what_.from.path;
    const Fd top = open_path(what_.from, O_PATH | (what_.follow ? 0 : O_NOFOLLOW));
    struct stat status {};
    if (!top || ::fstat(top.get(), &status) != 0) throw system_error(format("copy {} {}", shown(path), what_.from.inside ? "of the container" : "of this machine"), errno);
    if (is_kernels(top.get())) throw Error(format("cannot copy {}: it is a window to the kernel, with nothing in it that is stored", shown(path)));
    switch (status.st_mode & S_IFMT) {
      case S_IFDIR: return enter(sys::try_open(top.get(), ".", O_RDONLY | O_DIRECTORY), what_.named && !what_.name.empty() ? what_.name + "/" : "./");
      case S_IFLNK: return send_link(top.get(), "", what_.name, status);
      case S_IFREG: break;
      default: throw Error(format("cannot copy {}: it is a {}", shown(path), special_word(status.st_mode)));
    }
    Fd file = open_path(what_.from, reading & ~(what_.follow ? O_NOFOLLOW : 0));
    if (!file) fail("open", path, errno);
    if (!send_file(std::move(file), what_.name)) throw Error(format("cannot copy {}: it is no longer a file", shown(path)));
  }

  void send(int folder, const std::string& parent, const std::string& name) {
    const std::string path = parent + name;
    const auto status = sys::find_status(folder, name.c_str());
    if (!status && errno == ENOENT) return;  // somebody works there still
    if (!status) fail("look at", told(path), errno);
    switch (status->st_mode & S_IFMT) {
      case S_IFREG:
        if (Fd file = open(folder, name, path, 0)) static_cast<void>(send_file(std::move(file), path));
        return;
      case S_IFDIR:
        if (Fd next = open(folder, name, path, O_DIRECTORY)) enter(std::move(next), path + "/");
        return;
      case S_IFLNK: return send_link(folder, name.c_str(), path, *status);
      default: ++losses_.special; return;
    }
  }

  // What an entry is called for people: as it was typed.
  [[nodiscard]] std::string told(const std::string& path) const {
    if (!path.starts_with("./")) return path;
    const std::string& from = what_.from.path;
    return from.substr(0, from.find_last_not_of("/.") + 1) + path.substr(1);
  }

  // Empty where the name has become another thing meanwhile, or none.
  [[nodiscard]] Fd open(int folder, const std::string& name, const std::string& path, int flags) const {
    Fd fd = sys::try_open(folder, name.c_str(), reading | flags);
    if (!fd && errno != ENOENT && errno != ELOOP && errno != ENOTDIR && errno != ENXIO) fail("open", told(path), errno);
    return fd;
  }

  void enter(Fd folder, std::string path) {
    struct stat status {};
    if (!folder || ::fstat(folder.get(), &status) != 0) fail("open", told(path), errno);
    if (is_kernels(folder.get())) {
      ++losses_.kernel;
      return;
    }
    std::vector<std::string> names;
    for (sys::Entry& entry : sys::list_folder(folder.get())) names.push_back(std::move(entry.name));
    std::sort(names.begin(), names.end());
    Entry entry = entry_of(path, Kind::folder, status);
    static_cast<void>(archive_.read_xattrs(folder.get(), entry, status));
    archive_.add(entry);
    levels_.push_back({std::move(folder), std::move(path), std::move(names)});
  }

  bool send_file(Fd file, const std::string& path) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail("look at", told(path), errno);
    if (!S_ISREG(status.st_mode)) return false;
    if (archive_.add_known(path, status)) return true;
    Entry entry = entry_of(path, Kind::file, status);
    static_cast<void>(archive_.read_xattrs(file.get(), entry, status));
    archive_.remember(entry, status);
    archive_.add_file(file.get(), entry, status);
    return true;
  }

  void send_link(int folder, const char* name, const std::string& path, const struct stat& status) {
    if (archive_.add_known(path, status)) return;
    auto link = sys::find_link(folder, name);
    if (!link) return;
    Entry entry = entry_of(path, Kind::symlink, status);
    entry.link = *std::move(link);
    archive_.remember(entry, status);
    archive_.add(entry);
  }

  const Sending& what_;
  EntryPacker archive_;
  CopyLosses losses_;
  std::vector<Level> levels_;
};

}  // namespace

CopyLosses send_copy(const Sending& what, int stream) { return Sender(what, stream).run(); }

}  // namespace snug::layer
