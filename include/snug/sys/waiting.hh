#pragma once

#include <poll.h>

#include <vector>

namespace snug::sys {

/// What one call of poll(2) waits for: everybody names descriptors before it, and asks for them after it.
class Waiting {
 public:
  /// Waits for `events` of `fd` too; -1 is nobody's.
  void want(int fd, short events) {
    if (fd >= 0) polls_.push_back({fd, events, 0});
  }

  /// Sleeps until something happens, or for so many milliseconds; -1: for as long as it takes. False on a signal.
  [[nodiscard]] bool sleep(int milliseconds) {
    count_ = ::poll(polls_.data(), polls_.size(), milliseconds);
    return count_ >= 0;
  }

  /// Whether the time was over before anything happened.
  [[nodiscard]] bool was_quiet() const { return count_ == 0; }

  /// Tells whether one of `events` has come for `fd`, or its end, which poll(2) tells unasked.
  [[nodiscard]] bool got(int fd, short events) const {
    for (const pollfd& each : polls_)
      if (each.fd == fd && (each.events & events) && (each.revents & (events | POLLHUP | POLLERR | POLLNVAL))) return true;
    return false;
  }

 private:
  std::vector<pollfd> polls_;
  int count_ = 0;
};

}  // namespace snug::sys
