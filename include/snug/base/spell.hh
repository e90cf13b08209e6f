#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace snug {

/// Counts the insertions, removals, replacements and swaps of neighbours that turn `a` into `b`.
[[nodiscard]] unsigned edit_distance(std::string_view a, std::string_view b);

/// Finds the word nearest to `typed`, if one is near enough to be what was meant; or the shortest that begins with it.
[[nodiscard]] std::optional<std::string> find_nearest(std::string_view typed, std::span<const std::string> words);

}  // namespace snug
