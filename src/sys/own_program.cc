// Root of a container is who started it, and owns what he has installed in his home: snug among it. What runs inside of snug is closed to
// him (PR_SET_DUMPABLE), and this is what holds should that fail: by /proc/PID/exe he would find a file in a mount that is read-only,
// whoever he is, and that no path leads to.

#include "snug/sys/own_program.hh"

#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <vector>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "snug/sys/process.hh"

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

// And it is not root, `user`, who runs it.
bool is_roots_alone(const struct stat& status, uid_t user) noexcept { return status.st_uid == 0 && user != 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0; }

bool is_mounted_read_only(const char* link) noexcept {
  struct statvfs mount {};
  return ::statvfs(link, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
}

bool names_library_path(const dl_phdr_info& program, const ElfW(Phdr)& dynamic) noexcept {
  const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(program.dlpi_addr + dynamic.p_vaddr);
  while (entry->d_tag != DT_NULL && entry->d_tag != DT_RUNPATH && entry->d_tag != DT_RPATH) ++entry;
  return entry->d_tag != DT_NULL;
}

// That the loader is to look for libraries beside the program: as variables say it.
bool names_origin(const char* variable) noexcept { return std::strncmp(variable, "LD_", 3) == 0 && std::strstr(variable, "ORIGIN") != nullptr; }

// Executed by its file it is what it is now: neither was it started by a loader with it as a word, whose file would be the loader's, nor does
// it look for libraries beside its file, which has no folder then.
bool is_complete(const char* const* environment) noexcept {
  const auto look = [](dl_phdr_info* program, std::size_t, void*) {
    const auto* const end = program->dlpi_phdr + program->dlpi_phnum;
    const auto find = [&](ElfW(Word) type) { return std::find_if(program->dlpi_phdr, end, [&](const ElfW(Phdr)& segment) { return segment.p_type == type; }); };
    const auto* const dynamic = find(PT_DYNAMIC);
    const bool loaded = find(PT_INTERP) != end;
    return loaded && (::getauxval(AT_BASE) == 0 || (dynamic != end && names_library_path(*program, *dynamic))) ? 1 : -1;  // the first is the program
  };
  for (; *environment; ++environment)
    if (names_origin(*environment)) return false;
  return ::dl_iterate_phdr(look, nullptr) != 1;
}

/// What the child that makes the mount, on this memory and with these descriptors, is told and tells.
struct Making {
  const char* path;
  int mount = -1;
  int error = EIO;
};

void make_mount_of(Making& making) noexcept {
  Fd tree = clone_tree(AT_FDCWD, making.path, false);
  making.error = tree ? set_mount_attributes(tree.get(), MOUNT_ATTR_RDONLY, false) : errno;
  if (making.error == 0) making.mount = tree.release();
}

int make_there(void* making) {
  make_mount_of(*static_cast<Making*>(making));
  ::_exit(0);
}

// In namespaces that are gone with the child. Nobody can stop it: this process waits for it as it is.
void make_in_namespaces(Making& making) noexcept {
  alignas(16) std::array<char, std::size_t{1} << 14U> stack;
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  constexpr int flags = CLONE_NEWNS | CLONE_NEWUSER | CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD;
  pid_t child = -1;
  for (int round = 0; (child = ::clone(make_there, stack.data() + stack.size(), flags, &making)) < 0 && await_namespaces(errno, round); ++round) continue;
  if (child < 0) making.error = errno;
  while (child > 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
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
  return ::stat(running, &status) != 0 || (!is_roots_alone(status, ::geteuid()) && !is_mounted_read_only(running));
}

std::optional<bool> is_program_open(pid_t pid) {
  const std::string folder = format("/proc/{}", pid), link = folder + "/exe";
  struct stat status {}, process {};
  if (::stat(folder.c_str(), &process) != 0 || ::stat(link.c_str(), &status) != 0) return {};
  return !is_roots_alone(status, process.st_uid) && !is_mounted_read_only(link.c_str());
}

Fd mount_own_program(const char* const* environment) {
  struct stat status {}, found {};
  if (::stat(running, &status) != 0) return {};
  const std::string& path = find_own_program();
  if (path.empty() || !is_complete(environment) || find_link(AT_FDCWD, running) == nameless) return errno = ENOEXEC, Fd();
  Making making{path.c_str()};
  make_mount_of(making);  // as root of the mounts that there are
  if (making.error == EPERM) make_in_namespaces(making);
  Fd mount(making.mount);
  if (making.error) return errno = making.error, Fd();
  // The path may lead to another file by now.
  if (::fstat(mount.get(), &found) != 0 || found.st_dev != status.st_dev || found.st_ino != status.st_ino) return errno = ESTALE, Fd();
  return mount;
}

void run_read_only(char** words, char** environment) {
  struct stat status {};
  if (::stat(running, &status) != 0 || is_roots_alone(status, ::geteuid())) return;
  const std::string& path = find_own_program();  // now: later the words may be hidden
  if (is_mounted_read_only(running)) {
    if (!path.empty()) ::prctl(PR_SET_NAME, path.c_str() + path.rfind('/') + 1);  // older kernels call a program after the number of the descriptor
    return;
  }
  const Fd mount = mount_own_program(environment);
  if (!mount) return;
  std::vector<char*> all{const_cast<char*>(path.c_str())};
  for (char** word = words[0] ? words + 1 : words; *word; ++word) all.push_back(*word);
  all.push_back(nullptr);
  ::syscall(SYS_execveat, mount.get(), "", all.data(), environment, AT_EMPTY_PATH);
}

}  // namespace snug::sys
