#include "snug/base/signals.hh"

#include <unistd.h>

#include <csignal>
#include <cstring>

#include "snug/base/text.hh"

namespace snug {
namespace {

// The first real-time signal that the C library leaves to others; SIGRTMIN is a call, and the same for all who use it.
constexpr int first_real_time = 34;
constexpr int last = 64;

}  // namespace

std::string signal_name(int signal) {
  if (const char* name = signal < first_real_time ? ::sigabbrev_np(signal) : nullptr) return format("SIG{}", name);
  if (signal == first_real_time) return "SIGRTMIN";
  return signal > first_real_time && signal <= last ? format("SIGRTMIN+{}", signal - first_real_time) : format("signal {}", signal);
}

std::optional<int> parse_signal(std::string_view text) {
  if (const auto number = parse_number(text)) return *number >= 1 && *number <= last ? std::optional(static_cast<int>(*number)) : std::nullopt;
  std::string name(text);
  for (char& each : name)
    if (each >= 'a' && each <= 'z') each = static_cast<char>(each - 'a' + 'A');
  if (!name.starts_with("SIG")) name = "SIG" + name;
  if (name == "SIGRTMAX") return last;
  constexpr std::string_view from_last = "SIGRTMAX-";
  if (name.starts_with(from_last)) {
    const auto steps = parse_number(std::string_view(name).substr(from_last.size()));
    return steps && *steps <= last - first_real_time ? std::optional(last - static_cast<int>(*steps)) : std::nullopt;
  }
  for (int signal = 1; signal <= last; ++signal)
    if (name == signal_name(signal)) return signal;
  return {};
}

void suffer(int signal, bool with_group) noexcept {
  sigset_t set, before;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  // The group gets it at one moment: nobody stops after the shell has heard of the first, and has gone on.
  // (raise(3) would take the number of the thread from where clone3(2) left another's.)
  ::kill(with_group ? 0 : ::getpid(), signal);
  ::sigprocmask(SIG_UNBLOCK, &set, &before);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace snug
