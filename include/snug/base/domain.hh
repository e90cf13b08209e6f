#pragma once

#include <string_view>

namespace snug {

/// Tells whether a host's name is the one that `pattern` names; of "*.example.org" all that lie below example.org. Both are in small letters.
[[nodiscard]] constexpr bool covers(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return pattern == name;
  pattern.remove_prefix(1);
  return name.size() > pattern.size() && name.ends_with(pattern);
}

}  // namespace snug
