#include "snug/layer/pack.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "entry_packer.hh"
#include "mark.hh"
#include "name.hh"
#include "placeholders.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::layer {
namespace {

using sys::Fd;

// Takes the marks of an opaque folder out of its names, and tells whether there were any.
bool take_fuse_marks(std::vector<std::string>& names) {
  return std::erase_if(names, [](const std::string& name) { return name == fuse_opaque || name == fuse_opaque_device; }) > 0;
}

/// Goes through a tree, folder by folder, and gives each name of it to the archive, in the order of the bytes.
class Packer {
 public:
  Packer(int tree, int archive, Form form, const std::vector<std::string>& left_out)
      : form_(form), archive_(archive), left_out_(left_out.begin(), left_out.end()), mount_(sys::mount_id(tree)) {
    if (form == Form::layer || form == Form::fuse_layer) left_out_.insert(placeholders.begin(), placeholders.end());
    Fd root = sys::try_open(tree, ".", O_RDONLY | O_DIRECTORY);
    if (!root) fail("open the folder", ".", errno);
    enter(std::move(root), "");
  }

  Packed run() {
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.next == level.names.size())
        levels_.pop_back();
      else
        take(level.folder.get(), level.path, level.names[level.next++]);
    }
    archive_.finish();
    counts_.entries = archive_.entries();
    counts_.xattrs = archive_.lost_xattrs();
    return counts_;
  }

 private:
  struct Level {
    Fd folder;
    std::string path;  ///< with a slash at its end; "" is the root
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  void take(int folder, const std::string& parent, const std::string& name) {
    const std::string path = parent + name;
    if (left_out_.contains(path + "/")) return;
    const auto status = sys::find_status(folder, name.c_str());
    if (!status && errno == ENOENT) return;  // somebody works there still
    if (!status) fail("look at", path, errno);
    if (form_ != Form::tree && is_whiteout(*status)) return archive_.add({.name = format("{}.wh.{}", parent, name)});
    if (form_ == Form::fuse_layer && mark_of(path) == Mark::whiteout) return archive_.add({.name = path});
    if (form_ != Form::tree && mark_of(path) != Mark::none)
      throw Error(format("{} cannot be in a layer, where such a name is a mark", shown(path)));
    switch (status->st_mode & S_IFMT) {
      case S_IFREG: return add_file(folder, name, path);
      case S_IFDIR: return add_folder(folder, name, path);
      case S_IFLNK: return add_symlink(folder, name, path, *status);
      case S_IFIFO: return add_special(path, *status, Kind::fifo);
      case S_IFSOCK: ++counts_.sockets; return;
      default: ++counts_.devices; return;
    }
  }

  // A name may be another file by now: what counts is what was opened.
  Fd open(int folder, const std::string& name, const std::string& path, int flags, struct stat& status) const {
    Fd fd = sys::try_open(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags);
    if (!fd && errno == ENOENT) return fd;
    if (!fd || ::fstat(fd.get(), &status) != 0) fail("open", path, errno);
    return sys::mount_id(fd.get()) == mount_ ? std::move(fd) : Fd();
  }

  void add_folder(int folder, const std::string& name, const std::string& path) {
    struct stat status {};
    if (Fd fd = open(folder, name, path, O_DIRECTORY, status)) enter(std::move(fd), path + "/");
  }

  void enter(Fd folder, std::string path) {
    struct stat status {};
    if (::fstat(folder.get(), &status) != 0) fail("look at", path, errno);
    std::vector<std::string> names;
    for (sys::Entry& entry : sys::list_folder(folder.get())) names.push_back(std::move(entry.name));
    std::sort(names.begin(), names.end());
    const bool hides = form_ == Form::fuse_layer && take_fuse_marks(names);
    if (names.empty() && !path.empty() && left_out_.contains(path.substr(0, path.size() - 1))) return;
    Entry entry = entry_of(path.empty() ? "./" : path, Kind::folder, status);
    const bool opaque = archive_.read_xattrs(folder.get(), entry, status) || hides;
    archive_.add(entry);
    if (opaque && form_ != Form::tree) archive_.add({.name = path + ".wh..wh..opq"});
    levels_.push_back({std::move(folder), std::move(path), std::move(names)});
  }

  void add_file(int folder, const std::string& name, const std::string& path) {
    struct stat status {};
    const Fd fd = open(folder, name, path, 0, status);
    if (!fd || !S_ISREG(status.st_mode)) return;
    if (status.st_size == 0 && left_out_.contains(path)) return;
    if (archive_.add_known(path, status)) return;
    Entry entry = entry_of(path, Kind::file, status);
    static_cast<void>(archive_.read_xattrs(fd.get(), entry, status));
    archive_.remember(entry, status);
    archive_.add_file(fd.get(), entry, status);
  }

  void add_symlink(int folder, const std::string& name, const std::string& path, const struct stat& status) {
    if (archive_.add_known(path, status)) return;
    Entry entry = entry_of(path, Kind::symlink, status);
    auto link = sys::find_link(folder, name.c_str());
    if (!link) return;
    entry.link = *std::move(link);
    archive_.remember(entry, status);
    archive_.add(entry);
  }

  void add_special(const std::string& path, const struct stat& status, Kind kind) {
    if (archive_.add_known(path, status)) return;
    const Entry entry = entry_of(path, kind, status);
    archive_.remember(entry, status);
    archive_.add(entry);
  }

  Form form_;
  EntryPacker archive_;
  std::set<std::string, std::less<>> left_out_;
  std::uint64_t mount_;
  Packed counts_;
  std::vector<Level> levels_;
};

}  // namespace

Packed pack(int tree, int archive, Form form, const std::vector<std::string>& left_out) {
  return Packer(tree, archive, form, left_out).run();
}

}  // namespace snug::layer
