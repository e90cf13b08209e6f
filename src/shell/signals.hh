#pragma once

#include <csignal>

namespace snug::shell {

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

}  // namespace snug::shell
