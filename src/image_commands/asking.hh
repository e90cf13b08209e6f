#pragma once

#include <string>

namespace snug::image_commands {

/// Asks the person at the terminal, who does not see a `secret` while typing it. Throws where there is no terminal. Ctrl-C ends
/// the program, with the terminal as it was.
[[nodiscard]] std::string ask(const std::string& question, bool secret);

}  // namespace snug::image_commands
