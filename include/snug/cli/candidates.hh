#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snug/cli/help.hh"

namespace snug::cli {

/// A word that another can become, and what it is.
struct Candidate {
  std::string word, about = {};
};

/// What the last of some words can become.
struct Candidates {
  /// Names of the file system that are candidates besides the words.
  enum class Files { none, all, folders };
  std::string typed;             ///< the word so far
  std::size_t from = 0;          ///< where in it what is completed begins: behind "--NAME=" or "dir:"
  std::vector<Candidate> words;  ///< whole words; what ends in ':', '=' or '/' is to be continued
  Files files = Files::none;     ///< their paths begin at `from`
  Complete wanted = Complete::nothing;  ///< what can stand here; names only who knows the store can offer
  bool verbatim = false;         ///< the words are as they are typed: a shell's variables, of which nothing is to be quoted
  std::vector<std::string> operands = {};  ///< where what is completed is one, those in front of it

  /// Adds `word` where what was typed from `from` on is its beginning. One that a terminal could act on is left out.
  void offer(std::string_view word, std::string_view about = {});
};

/// Finds what the last of `words` can become, of which the first is the name of a command; there is at least one.
/// Goes through them as the parser does.
[[nodiscard]] Candidates find_candidates(std::span<const std::string> words, CommandTable commands);

/// Renders candidates for a completion script: a line of "none", "files" or "folders" and `from`, one that is the word so
/// far, and for each candidate a line of the word, a tab and what it is.
[[nodiscard]] std::string render_candidates(const Candidates& candidates);

}  // namespace snug::cli
