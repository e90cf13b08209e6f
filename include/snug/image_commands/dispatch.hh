#pragma once

#include <span>
#include <string_view>

#include "snug/base/environment.hh"

namespace snug::image_commands {

/// Does the command on images that `words` name, in snug-image; the table of commands is snug's own. Throws what ends it.
[[nodiscard]] int dispatch(std::span<const std::string_view> words, const Environment& environment);

}  // namespace snug::image_commands
