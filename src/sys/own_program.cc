// With one id, and for root, the container's root is who owns what the caller has installed in his home: snug among it. What runs inside of
// snug is closed to him (PR_SET_DUMPABLE), and this is what holds should that fail: by /proc/PID/exe he would find a file in a mount that
// is read-only, whoever he is, and that no path leads to.

#include "snug/sys/own_program.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <vector>

#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::sys {
namespace {

constexpr const char* running = "/proc/self/exe";

// How the kernel names a file that is a mount by itself, and in no tree.
constexpr std::string_view nameless = "/";

// The first of the words that this process was executed with, where run_read_only has put the path.
std::string first_word() {
  const std::string words = find_file_text("/proc/self/cmdline").value_or("");
  std::string first = words.substr(0, words.find('\0'));
  return first.starts_with('/') ? first : std::string();
}

bool is_roots_alone(const struct stat& status) noexcept { return status.st_uid == 0 && ::geteuid() != 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0; }

bool is_mounted_read_only() noexcept {
  struct statvfs mount {};
  return ::statvfs(running, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
}

/// What the child that makes the mount, on this memory and with these descriptors, is told and tells.
struct Making {
  const char* path;
  int mount = -1;
  int error = EIO;
};

int make_mount_of(void* made) {
  auto& making = *static_cast<Making*>(made);
  Fd tree = clone_tree(AT_FDCWD, making.path, false);
  making.error = tree ? set_mount_attributes(tree.get(), MOUNT_ATTR_RDONLY, false) : errno;
  making.mount = tree.release();
  ::_exit(0);
}

// An ordinary user may do so in a user namespace of its own, which is gone with the child.
int make_in_namespaces(Making& making, int namespaces) noexcept {
  alignas(16) std::array<char, std::size_t{1} << 14U> stack;
  const pid_t child = ::clone(make_mount_of, stack.data() + stack.size(), namespaces | CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &making);
  if (child < 0) return errno;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  return making.error;
}

}  // namespace

const std::string& find_own_program() {
  static const std::string path = [] {
    std::string link = find_link(AT_FDCWD, running).value_or("");
    return link == nameless ? first_word() : link;
  }();
  return path;
}

bool is_own_program_open() noexcept {
  struct stat status {};
  return ::stat(running, &status) != 0 || (!is_roots_alone(status) && !is_mounted_read_only());
}

int run_read_only(char** words, char** environment) {
  struct stat status {}, found {};
  if (::stat(running, &status) != 0) return errno;
  if (is_roots_alone(status)) return 0;
  if (is_mounted_read_only()) {
    const std::string& path = find_own_program();  // now: later the words may be hidden
    ::prctl(PR_SET_NAME, path.c_str() + path.rfind('/') + 1);  // older kernels call a program after the number of the descriptor
    return 0;
  }
  const std::string& path = find_own_program();
  if (path.empty() || find_link(AT_FDCWD, running) == nameless) return ENOENT;
  Making making{path.c_str()};
  int error = make_in_namespaces(making, CLONE_NEWNS);
  if (error == EPERM) error = make_in_namespaces(making, CLONE_NEWNS | CLONE_NEWUSER);
  const Fd mount(making.mount);
  if (error) return error;
  // The path may lead to another file by now.
  if (::fstat(mount.get(), &found) != 0 || found.st_dev != status.st_dev || found.st_ino != status.st_ino) return ESTALE;
  std::vector<char*> all{const_cast<char*>(path.c_str())};
  for (char** word = words[0] ? words + 1 : words; *word; ++word) all.push_back(*word);
  all.push_back(nullptr);
  ::syscall(SYS_execveat, mount.get(), "", all.data(), environment, AT_EMPTY_PATH);
  return errno;
}

}  // namespace snug::sys
