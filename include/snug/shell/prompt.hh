#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "snug/base/environment.hh"
#include "snug/shell/candidates.hh"

namespace snug::shell {

/// What can be typed, and what does it: the room knows no command itself.
struct Commands {
  FindCandidates find_candidates;
  /// Does what the words ask for, in this process, and gives the exit code. Throws Error.
  std::function<int(std::span<const std::string_view>)> dispatch;
  std::function<std::size_t()> count_running;  ///< containers: the prompt shows it. Throws nothing
  std::string_view welcome;  ///< printed where there is no history yet
};

/// Reads commands from a terminal until `exit`, `quit` or the end of input, and gives 0. Errors of commands are
/// printed, and the prompt goes on. Between commands no signal is blocked and no descriptor is open that was not
/// before. snug(1), "PROMPT".
[[nodiscard]] int run_prompt(const Commands& commands, const Environment& environment);

/// Does the commands that standard input holds, a line each, up to `exit` or the end, and gives 0. Throws the Error
/// of the first that fails, with the number of its line and its exit code. Reads no further than the line that it
/// does: what follows is the command's, if it reads. snug(1), "PROMPT".
[[nodiscard]] int run_script(const Commands& commands, const Environment& environment);

/// Reads a line that is no command of ours from a terminal, with readline's editing; nothing at the end of input.
[[nodiscard]] std::optional<std::string> read_line(const char* prompt);

}  // namespace snug::shell
