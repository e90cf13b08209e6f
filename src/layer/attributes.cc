#include "attributes.hh"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "name.hh"
#include "snug/base/owner_mark.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::layer {
namespace {

// The kernel takes all ones for "leave it as it is".
bool is_id(std::int64_t id) { return id >= 0 && id < UINT32_MAX; }

// 0 or errno; EINVAL for what is no id, as the kernel says of an id that is not mapped.
int try_owner(int folder, const char* name, const Entry& entry) {
  if (!is_id(entry.uid) || !is_id(entry.gid)) return EINVAL;
  const auto uid = static_cast<uid_t>(entry.uid);
  const auto gid = static_cast<gid_t>(entry.gid);
  return ::fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0 ? 0 : errno;
}

bool is_refusal(int error) {
  switch (error) {
    case ENOTSUP:
    case EPERM:
    case EINVAL:  // a capability for a root that is not mapped
    case E2BIG:
    case ERANGE:
    case ENOSPC:  // ext4 says so of what does not fit beside the inode; a full disk shows at the next write
      return true;
    default: return false;
  }
}

// `mode`: what the file cannot have, with the type of a device. False where the file can keep nothing.
bool keep_mark(int fd, const Entry& entry, std::optional<std::uint32_t> mode) {
  if (std::min(entry.uid, entry.gid) < 0 || std::max(entry.uid, entry.gid) > UINT32_MAX) return false;
  const OwnerText text({static_cast<std::uint32_t>(entry.uid), static_cast<std::uint32_t>(entry.gid), mode, entry.major, entry.minor});
  const std::string_view kept = text.view();
  if (::fsetxattr(fd, owner_xattr, kept.data(), kept.size(), 0) == 0) return true;
  if (!is_refusal(errno)) fail("keep the owner of", entry.name, errno);
  return false;
}

}  // namespace

bool is_kept(std::string_view name) noexcept {
  for (const std::string_view own : {"user.overlay.", "user.fuseoverlayfs.", "user.containers.", "user.snug."})
    if (name.starts_with(own)) return false;
  return name.starts_with("user.") || name == "security.capability";
}

unsigned set_owner(int folder, const char* name, const Entry& entry, Unpacked& counts) {
  const int error = try_owner(folder, name, entry);
  if (!error) return entry.mode;
  const auto now = sys::find_status(folder, name);
  if ((error != EINVAL && error != EPERM) || !now) fail("set the owner of", entry.name, error);
  ++counts.owners;
  return entry.mode & ~(now->st_uid == entry.uid ? 0U : S_ISUID) & ~(now->st_gid == entry.gid ? 0U : S_ISGID);
}

unsigned set_or_keep_owner(int fd, const Entry& entry, Unpacked& counts) {
  const std::uint64_t lost = counts.owners;
  const unsigned mode = set_owner(fd, "", entry, counts);
  if (counts.owners == lost) return mode;
  if (keep_mark(fd, entry, mode != entry.mode ? std::optional(entry.mode) : std::nullopt)) ++counts.kept;
  return mode;
}

void keep_device(int fd, const Entry& entry) { static_cast<void>(keep_mark(fd, entry, entry.mode | (entry.block ? S_IFBLK : S_IFCHR))); }

void set_opaque(int folder, std::string_view name) {
  if (::fsetxattr(folder, "user.overlay.opaque", "y", 1, 0) != 0) fail("make opaque, for the layers below, the folder", name, errno);
}

void set_xattrs(int fd, const Entry& entry, Unpacked& counts) {
  for (const Xattr& xattr : entry.xattrs) {
    const bool kept = is_kept(xattr.name);
    if (kept && ::fsetxattr(fd, xattr.name.data(), xattr.value.data(), xattr.value.size(), 0) == 0) continue;
    if (kept && !is_refusal(errno)) fail("set an extended attribute of", entry.name, errno);
    ++counts.xattrs;
  }
}

void clear_xattrs(int fd) noexcept {
  std::array<char, XATTR_LIST_MAX> names;
  const ssize_t size = ::flistxattr(fd, names.data(), names.size());
  for (const char *name = names.data(), *end = name + std::max<ssize_t>(size, 0); name < end; name += std::strlen(name) + 1)
    if (is_kept(name) || std::strcmp(name, owner_xattr) == 0) static_cast<void>(::fremovexattr(fd, name));
}

void set_mode_and_time(int fd, std::string_view name, unsigned mode, const timespec& time) {
  if (::fchmod(fd, mode) != 0) fail("set the mode of", name, errno);
  set_time(fd, name, time);
}

void set_time(int fd, std::string_view name, const timespec& time) {
  const timespec times[2]{{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, time};
  if (::futimens(fd, times) != 0) fail("set the time of", name, errno);
}

}  // namespace snug::layer
