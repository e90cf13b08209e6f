#include "signals.hh"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "snug/base/error.hh"

namespace snug::shell {
SignalsAsData::SignalsAsData() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, &before_);
  fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ >= 0) return;
  const int error = errno;
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  throw system_error("read signals", error);
}

SignalsAsData::~SignalsAsData() {
  ::close(fd_);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int SignalsAsData::next() const {
  signalfd_siginfo info{};
  return ::read(fd_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace snug::shell
