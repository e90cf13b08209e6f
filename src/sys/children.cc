#include "snug/sys/children.hh"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>

namespace snug::sys {
namespace {

// "/proc/PID/ns/mnt"; an ended process has none.
bool find_mounts(pid_t process, struct stat& found) noexcept {
  std::array<char, 40> path{"/proc/"};
  std::strcpy(std::to_chars(path.data() + 6, path.data() + 20, process).ptr, "/ns/mnt");
  return ::stat(path.data(), &found) == 0;
}

// One whose mounts are those of this process is a helper; and so is who keeps them to himself, which in a user namespace of ours nobody can.
bool is_helper(pid_t process) noexcept {
  struct stat own {}, found {};
  if (!find_mounts(process, found)) return errno == EACCES;
  return !find_mounts(::getpid(), own) || (own.st_ino == found.st_ino && own.st_dev == found.st_dev);
}

// The number at `from` of the list; 0 at its end.
pid_t next_child(int list, off_t& from) noexcept {
  std::array<char, 24> text;
  const ssize_t size = ::pread(list, text.data(), text.size(), from);
  pid_t child = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + std::max<ssize_t>(size, 0), child);
  if (error != std::errc() || child < 1) return 0;
  from += rest - text.data() + 1;
  return child;
}

}  // namespace

// Nobody is waited for: who has ended stays while another traces him, and that one may be the next in the list.
void end_children(int list, bool strangers) noexcept {
  constexpr int most_waits = 100;
  constexpr timespec moment{0, 10'000'000};
  for (int waits = 0; waits < most_waits;) {
    bool any = false, gone = false;
    off_t from = 0;
    for (pid_t child = 0; (child = next_child(list, from)) > 0;) {
      if (strangers && is_helper(child)) continue;
      any = ::kill(child, SIGKILL) == 0 || any;
      if (::waitpid(child, nullptr, WNOHANG | __WALL) == child) gone = true, from = 0;  // the list is another now
    }
    if (!any) return;
    if (!gone) ++waits, static_cast<void>(::nanosleep(&moment, nullptr));
  }
}

}  // namespace snug::sys
