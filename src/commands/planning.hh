#pragma once

#include "snug/base/error.hh"
#include "snug/cli/command.hh"
#include "snug/plan/plan.hh"
#include "snug/probe/host.hh"
#include "snug/runtime/launch.hh"

namespace snug::commands {

/// What `snug run` does and `snug plan` shows: one value, made in one place.
struct Planned {
  plan::Spec spec;
  plan::HostFacts facts;
  plan::Plan plan;
};

/// Picks what the probe may look at.
[[nodiscard]] probe::CallerEnvironment caller_environment(const Environment& environment);

/// Goes from the words to the plan: configuration files, facts, rules. Prints the plan's notices on standard error.
/// Throws where the words, the machine or the rules say no.
[[nodiscard]] Planned plan_container(const cli::Invocation& invocation);

/// Puts a step that failed into words: what, on which object, why, and what to do where that is known.
[[nodiscard]] Error failure_error(const Planned& planned, const runtime::StepFailure& failure);

}  // namespace snug::commands
