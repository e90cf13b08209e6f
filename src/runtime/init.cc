// pid 1, or who leads the session of a terminal for somebody who comes to a container that runs: waits for signals and for the ends of
// processes, and does nothing else. While the payload works it sleeps in one system call.

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "child.hh"
#include "snug/sys/children.hh"
#include "snug/sys/file.hh"
#include "snug/sys/memory.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

int exit_code(int status) noexcept { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// Reaps all there is to reap; true when the payload has ended, with `status` as its last. `asked`: the monitor wanted it to stop, and knows.
bool reap(pid_t payload, int control, bool asked, int& status) noexcept {
  int each = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &each, WNOHANG | WUNTRACED)) > 0;) {
    if (pid != payload) continue;
    if (!WIFSTOPPED(each)) return status = each, true;
    // Ctrl-Z at the payload itself: the monitor gives the outer shell its terminal back.
    if (control >= 0 && !asked) static_cast<void>(sys::write_all(control, "S"));
  }
  return false;
}

void forward(pid_t payload, int signal, int terminal) noexcept {
  if (signal == SIGCONT && terminal >= 0) ::ioctl(terminal, TIOCSPGRP, &payload);
  // The monitor asks for a stop with SIGTSTP, which a process group without a shell above it would not heed.
  const bool group = signal == SIGCONT || signal == SIGTSTP;
  ::kill(group ? -payload : payload, signal == SIGTSTP ? SIGSTOP : signal);
}

// Those that come by themselves, or that a shell sends to all of a job.
bool is_harmless(int signal) noexcept {
  return signal == SIGCHLD || signal == SIGCONT || signal == SIGWINCH || signal == SIGURG || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/// Waits for signals. Whoever sleeps for long lets go of the program's pages; after a moment only, because a command that is
/// over at once would have to wait for their return.
class Sleeper {
 public:
  Sleeper() noexcept { ::sigfillset(&all_); }

  int wait() noexcept {
    const timespec moment{0, grace_milliseconds * 1'000'000L};
    if (!asleep_) {
      if (const int signal = ::sigtimedwait(&all_, &info_, &moment); signal > 0) return signal;
      asleep_ = true;
      sys::forget_program();
    }
    return ::sigwaitinfo(&all_, &info_);
  }

  /// Whether the last one was sys::ask_to_stop's.
  [[nodiscard]] bool was_queued() const noexcept { return info_.si_code == SI_QUEUE; }

 private:
  sigset_t all_;
  siginfo_t info_{};
  bool asleep_ = false;
};

bool has_lost_monitor(const Orphans& orphans) noexcept { return orphans.list >= 0 && ::getppid() != orphans.monitor; }

// The last that is done: nobody else would end what the container has left.
int end_all(const Orphans& orphans, int code) noexcept {
  if (orphans.list >= 0) sys::end_children(orphans.list, false);
  return code;
}

}  // namespace

int rest(const Orphans& orphans) noexcept {
  Sleeper sleeper;
  for (;;) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
    const int signal = sleeper.wait();
    // An image may have named any as its stop signal.
    if (signal > 0 && !is_harmless(signal)) return end_all(orphans, 0);
  }
}

int supervise(int payload, int control, int terminal, const Orphans& orphans) noexcept {
  Sleeper sleeper;
  int status = 0;
  for (bool asked = false; !reap(payload, terminal >= 0 ? control : -1, asked, status);) {
    const int signal = sleeper.wait();
    if (has_lost_monitor(orphans)) return end_all(orphans, 128 + SIGKILL);
    if (signal == SIGTSTP || signal == SIGCONT) asked = signal == SIGTSTP && sleeper.was_queued();
    // Those of terminals are for who reads or writes there: these were the monitor's, when it was of one group with this.
    if (signal > 0 && signal != SIGCHLD && signal != SIGTTIN && signal != SIGTTOU) forward(payload, signal, terminal);
  }
  return end_all(orphans, exit_code(status));
}

}  // namespace snug::runtime
