#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/plan.hh"

namespace snug::explain {

/// What a step is in a script of the shell. Whole lines, the comment on top left out.
struct ScriptStep {
  /// Where in the script it stands: before the process is there, in it, or with those that become the command.
  std::vector<std::string> lines;
  std::vector<std::string> lacks = {};  ///< what no script can do of it, a sentence each
};

/// Gives what a step of `plan` is in a script. There is an answer for each action; the compiler sees to it.
[[nodiscard]] ScriptStep script_of(const plan::Plan& plan, const plan::Step& step);

/// Quotes `word` for a POSIX shell as shell_quoted does; what a terminal could act on is written with printf(1) in its place, so that
/// the script can be read anywhere and means the same bytes.
[[nodiscard]] std::string script_word(std::string_view word);

/// Gives the words of unshare(1) for CLONE_NEW* flags, a blank in front of each.
[[nodiscard]] std::string unshare_words(std::uint64_t flags);

}  // namespace snug::explain
