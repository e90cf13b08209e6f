#pragma once

#include <string>
#include <string_view>

#include "snug/shell/prompt.hh"

namespace snug::shell {

/// What came of a line.
struct Outcome {
  int code = 0;
  bool leave = false;
};

/// The caller's shell: $SHELL, or /bin/sh.
[[nodiscard]] std::string host_shell(const Environment& environment);

/// Does what one line says and waits for the end of it; `shell` is for lines of the host. Throws Error.
[[nodiscard]] Outcome do_line(std::string_view line, const Commands& commands, const std::string& shell);

}  // namespace snug::shell
