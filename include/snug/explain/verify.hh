#pragma once

#include <cstddef>
#include <string>

#include "snug/plan/plan.hh"
#include "snug/plan/seen.hh"

namespace snug::explain {

/// What came of holding a plan against what was seen.
struct Verification {
  std::string text;       ///< a line for each step, what is wrong with it below, and what the kernel says of the command
  std::size_t faults = 0; ///< calls that are missing, that no step has or that came too late, and what the kernel has otherwise
};

/// Holds the calls of each step, as render_plan prints them, against those that the kernel was asked for, and the state of the
/// command against what the steps were to make of it. snug-plan(1), --verify.
[[nodiscard]] Verification verify(const plan::Plan& plan, const plan::Seen& seen);

}  // namespace snug::explain
