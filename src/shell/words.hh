#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace snug::shell {

/// What begins a line that the host's shell is to do.
inline constexpr char host_mark = '!';

/// The words that leave the prompt.
inline constexpr std::array<std::string_view, 2> leaving_words{"exit", "quit"};

/// What shows the manual page of a command.
inline constexpr std::string_view manual_word = "man";

/// May stand in front of a command, because hints and habit put it there.
inline constexpr std::string_view own_name = "snug";

/// A word with its quotes undone, and where it begins in the line.
struct Word {
  std::string text;
  std::size_t start = 0;
};

/// A line taken apart, as far as it is typed.
struct Line {
  enum class End { gap, word, single_quote, double_quote, backslash, comment };
  std::vector<Word> words;
  End end = End::gap;  ///< what the end of the line stands in
};

/// Takes a line apart as a POSIX shell would quote it: '…', "…", backslash, and # up to the end of the line.
/// Nothing is expanded.
[[nodiscard]] Line take_apart(std::string_view text);

/// Gives the words of a line that is whole; throws UsageError where a quote is left open.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

/// Quotes `word` with backslashes, so that what a part of it becomes is a part of what the whole becomes.
[[nodiscard]] std::string escaped(std::string_view word);

}  // namespace snug::shell
