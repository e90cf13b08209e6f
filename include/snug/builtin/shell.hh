#pragma once

#include <memory>
#include <string>
#include <vector>

namespace snug::builtin {

/// What the shell is to do, and with what.
struct Start {
  std::vector<std::string> words = {};  ///< a command; or "-c", a script and its parameters; nothing: what is typed, or comes
  std::vector<std::string> env = {};    ///< NAME=VALUE each
  int tools = -1;                       ///< a program, open, for the names that neither the shell nor PATH has; -1: none
};

/// snug's own shell, for root file systems that have none. It needs no file of the root that it looks at, and none of the host's.
/// snug-debug(1).
class Shell {
 public:
  /// Host side, before the walls stand: with `terminal` the files of readline and of the caller's terminal are read now.
  explicit Shell(bool terminal);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Inside, in a process that was forked for it: does what is asked for, and gives the exit code.
  [[nodiscard]] int run(const Start& start) noexcept;

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;  ///< null: nobody sits at it
};

}  // namespace snug::builtin
