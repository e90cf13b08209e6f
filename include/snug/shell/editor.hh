#pragma once

#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/shell/candidates.hh"

namespace snug::shell {

class SignalsAsData;

/// Finds what the last word of a line that goes so far can become.
using CompleteLine = std::function<Completion(std::string_view line)>;

/// readline on standard input and output, which are terminals. It reads the files of readline and of the terminal when it is made,
/// and none later. One reads at a time: readline's own state is global.
class Editor {
 public:
  explicit Editor(CompleteLine complete_line);
  ~Editor();
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  /// Reads a line; nothing at the end of input. One that Ctrl-C took back is empty. Signals are blocked and the
  /// terminal is readline's only in here; a signal that ends the process finds the terminal as it was.
  [[nodiscard]] std::optional<std::string> read(const char* prompt);

  /// Whether Ctrl-C took the last line back.
  [[nodiscard]] bool was_interrupted() const;

  /// Has the arrows bring a line back, in this process alone.
  void remember(const std::string& line);
  /// Forgets all lines, also those of who had readline before.
  void forget_lines();

 private:
  static void take_terminal(int meta);
  static void give_terminal_back();
  static int next_byte(FILE*);
  static char* find_word_breaks();
  static char** complete(const char* text, int start, int end);
  static void show(char** matches, int count, int longest);
  void heed(int signal);

  CompleteLine complete_line_;
  Editor* before_;  ///< who had readline until now, and gets it back
  const SignalsAsData* signals_ = nullptr;
  int cut_short_by_ = 0;            ///< the signal that ended the line
  std::vector<std::string> names_;  ///< of the last candidates, as they are listed
};

}  // namespace snug::shell
