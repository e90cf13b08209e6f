// Runs inside a container and tries its doors, without harm: a line for each, "open" or the errno; "absent" where the kernel has none.
// Static, so that any root will do.
//   doors [NAME]   tries them all, and with NAME the abstract socket of that name, which somebody outside listens on
//   doors ids      tells whose rights it has
//   doors end      kills every other process that it sees, and tells what of the host it got hold of while that ended, until it is killed
//   doors watch    looks into every other process that it sees, until it is killed, and tells what it got hold of

#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <pthread.h>

namespace {

void tell(const char* door, const char* what) { std::printf("%s %s\n", door, what); }

void tell(const char* door, long result) {
  if (result >= 0) return tell(door, "open");
  const char* name = ::strerrorname_np(errno);
  tell(door, name ? name : "?");
}

void try_call(const char* door, long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) { tell(door, ::syscall(number, a, b, c, d, e)); }

void try_namespaces() {
  // First of all: whoever has unshared is nobody, and may not.
  const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) ::_exit(0);
  tell("clone-user", child);
  for (const auto& [door, flag] : {std::pair{"unshare-user", CLONE_NEWUSER}, std::pair{"unshare-mount", CLONE_NEWNS}, std::pair{"unshare-net", CLONE_NEWNET}})
    try_call(door, SYS_unshare, flag);
  try_call("clone3", SYS_clone3, 0, 0);
  try_call("setns", SYS_setns, -1, 0);
}

void try_mounts() {
  try_call("mount", SYS_mount, reinterpret_cast<long>("none"), reinterpret_cast<long>("/nowhere"), reinterpret_cast<long>("tmpfs"));
  try_call("umount2", SYS_umount2, reinterpret_cast<long>("/nowhere"), 0);
  try_call("fsopen", SYS_fsopen, 0, 0);
  try_call("open_tree", SYS_open_tree, -1, 0, 1);
  try_call("pivot_root", SYS_pivot_root, 0, 0);
}

void try_attributes() {
  const int file = ::open("/tmp", O_TMPFILE | O_RDWR, 0600);
  tell("trusted-attribute", ::fsetxattr(file, "trusted.door", "x", 1, 0));
  // Version; then the file's user, another, group, mask, and all others.
  const unsigned short list[] = {2, 0, 1, 6, 0xffff, 0xffff, 2, 6, 33, 0, 4, 4, 0xffff, 0xffff, 0x10, 6, 0xffff, 0xffff, 0x20, 0, 0xffff, 0xffff};
  tell("acl-of-another", ::fsetxattr(file, "system.posix_acl_access", list, sizeof list, 0));
  struct stat status {};
  const mode_t mode = ::fstat(file, &status) == 0 ? status.st_mode & 07777 : 0;
  tell("mode-by-acl", mode == 0660 ? "with-mask" : mode == 0640 ? "without-mask" : "as-it-was");
  ::close(file);
  tell("attribute-of-nothing", ::setxattr("/tmp/nothing", "trusted.door", "x", 1, 0));
}

void try_kernel() {
  try_call("keyctl", SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0);
  for (const auto& [door, keyring] : {std::pair{"key-session", KEY_SPEC_SESSION_KEYRING}, std::pair{"key-user", KEY_SPEC_USER_KEYRING}, std::pair{"key-user-session", KEY_SPEC_USER_SESSION_KEYRING}})
    try_call(door, SYS_keyctl, KEYCTL_SEARCH, keyring, reinterpret_cast<long>("user"), reinterpret_cast<long>("snug-canary"), 0);
  try_call("add_key", SYS_add_key, 0, 0, 0, 0, 0);
  try_call("request_key", SYS_request_key, 0, 0, 0, 0);
  try_call("bpf", SYS_bpf, -1, 0, 0);
  try_call("perf_event_open", SYS_perf_event_open, 0, 0, 0, 0, 0);
  try_call("io_uring_setup", SYS_io_uring_setup, 0, 0);
  try_call("userfaultfd", SYS_userfaultfd, -1);
  try_call("open_by_handle_at", SYS_open_by_handle_at, -1, 0, 0);
  try_call("init_module", SYS_init_module, 0, 0, 0);
  try_call("kexec_load", SYS_kexec_load, 0, 0, 0, 0);
  try_call("process_madvise", SYS_process_madvise, -1, 0, 0, 0, 0);
  try_call("unknown", 5000);
  try_call("persona-other", SYS_personality, ADDR_NO_RANDOMIZE);
  try_call("persona-same", SYS_personality, 0xffffffff);
}

