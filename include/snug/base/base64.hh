#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace snug {

/// Writes bytes in base64.
[[nodiscard]] std::string to_base64(std::string_view text);

/// Reads it, with or without what fills it up at the end; nothing where it is something else.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace snug
