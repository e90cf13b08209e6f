#pragma once

#include <csignal>

#include "snug/sys/fd.hh"

namespace snug::runtime {

/// The signals that a monitor passes on, blocked for as long as this lives, and readable as data.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Gives a signal that has arrived and is for others; 0 where there is none, or it is a stop that SIGCONT has ended already.
  [[nodiscard]] int next() const;

 private:
  sigset_t before_{};
  sys::Fd fd_;
};

/// While this lives the kernel reaps the children of a process that is stopped: else who has ended stays, with all that waits for that,
/// for as long as nobody has it go on. What he ended with is lost.
class UnreapedChildren {
 public:
  UnreapedChildren();
  ~UnreapedChildren();
  UnreapedChildren(const UnreapedChildren&) = delete;
  UnreapedChildren& operator=(const UnreapedChildren&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace snug::runtime
