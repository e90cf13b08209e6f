// Adds a package to the root that it runs in, by the calls that apk (Alpine's package manager) makes, in their order: a lock, an index and a database that are
// replaced as wholes, files that come under names of their own and are renamed once all are there, and scripts before, after and at the end. Prints a line for
// each call that was refused and would be an error to apk, what the scripts say, and then a line for each file. Static, so that any root will do.
//
// Arguments: "files" for scripts that lie in files and are run below a new root, as versions 2 do, "memory" for those of versions 3; and "devices", where the
// package has some.

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace {

using std::string_literals::operator""s;

struct Entry {
  const char* name;
  mode_t mode;
  uid_t uid = 0;
  gid_t gid = 0;
  const char* target = nullptr;  ///< of a link, and a hard link where this is a file
  dev_t device = 0;
  bool has_attributes = false;
};

constexpr std::array entries{Entry{"srv/spool", S_IFDIR | 01777},
                             Entry{"srv/data", S_IFDIR | 0700, 70, 70},
                             Entry{"srv/shared", S_IFDIR | 02770, 70, 42},
                             Entry{"srv/data/base", S_IFREG | 0600, 70, 70},
                             Entry{"srv/su", S_IFREG | 04755},
                             Entry{"srv/expiry", S_IFREG | 02755, 0, 42},
                             Entry{"srv/their-su", S_IFREG | 04711, 70, 42},
                             Entry{"srv/secret", S_IFREG | 0440, 0, 42},
                             Entry{"srv/ping", S_IFREG | 0755, 70, 70, nullptr, 0, true},
                             Entry{"srv/link", S_IFLNK | 0777, 70, 70, "nowhere"},
                             Entry{"srv/hard", S_IFREG | 04711, 70, 42, "srv/their-su"},
                             Entry{"srv/pipe", S_IFIFO | 0620, 70, 5}};
const std::array devices{Entry{"srv/null", S_IFCHR | 0666, 0, 0, nullptr, makedev(1, 3)}, Entry{"srv/disk", S_IFBLK | 0660, 0, 6, nullptr, makedev(8, 1)}};

// Version 2 of the format: one capability, of files that have it at once.
const std::string capability = "\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s;

constexpr timespec long_ago[2] = {{1600000000, 0}, {1600000000, 0}};

int root = -1;
bool in_memory = false;

long told(const char* call, const std::string& name, long result) {
  if (result < 0) std::printf("refused: %s %s: %s\n", call, name.c_str(), ::strerrorname_np(errno));
  return result;
}

bool write_to(int fd, std::string_view text) { return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()); }

void make_folders(const std::string& name, mode_t mode) {
  if (::faccessat(root, name.c_str(), F_OK, 0) == 0 || ::mkdirat(root, name.c_str(), mode) == 0) return;
  if (const auto slash = name.rfind('/'); errno == ENOENT && slash != std::string::npos) make_folders(name.substr(0, slash), 0755);
  told("mkdirat", name, ::mkdirat(root, name.c_str(), mode));
}

// Written without a name, where that can be had, which it gets through /proc.
void replace(int folder, const std::string& name, std::string_view text) {
  const auto slash = name.rfind('/');
  const std::string place = slash == std::string::npos ? "." : name.substr(0, slash);
  std::string other = name + ".tmp";
  int fd = in_memory ? ::openat(folder, place.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0644) : -1;
  const bool is_nameless = fd >= 0;
  if (!is_nameless) fd = static_cast<int>(told("openat", other, ::openat(folder, other.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)));
  told("write", name, write_to(fd, text) ? 0 : -1);
  told("futimens", name, ::futimens(fd, long_ago));
  if (is_nameless) {
    other += "." + std::to_string(::getpid());
    told("linkat", other, ::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), folder, other.c_str(), AT_SYMLINK_FOLLOW));
  }
  ::close(fd);
  told("renameat", name, ::renameat(folder, other.c_str(), folder, name.c_str()));
}

