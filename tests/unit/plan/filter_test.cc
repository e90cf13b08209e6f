#include <doctest/doctest.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <iterator>
#include <tuple>
#include <vector>

#include "packet_filter.hh"
#include "snug/plan/filter.hh"

using namespace snug::plan;

namespace {

constexpr int passed = 0;
constexpr std::uint32_t native_arch = native_architecture == Architecture::x86_64 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_AARCH64;

std::uint64_t cap(int number) { return std::uint64_t{1} << static_cast<unsigned>(number); }

// 0 where the call can be made, else the error that it gets.
int outcome(const FilterProgram& program, std::uint32_t arch, int number, std::vector<std::uint64_t> arguments = {}) {
  seccomp_data data{.nr = number, .arch = arch, .instruction_pointer = 0, .args = {}};
  for (std::size_t at = 0; at < arguments.size(); ++at) data.args[at] = arguments[at];
  const std::uint32_t verdict = snug::test::verdict_of(program, data);
  if (verdict == SECCOMP_RET_ALLOW) return passed;
  REQUIRE((verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO);
  return static_cast<int>(verdict & SECCOMP_RET_DATA);
}

int usual(long number, std::vector<std::uint64_t> arguments = {}) {
  return outcome(make_filter({.capabilities = cap(CAP_SYS_CHROOT)}), native_arch, static_cast<int>(number), std::move(arguments));
}

}  // namespace

TEST_CASE("filter: what programs live on can be called") {
  for (const long call : {SYS_read, SYS_write, SYS_openat, SYS_mmap, SYS_execve, SYS_execveat, SYS_exit_group, SYS_futex, SYS_rt_sigaction, SYS_getpid, SYS_wait4,
                          SYS_setresuid, SYS_setgroups, SYS_fchownat, SYS_capset, SYS_prctl, SYS_seccomp, SYS_ptrace, SYS_chroot, SYS_landlock_create_ruleset,
                          SYS_statx, SYS_getrandom, SYS_memfd_create, SYS_pidfd_open, SYS_renameat2, SYS_mknodat, SYS_setxattr, SYS_flock})
    CHECK_MESSAGE(usual(call) == passed, call);
}

TEST_CASE("filter: what opens the kernel's wider doors cannot") {
  for (const long call : {SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_fsopen, SYS_fsmount, SYS_move_mount, SYS_open_tree, SYS_mount_setattr,
                          SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf, SYS_perf_event_open, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
                          SYS_userfaultfd, SYS_open_by_handle_at, SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_swapon, SYS_reboot,
                          SYS_acct, SYS_syslog, SYS_quotactl, SYS_fanotify_init, SYS_kcmp, SYS_pidfd_getfd, SYS_process_madvise, SYS_set_mempolicy, SYS_clock_settime})
    CHECK_MESSAGE(usual(call) == EPERM, call);
}

TEST_CASE("filter: clone3 and what is not listed do not exist, and so programs do without") {
  for (const long call : {static_cast<long>(SYS_clone3), 471L, 500L, 5000L, 0x3fffffffL}) CHECK_MESSAGE(usual(call) == ENOSYS, call);
  CHECK(usual(0x40000000L | SYS_read) == ENOSYS);  // x32
  CHECK(usual(-1) == ENOSYS);
  for (const std::uint32_t arch : std::initializer_list<std::uint32_t>{AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_PPC64, 0})
    CHECK(outcome(make_filter({}), arch, 3) == ENOSYS);
}

TEST_CASE("filter: new namespaces are refused, new processes are not; only the low half counts, as for the kernel") {
  CHECK(usual(SYS_clone, {CLONE_VM | CLONE_VFORK | CLONE_THREAD | CLONE_PIDFD}) == passed);
  for (const int flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWCGROUP})
    CHECK(usual(SYS_clone, {static_cast<std::uint64_t>(flag | CLONE_VM)}) == EPERM);
}

TEST_CASE("filter: four families of sockets") {
  for (std::uint64_t family = 0; family < 64; ++family) {
    const bool known = family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
    CHECK_MESSAGE(usual(SYS_socket, {family}) == (known ? passed : EPERM), family);
    CHECK(usual(SYS_socket, {family | 1ULL << 32U}) == (known ? passed : EPERM));
    CHECK(usual(SYS_socketpair, {family}) == (known ? passed : EPERM));
  }
}

