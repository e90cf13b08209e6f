#pragma once

#include <cstddef>
#include <string_view>

namespace snug {

/// Gives the length of the UTF-8 sequence at the front of `text`, which is not empty, or 0 where the bytes are no UTF-8.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// Whether all of it is UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace snug