[[noreturn]] void become_script(int fd, const std::string& file) {
  std::string path = fd < 0 ? file : "/proc/self/fd/" + std::to_string(fd), name = file, version = "1.0-r0", search = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* const words[] = {name.data(), version.data(), nullptr};
  char* const environment[] = {search.data(), nullptr};
  ::umask(022);
  told("fchdir", "/", ::fchdir(root));
  if (!in_memory) told("chroot", "/", ::chroot("."));
  told("execve", path, ::execve(path.c_str(), words, environment));
  std::fflush(stdout);
  ::_exit(127);
}

void run_script(const std::string& kind, std::string_view text) {
  const std::string file = "lib/apk/exec/package-1.0-r0." + kind;
  int fd = in_memory ? ::memfd_create(file.c_str(), MFD_EXEC | MFD_ALLOW_SEALING) : -1;
  const bool is_file = fd < 0;  // before Linux 6.3, as with versions 2
  if (is_file) {
    make_folders("lib/apk/exec", 0700);
    fd = static_cast<int>(told("openat", file, ::openat(root, file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755)));
  }
  told("write", file, write_to(fd, text) ? 0 : -1);
  if (!is_file) ::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  if (is_file) ::close(fd), fd = -1;
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) become_script(fd, file);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) std::printf("refused: %s: status %d\n", kind.c_str(), status);
  if (is_file) told("unlinkat", file, ::unlinkat(root, file.c_str(), 0));
  else ::close(fd);
}

std::string own_name(const std::string& name) { return name.substr(0, name.rfind('/')) + "/.apk." + std::to_string(std::hash<std::string>()(name)); }

void make_folder(const Entry& entry) {
  struct stat status {};
  if (::fstatat(root, entry.name, &status, AT_SYMLINK_NOFOLLOW) == 0) return;
  told("mkdirat", entry.name, ::mkdirat(root, entry.name, entry.mode & 07777));
  told("fchownat", entry.name, ::fchownat(root, entry.name, entry.uid, entry.gid, 0));
}

void fill(const Entry& entry, const std::string& name) {
  if (S_ISLNK(entry.mode)) return static_cast<void>(told("symlinkat", entry.name, ::symlinkat(entry.target, root, name.c_str())));
  if (!S_ISREG(entry.mode)) return static_cast<void>(told("mknodat", entry.name, ::mknodat(root, name.c_str(), entry.mode, entry.device)));
  if (entry.target) return static_cast<void>(told("linkat", entry.name, ::linkat(root, own_name(entry.target).c_str(), root, name.c_str(), 0)));
  const int fd = static_cast<int>(told("openat", entry.name, ::openat(root, name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_EXCL, entry.mode & 07777)));
  told("write", entry.name, write_to(fd, "content") ? 0 : -1);
  ::close(fd);
}

void set_attributes(const Entry& entry, const std::string& name) {
  const int fd = static_cast<int>(told("openat again", entry.name, ::openat(root, name.c_str(), O_RDWR | O_CLOEXEC)));
  told("fsetxattr of a capability", entry.name, ::fsetxattr(fd, "security.capability", capability.data(), capability.size(), 0));
  told("fsetxattr", entry.name, ::fsetxattr(fd, "user.note", "text", 4, 0));
  ::close(fd);
}

void unpack(const Entry& entry) {
  if (S_ISDIR(entry.mode)) return make_folder(entry);
  const std::string name = own_name(entry.name);
  const int link = S_ISLNK(entry.mode) ? AT_SYMLINK_NOFOLLOW : 0;
  ::unlinkat(root, name.c_str(), 0);
  fill(entry, name);
  told("fchownat", entry.name, ::fchownat(root, name.c_str(), entry.uid, entry.gid, link));
  if (entry.mode & 07000) told("fchmodat", entry.name, ::fchmodat(root, name.c_str(), entry.mode & 07777, link));
  if (entry.has_attributes) set_attributes(entry, name);
  if (!link) told("utimensat", entry.name, ::utimensat(root, name.c_str(), long_ago, 0));
}

