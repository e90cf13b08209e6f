#include "trial.hh"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "snug/sys/process.hh"

namespace snug::probe {
namespace {

constexpr int patience_ms = 5000;

int map_self(const Caller& caller) {
  static_cast<void>(sys::write_file(AT_FDCWD, "/proc/self/setgroups", "deny"));
  if (const int error = sys::write_file(AT_FDCWD, "/proc/self/uid_map", format("0 {} 1", caller.uid.value)))
    return error;
  return sys::write_file(AT_FDCWD, "/proc/self/gid_map", format("0 {} 1", caller.gid.value));
}

// No exception crosses a clone.
int prepare_and_work(const Caller& caller, std::uint64_t flags, const std::function<int()>& work) noexcept {
  try {
    int error = 0;
    if (flags & CLONE_NEWUSER) error = map_self(caller);
    if (!error && (flags & CLONE_NEWNS)) error = sys::make_all_private();
    return error ? error : work();
  } catch (const std::exception&) {
    return ENOMEM;
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

}  // namespace

int try_in_child(const Caller& caller, std::uint64_t flags, const std::function<int()>& work) {
  const sys::Cloned child = sys::clone_process(flags);
  if (child.pid < 0) return errno;
  if (child.pid == 0) {
    static_cast<void>(sys::die_with_parent());
    ::_exit(prepare_and_work(caller, flags, work));
  }
  pollfd end{child.pidfd.get(), POLLIN, 0};
  const bool late = ::poll(&end, 1, patience_ms) == 0;
  if (late) static_cast<void>(sys::send_signal(child.pidfd.get(), SIGKILL));
  const int error = wait_for(child.pid);
  return late ? ETIMEDOUT : error;
}

int run_undisturbed(const std::function<void()>& work) {
  const sys::Cloned child = sys::clone_process(0);
  if (child.pid < 0) return errno;
  if (child.pid == 0) {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    const auto guarded = [&]() noexcept {
      try {
        work();
      } catch (const std::exception&) {
        return 1;
      }
      return 0;
    };
    ::_exit(guarded());
  }
  static_cast<void>(wait_for(child.pid));
  return 0;
}

}  // namespace snug::probe
