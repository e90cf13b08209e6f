#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace snug {

/// Gives the length of the UTF-8 sequence at the front of `text`, which is not empty, or 0 where the bytes are no UTF-8.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// Decodes a sequence, as utf8_length measures it.
[[nodiscard]] std::uint32_t code_point(std::string_view sequence);

/// Whether all of it is UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Counts the columns that a terminal takes for text without control characters: none for marks that stand on the letter before
/// them, two for the wide letters of East Asia and for pictures.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Gives as much of the front of `text` as `columns` hold; never a part of a letter.
[[nodiscard]] std::string_view fitting(std::string_view text, std::size_t columns);

}  // namespace snug