void try_foreign() {
#ifdef __x86_64__
  try_call("x32", 0x40000000L | SYS_getpid);
  const pid_t child = ::fork();
  if (child == 0) {
    long result = 20;  // getpid of i386; a kernel without it sends SIGSEGV
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    ::_exit(result < 0 ? static_cast<int>(-result) : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  errno = WIFEXITED(status) ? WEXITSTATUS(status) : ENOSYS;
  tell("i386", errno == 0 ? 0 : -1);
#endif
}

void try_sockets() {
  for (const auto& [door, family] : {std::pair{"unix", AF_UNIX}, std::pair{"inet", AF_INET}, std::pair{"inet6", AF_INET6}, std::pair{"netlink", AF_NETLINK},
                                     std::pair{"alg", 38}, std::pair{"vsock", 40}, std::pair{"packet", AF_PACKET}, std::pair{"key", 15}, std::pair{"can", 29},
                                     std::pair{"tipc", 30}, std::pair{"bluetooth", 31}, std::pair{"rxrpc", 33}, std::pair{"xdp", 44}})
    try_call(door, SYS_socket, family, family == AF_NETLINK ? SOCK_RAW : SOCK_DGRAM, 0);
  int ends[2];
  for (const auto& [door, family] : {std::pair{"pair-unix", AF_UNIX}, std::pair{"pair-vsock", 40}, std::pair{"pair-tipc", 30}})
    try_call(door, SYS_socketpair, family, SOCK_STREAM, 0, reinterpret_cast<long>(ends));
  try_call("alg-high", SYS_socket, (1L << 32) | 38, SOCK_SEQPACKET, 0);
}

void try_terminal() {
  for (const auto& [door, request] : {std::pair{"tiocsti", 0x5412L}, std::pair{"tiocsti-high", 0x5412L | 1L << 32}, std::pair{"tioclinux", 0x541CL}})
    try_call(door, SYS_ioctl, 0, request, 0);
}

void try_init() {
  tell("trace-init", ::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr));
  tell("write-init", ::open("/proc/1/exe", O_WRONLY));
  char link[16];
  tell("read-init", ::readlink("/proc/1/exe", link, sizeof link));
}

// Of all processes but itself and pid 1, by number, until `look` says that it is enough.
template <typename Function>
void for_each_other(Function&& look) {
  DIR* processes = ::opendir("/proc");
  while (const dirent* entry = processes ? ::readdir(processes) : nullptr) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid > 1 && pid != ::getpid() && look(pid)) break;
  }
  if (processes) ::closedir(processes);
}

class OfProcess {
 public:
  OfProcess(pid_t pid, const char* name) { std::snprintf(path_, sizeof path_, "/proc/%d/%s", pid, name); }
  operator const char*() const { return path_; }

 private:
  char path_[64];
};

bool reads_link(pid_t pid, const char* name) {
  char link[16];
  return ::readlink(OfProcess(pid, name), link, sizeof link) >= 0;
}

bool opens(pid_t pid, const char* name, int flags) {
  const int file = ::open(OfProcess(pid, name), flags | O_CLOEXEC);
  if (file >= 0) ::close(file);
  return file >= 0;
}

bool seizes(pid_t pid) {
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return false;
  ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  ::waitpid(pid, nullptr, __WALL);
  ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  return true;
}