TEST_CASE("filter: nothing is typed into terminals, whatever stands in the upper half") {
  for (const FilterProgram& program : {make_filter({}), make_terminal_filter()})
    for (const std::uint64_t high : {std::uint64_t{0}, std::uint64_t{1} << 32U, ~std::uint64_t{0} << 32U}) {
      CHECK(outcome(program, native_arch, SYS_ioctl, {0, high | TIOCSTI}) == EPERM);
      CHECK(outcome(program, native_arch, SYS_ioctl, {0, high | TIOCLINUX}) == EPERM);
      CHECK(outcome(program, native_arch, SYS_ioctl, {0, high | TCGETS}) == passed);
    }
  CHECK(outcome(make_terminal_filter(), native_arch, SYS_mount) == passed);
  CHECK(outcome(make_terminal_filter(Architecture::x86_64), AUDIT_ARCH_I386, 54, {0, TIOCSTI}) == EPERM);
  CHECK(outcome(make_terminal_filter(Architecture::arm64), AUDIT_ARCH_ARM, 54, {0, TIOCSTI}) == EPERM);
}

TEST_CASE("filter: personalities that change nothing of how memory is laid out") {
  for (const std::uint64_t known : {0x0ULL, 0x8ULL, 0x20000ULL, 0x20008ULL, 0xffffffffULL}) CHECK(usual(SYS_personality, {known}) == passed);
  CHECK(usual(SYS_personality, {0x0040000}) == EPERM);
}

TEST_CASE("filter: a capability opens the calls that it is for") {
  struct Door {
    int capability;
    long call;
  };
  for (const Door& door : {Door{CAP_SYS_ADMIN, SYS_mount}, {CAP_SYS_ADMIN, SYS_unshare}, {CAP_SYS_ADMIN, SYS_clone3}, {CAP_SYS_ADMIN, SYS_bpf}, {CAP_BPF, SYS_bpf},
                           {CAP_PERFMON, SYS_perf_event_open}, {CAP_SYSLOG, SYS_syslog}, {CAP_SYS_TIME, SYS_clock_settime}, {CAP_SYS_PTRACE, SYS_kcmp},
                           {CAP_SYS_NICE, SYS_mbind}, {CAP_SYS_MODULE, SYS_init_module}, {CAP_SYS_BOOT, SYS_reboot}, {CAP_SYS_PACCT, SYS_acct},
                           {CAP_DAC_READ_SEARCH, SYS_open_by_handle_at}, {CAP_SYS_CHROOT, SYS_chroot}, {CAP_SYS_TTY_CONFIG, SYS_vhangup}}) {
    CHECK(outcome(make_filter({}), native_arch, static_cast<int>(door.call)) != passed);
    CHECK_MESSAGE(outcome(make_filter({.capabilities = cap(door.capability)}), native_arch, static_cast<int>(door.call)) == passed, door.call);
  }
  CHECK(outcome(make_filter({.capabilities = cap(CAP_SYS_ADMIN)}), native_arch, SYS_clone, {CLONE_NEWUSER}) == passed);
  for (const long never : {SYS_io_uring_setup, SYS_keyctl, SYS_userfaultfd, SYS_kexec_load})
    CHECK(outcome(make_filter({.capabilities = ~std::uint64_t{0}}), native_arch, static_cast<int>(never)) == EPERM);
}

TEST_CASE("filter: nested, it lets containers be made inside, and no more") {
  const FilterProgram nested = make_filter({.nested = true});
  for (const long call : {SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_fsopen, SYS_move_mount, SYS_clone3, SYS_sethostname, SYS_chroot})
    CHECK_MESSAGE(outcome(nested, native_arch, static_cast<int>(call)) == passed, call);
  CHECK(outcome(nested, native_arch, SYS_clone, {CLONE_NEWUSER}) == passed);
  for (const long call : {SYS_bpf, SYS_io_uring_setup, SYS_perf_event_open, SYS_kexec_load}) CHECK(outcome(nested, native_arch, static_cast<int>(call)) == EPERM);
  CHECK(outcome(nested, native_arch, SYS_ioctl, {0, TIOCSTI}) == EPERM);
  // A session keyring of its own is what a container begins with; by all else its user's keys outside could be had.
  CHECK(outcome(nested, native_arch, SYS_keyctl, {KEYCTL_JOIN_SESSION_KEYRING}) == passed);
  for (const std::uint64_t operation : {KEYCTL_LINK, KEYCTL_READ, KEYCTL_SEARCH, KEYCTL_SETPERM, KEYCTL_DESCRIBE}) CHECK(outcome(nested, native_arch, SYS_keyctl, {operation}) == EPERM);
  for (const long call : {SYS_add_key, SYS_request_key}) CHECK(outcome(nested, native_arch, static_cast<int>(call)) == EPERM);
}

