#pragma once

#include <string_view>

#include "snug/cli/command.hh"

namespace snug::image_commands {

using Function = int (*)(const cli::Invocation&);

/// Finds what does the command of that name; null where it is none on images.
[[nodiscard]] Function find_function(std::string_view name);

}  // namespace snug::image_commands