void commit(const Entry& entry) {
  if (!S_ISDIR(entry.mode)) told("renameat", entry.name, ::renameat(root, own_name(entry.name).c_str(), root, entry.name));
}

void set_rights(const Entry& entry) {
  if (!S_ISDIR(entry.mode)) return;
  told("fchmodat", entry.name, ::fchmodat(root, entry.name, entry.mode & 07777, 0));
  told("fchownat", entry.name, ::fchownat(root, entry.name, entry.uid, entry.gid, 0));
}

void show(const Entry& entry) {
  struct stat status {};
  if (told("fstatat", entry.name, ::fstatat(root, entry.name, &status, AT_SYMLINK_NOFOLLOW)) < 0) return;
  std::printf("%s %o %u:%u", entry.name + 4, status.st_mode, status.st_uid, status.st_gid);
  if (status.st_rdev != 0) std::printf(" %u:%u", major(status.st_rdev), minor(status.st_rdev));
  if (S_ISREG(status.st_mode) && status.st_nlink != 1) std::printf(" x%u", static_cast<unsigned>(status.st_nlink));
  const std::string path = "/"s + entry.name;
  if (entry.has_attributes && ::getxattr(path.c_str(), "security.capability", nullptr, 0) == static_cast<ssize_t>(capability.size())) std::printf(" capable");
  if (!S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode) && status.st_mtime != long_ago[1].tv_sec) std::printf(" of today");
  std::printf("\n");
}

template <typename Step>
void each(bool has_devices, Step step) {
  for (const Entry& entry : entries) step(entry);
  if (!has_devices) return;
  for (const Entry& entry : devices) step(entry);
}

// What apk learns from, and can do without: mounts of its own, and /proc where it is not.
void try_mounts() {
  if (::unshare(CLONE_NEWNS) == 0) std::printf("refused: nothing, of mounts\n");
  ::mount("proc", "/home", "proc", 0, nullptr);
  ::umount2("/home", MNT_DETACH | UMOUNT_NOFOLLOW);
}

}  // namespace

int main(int count, char** words) {
  ::setvbuf(stdout, nullptr, _IOLBF, 0);
  in_memory = count > 1 && std::string_view(words[1]) == "memory";
  const bool has_devices = count > 2;
  ::umask(0);
  root = ::open("/", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
  if (::getuid() != 0) std::printf("refused: to be root\n");
  try_mounts();
  for (const char* folder : {"lib/apk/db", "etc/apk", "var/cache/apk", "srv"}) make_folders(folder, 0755);
  const int lock = static_cast<int>(told("openat", "lock", ::openat(root, "lib/apk/db/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0600)));
  told("flock", "lock", ::flock(lock, LOCK_EX | LOCK_NB));
  const int cache = ::openat(root, "var/cache/apk", O_DIRECTORY | O_RDONLY | O_CLOEXEC), database = ::openat(root, "lib/apk/db", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
  replace(cache, "APKINDEX.tar.gz", "index");
  run_script("pre-install", "#!/bin/sh\nset -e\ncp -p /etc/passwd /etc/passwd+\necho db:x:70:70::/srv/data:/bin/sh >>/etc/passwd+\nmv /etc/passwd+ /etc/passwd\necho before $1\n");
  each(has_devices, unpack);
  each(has_devices, commit);
  run_script("post-install", "#!/bin/sh\nset -e\nchown db /srv/secret\nsu db -c 'echo after >/srv/data/log'\ncat /srv/data/log\nchown -h db:5 /srv/link\nstat -c %u:%g /srv/secret\n");
  each(has_devices, set_rights);
  run_script("trigger", "#!/bin/sh\necho at the end\n");
  for (const char* name : {"installed", "scripts.tar", "triggers"}) replace(database, name, "text");
  replace(root, "etc/apk/world", "package");
  each(has_devices, show);
}
