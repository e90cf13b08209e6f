#include "snug/sys/restraint.hh"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "snug/sys/file.hh"

namespace snug::sys {
namespace {

// What linux/landlock.h of Debian 12 does not have yet.
struct Ruleset {
  std::uint64_t files = 0, network = 0, scopes = 0;
};
constexpr std::uint64_t truncate_file = 1U << 14U, ioctl_device = 1U << 15U, resolve_socket = 1U << 16U;
constexpr std::uint64_t scope_sockets = 1, scope_signals = 2;

std::uint64_t rights_of(int abi) noexcept {
  std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;
  if (abi >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) rights |= truncate_file;
  if (abi >= 5) rights |= ioctl_device;
  if (abi >= 9) rights |= resolve_socket;
  return rights;
}

int allow(int ruleset, int place, std::uint64_t rights) noexcept {
  const landlock_path_beneath_attr rule{rights, place};
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
}

// /dev/stdin leads to a file of the host, where the caller gave one: that can be opened again, but no other way than it is.
int allow_stream(int ruleset, int stream, std::uint64_t known) noexcept {
  const int flags = ::fcntl(stream, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0) return 0;
  const int mode = flags & O_ACCMODE;
  std::uint64_t rights = ioctl_device;
  if (mode != O_WRONLY) rights |= LANDLOCK_ACCESS_FS_READ_FILE;
  if (mode != O_RDONLY) rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_file;
  const int error = allow(ruleset, stream, rights & known);
  return error == EBADFD ? 0 : error;  // a pipe or a socket, which needs no rule
}

}  // namespace

int load_filter(std::span<const std::uint64_t> program) noexcept {
  static_assert(sizeof(sock_filter) == sizeof program[0]);
  const sock_fprog code{static_cast<unsigned short>(program.size()),
                        const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(program.data()))};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &code) == 0 ? 0 : errno;
}

int landlock_abi() noexcept {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? -errno : static_cast<int>(abi);
}

int enforce_landlock(int abi, LandlockScopes scopes, int program) noexcept {
  const std::uint64_t rights = rights_of(abi);
  const Ruleset attributes{rights, 0, (scopes.sockets ? scope_sockets : 0) | (scopes.signals ? scope_signals : 0)};
  const Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset) return errno;
  const Fd root = try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  if (!root) return errno;
  if (const int error = allow(ruleset.get(), root.get(), rights)) return error;
  for (const int stream : {0, 1, 2})
    if (const int error = allow_stream(ruleset.get(), stream, rights)) return error;
  if (program >= 0) {  // one in memory needs no rule
    const int error = allow(ruleset.get(), program, LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE);
    if (error && error != EBADFD) return error;
  }
  return ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0 ? 0 : errno;
}

namespace {

// `rights` below `place`, -1 for nowhere; the rest of what Landlock can shut is shut.
int enforce_alone(int abi, int place, std::uint64_t rights) noexcept {
  constexpr int first_with_scopes = 6;
  const Ruleset attributes{rights_of(abi), 0, abi >= first_with_scopes ? scope_sockets | scope_signals : 0};
  const Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset) return errno;
  if (place >= 0)
    if (const int error = allow(ruleset.get(), place, rights & rights_of(abi))) return error;
  return ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0 ? 0 : errno;
}

}  // namespace

int enforce_reading(int abi) noexcept {
  const Fd root = try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  return root ? enforce_alone(abi, root.get(), LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR) : errno;
}

int enforce_writing(int abi, int folder) noexcept {
  // With the right to remove folders, or the kernel would say EACCES where a file is to take the place of one, and not why.
  constexpr std::uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_file | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER;
  return enforce_alone(abi, folder, writing);
}

}  // namespace snug::sys
