#include "snug/layer/pack.hh"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "attributes.hh"
#include "mark.hh"
#include "name.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "tar_writer.hh"

namespace snug::layer {
namespace {

using sys::Fd;

// Where snug puts mounts: what of it is empty was made for them.
constexpr std::array placeholders{"dev", "etc/hostname", "etc/hosts", "etc/resolv.conf", "proc", "run", "sys", "tmp"};

/// Goes through a tree, folder by folder, and gives each name of it to the archive, in the order of the bytes.
class Packer {
 public:
  Packer(int tree, int archive, Form form, const std::vector<std::string>& left_out)
      : form_(form), writer_(archive), uid_(::geteuid()), gid_(::getegid()), left_out_(left_out.begin(), left_out.end()),
        mount_(sys::mount_id(tree)) {
    if (form == Form::layer) left_out_.insert(placeholders.begin(), placeholders.end());
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
    writer_.finish();
    return counts_;
  }

 private:
  struct Level {
    Fd folder;
    std::string path;  ///< with a slash at its end; "" is the root
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  /// A file with several names, as the first of them is in the archive.
  struct Linked {
    std::string path;
    std::int64_t uid, gid;
    unsigned mode;
  };

  void take(int folder, const std::string& parent, const std::string& name) {
    const std::string path = parent + name;
    const auto status = sys::find_status(folder, name.c_str());
    if (!status && errno == ENOENT) return;  // somebody works there still
    if (!status) fail("look at", path, errno);
    if (form_ == Form::layer && is_whiteout(*status)) return write({.name = format("{}.wh.{}", parent, name)});
    if (form_ == Form::layer && mark_of(path) != Mark::none)
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
    if (names.empty() && !path.empty() && left_out_.contains(path.substr(0, path.size() - 1))) return;
    Entry entry = entry_of(path.empty() ? "./" : path, Kind::folder, status);
    const bool opaque = read_xattrs(folder.get(), entry, status);
    write(entry);
    if (opaque && form_ == Form::layer) write({.name = path + ".wh..wh..opq"});
    levels_.push_back({std::move(folder), std::move(path), std::move(names)});
  }

  void add_file(int folder, const std::string& name, const std::string& path) {
    struct stat status {};
    const Fd fd = open(folder, name, path, 0, status);
    if (!fd || !S_ISREG(status.st_mode)) return;
    if (status.st_size == 0 && left_out_.contains(path)) return;
    if (add_known(path, status)) return;
    Entry entry = entry_of(path, Kind::file, status);
    static_cast<void>(read_xattrs(fd.get(), entry, status));
    remember(entry, status);
    ++counts_.entries;
    copy(fd.get(), entry, status);
  }

  // Another name of a file that is in the archive already. Some readers set its owner and mode anew.
  bool add_known(const std::string& path, const struct stat& status) {
    const auto known = status.st_nlink < 2 ? linked_.end() : linked_.find({status.st_dev, status.st_ino});
    if (known == linked_.end()) return false;
    const Linked& first = known->second;
    write({.kind = Kind::hard_link, .name = path, .link = first.path, .uid = first.uid, .gid = first.gid, .mode = first.mode, .time = status.st_mtim});
    return true;
  }

  void remember(const Entry& entry, const struct stat& status) {
    if (status.st_nlink > 1) linked_.try_emplace({status.st_dev, status.st_ino}, Linked{entry.name, entry.uid, entry.gid, entry.mode});
  }

  void add_symlink(int folder, const std::string& name, const std::string& path, const struct stat& status) {
    if (add_known(path, status)) return;
    Entry entry = entry_of(path, Kind::symlink, status);
    auto link = sys::find_link(folder, name.c_str());
    if (!link) return;
    entry.link = *std::move(link);
    remember(entry, status);
    write(entry);
  }

  void add_special(const std::string& path, const struct stat& status, Kind kind) {
    if (add_known(path, status)) return;
    const Entry entry = entry_of(path, kind, status);
    remember(entry, status);
    write(entry);
  }

  void copy(int file, const Entry& entry, const struct stat& status) {
    const auto segments = find_segments(file, status);
    if (segments) {
      writer_.add_sparse(entry, *segments);
      for (const Segment& segment : *segments) copy(file, entry, segment);
    } else {
      writer_.add(entry);
      copy(file, entry, Segment{0, entry.size});
    }
    writer_.end_file();
  }

  void copy(int file, const Entry& entry, Segment segment) {
    while (segment.size > 0) {
      const auto wanted = std::min<std::int64_t>(segment.size, static_cast<std::int64_t>(buffer_.size()));
      const ssize_t count = ::pread(file, buffer_.data(), static_cast<std::size_t>(wanted), segment.offset);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("read", entry.name, errno);
      if (count == 0) throw Error(format("{} has become shorter while it was read", shown(entry.name)));
      writer_.write({buffer_.data(), static_cast<std::size_t>(count)});
      segment.offset += count;
      segment.size -= count;
    }
  }

