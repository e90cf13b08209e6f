#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace snug {

/// Reads a signal as kill(1) and docker take it: "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3".
[[nodiscard]] std::optional<int> parse_signal(std::string_view text);

/// Gives its name: "SIGTERM", "SIGRTMIN+3".
[[nodiscard]] std::string signal_name(int signal);

/// Does to this process, which blocks it, what `signal` does where it is not blocked; `with_group`: and to all of its process
/// group. One that stops comes back when the process goes on: at once where the kernel finds no shell that could see to that, or
/// where SIGCONT was faster.
void suffer(int signal, bool with_group = false) noexcept;

}  // namespace snug
