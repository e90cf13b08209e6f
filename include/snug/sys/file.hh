#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::sys {

// Wrappers named try_ give an errno or an empty descriptor with errno set; the others throw snug::Error.
// All descriptors are close-on-exec.

/// openat(2) with O_CLOEXEC; empty with errno set where it fails.
[[nodiscard]] Fd try_open(int folder, const char* path, int flags, unsigned mode = 0) noexcept;

/// Like try_open, but throws "cannot open 'PATH': …".
[[nodiscard]] Fd open(int folder, const std::string& path, int flags, unsigned mode = 0);

/// pipe2(2) with O_CLOEXEC: the end to read first. Throws.
[[nodiscard]] FdPair make_pipe();

/// openat2(2): resolves `path` as if `root` were "/", through no magic link; empty with errno set where it fails.
[[nodiscard]] Fd try_open_in_root(int root, const char* path, int flags, unsigned mode = 0) noexcept;

/// openat2(2): opens `path` from `folder` on as openat(2) does, but through no magic link; empty with errno set where it fails.
[[nodiscard]] Fd try_open_plainly(int folder, const char* path, int flags) noexcept;

/// openat2(2): opens `path`, which lies below `folder`, and through no link; empty with errno set where it fails, ELOOP or EXDEV for that.
[[nodiscard]] Fd try_open_below(int folder, const char* path, int flags) noexcept;

/// Reads all there is, but no more than `limit` bytes; throws EFBIG's Error past it.
[[nodiscard]] std::string read_all(int fd, std::size_t limit = std::size_t{1} << 20U);

/// Reads a whole file of the host (not of a container); nothing where it does not exist or may not be read, or the process that it
/// tells of has ended meanwhile.
[[nodiscard]] std::optional<std::string> find_file_text(const char* path, std::size_t limit = std::size_t{1} << 20U);

/// write(2) until all is written; 0 or errno. Safe in a child after clone.
[[nodiscard]] int write_all(int fd, std::string_view data) noexcept;

/// pwrite(2) until all is written; 0 or errno.
[[nodiscard]] int write_all_at(int fd, std::string_view data, std::int64_t offset) noexcept;

/// write(2) of a whole small file in one go, as /proc and /sys want it; 0 or errno. Safe in a child after clone.
[[nodiscard]] int write_file(int folder, const char* path, std::string_view data) noexcept;

/// Makes the folder `path` (absolute), and those above it that are missing, with mode 0700. Throws.
void make_folders(const std::string& path);

/// Puts a small file in place, whole or not at all, also when the power fails: written under another name, fsync(2),
/// rename(2), fsync(2) of the folder. Throws; nothing is left behind then.
void replace_file(int folder, const std::string& name, std::string_view data, unsigned mode = 0600);

/// Gives twelve letters that nobody else has: hexadecimal, of getrandom(2).
[[nodiscard]] std::string random_name();

/// An entry of a folder: its name and its d_type (DT_DIR, DT_REG, …; DT_UNKNOWN where the file system does not say).
struct Entry {
  std::string name;
  unsigned char type = 0;
};

/// Lists a folder without "." and "..", from where its descriptor stands, which is open to read and stays the
/// caller's. Throws where it cannot be read.
[[nodiscard]] std::vector<Entry> list_folder(int folder);

/// fstatat(2) with AT_SYMLINK_NOFOLLOW (and AT_EMPTY_PATH for ""); nothing where it fails.
[[nodiscard]] std::optional<struct stat> find_status(int folder, const char* path) noexcept;

/// readlinkat(2); nothing where it is no symbolic link.
[[nodiscard]] std::optional<std::string> find_link(int folder, const char* path);

}  // namespace snug::sys
