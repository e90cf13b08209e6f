#include "owner_request.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

namespace snug::runtime {
namespace {

using Kind = OwnerRequest::Kind;
using Arguments = std::array<std::uint64_t, 6>;

// The kernel takes them as 32 bits, and leaves the rest alone.
std::uint32_t low(std::uint64_t argument) noexcept { return static_cast<std::uint32_t>(argument); }
int number_in(std::uint64_t argument) noexcept { return static_cast<int>(low(argument)); }

OwnerRequest of_path(Kind kind, std::uint64_t path, bool follow = true) noexcept {
  OwnerRequest request;
  request.kind = kind;
  request.path = path;
  request.follow = follow;
  return request;
}

// AT_FDCWD is no file, and for the kernel to refuse.
OwnerRequest of_file(Kind kind, std::uint64_t file) noexcept {
  OwnerRequest request;
  if (number_in(file) < 0) return request;
  request.kind = kind;
  request.folder = number_in(file);
  return request;
}

// `known`: flags beyond those two that it may have. With others the kernel refuses it.
OwnerRequest from_folder(Kind kind, std::uint64_t folder, std::uint64_t path, int flags, int known = 0) noexcept {
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | known)) return {};
  OwnerRequest request = of_path(kind, path, !(flags & AT_SYMLINK_NOFOLLOW));
  request.folder = number_in(folder);
  request.may_be_empty = flags & AT_EMPTY_PATH;
  request.flags = flags & known;
  return request;
}

OwnerRequest give(OwnerRequest request, std::uint64_t uid, std::uint64_t gid) noexcept {
  request.uid = low(uid);
  request.gid = low(gid);
  return request;
}

OwnerRequest set_mode(OwnerRequest request, std::uint64_t mode) noexcept {
  request.mode = low(mode);
  return request;
}

OwnerRequest look(OwnerRequest request, std::uint64_t buffer) noexcept {
  request.buffer = buffer;
  return request;
}

OwnerRequest look_wide(const Arguments& call) noexcept {
  OwnerRequest request = look(from_folder(Kind::look_wide, call[0], call[1], number_in(call[2]), AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE), call[4]);
  request.mask = low(call[3]);
  return request;
}

OwnerRequest make_device(OwnerRequest request, std::uint64_t mode, std::uint64_t device) noexcept {
  request.mode = low(mode);
  request.device = low(device);
  return request;
}

OwnerRequest remove_attribute(OwnerRequest request, std::uint64_t name) noexcept {
  request.name = name;
  return request;
}

OwnerRequest set_attribute(OwnerRequest request, const Arguments& call) noexcept {
  request.name = call[1];
  request.buffer = call[2];
  request.size = call[3];
  return request;
}

}  // namespace

OwnerRequest read_request(int number, const Arguments& call) noexcept {
  switch (number) {
#ifdef SYS_chown
    case SYS_chown: return give(of_path(Kind::give, call[0]), call[1], call[2]);
    case SYS_lchown: return give(of_path(Kind::give, call[0], false), call[1], call[2]);
    case SYS_chmod: return set_mode(of_path(Kind::set_mode, call[0]), call[1]);
    case SYS_stat: return look(of_path(Kind::look, call[0]), call[1]);
    case SYS_lstat: return look(of_path(Kind::look, call[0], false), call[1]);
    case SYS_mknod: return make_device(of_path(Kind::make_device, call[0]), call[1], call[2]);
#endif
    case SYS_fchown: return give(of_file(Kind::give, call[0]), call[1], call[2]);
    case SYS_fchownat: return give(from_folder(Kind::give, call[0], call[1], number_in(call[4])), call[2], call[3]);
    case SYS_fchmod: return set_mode(of_file(Kind::set_mode, call[0]), call[1]);
    case SYS_fchmodat: return set_mode(from_folder(Kind::set_mode, call[0], call[1], 0), call[2]);
    case SYS_fchmodat2: return set_mode(from_folder(Kind::set_mode, call[0], call[1], number_in(call[3])), call[2]);
    case SYS_fstat: return look(of_file(Kind::look, call[0]), call[1]);
    case SYS_newfstatat: return look(from_folder(Kind::look, call[0], call[1], number_in(call[3]), AT_NO_AUTOMOUNT), call[2]);
    case SYS_statx: return look_wide(call);
    case SYS_mknodat: return make_device(from_folder(Kind::make_device, call[0], call[1], 0), call[2], call[3]);
    case SYS_setxattr: return set_attribute(of_path(Kind::set_attribute, call[0]), call);
    case SYS_lsetxattr: return set_attribute(of_path(Kind::set_attribute, call[0], false), call);
    case SYS_fsetxattr: return set_attribute(of_file(Kind::set_attribute, call[0]), call);
    case SYS_removexattr: return remove_attribute(of_path(Kind::set_attribute, call[0]), call[1]);
    case SYS_lremovexattr: return remove_attribute(of_path(Kind::set_attribute, call[0], false), call[1]);
    case SYS_fremovexattr: return remove_attribute(of_file(Kind::set_attribute, call[0]), call[1]);
    default: return {};
  }
}

}  // namespace snug::runtime
