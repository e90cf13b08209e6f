#pragma once

#include <string>
#include <vector>

#include "progress.hh"
#include "snug/cli/command.hh"
#include "snug/transport/transport.hh"

namespace snug::image_commands {

/// Gives how a command talks to registries, by its options (--authfile, --cert-dir, --creds) and the environment. `host` is the
/// registry that was typed, the one that --tls-verify=false is for. Notices go above the lines of `display`, which outlives it.
[[nodiscard]] transport::Connection connection_of(const cli::Invocation& invocation, const std::string& host, ProgressDisplay* display = nullptr);

/// Lists what a name may stand for, as registries.conf says (transport::find_candidates).
[[nodiscard]] std::vector<image::Reference> candidates_of(const cli::Invocation& invocation, const image::Reference& name);

}  // namespace snug::image_commands