TEST_CASE("filter: other machines by their own numbers, and their 32-bit kind where it is asked for") {
  struct Other {
    Architecture machine;
    std::uint32_t arch;
    int mount, read, unshare, clone3;
  };
  for (const Other& other : {Other{Architecture::x86_64, AUDIT_ARCH_X86_64, 165, 0, 272, 435}, {Architecture::arm64, AUDIT_ARCH_AARCH64, 40, 63, 97, 435}}) {
    const FilterProgram program = make_filter({}, other.machine);
    CHECK(outcome(program, other.arch, other.mount) == EPERM);
    CHECK(outcome(program, other.arch, other.unshare) == EPERM);
    CHECK(outcome(program, other.arch, other.read) == passed);
    CHECK(outcome(program, other.arch, other.clone3) == ENOSYS);
  }
  for (const auto& [machine, arch, mount, socketcall] : {std::tuple{Architecture::x86_64, AUDIT_ARCH_I386, 21, 102}, std::tuple{Architecture::arm64, AUDIT_ARCH_ARM, 21, 102}}) {
    const FilterProgram program = make_filter({.foreign = true}, machine);
    CHECK(outcome(program, arch, 3) == passed);  // read
    CHECK(outcome(program, arch, mount) == EPERM);
    CHECK(outcome(program, arch, 5000) == ENOSYS);
    // That of i386 has no other in its C library; arm has no such call.
    CHECK((outcome(program, arch, socketcall) == passed) == (arch == AUDIT_ARCH_I386));
    CHECK(outcome(make_filter({.capabilities = ~std::uint64_t{0}}, machine), arch, socketcall) == ENOSYS);
  }
  const FilterProgram both = make_filter({.foreign = true}, Architecture::x86_64);
  CHECK(outcome(both, AUDIT_ARCH_I386, 359, {AF_UNIX}) == passed);
  CHECK(outcome(both, AUDIT_ARCH_I386, 359, {38}) == EPERM);
  CHECK(outcome(both, AUDIT_ARCH_X86_64, SYS_read) == outcome(make_filter({}, Architecture::x86_64), AUDIT_ARCH_X86_64, SYS_read));
}

TEST_CASE("filter: with any keys it can be put together, short enough for the kernel") {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability)
    for (const bool nested : {false, true})
      for (const bool foreign : {false, true}) {
        const std::size_t size = make_filter({.capabilities = cap(capability), .nested = nested, .foreign = foreign}).size();
        CHECK(size > 100);
        CHECK(size <= BPF_MAXINSNS);
      }
  CHECK(make_filter({.capabilities = cap(CAP_SYS_CHROOT) | cap(CAP_CHOWN)}) == make_filter({.capabilities = cap(CAP_SYS_CHROOT)}));
}

