#pragma once

#include <linux/limits.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "snug/sys/fd.hh"

namespace snug::runtime {

/// Where a path leads that a thread inside has named: from what the thread stands on, which a link of the thread's own folder in /proc leads
/// to, to what the path names from there. The current folder of who uses this is a /proc that shows the thread, and its root is the
/// thread's: CallerRoot. Nothing allocates or throws.
class CallerPath {
 public:
  /// Takes what is open as `folder` (AT_FDCWD: the thread's own folder) by the thread.
  void set(pid_t thread, int folder) noexcept;
  /// The same, and the path in buffer() from there, which is not empty. Where it names what the thread has open, by the thread's own folder in the
  /// container's /proc, that is where it begins.
  void set_with_path(pid_t thread, int folder, bool follow) noexcept;
  /// Cuts off the last name of a path, and gives it; "" where there is none, or a longer one than there are.
  [[nodiscard]] const char* cut_name() noexcept;

  /// What is left of the path behind where it begins.
  [[nodiscard]] const char* rest() const noexcept { return rest_; }
  /// Whether it leads into /proc, whose folder of the thread's own is another one for who opens it, and where nothing can be kept.
  [[nodiscard]] bool names_process() const noexcept { return base_[0] == '\0' && std::string_view(rest_).starts_with("/proc/"); }
  /// Where the path is put before set_with_path.
  [[nodiscard]] std::array<char, PATH_MAX>& buffer() noexcept { return path_; }
  /// All of it, from the current folder; nullptr where that is longer than a path may be.
  [[nodiscard]] const char* whole() noexcept;
  /// Opens it (O_PATH) through no magic link but the first; empty with errno set where it fails.
  [[nodiscard]] sys::Fd open(bool follow) const noexcept;

 private:
  [[nodiscard]] bool take_open_file(pid_t thread, bool follow) noexcept;

  std::array<char, PATH_MAX> path_{};
  std::array<char, 64> base_{};  ///< "THREAD/cwd" or "THREAD/fd/N"; empty where the path begins at the root
  const char* rest_ = "";        ///< of path_
  std::array<char, PATH_MAX> whole_{};
  std::array<char, NAME_MAX + 1> name_{};
};

/// Puts the process that uses it on the root of a thread inside, by which alone "/" and ".." are what they are for the thread.
class CallerRoot {
 public:
  /// `processes`: the current folder, which it comes back to. It stays the caller's.
  explicit CallerRoot(int processes) noexcept;

  /// False where it cannot be had. Costs a look where it is the same as before.
  [[nodiscard]] bool share(pid_t thread) noexcept;

  /// Goes back to the root that it began on, whatever those who asked have chosen for themselves: what they gave up is theirs to remove.
  void leave() noexcept;

  /// Whether an open folder lies below the root that it began on. Leaves that of the thread.
  [[nodiscard]] bool reaches(int folder) noexcept;

 private:
  /// What "/" is.
  struct Identity {
    std::uint64_t mount = 0, inode = 0, device = 0;  ///< each subvolume of a file system begins with the same inode
    bool operator==(const Identity&) const = default;
  };
  [[nodiscard]] static Identity look(const char* path) noexcept;

  [[nodiscard]] bool stand_on(int root) noexcept;

  int processes_;
  sys::Fd top_;
  Identity top_identity_, now_;
};

}  // namespace snug::runtime
