#pragma once

#include "snug/base/environment.hh"
#include "snug/probe/host.hh"

namespace snug::commands {

/// Picks what the probe may look at.
[[nodiscard]] probe::CallerEnvironment caller_environment(const Environment& environment);

}  // namespace snug::commands
