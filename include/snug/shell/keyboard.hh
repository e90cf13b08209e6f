#pragma once

#include <csignal>

namespace snug::shell {

/// While this lives, Ctrl-C and Ctrl-\ end nothing in this process but system calls that wait, with EINTR; what they are to programs that it
/// starts is what it was before. One at a time, or one within another.
class SparedFromKeyboard {
 public:
  SparedFromKeyboard();
  ~SparedFromKeyboard();
  SparedFromKeyboard(const SparedFromKeyboard&) = delete;
  SparedFromKeyboard& operator=(const SparedFromKeyboard&) = delete;

 private:
  struct sigaction interrupt_ {}, quit_ {};
};

/// Whether Ctrl-C was pressed under a SparedFromKeyboard, and not forgotten since: what would go on for ever asks.
[[nodiscard]] bool was_interrupted();
void forget_interrupt();

}  // namespace snug::shell
