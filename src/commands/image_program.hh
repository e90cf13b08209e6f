#pragma once

#include <string>
#include <vector>

#include "snug/cli/command.hh"

namespace snug::commands {

/// The function of every command on images: starts snug-image with the same words, waits for it and gives its exit code. Throws
/// where it is not installed.
[[nodiscard]] int run_image_program(const cli::Invocation& invocation);

/// The same for a command of snug itself: `words` begin with the name of a command, and what it prints goes to `output`.
[[nodiscard]] int run_image_program(const std::vector<std::string>& words, const Environment& environment, std::string& output);

}  // namespace snug::commands
