#pragma once

#include "snug/base/environment.hh"
#include "snug/probe/host.hh"

namespace snug::commands {

/// Picks what the probe may look at.
[[nodiscard]] probe::CallerEnvironment caller_environment(const Environment& environment);

/// Whether the blobs of layers that a registry has are kept when the layers are unpacked: `keep-blobs` of the system's and the user's
/// configuration files.
[[nodiscard]] bool keeps_blobs(const Environment& environment);

}  // namespace snug::commands