TEST_CASE("filter: root with one id is told that it has done what needs others, and the kernel does the rest") {
  constexpr std::uint32_t none = 0xffffffff;
  // A verdict of errno 0 is success for the caller, and nothing for the kernel to do.
  const auto answered = [](long number, std::vector<std::uint64_t> arguments) {
    seccomp_data data{static_cast<int>(number), native_arch, 0, {}};
    std::copy(arguments.begin(), arguments.end(), std::begin(data.args));
    const std::uint32_t verdict = snug::test::verdict_of(make_root_filter(), data);
    CHECK(snug::test::verdict_of(make_filter({.capabilities = cap(CAP_SYS_CHROOT), .lone_root = true}), data) == verdict);
    REQUIRE((verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_ERRNO));
    return verdict == SECCOMP_RET_ERRNO;
  };
  for (const long call : {SYS_fchown, SYS_setresuid, SYS_setresgid, SYS_setreuid, SYS_setregid}) {
    CHECK_MESSAGE(!answered(call, {0, 0, 0}), call);
    CHECK_MESSAGE(!answered(call, {0, none, none}), call);
    CHECK_MESSAGE(!answered(call, {0, 0xffffffffffffffff, 1ULL << 32U}), call);  // the kernel looks at the low half alone
    CHECK_MESSAGE(answered(call, {0, 33, none}), call);
  }
  CHECK(answered(SYS_setresuid, {none, none, 33}));
  CHECK(answered(SYS_fchown, {7, none, 33}));
  CHECK(!answered(SYS_fchown, {33, none, 0}));
  CHECK(answered(SYS_fchownat, {3, 0, 5, none, 0}));
  CHECK(answered(SYS_fchownat, {3, 0, none, 5, 0}));
  CHECK(!answered(SYS_fchownat, {3, 0, 0, none, 0x1000}));
  for (const long call : {SYS_setuid, SYS_setgid, SYS_setfsuid, SYS_setfsgid}) {
    CHECK_MESSAGE(answered(call, {33}), call);
    CHECK_MESSAGE(!answered(call, {0}), call);
  }
  for (const long call : {SYS_setgroups, SYS_capset}) CHECK(answered(call, {0}));
  for (const int kind : {S_IFCHR, S_IFBLK}) CHECK(answered(SYS_mknodat, {3, 0, static_cast<std::uint64_t>(kind) | 0644, 0x103}));
  for (const int kind : {S_IFREG, S_IFIFO, S_IFSOCK, 0}) CHECK(!answered(SYS_mknodat, {3, 0, static_cast<std::uint64_t>(kind) | 0644, 0}));
  for (const long call : {SYS_read, SYS_openat, SYS_fchmodat, SYS_geteuid, SYS_mkdirat, SYS_setxattr, SYS_getgroups, SYS_capget, SYS_execve}) CHECK_MESSAGE(!answered(call, {33, 33, 33}), call);
  const seccomp_data refused{SYS_mount, native_arch, 0, {}};  // what the list shuts stays shut
  CHECK(snug::test::verdict_of(make_filter({.capabilities = cap(CAP_SYS_CHROOT), .lone_root = true}), refused) == (SECCOMP_RET_ERRNO | EPERM));
  const FilterProgram both = make_filter({.foreign = true, .lone_root = true}, Architecture::x86_64);
  for (const int call : {182, 212})  // chown of i386, by 16 bits and by 32
    for (const std::uint64_t id : {0U, 5U}) {
      const seccomp_data data{call, AUDIT_ARCH_I386, 0, {0, id, id}};
      CHECK(snug::test::verdict_of(both, data) == (id ? static_cast<std::uint32_t>(SECCOMP_RET_ERRNO) : SECCOMP_RET_ALLOW));
      if (native_arch == AUDIT_ARCH_X86_64) CHECK(snug::test::verdict_of(make_root_filter(), data) == snug::test::verdict_of(both, data));
    }
}

TEST_CASE("filter: of what root with one id asks and does about owners, who listens is told, and of nothing else") {
  const auto verdict = [](long number, std::vector<std::uint64_t> arguments) {
    seccomp_data data{static_cast<int>(number), native_arch, 0, {}};
    std::copy(arguments.begin(), arguments.end(), std::begin(data.args));
    return snug::test::verdict_of(make_owner_filter(), data);
  };
  for (const long call : {SYS_fchown, SYS_fchownat, SYS_fchmod, SYS_fchmodat, SYS_fstat, SYS_newfstatat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr}) CHECK_MESSAGE(verdict(call, {0, 0, 0}) == SECCOMP_RET_USER_NOTIF, call);
  for (const unsigned mask : {STATX_UID, STATX_GID, STATX_MODE, STATX_TYPE, STATX_BASIC_STATS}) CHECK(verdict(SYS_statx, {0, 0, 0, mask}) == SECCOMP_RET_USER_NOTIF);
  for (const unsigned mask : {0U, STATX_SIZE, STATX_MTIME | STATX_INO}) CHECK(verdict(SYS_statx, {0, 0, 0, mask}) == SECCOMP_RET_ALLOW);
  for (const int kind : {S_IFCHR, S_IFBLK}) CHECK(verdict(SYS_mknodat, {3, 0, static_cast<std::uint64_t>(kind) | 0644, 0x103}) == SECCOMP_RET_USER_NOTIF);
  for (const int kind : {S_IFREG, S_IFIFO, S_IFSOCK, 0}) CHECK(verdict(SYS_mknodat, {3, 0, static_cast<std::uint64_t>(kind) | 0644, 0}) == SECCOMP_RET_ALLOW);
  for (const long call : {SYS_setresuid, SYS_setuid, SYS_setgroups, SYS_capset}) CHECK_MESSAGE(verdict(call, {33, 33, 33}) == SECCOMP_RET_ERRNO, call);
  for (const long call : {SYS_read, SYS_openat, SYS_faccessat, SYS_mkdirat, SYS_getxattr, SYS_execve, SYS_sendmsg, SYS_mount}) CHECK_MESSAGE(verdict(call, {33, 33, 33}) == SECCOMP_RET_ALLOW, call);
  CHECK(verdict(SYS_setuid, {0}) == SECCOMP_RET_ALLOW);
  CHECK(snug::test::verdict_of(make_owner_filter(), {212, AUDIT_ARCH_I386, 0, {0, 5, 5}}) == SECCOMP_RET_ALLOW);
}
