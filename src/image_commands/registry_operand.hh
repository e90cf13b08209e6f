#pragma once

#include <string>

#include "snug/cli/command.hh"

namespace snug::image_commands {

/// Gives the registry that `login` and `logout` were called with, or one's namespace (HOST[:PORT][/PATH]), or docker.io; throws UsageError
/// where it is none.
[[nodiscard]] std::string registry_operand(const cli::Invocation& invocation);

}  // namespace snug::image_commands
