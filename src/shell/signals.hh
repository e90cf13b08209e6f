#pragma once

#include <csignal>

namespace snug::shell {

/// While this lives, Ctrl-C and Ctrl-\ do nothing to this process, and what they are to programs that it starts is
/// what it was before.
class SparedFromKeyboard {
 public:
  SparedFromKeyboard();
  ~SparedFromKeyboard();
  SparedFromKeyboard(const SparedFromKeyboard&) = delete;
  SparedFromKeyboard& operator=(const SparedFromKeyboard&) = delete;

 private:
  struct sigaction interrupt_ {}, quit_ {};
};

/// The signals that a prompt heeds, blocked for as long as this lives, and readable as data.
class SignalsAsData {
 public:
  SignalsAsData();
  ~SignalsAsData();
  SignalsAsData(const SignalsAsData&) = delete;
  SignalsAsData& operator=(const SignalsAsData&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] int next() const;  ///< 0 where there is none

 private:
  sigset_t before_{};
  int fd_ = -1;
};

/// Does to this process what an unblocked `signal` does.
void suffer(int signal);

}  // namespace snug::shell
