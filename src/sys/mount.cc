#include "snug/sys/mount.hh"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

namespace snug::sys {
namespace {

int result_of(long value) noexcept { return value < 0 ? errno : 0; }

std::uint64_t find_mount_id(int folder, const char* path, int flags) noexcept {
  struct statx status {};
  if (::statx(folder, path, flags, STATX_MNT_ID, &status) != 0) return 0;
  return status.stx_mnt_id;
}

}  // namespace

Fd open_filesystem(const char* type) noexcept { return Fd(::fsopen(type, FSOPEN_CLOEXEC)); }

int set_option(int filesystem, const char* key, const char* value) noexcept {
  if (!*value) return result_of(::fsconfig(filesystem, FSCONFIG_SET_FLAG, key, nullptr, 0));
  return result_of(::fsconfig(filesystem, FSCONFIG_SET_STRING, key, value, 0));
}

Fd make_mount(int filesystem, std::uint64_t attributes) noexcept {
  if (::fsconfig(filesystem, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return Fd();
  return Fd(::fsmount(filesystem, FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
}

void read_reason(int filesystem, char* buffer, std::size_t size) noexcept {
  const int error = errno;
  const ssize_t length = ::read(filesystem, buffer, size - 1);
  buffer[length > 0 ? length : 0] = '\0';
  errno = error;
}

Fd clone_tree(int folder, const char* path, bool recursive) noexcept {
  return Fd(::open_tree(folder, path,
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U) |
                            (*path ? 0U : static_cast<unsigned>(AT_EMPTY_PATH))));
}

int set_mount_attributes(int fd, std::uint64_t attributes, bool recursive) noexcept {
  mount_attr attr{};
  attr.attr_set = attributes;
  return result_of(::mount_setattr(fd, "", static_cast<unsigned>(AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)), &attr,
                                   sizeof attr));
}

int attach_mount(int mount, int target) noexcept {
  return result_of(::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

int make_all_private() noexcept { return result_of(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr)); }

int pivot_to(int root) noexcept {
  if (::fchdir(root) != 0) return errno;
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return errno;
  // The old root lies on top of the new one now, and on it what was staged there: each is a mount to take away, or
  // ".." leads from the new root into what is left.
  const std::uint64_t own = mount_id(root);
  if (own == 0) return ENOSYS;
  while (find_mount_id(AT_FDCWD, "..", 0) != own)
    if (::umount2(".", MNT_DETACH) != 0) return errno;
  return result_of(::chdir("/"));
}

bool is_mount_root(int fd) noexcept {
  struct statx status {};
  return ::statx(fd, "", AT_EMPTY_PATH, 0, &status) == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

std::uint64_t mount_id(int fd) noexcept { return find_mount_id(fd, "", AT_EMPTY_PATH); }

}  // namespace snug::sys
