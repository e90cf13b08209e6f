#include "snug/sys/process.hh"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "snug/base/error.hh"
#include "snug/sys/file.hh"

namespace snug::sys {
namespace {

constexpr std::uint64_t old_clone_flags = 0xffffff00;  // in the lowest byte clone(2) has the signal at the end

int result_of(long value) noexcept { return value < 0 ? errno : 0; }

}  // namespace

Cloned clone_process(std::uint64_t flags, bool siblings, int cgroup) noexcept {
  int pidfd = -1;
  clone_args args{};
  args.flags = flags | (siblings ? CLONE_PARENT : CLONE_PIDFD);
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  args.pidfd = siblings ? 0 : reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = siblings ? 0 : SIGCHLD;
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  // Filters of containers cannot look at what clone3 is asked for, and have it missing: clone(2) does all but time namespaces and cgroups.
  if (pid < 0 && errno == ENOSYS && (args.flags & ~old_clone_flags) == 0)
    pid = ::syscall(SYS_clone, args.flags | args.exit_signal, nullptr, siblings ? nullptr : &pidfd, nullptr, nullptr);
  return {static_cast<pid_t>(pid), pid > 0 ? Fd(pidfd) : Fd()};
}

namespace {

[[noreturn]] void become_program(const char* path, char* const* words, char* const* environment, std::span<const int> streams, int death_signal, bool apart) noexcept {
  constexpr int cannot_execute = 126;
  constexpr std::size_t most = 8;
  constexpr int out_of_the_way = 10;
  std::array<int, most> held{};
  reset_signals(true);
  if (death_signal != 0) ::prctl(PR_SET_PDEATHSIG, death_signal);
  if (apart) ::setpgid(0, 0);
  const std::size_t count = std::min(streams.size(), most);
  for (std::size_t at = 0; at < count; ++at) held[at] = ::fcntl(streams[at], F_DUPFD_CLOEXEC, out_of_the_way);
  for (std::size_t at = 0; at < count; ++at) ::dup2(held[at], static_cast<int>(at));
  ::execve(path, words, environment);
  ::_exit(cannot_execute);
}

}  // namespace

Cloned start_program(const std::string& path, std::vector<std::string> words, const char* const* environment, std::span<const int> streams,
                     int death_signal, bool apart) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  Cloned child = clone_process(0);
  if (child.pid == 0) become_program(path.c_str(), pointers.data(), const_cast<char* const*>(environment), streams, death_signal, apart);
  return child;
}

