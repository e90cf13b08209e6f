#pragma once

#include <optional>
#include <string_view>

namespace snug::commands {

/// The names of the shells that there is a completion script for, with blanks between them.
inline constexpr std::string_view completed_shells = "bash zsh fish";

/// Finds the completion script for a shell. It knows no command: it asks `snug completion line` or `words`.
[[nodiscard]] std::optional<std::string_view> find_completion_script(std::string_view shell);

}  // namespace snug::commands
