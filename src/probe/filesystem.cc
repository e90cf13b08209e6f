#include "filesystem.hh"

#include <sys/vfs.h>

#include <cerrno>

#include "snug/base/text.hh"

namespace snug::probe {
namespace {

struct Known {
  std::uint32_t magic;
  const char* name;
  bool takes_upper = false;
  bool takes_lower = takes_upper;
};

constexpr Known known[] = {
    {0xef53, "ext2/3/4", true},
    {0x58465342, "xfs", true},
    {0x9123683e, "btrfs", true},
    {0xf2f52010, "f2fs", true},
    {0xca451a4e, "bcachefs", true},
    {0x2fc12fc1, "zfs", true},
    {0x01021994, "tmpfs", true},
    {0x6969, "NFS", false, true},
    {0x65735546, "FUSE", false, true},
    {0x794c7630, "an overlay"},  // of another overlay, it takes none above it
    {0xf15f, "eCryptfs"},
    {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB"},
    {0x517b, "SMB"},
    {0x01021997, "9p"},
    {0x4d44, "FAT"},
    {0x2011bab0, "exFAT"},
    {0x7366746e, "NTFS"},
    {0x00c36400, "Ceph"},
    {0x5346414f, "AFS"},
    {0x0bd00bd0, "Lustre"},
    {0x47504653, "GPFS"},
    {0x01161970, "GFS2"},
    {0x7461636f, "OCFS2"},
    {0x61756673, "aufs"},
    {0x73717368, "squashfs", false, true},
    {0x858458f6, "ramfs"},
    {0x786f4256, "vboxsf"},
};

}  // namespace

Filesystem filesystem_of(std::uint32_t magic) {
  for (const Known& type : known)
    if (type.magic == magic) return {type.name, type.takes_upper, type.takes_lower};
  return {format("a file system that snug does not know (statfs type {:#x})", magic), false, false};
}

Filesystem filesystem_of_file(int fd) {
  struct statfs status {};
  if (::fstatfs(fd, &status) != 0) return {"a file system that cannot be asked"};
  return filesystem_of(static_cast<std::uint32_t>(status.f_type));
}

Filesystem filesystem_at(std::string folder) {
  struct statfs status {};
  while (::statfs(folder.c_str(), &status) != 0) {
    const std::size_t slash = folder.rfind('/');
    if (errno != ENOENT || slash == std::string::npos)
      return {format("a file system that cannot be asked ({})", folder), false};
    folder.erase(slash == 0 && folder.size() > 1 ? 1 : slash);
    if (folder.empty()) return {};
  }
  return filesystem_of(static_cast<std::uint32_t>(status.f_type));
}

}  // namespace snug::probe
