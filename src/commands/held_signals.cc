#include "snug/commands/held_signals.hh"

#include <algorithm>
#include <array>

namespace snug::commands {

constexpr std::array held{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

HeldSignals::HeldSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : held) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, &before_);
}

// What is ignored waits all the same, while it is blocked.
bool HeldSignals::has_come() const noexcept {
  sigset_t pending;
  ::sigpending(&pending);
  return std::any_of(held.begin(), held.end(), [&](int signal) {
    struct sigaction action {};
    return ::sigismember(&pending, signal) == 1 && ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN;
  });
}

HeldSignals::~HeldSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace snug::commands
