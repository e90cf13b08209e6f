#include "snug/sys/file.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "linux/openat2.h"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::sys {

Fd try_open(int folder, const char* path, int flags, unsigned mode) noexcept {
  return Fd(::openat(folder, path, flags | O_CLOEXEC, mode));
}

Fd open(int folder, const std::string& path, int flags, unsigned mode) {
  Fd fd = try_open(folder, path.c_str(), flags, mode);
  if (!fd) throw system_error(format("open {}", quoted(path)), errno);
  return fd;
}

FdPair make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("make a pipe", errno);
  return {Fd(ends[0]), Fd(ends[1])};
}

Fd try_open_in_root(int root, const char* path, int flags, unsigned mode) noexcept {
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something on the way was renamed meanwhile, and the kernel cannot vouch for "..".
  for (int attempt = 0; attempt < 64; ++attempt) {
    const long fd = sys_openat2(root, path, &how);
    if (fd >= 0 || errno != EAGAIN) return Fd(static_cast<int>(fd));
  }
  return Fd();
}

Fd try_open_below(int folder, const char* path, int flags) noexcept {
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return Fd(static_cast<int>(sys_openat2(folder, path, &how)));
}

Fd try_open_plainly(int folder, const char* path, int flags) noexcept {
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  return Fd(static_cast<int>(sys_openat2(folder, path, &how)));
}

namespace {

// By the name under which it was opened, or has by now; pipes and their like have none.
std::string name_of(int fd) {
  const std::string name = find_link(AT_FDCWD, format("/proc/self/fd/{}", fd).c_str()).value_or("");
  return name.starts_with('/') ? quoted(name) : "a file";
}

// 0 or errno.
int read_to_end(int fd, std::size_t limit, std::string& text) {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : 0;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) return EFBIG;
  }
}

[[noreturn]] void throw_unread(int fd, int error, std::size_t limit) {
  throw system_error(format("read {}", name_of(fd)), error, error == EFBIG ? format("snug reads no more of it than {} bytes", limit) : std::string());
}

}  // namespace

std::string read_all(int fd, std::size_t limit) {
  std::string text;
  if (const int error = read_to_end(fd, limit, text)) throw_unread(fd, error, limit);
  return text;
}

std::optional<std::string> find_file_text(const char* path, std::size_t limit) {
  const Fd fd = try_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return {};
  std::string text;
  const int error = read_to_end(fd.get(), limit, text);
  if (error == ESRCH) return {};  // in /proc, of a process that has just ended
  if (error) throw_unread(fd.get(), error, limit);
  return text;
}

int write_all(int fd, std::string_view data) noexcept {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

int write_all_at(int fd, std::string_view data, std::int64_t offset) noexcept {
  while (!data.empty()) {
    const ssize_t count = ::pwrite(fd, data.data(), data.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    data.remove_prefix(static_cast<std::size_t>(count));
    offset += count;
  }
  return 0;
}

int write_file(int folder, const char* path, std::string_view data) noexcept {
  const Fd fd = try_open(folder, path, O_WRONLY);
  if (!fd) return errno;
  const ssize_t count = ::write(fd.get(), data.data(), data.size());
  if (count < 0) return errno;
  return static_cast<std::size_t>(count) == data.size() ? 0 : EIO;
}

std::vector<Entry> list_folder(int folder) {
  std::vector<Entry> entries;
  alignas(dirent64) std::array<char, 8192> buffer;
  for (;;) {
    const ssize_t size = ::getdents64(folder, buffer.data(), buffer.size());
    if (size < 0) throw system_error("list a folder", errno);
    if (size == 0) return entries;
    for (ssize_t at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_type});
      at += entry->d_reclen;
    }
  }
}

std::optional<struct stat> find_status(int folder, const char* path) noexcept {
  struct stat status {};
  if (::fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0) return {};
  return status;
}

std::optional<std::string> find_link(int folder, const char* path) {
  std::array<char, 4096> buffer;
  const ssize_t length = ::readlinkat(folder, path, buffer.data(), buffer.size());
  if (length < 0) return {};
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

void make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string prefix = path.substr(0, slash);
    if (::mkdir(prefix.c_str(), 0700) != 0 && errno != EEXIST)
      throw system_error(format("make the folder {}", quoted(prefix)), errno,
                         "snug keeps its data there; XDG_DATA_HOME names another place");
    if (slash == std::string::npos) return;
  }
}

void replace_file(int folder, const std::string& name, std::string_view data, unsigned mode) {
  const std::string meanwhile = format(".{}.{}", name, random_name());
  const Fd file = open(folder, meanwhile, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  int error = write_all(file.get(), data);
  if (!error && ::fsync(file.get()) != 0) error = errno;
  if (!error && ::renameat(folder, meanwhile.c_str(), folder, name.c_str()) != 0) error = errno;
  if (error) {
    ::unlinkat(folder, meanwhile.c_str(), 0);
    throw system_error(format("write {}", quoted(name)), error);
  }
  ::fsync(folder);
}

std::string random_name() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) throw system_error("get random bytes", errno);
  return format("{:012x}", bits >> 16U);
}

}  // namespace snug::sys
