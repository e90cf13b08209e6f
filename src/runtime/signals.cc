#include "signals.hh"

#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

namespace snug::runtime {
namespace {

constexpr std::array forwarded{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP, SIGWINCH, SIGALRM};
// Those of a reader that went and of a file that may not grow: the call that failed tells of them, too.
constexpr std::array ignored{SIGPIPE, SIGXFSZ};

bool is_pending(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigpending(&set);
  return ::sigismember(&set, signal) == 1;
}

}  // namespace

BlockedSignals::BlockedSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : forwarded) ::sigaddset(&set, signal);
  for (const int signal : ignored) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, &before_);
  fd_ = sys::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

BlockedSignals::~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

int BlockedSignals::next() const {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return 0;
  const int signal = static_cast<int>(info.ssi_signo);
  for (const int each : ignored)
    if (signal == each) return 0;
  return signal == SIGTSTP && is_pending(SIGCONT) ? 0 : signal;
}

}  // namespace snug::runtime
