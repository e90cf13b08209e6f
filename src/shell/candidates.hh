#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "snug/cli/help.hh"

namespace snug::shell {

/// What the last word of a line can become.
struct Candidates {
  /// Names of the file system that are candidates besides the words.
  enum class Files { none, all, folders };
  std::size_t start = 0;           ///< where in the line the word begins
  std::string typed;               ///< the word so far, quotes undone
  std::vector<std::string> words;  ///< whole words; what ends in ':' is to be continued
  Files files = Files::none;
  std::size_t path = 0;  ///< where in `typed` the path of a file begins: behind "dir:" or "--NAME="
};

/// Finds what is to be offered behind `line`, by the rules of the parser and of the completion script for bash.
[[nodiscard]] Candidates find_candidates(std::string_view line, cli::CommandTable commands);

}  // namespace snug::shell
