#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "signals.hh"
#include "snug/shell/candidates.hh"

namespace snug::shell {

/// readline on standard input and output, which are terminals. There is one at a time: readline's own state is global.
class Editor {
 public:
  explicit Editor(FindCandidates find);
  ~Editor();
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  /// Reads a line; nothing at the end of input. One that Ctrl-C took back is empty. Signals are blocked and the
  /// terminal is readline's only in here; a signal that ends the process finds the terminal as it was.
  [[nodiscard]] std::optional<std::string> read(const char* prompt);

 private:
  static void take_terminal(int meta);
  static void give_terminal_back();
  static int next_byte(FILE*);
  static char* find_word_breaks();
  static char** complete(const char* text, int start, int end);
  static void show(char** matches, int count, int longest);
  void heed(int signal);

  FindCandidates find_;
  const SignalsAsData* signals_ = nullptr;
  int cut_short_by_ = 0;            ///< the signal that ended the line
  std::vector<std::string> names_;  ///< of the last candidates, as they are listed
};

}  // namespace snug::shell
