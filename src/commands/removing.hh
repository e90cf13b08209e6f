#pragma once

#include <string>

#include "snug/commands/trees.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// Removes a container that does not run, with what it wrote. Throws where it does after all. False where files of it stay, as a notice tells.
[[nodiscard]] bool remove_at_rest(const std::string& store, const state::Record& record, const Trees& trees);

/// The same for one that may run: it is ended first. Throws where that takes too long.
[[nodiscard]] bool remove_by_force(const std::string& store, const state::Record& record, const Trees& trees);

}  // namespace snug::commands
