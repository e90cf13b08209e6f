#include "entry_packer.hh"

#include <linux/limits.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <vector>

#include "attributes.hh"
#include "name.hh"
#include "snug/base/error.hh"
#include "snug/base/owner_mark.hh"
#include "snug/base/text.hh"

namespace snug::layer {
namespace {

// What lies between the holes of a file; nothing where it has none, or too many pieces to speak of.
std::optional<std::vector<Segment>> find_segments(int file, const struct stat& status) {
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

std::vector<std::string> list_xattrs(int fd, const std::string& path) {
  std::array<char, XATTR_LIST_MAX> buffer;
  const ssize_t size = ::flistxattr(fd, buffer.data(), buffer.size());
  if (size == 0 || (size < 0 && errno == ENOTSUP)) return {};
  if (size < 0) fail("list the attributes of", path, errno);
  return split(std::string_view(buffer.data(), static_cast<std::size_t>(size) - 1), '\0');
}

std::string read_xattr(int fd, const std::string& name) {
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t size = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
  value.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return value;
}

void give_back_owner(Entry& entry, const std::string& kept, const struct stat& status) {
  auto mark = parse_owner_mark(kept);
  if (!mark) return;
  if (mark->is_device() && status.st_size != 0) mark->mode.reset();  // who wrote into it has made a file of it
  entry.uid = mark->uid;
  entry.gid = mark->gid;
  entry.mode = mark->shown_mode(entry.mode) & 07777U;
  if (entry.kind != Kind::file || !mark->is_device()) return;
  entry.kind = Kind::device;
  entry.block = S_ISBLK(*mark->mode);
  entry.major = mark->major;
  entry.minor = mark->minor;
}

// Who makes a path step by step may get further than any program that names all of it.
void check_name(const std::string& name) {
  try {
    static_cast<void>(clean_name(name));
  } catch (const Error& error) {
    throw Error(format("{}, and it could not be unpacked again: remove it, or give it another one", error.message()));
  }
}

}  // namespace

EntryPacker::EntryPacker(int archive) : writer_(archive), uid_(::geteuid()), gid_(::getegid()), buffer_(std::size_t{256} << 10U, '\0') {}

void EntryPacker::add(const Entry& entry) {
  check_name(entry.name);
  ++entries_;
  writer_.add(entry);
  if (entry.kind == Kind::file) writer_.end_file();
}

void EntryPacker::add_file(int file, const Entry& entry, const struct stat& status) {
  if (entry.kind == Kind::device) return add(entry);
  check_name(entry.name);
  ++entries_;
  if (const auto segments = find_segments(file, status)) {
    writer_.add_sparse(entry, *segments);
    for (const Segment& segment : *segments) copy(file, entry, segment);
  } else {
    writer_.add(entry);
    copy(file, entry, {0, entry.size});
  }
  writer_.end_file();
}

void EntryPacker::copy(int file, const Entry& entry, Segment segment) {
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

// Another name of a file that is in the archive already. Some readers set its owner and mode anew.
bool EntryPacker::add_known(const std::string& path, const struct stat& status) {
  const auto known = status.st_nlink < 2 ? linked_.end() : linked_.find({status.st_dev, status.st_ino});
  if (known == linked_.end()) return false;
  const Linked& first = known->second;
  add({.kind = Kind::hard_link, .name = path, .link = first.path, .uid = first.uid, .gid = first.gid, .mode = first.mode, .time = status.st_mtim});
  return true;
}

void EntryPacker::remember(const Entry& entry, const struct stat& status) {
  if (status.st_nlink > 1) linked_.try_emplace({status.st_dev, status.st_ino}, Linked{entry.name, entry.uid, entry.gid, entry.mode});
}

bool EntryPacker::read_xattrs(int fd, Entry& entry, const struct stat& status) {
  values_.clear();
  bool opaque = false;
  for (const std::string& name : list_xattrs(fd, entry.name)) {
    if (name == "user.overlay.opaque")
      opaque = read_xattr(fd, name) == "y";
    else if (name == owner_xattr && status.st_uid == uid_ && status.st_gid == gid_)
      give_back_owner(entry, read_xattr(fd, name), status);
    else if (is_kept(name) && name.find('=') == std::string::npos)
      values_.emplace(name, read_xattr(fd, name));
    else if (is_kept(name))
      ++lost_xattrs_;
  }
  for (const auto& [name, value] : values_) entry.xattrs.push_back({name, value});
  return opaque;
}

Entry entry_of(std::string name, Kind kind, const struct stat& status) {
  return {.kind = kind, .name = std::move(name), .uid = status.st_uid, .gid = status.st_gid, .mode = status.st_mode & 07777U,
          .time = status.st_mtim, .size = status.st_size};
}

}  // namespace snug::layer
