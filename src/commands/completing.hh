#pragma once

#include <span>
#include <string>

#include "snug/base/environment.hh"
#include "snug/cli/candidates.hh"

namespace snug::commands {

/// Finds what the last of `words` can become, as cli::find_candidates does, with the names that the store has. Of a container's
/// files the names are looked up as `snug cp` sees them. Throws nothing for a store that cannot be read: then there are none.
[[nodiscard]] cli::Candidates complete(std::span<const std::string> words, const Environment& environment);

}  // namespace snug::commands
