#pragma once

#include <sys/types.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jobs.hh"
#include "syntax.hh"

namespace snug::builtin {

struct Variable {
  std::string value;
  bool is_set = true;
  bool exported = false, read_only = false;
};

/// What break, continue and return have left to be left.
struct Flow {
  enum class Kind { none, leave_loop, next_round, leave_call };
  Kind kind = Kind::none;
  unsigned levels = 0;
};

/// Thrown by `exit`: the shell, or the child of it that this is, ends.
struct Leave {
  int code = 0;
};

/// Thrown where Ctrl-C ended what was typed.
struct Interrupted {};

/// What a local variable of a function hides.
struct Hidden {
  std::string name;
  std::optional<Variable> variable;
};

/// All that a shell remembers from one command to the next.
class Session {
 public:
  /// `env`: NAME=VALUE each.
  Session(std::string called, std::vector<std::string> given, const std::vector<std::string>& env);

  /// Finds a variable or a special parameter: $1 $# $? $$ $! $- $0.
  [[nodiscard]] std::optional<std::string> find(const std::string& wanted) const;
  [[nodiscard]] std::string value(const std::string& wanted) const { return find(wanted).value_or(""); }

  /// Throws Error where the variable is read-only.
  void set(const std::string& wanted, std::string text);
  void unset(const std::string& wanted);

  /// Has the variable, unset, hide the one that it was before; and puts back those that were hidden since there were `count` of them.
  void hide(const std::string& wanted);
  void reveal(std::size_t count) noexcept;

  /// Whether the shell may end. Where somebody sits at it and jobs are stopped it may not, but once that was said by it, and nothing else
  /// was typed.
  [[nodiscard]] bool may_leave();

  /// Gives what a program gets: NAME=VALUE.
  [[nodiscard]] std::vector<std::string> environment() const;

  std::map<std::string, Variable> variables;
  std::map<std::string, std::shared_ptr<const Command>> functions;
  Aliases aliases;
  std::map<int, std::string> traps;  ///< what is done at a signal; at 0, when the shell ends. Nothing: the signal is ignored
  std::vector<std::string> parameters;
  std::string name;          ///< $0
  int status = 0;            ///< $?
  pid_t pid;                 ///< $$: of the shell itself, also in its children
  pid_t last_background = 0;  ///< $!
  Jobs jobs;
  Flow flow;
  std::vector<Hidden> hidden;  ///< by local variables of the functions that run
  unsigned loops = 0, calls = 0, sources = 0;  ///< how deep in them it is
  std::vector<std::string> history;
  int tools = -1;            ///< a program for the names that neither this shell nor PATH has; -1: none
  bool interactive = false;  ///< somebody sits at it
  bool exits_on_error = false, tells_commands = false, keeps_patterns = false, needs_variables = false, keeps_files = false, only_reads = false;  ///< set -e -x -f -u -C -n
  bool fails_with_any = false;     ///< set -o pipefail: a pipeline fails where one of its commands does
  bool was_warned = false;         ///< that jobs are stopped
  std::size_t option_place = 0;    ///< of getopts, within the word of $OPTIND; 0: at its front
};

/// One of what `set` turns on and off.
struct Switch {
  char letter;  ///< 0: it has none
  std::string_view name;
  bool Session::*flag;
};

inline constexpr std::array<Switch, 7> switches{{{'e', "errexit", &Session::exits_on_error},
                                                 {'C', "noclobber", &Session::keeps_files},
                                                 {'n', "noexec", &Session::only_reads},
                                                 {'f', "noglob", &Session::keeps_patterns},
                                                 {'u', "nounset", &Session::needs_variables},
                                                 {0, "pipefail", &Session::fails_with_any},
                                                 {'x', "xtrace", &Session::tells_commands}}};

/// Said by a shell that is not left yet.
inline constexpr std::string_view stopped_jobs = "there are stopped jobs, which end with the shell; once more leaves it";

}  // namespace snug::builtin
