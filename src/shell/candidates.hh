#pragma once

#include <string_view>

#include "snug/cli/help.hh"
#include "snug/shell/editor.hh"

namespace snug::shell {

/// Finds what is to be offered behind `line`, by the rules of the parser and of the completion script for bash.
[[nodiscard]] Candidates find_candidates(std::string_view line, cli::CommandTable commands);

}  // namespace snug::shell
