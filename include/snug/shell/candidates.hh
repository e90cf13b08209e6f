#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "snug/cli/candidates.hh"

namespace snug::shell {

/// Finds what the last of some words can become; the first is the name of a command.
using FindCandidates = std::function<cli::Candidates(std::span<const std::string> words)>;

using Candidates = cli::Candidates;

/// What the last word of a line can become.
struct Completion {
  std::size_t start = 0;  ///< where in the line the word begins
  Candidates found;       ///< with the quotes of the word undone
};

/// Finds what is to be offered behind `line` at the prompt; in a shell's line, which begins with "snug", no word of the prompt's own.
[[nodiscard]] Completion complete_line(std::string_view line, const FindCandidates& find);

}  // namespace snug::shell
