#include "signals.hh"

#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

namespace snug::runtime {
namespace {

constexpr std::array forwarded{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP, SIGWINCH, SIGALRM};
// Those of a reader that went and of a file that may not grow: the call that failed tells of them, too.
constexpr std::array ignored{SIGPIPE, SIGXFSZ};

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

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
  for (const int signal : forwarded)
    if (signal != SIGHUP || !is_ignored(signal)) ::sigaddset(&set, signal);  // nohup(1)
  for (const int signal : ignored) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, &before_);
  fd_ = sys::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

BlockedSignals::~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

UnreapedChildren::UnreapedChildren() {
  struct sigaction reaping {};
  reaping.sa_handler = SIG_DFL;
  reaping.sa_flags = SA_NOCLDWAIT;
  ::sigaction(SIGCHLD, &reaping, &before_);
}

UnreapedChildren::~UnreapedChildren() { ::sigaction(SIGCHLD, &before_, nullptr); }

int BlockedSignals::next() const {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return 0;
  const int signal = static_cast<int>(info.ssi_signo);
  for (const int each : ignored)
    if (signal == each) return 0;
  return signal == SIGTSTP && is_pending(SIGCONT) ? 0 : signal;
}

}  // namespace snug::runtime
