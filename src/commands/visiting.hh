#pragma once

#include <string>
#include <string_view>

#include "snug/base/environment.hh"
#include "snug/runtime/attach.hh"

namespace snug::commands {

/// Gives the title of the caller's terminal while it is at a container; empty where the terminal has none to set, by $TERM.
[[nodiscard]] std::string terminal_title(const Environment& environment, std::string_view container);

/// Says how a visit at the container `name` ended, as far as that is not plain. Gives the exit code.
[[nodiscard]] int end_visit(const std::variant<runtime::Exited, runtime::Detached>& end, std::string_view name);

}  // namespace snug::commands
