#pragma once

#include "snug/runtime/launch.hh"

namespace snug::commands {

/// Gives snug's own shell for a plan that has it, ready for the caller's terminal; else nothing, and nothing is touched. In the
/// process that launches.
[[nodiscard]] runtime::OwnShell own_shell(const plan::Plan& plan);

}  // namespace snug::commands
