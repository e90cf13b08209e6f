#pragma once

#include <span>
#include <string_view>

#include "snug/cli/command.hh"

namespace snug::commands {

/// Lists all commands, in the order of the alphabet.
[[nodiscard]] std::span<const cli::Command* const> all_commands();

/// Lists the commands of docker and podman that snug does not have yet.
[[nodiscard]] std::span<const cli::NotYet> absent_commands();

/// Finds a command by its name; throws UsageError with the nearest name, or with what is to bring the
/// command.
[[nodiscard]] const cli::Command& find_command(std::string_view name);

}  // namespace snug::commands
