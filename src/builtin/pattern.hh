#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace snug::builtin {

/// Whether all of `text` is as `pattern` says: * ? [a-z] [!a-z] and \ in front of what means itself. Pure.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

/// Whether anything in it means more than itself.
[[nodiscard]] bool is_pattern(std::string_view pattern);

/// Takes the backslashes away.
[[nodiscard]] std::string unescaped(std::string_view pattern);

/// Puts a backslash in front of everything that a pattern would take for more than itself.
[[nodiscard]] std::string escaped_pattern(std::string_view text);

/// Finds the files that a pattern names, sorted; none where there are none.
[[nodiscard]] std::vector<std::string> find_paths(std::string_view pattern);

}  // namespace snug::builtin