// What others here have started, and who brought it in.
void try_others() {
  const auto any = [](const char* door, auto look) {
    const char* found = "shut";
    for_each_other([&](pid_t pid) { return look(pid) && (found = "open"); });
    tell(door, found);
  };
  any("exe-of-others", [](pid_t pid) { return reads_link(pid, "exe"); });
  any("root-of-others", [](pid_t pid) { return reads_link(pid, "root"); });
  any("fd-of-others", [](pid_t pid) { return reads_link(pid, "fd/0"); });  // their numbers are told to whoever has the same id
  any("memory-of-others", [](pid_t pid) { return opens(pid, "mem", O_RDWR); });
  any("write-others", [](pid_t pid) { return opens(pid, "exe", O_WRONLY); });
  any("trace-others", seizes);
}

bool is_empty(const char* path) {
  DIR* folder = ::opendir(path);
  int count = 0;
  while (folder && ::readdir(folder)) ++count;
  if (folder) ::closedir(folder);
  return folder && count == 2;
}

// Something lies on it, and shows nothing.
void try_hidden(const char* path) {
  struct statx status {};
  if (::statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) != 0) return errno == ENOENT ? tell(path, "absent") : tell(path, -1);
  const bool covered = (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  const bool nothing = S_ISDIR(status.stx_mode) ? is_empty(path) : S_ISCHR(status.stx_mode) && status.stx_rdev_major == 1 && status.stx_rdev_minor == 3;
  tell(path, covered && nothing ? "hidden" : "open");
}

void try_read_only(const char* path) {
  struct statvfs status {};
  if (::statvfs(path, &status) != 0) return errno == ENOENT ? tell(path, "absent") : tell(path, -1);
  tell(path, (status.f_flag & ST_RDONLY) != 0 ? "read-only" : "writable");
}

void try_heat() {
  char path[64];
  for (int number = 0;; ++number) {
    std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d", number);
    if (::access(path, F_OK) != 0) return;
    std::strcat(path, "/thermal_throttle");
    try_hidden(path);
  }
}

void try_paths() {
  for (const char* path : {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                           "/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/fs/selinux"})
    try_hidden(path);
  try_heat();
  for (const char* path : {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/sys", "/sys/fs/cgroup"}) try_read_only(path);
  tell("irq-affinity", ::open("/proc/irq/default_smp_affinity", O_WRONLY));
  tell("sysrq", ::open("/proc/sysrq-trigger", O_WRONLY));
}

// Of the second version, and of the first, which has a folder for each controller.
void try_cgroups() {
  for (const auto& [door, path] : {std::pair{"cgroup-folder", "/sys/fs/cgroup/door"}, std::pair{"cgroup-v1-folder", "/sys/fs/cgroup/memory/door"}}) {
    const int made = ::mkdir(path, 0755);
    tell(door, made);
    if (made == 0) ::rmdir(path);
  }
  tell("cgroup-join", ::open("/sys/fs/cgroup/cgroup.procs", O_WRONLY));
  for (const auto& [door, path] : {std::pair{"release-agent", "/sys/fs/cgroup/release_agent"}, std::pair{"release-agent-v1", "/sys/fs/cgroup/memory/release_agent"}})
    tell(door, ::open(path, O_WRONLY));
}

void try_abstract(const char* name) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  const int end = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  tell("abstract", ::connect(end, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(name))));
  ::close(end);
}