  // What lies between the holes of a file; nothing where it has none, or too many pieces to speak of.
  static std::optional<std::vector<Segment>> find_segments(int file, const struct stat& status) {
    constexpr std::size_t most = 10000;
    constexpr blkcnt_t unit = 512;
    if (status.st_blocks >= status.st_size / unit) return {};
    std::vector<Segment> segments;
    for (off_t at = 0; at < status.st_size;) {
      const off_t data = ::lseek(file, at, SEEK_DATA);
      if (data < 0 && errno != ENXIO) return {};
      if (data < 0 || data >= status.st_size) break;
      const off_t hole = std::min(::lseek(file, data, SEEK_HOLE), status.st_size);
      if (hole <= data || segments.size() == most) return {};
      segments.push_back({data, hole - data});
      at = hole;
    }
    if (segments.size() == 1 && segments[0].size == status.st_size) return {};
    // GNU's mark of where the file ends.
    if (segments.empty() || segments.back().offset + segments.back().size != status.st_size) segments.push_back({status.st_size, 0});
    return segments;
  }

  Entry entry_of(std::string name, Kind kind, const struct stat& status) const {
    return {.kind = kind, .name = std::move(name), .uid = status.st_uid, .gid = status.st_gid, .mode = status.st_mode & 07777U,
            .time = status.st_mtim, .size = status.st_size};
  }

  // Takes over what is to be kept, and the owner that was meant. Gives whether the folder is opaque.
  bool read_xattrs(int fd, Entry& entry, const struct stat& status) {
    values_.clear();
    bool opaque = false;
    for (const std::string& name : list_xattrs(fd, entry.name)) {
      if (name == "user.overlay.opaque")
        opaque = read_xattr(fd, name) == "y";
      else if (name == owner_xattr && status.st_uid == uid_ && status.st_gid == gid_)
        give_back_owner(entry, read_xattr(fd, name));
      else if (is_kept(name) && name.find('=') == std::string::npos)
        values_.emplace(name, read_xattr(fd, name));
      else if (is_kept(name))
        ++counts_.xattrs;
    }
    for (const auto& [name, value] : values_) entry.xattrs.push_back({name, value});
    return opaque;
  }

  static std::vector<std::string> list_xattrs(int fd, const std::string& path) {
    std::array<char, XATTR_LIST_MAX> buffer;
    const ssize_t size = ::flistxattr(fd, buffer.data(), buffer.size());
    if (size == 0 || (size < 0 && errno == ENOTSUP)) return {};
    if (size < 0) fail("list the attributes of", path, errno);
    return split(std::string_view(buffer.data(), static_cast<std::size_t>(size) - 1), '\0');
  }

  static std::string read_xattr(int fd, const std::string& name) {
    std::string value(XATTR_SIZE_MAX, '\0');
    const ssize_t size = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    value.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return value;
  }

  // A mode that was set since stays, but for the bits that could not be had.
  static void give_back_owner(Entry& entry, const std::string& kept) {
    const std::vector<std::string> parts = split(kept, ':');
    const auto uid = parse_number(parts[0]), gid = parts.size() > 1 ? parse_number(parts[1]) : std::nullopt;
    if (!uid || !gid || *uid >= UINT32_MAX || *gid >= UINT32_MAX || parts.size() > 3) return;
    entry.uid = static_cast<std::int64_t>(*uid);
    entry.gid = static_cast<std::int64_t>(*gid);
    if (parts.size() < 3) return;
    const unsigned mode = parse_octal(parts[2]);
    if ((mode & 01777U) == (entry.mode & 01777U)) entry.mode = mode;
  }

  static unsigned parse_octal(std::string_view text) {
    unsigned value = 0;
    for (const char digit : text) value = value * 8 + static_cast<unsigned>(digit - '0') % 8;
    return value & 07777U;
  }

  void write(const Entry& entry) {
    ++counts_.entries;
    writer_.add(entry);
    if (entry.kind == Kind::file) writer_.end_file();
  }

  Form form_;
  TarWriter writer_;
  std::uint32_t uid_, gid_;
  std::set<std::string, std::less<>> left_out_;
  std::uint64_t mount_;
  Packed counts_;
  std::vector<Level> levels_;
  std::map<std::pair<dev_t, ino_t>, Linked> linked_;
  std::map<std::string, std::string> values_;
  std::string buffer_ = std::string(std::size_t{256} << 10U, '\0');
};

}  // namespace

Packed pack(int tree, int archive, Form form, const std::vector<std::string>& left_out) {
  return Packer(tree, archive, form, left_out).run();
}

}  // namespace snug::layer
