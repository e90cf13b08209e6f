#include "copy_path.hh"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "snug/sys/file.hh"

namespace snug::layer {

sys::Fd open_path(const CopyPath& path, int flags) {
  return path.inside ? sys::try_open_in_root(AT_FDCWD, path.path.c_str(), flags) : sys::try_open(AT_FDCWD, path.path.c_str(), flags);
}

bool is_kernels(int fd) noexcept {
  constexpr long mqueue = 0x19800202;
  struct statfs filesystem {};
  if (::fstatfs(fd, &filesystem) != 0) return false;
  switch (filesystem.f_type) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEVPTS_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case BPF_FS_MAGIC:
    case mqueue: return true;
    default: return false;
  }
}

}  // namespace snug::layer