// As the kernel has it of this process.
void tell_status() {
  std::FILE* status = std::fopen("/proc/self/status", "re");
  char line[256], name[64], value[64];
  while (status && std::fgets(line, sizeof line, status)) {
    if (std::sscanf(line, "%63[^:]: %63s", name, value) != 2) continue;
    for (const char* told : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn"})
      if (std::strcmp(name, told) == 0) tell(name, value);
  }
  if (status) std::fclose(status);
}

void try_settings() {
  char text[16]{};
  const int file = ::open("/proc/sys/user/max_user_namespaces", O_RDONLY);
  if (file < 0 || ::read(file, text, sizeof text - 1) < 0) return tell("namespaces-inside", -1);
  tell("namespaces-inside", std::strcmp(text, "0\n") == 0 ? "none" : "some");
  const int raised = ::open("/proc/sys/user/max_user_namespaces", O_WRONLY);
  tell("raise-them", raised < 0 ? -1 : ::write(raised, "9", 1));
  tell("core_pattern", ::open("/proc/sys/kernel/core_pattern", O_WRONLY));
}

// A file that the caller gave for reading.
void try_input() {
  struct stat status {};
  if (::fstat(0, &status) != 0 || !S_ISREG(status.st_mode)) return;
  tell("input-read", ::open("/proc/self/fd/0", O_RDONLY));
  tell("input-write", ::open("/proc/self/fd/0", O_WRONLY));
  tell("input-truncate", ::truncate("/proc/self/fd/0", 0));
}

void* nothing(void* argument) { return argument; }

void try_threads() {
  pthread_t thread{};
  const bool made = ::pthread_create(&thread, nullptr, nothing, nullptr) == 0;
  tell("thread", made && ::pthread_join(thread, nullptr) == 0 ? "open" : "none");
}

void tell_ids() {
  uid_t real = 0, effective = 0, saved = 0;
  ::getresuid(&real, &effective, &saved);
  std::printf("%u %u %u\n", real, effective, saved);
}

// A process that is followed. Once it runs the container's own busybox it may be looked into, by whoever has the right to; until then it runs snug, and may not.
class Watched {
 public:
  explicit Watched(pid_t pid) : pid_(pid) {}

  /// False once it has got hold of something.
  bool look() {
    const Found exe = open_exe(O_RDONLY);
    if (exe == Found::foreign) return reached("exe");
    // Its own it may write to, once that has ended.
    if (open_exe(O_WRONLY) == Found::foreign) return reached("exe-to-write");
    struct stat own {};
    ::stat("/bin/busybox", &own);
    if (exe == Found::nothing && opens(pid_, "mem", O_RDWR) && !runs(own)) return reached("mem");
    if (exe == Found::nothing && has_descriptors() && !runs(own)) return reached("fd");
    return traced_ || trace(own);
  }

 private:
  enum class Found { nothing, own, foreign };

  // Opened to be written its own may become another file, of the layer above.
  [[nodiscard]] Found open_exe(int flags) const {
    struct stat before {}, after {}, status {};
    ::stat("/bin/busybox", &before);
    const int exe = ::open(OfProcess(pid_, "exe"), flags | O_CLOEXEC);
    if (exe < 0) return Found::nothing;
    ::stat("/bin/busybox", &after);
    const bool own = ::fstat(exe, &status) == 0 && (is_same(status, before) || is_same(status, after));
    ::close(exe);
    return own ? Found::own : Found::foreign;
  }

  [[nodiscard]] bool reached(const char* what) const {
    std::printf("reached %s of %d\n", what, pid_);
    return false;
  }

  static bool is_same(const struct stat& one, const struct stat& other) { return one.st_dev == other.st_dev && one.st_ino == other.st_ino; }

  // Also where it is gone, for which the kernel may say EACCES as well.
  [[nodiscard]] bool runs(const struct stat& program) const {
    struct stat status {};
    if (::stat(OfProcess(pid_, "exe"), &status) == 0) return is_same(status, program);
    return errno == ENOENT || errno == ESRCH || ::kill(pid_, 0) != 0;
  }

  // More than the three that every command has.
  [[nodiscard]] bool has_descriptors() const {
    DIR* folder = ::opendir(OfProcess(pid_, "fd"));
    bool more = false;
    while (const dirent* entry = folder ? ::readdir(folder) : nullptr) more = more || std::atoi(entry->d_name) > 2;
    if (folder) ::closedir(folder);
    return more;
  }

  // It stops before it executes another program: so it shows whose it was when it was seized.
  bool trace(const struct stat& own) {
    if (::ptrace(PTRACE_SEIZE, pid_, nullptr, nullptr) != 0) return true;
    traced_ = true;
    ::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr);
    int status = 0;
    const bool stopped = ::waitpid(pid_, &status, __WALL) == pid_ && WIFSTOPPED(status);
    const bool before = stopped && !runs(own);
    ::ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
    if (before) return reached("ptrace");
    if (stopped) std::printf("traced %d\n", pid_);
    return true;
  }

  pid_t pid_;
  bool traced_ = false;
};

