#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "snug/plan/plan.hh"
#include "snug/runtime/launch.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

/// Gives the number of the only step of `plan` with an action of this type.
template <typename Action>
[[nodiscard]] std::size_t number_of(const plan::Plan& plan) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(), [](const plan::Step& step) { return std::holds_alternative<Action>(step.action); });
  return static_cast<std::size_t>(found - plan.steps.begin());
}

/// That step could not be done: `error` is an errno, `reason` as in StepFailure.
template <typename Action>
[[nodiscard]] StepFailure failed_at(const plan::Plan& plan, int error, std::string reason = {}) {
  return {number_of<Action>(plan), error, std::move(reason)};
}

/// Tells of the steps that were done, where somebody wants to know. In the monitor.
class StepClock {
 public:
  StepClock(const plan::Plan& plan, const StepDone& told) : plan_(plan), told_(told), last_(told ? sys::monotonic_time() : 0) {}

  /// A step that was done here: it took the time since the one before.
  template <typename Action>
  void done() {
    if (told_) done(number_of<Action>(plan_));
  }
  void done(std::size_t step) {
    const std::uint64_t now = sys::monotonic_time();
    if (told_) told_(step, now - std::exchange(last_, now));
  }

  /// One that was done in the child, which has measured it.
  void done_there(std::size_t step, std::uint64_t nanoseconds) {
    if (!told_) return;
    told_(step, nanoseconds);
    last_ = sys::monotonic_time();
  }

 private:
  const plan::Plan& plan_;
  const StepDone& told_;
  std::uint64_t last_;
};

}  // namespace snug::runtime
