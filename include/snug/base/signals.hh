#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace snug {

/// Reads a signal as kill(1) and docker take it: "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3".
[[nodiscard]] std::optional<int> parse_signal(std::string_view text);

/// Gives its name: "SIGTERM", "SIGRTMIN+3".
[[nodiscard]] std::string signal_name(int signal);

}  // namespace snug