/// A process that is killed as it comes in, and whose descriptors are taken while it ends: its memory, that was closed, it has no more by then.
class Ending {
 public:
  // At another moment each time.
  explicit Ending(pid_t pid) : process_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
    for (int at = 0; at < pid * 37 % 400; ++at) ::getppid();
    if (::kill(pid, SIGKILL) == 0) std::printf("killed\n");
  }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() { ::close(process_); }

  void look() const {
    for (int number = 0; number < 40; ++number) {
      const int fd = static_cast<int>(::syscall(SYS_pidfd_getfd, process_, number, 0));
      if (fd < 0 && errno != EBADF) return;
      if (fd < 0) continue;
      take(fd);
      ::close(fd);
    }
  }

 private:
  static void take(int fd) {
    struct stat status {};
    char target[64]{};
    if (::fstat(fd, &status) != 0 || ::readlink(OfProcess(::getpid(), ("fd/" + std::to_string(fd)).c_str()), target, sizeof target - 1) < 0) return;
    std::printf("%s %s\n", is_own(status, target) ? "seen" : "held", target);
    if (S_ISSOCK(status.st_mode)) feign(fd);
  }

  // Pipes and sockets lead to the command's streams and to the monitor, /dev/null nowhere; the rest is the container's, or one of its namespaces.
  static bool is_own(const struct stat& status, const char* target) {
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3))) return true;
    char own[64]{};
    const char* colon = std::strchr(target, ':');
    if (*target != '/' && colon && ::readlink(OfProcess(::getpid(), ("ns/" + std::string(target, colon)).c_str()), own, sizeof own - 1) > 0) return std::strcmp(own, target) == 0;
    for (const char* place : {"/", "/dev", "/dev/pts", "/proc", "/run", "/tmp"}) {
      struct stat there {};
      if (::stat(place, &there) == 0 && there.st_dev == status.st_dev) return true;
    }
    return false;
  }

  // Says to whoever listens at the other end that a step has failed, and that descriptors come, for steps that are in no plan, or not of that kind.
  static void feign(int socket) {
    struct {
      unsigned kind = 0, step = 0;
      int error = EPERM;
      unsigned long time = 0;
      char reason[200] = "feigned";
    } report;
    for (report.kind = 0; report.kind < 9; ++report.kind)
      for (const unsigned step : {0U, 1U << 20U}) {
        report.step = step;
        if (::send(socket, &report, sizeof report, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) std::printf("feigned\n");
      }
  }

  int process_;
};

[[noreturn]] void end_others() {
  std::printf("watching\n");
  for (;;)
    for_each_other([](pid_t pid) {
      for (const Ending ending(pid); ::kill(pid, 0) == 0;) ending.look();
      return false;
    });
}

[[noreturn]] void watch() {
  std::printf("watching\n");
  pid_t last = ::getpid();
  for (;;) {
    pid_t newest = last;
    for_each_other([&](pid_t pid) {
      if (pid <= last) return false;
      newest = pid > newest ? pid : newest;
      std::printf("seen %d\n", pid);
      for (Watched watched(pid); ::kill(pid, 0) == 0 && watched.look();) continue;
      return false;
    });
    last = newest;
  }
}

}  // namespace

int main(int count, char** words) {
  ::setvbuf(stdout, nullptr, _IOLBF, 0);
  const char* word = count > 1 ? words[1] : "";
  if (std::strcmp(word, "ids") == 0) return tell_ids(), 0;
  if (std::strcmp(word, "end") == 0) end_others();
  if (std::strcmp(word, "watch") == 0) watch();
  try_threads();
  try_sockets();
  if (*word) try_abstract(word);
  try_namespaces();
  try_mounts();
  try_attributes();
  try_kernel();
  try_foreign();
  try_terminal();
  try_init();
  try_others();
  try_paths();
  try_cgroups();
  try_settings();
  try_input();
  tell("at-terminal", ::isatty(0) ? "yes" : "no");
  tell_status();
}