Fd open_process(pid_t pid) noexcept { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

int send_signal(int pidfd, int signal) noexcept {
  return result_of(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

int ask_to_stop(int pidfd) noexcept {
  siginfo_t info{};
  info.si_signo = SIGTSTP;
  info.si_code = SI_QUEUE;
  return result_of(::syscall(SYS_pidfd_send_signal, pidfd, SIGTSTP, &info, 0));
}

int die_with_parent(int signal) noexcept { return result_of(::prctl(PR_SET_PDEATHSIG, signal)); }
int hide_from_tracers() noexcept { return result_of(::prctl(PR_SET_DUMPABLE, 0)); }
int set_no_new_privileges() noexcept { return result_of(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

// A kernel without keyrings has none to be kept apart.
int join_new_session_keyring() noexcept {
  const int error = result_of(::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr));
  return error == ENOSYS ? 0 : error;
}

int make_cgroup_namespace() noexcept { return result_of(::syscall(SYS_unshare, CLONE_NEWCGROUP)); }

int close_all_but(std::span<const int> kept) noexcept {
  constexpr unsigned last = ~0U;
  for (unsigned from = 3;;) {
    unsigned next = last;
    for (const int fd : kept)
      if (fd >= 0 && static_cast<unsigned>(fd) >= from) next = std::min(next, static_cast<unsigned>(fd));
    if (next > from && ::syscall(SYS_close_range, from, next == last ? last : next - 1, 0) != 0) return errno;
    if (next == last) return 0;
    from = next + 1;
  }
}

int leave_streams() noexcept {
  Fd null = try_open(AT_FDCWD, "/dev/null", O_RDWR);
  for (const int stream : {0, 1, 2})
    if (!null || ::dup2(null.get(), stream) < 0) return errno;
  if (null.get() < 3) static_cast<void>(null.release());  // where one of them was closed
  return 0;
}

void leave(int code) noexcept {
  static_cast<void>(close_all_but({}));
  ::_exit(code);
}

namespace {

// What a shell has its jobs ignore, or nohup(1).
bool is_ignored_by_caller(int signal) noexcept {
  struct sigaction action {};
  return (signal == SIGHUP || signal == SIGINT || signal == SIGQUIT) && ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void reset_signals(bool as_called) noexcept {
  // The bare call, because glibc keeps 32 and 33 to itself. All zero is SIG_DFL, no flags, an empty mask.
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    std::uint64_t mask;
  } standard{};
  for (int signal = 1; signal <= 64; ++signal)
    if (!as_called || !is_ignored_by_caller(signal)) ::syscall(SYS_rt_sigaction, signal, &standard, nullptr, sizeof standard.mask);
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &standard.mask, nullptr, sizeof standard.mask);
}

int become(uid_t uid, gid_t gid, const gid_t* groups, std::size_t count) noexcept {
  // glibc's wrappers tell other threads, of which there are none; the bare calls are enough.
  if (groups && ::syscall(SYS_setgroups, count, groups) != 0) return errno;
  if (::syscall(SYS_setresgid, gid, gid, gid) != 0) return errno;
  return result_of(::syscall(SYS_setresuid, uid, uid, uid));
}

int set_capabilities(std::span<const int> kept) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  for (const int capability : kept) {
    auto& set = sets.at(static_cast<std::size_t>(capability) / 32);
    set.permitted |= 1U << (static_cast<unsigned>(capability) % 32);
    set.effective = set.permitted;
  }
  return result_of(::syscall(SYS_capset, &header, sets.data()));
}

bool await_namespaces(int error, int round) noexcept {
  constexpr int rounds = 100, microseconds = 5000;
  if (error != ENOSPC || round >= rounds) return false;
  for (const char* limit : {"/proc/sys/user/max_user_namespaces", "/proc/sys/user/max_mnt_namespaces", "/proc/sys/user/max_pid_namespaces", "/proc/sys/user/max_net_namespaces",
                            "/proc/sys/user/max_uts_namespaces", "/proc/sys/user/max_ipc_namespaces", "/proc/sys/user/max_cgroup_namespaces"}) {
    char digits[2] = {};
    const Fd file = try_open(AT_FDCWD, limit, O_RDONLY);
    if (file && ::read(file.get(), digits, sizeof digits) == 2 && digits[0] == '0') return false;
  }
  return ::usleep(microseconds) == 0 || errno == EINTR;
}

int drop_bounding(std::span<const int> kept) noexcept {
  for (int capability = 0; capability < 64; ++capability) {
    if (std::find(kept.begin(), kept.end(), capability) != kept.end()) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    return errno == EINVAL ? 0 : errno;  // past the last one that this kernel knows
  }
  return 0;
}

std::uint64_t monotonic_time() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

void hide_words() noexcept {
  // The kernel shows what lies between the first word and the first variable.
  char* const first = program_invocation_name;
  char* const end = environ ? environ[0] : nullptr;
  constexpr std::string_view name = "snug";
  constexpr std::ptrdiff_t most = 4 << 20;
  if (!first || !end || end - first <= static_cast<std::ptrdiff_t>(name.size()) || end - first > most) return;
  std::memset(first, 0, static_cast<std::size_t>(end - first));
  std::memcpy(first, name.data(), name.size());
}

FdPair make_socket_pair(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) throw system_error("make a pair of sockets", errno);
  return {Fd(ends[0]), Fd(ends[1])};
}

int send_message(int socket, std::string_view data, std::span<const int> descriptors) noexcept {
  iovec part{const_cast<char*>(data.data()), data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(max_descriptors * sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptors.size() > max_descriptors) return EINVAL;
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return result_of(::sendmsg(socket, &message, MSG_NOSIGNAL));
}

ssize_t receive_message(int socket, void* data, std::size_t size, std::vector<Fd>& descriptors) {
  iovec part{data, size};
  alignas(cmsghdr) char control[CMSG_SPACE(max_descriptors * sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (count < 0) return count;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return count;
  for (std::size_t at = 0; CMSG_LEN((at + 1) * sizeof(int)) <= header->cmsg_len; ++at) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header) + at * sizeof(int), sizeof fd);
    descriptors.emplace_back(fd);
  }
  return count;
}

int send_descriptor(int socket, int fd) noexcept { return send_message(socket, {"", 1}, {&fd, 1}); }

Fd receive_descriptor(int socket) {
  char byte = 0;
  std::vector<Fd> descriptors;
  const ssize_t count = receive_message(socket, &byte, 1, descriptors);
  return count > 0 && descriptors.size() == 1 ? std::move(descriptors.front()) : Fd();
}

}  // namespace snug::sys
