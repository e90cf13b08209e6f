#pragma once

#include <span>
#include <string_view>

#include "snug/base/environment.hh"

namespace snug::commands {

/// Does what `words` (without the program's own name) ask for and gives the exit code; without words it
/// takes commands from standard input. Throws Error.
[[nodiscard]] int dispatch(std::span<const std::string_view> words, const Environment& environment);

}  // namespace snug::commands
