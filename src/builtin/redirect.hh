#pragma once

#include <utility>
#include <vector>

#include "expand.hh"
#include "syntax.hh"

namespace snug::builtin {

/// Redirections, for as long as this lives; then the descriptors are as before.
class Redirected {
 public:
  /// Throws Failure where one cannot be done, after the others are undone. `for_ever`: nothing is undone.
  Redirected(const std::vector<Redirection>& redirections, const Surroundings& surroundings, bool for_ever = false);
  ~Redirected();
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  void apply(const Redirection& redirection, const Surroundings& surroundings);
  void restore() noexcept;

  std::vector<std::pair<int, int>> saved_;  ///< a descriptor, and its copy; -1: it was closed
  bool for_ever_;
};

/// Gives a copy of a descriptor that no redirection of a user can name; close-on-exec. -1 with errno set.
[[nodiscard]] int keep_aside(int fd) noexcept;

}  // namespace snug::builtin
