// Runs inside a container and tries its doors, without harm: a line for each, "open" or the errno. Static, so that any root will do.

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
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

// Where a thing is not there, it is as good as hidden.
void try_hidden(const char* path) {
  struct stat status {};
  if (::stat(path, &status) != 0) return tell(path, errno == ENOENT ? "hidden" : ::strerrorname_np(errno));
  if (S_ISDIR(status.st_mode)) return tell(path, status.st_nlink == 2 ? "hidden" : "open");
  tell(path, S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3) ? "hidden" : "open");
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

}  // namespace

int main() {
  ::setvbuf(stdout, nullptr, _IOLBF, 0);
  try_threads();
  try_sockets();
  try_namespaces();
  try_mounts();
  try_attributes();
  try_kernel();
  try_foreign();
  try_terminal();
  try_init();
  for (const char* path : {"/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"}) try_hidden(path);
  try_settings();
  try_input();
}
