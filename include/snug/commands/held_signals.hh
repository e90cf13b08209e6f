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

 private:
  sigset_t before_{};
};

}  // namespace snug::commands
