#pragma once

#include <csignal>

namespace snug::commands {

/// Has signals that would end the process wait, for as long as this lives: runtime::launch reads them, and what comes later
/// finds all removed.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// Whether one of them has come, and is not to be ignored.
  [[nodiscard]] bool has_come() const noexcept;

 private:
  sigset_t before_{};
};

}  // namespace snug::commands
