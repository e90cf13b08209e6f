#pragma once

#include <string>
#include <string_view>

#include "snug/base/environment.hh"
#include "snug/runtime/attach.hh"

namespace snug::commands {

/// Gives the title of a terminal of `type` ($TERM) while it is at a container; empty where it has none that can be set.
[[nodiscard]] std::string terminal_title(std::string_view type, std::string_view container);
[[nodiscard]] std::string terminal_title(const Environment& environment, std::string_view container);

/// Says how a visit at the container `name` ended, as far as that is not plain. Gives the exit code.
[[nodiscard]] int end_visit(const std::variant<runtime::Exited, runtime::Detached>& end, std::string_view name);

/// Says what is not plain of a container's end. Gives the exit code.
[[nodiscard]] int tell_end(const runtime::Exited& exited);

}  // namespace snug::commands
