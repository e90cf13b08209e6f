#pragma once

#include <functional>
#include <string>

#include "snug/cli/command.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// Gives the folder that snug keeps its data in.
[[nodiscard]] std::string store_of(const Environment& environment);

/// Does `work` with each container that the operands name, as docker does: what it throws is said, and the others have their turn all
/// the same. Gives the exit code. Throws UsageError where there is no operand.
int for_each_container(const cli::Invocation& invocation, const std::function<void(const std::string& store, const state::Record& record)>& work);

/// Whether the container runs now, or is about to start anew.
[[nodiscard]] bool is_up(const std::string& store, const state::Record& record);

/// Throws, with a hint, where it does not run.
void need_running(const std::string& store, const state::Record& record);

}  // namespace snug::commands
