#pragma once

#include <functional>
#include <string>
#include <vector>

#include "expand.hh"
#include "session.hh"
#include "syntax.hh"
#include "table.hh"

namespace snug::builtin {

/// Counts for as long as it lives, also when it is left by an exception.
class Deeper {
 public:
  explicit Deeper(unsigned& count) : count_(count) { ++count_; }
  ~Deeper() { --count_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  unsigned& count_;
};

/// Does commands. Programs, and what has to be apart from the shell, are done by children of this process.
class Runner {
 public:
  explicit Runner(Session& session);

  /// Gives the status of the last command. Throws Leave, and Interrupted where somebody sits at the shell.
  int run(const List& list);

  /// The same of a text, line by line; what is no command of the language is told, and gives 2.
  int run_text(std::string_view text);

  /// Does one command whose words need no expansion any more: a function, a command of the shell's own, or a program.
  int run_words(std::vector<std::string> words, const std::vector<Assignment>& assignments = {}, const std::vector<Redirection>& redirections = {});

  /// Becomes the program that the words name; where the name has no slash it is looked for in PATH. Does not return.
  [[noreturn]] void become_program(std::vector<std::string> words);

  /// Does what `trap` asked for at the signals that have come since.
  void obey_traps();

  /// Does what `trap` asked for at the end. Gives the code to end with: `code`, unless that said another.
  int end(int code);

  [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }

  /// Finds the program of a name in PATH; "" where there is none.
  [[nodiscard]] std::string find_program(const std::string& name) const;

  /// Waits until the job has ended or stops, and tells what a person should know of that. Throws Interrupted where Ctrl-C ended it.
  int wait_in_foreground(Job& job, bool goes_on);

 private:
  int run(const Chain& chain);
  int run(const Pipeline& pipeline, bool background, const std::string& text);
  int run_in_shell(const Command& command);
  int run_alone(const Command& command, const std::string& text);
  int start(const Pipeline& pipeline, bool background, const std::string& text);
  pid_t fork_child(pid_t& group, bool in_front, bool silent, const std::function<int()>& work);
  [[noreturn]] void be_child(bool background, const std::function<int()>& work);
  int finish(Job job, bool background);
  void check_exit(int status, bool tested);

  int run(const Simple& simple, const std::vector<Redirection>& redirections);
  int run(const Group& group);
  int run(const If& branches);
  int run(const Loop& loop);
  int run(const For& loop);
  int run(const Case& branches);
  int run(const Function& function);
  int run_compound(const Command& command);
  bool test(const List& condition);
  bool leaves_loop();

  int call_function(const Command& body, std::vector<std::string> words);
  int call_builtin(const Builtin& builtin, std::vector<std::string> words);
  int call(const std::vector<std::string>& words);
  void assign(const std::vector<Assignment>& assignments, bool exported);
  void trace(const std::vector<std::string>& words) const;
  std::string output_of(const List& list);

  Session& session_;
  Surroundings surroundings_;
  bool is_child_ = false;  ///< of the shell, and has nothing to do but one command
  bool substituted_ = false;  ///< a $(…) was done
  unsigned tested_ = 0;    ///< how many conditions it is in: set -e does not count there
};

/// Has a signal be noted from now on, for traps; be ignored; or do what it does to every program. False with errno set where it cannot be.
bool catch_signal(int signal);
bool ignore_signal(int signal);
bool expose_to_signal(int signal);

/// Gives the first signal that was caught and not taken yet; or takes it. 0: there is none.
[[nodiscard]] int noted_signal();
[[nodiscard]] int take_signal();

/// Whether Ctrl-C was pressed; forgets it.
[[nodiscard]] bool take_interrupt();

/// What the signals of the keyboard do to the shell itself while somebody sits at it: nothing but to be noted.
void spare_shell();

/// And to its children: what they do to every program, but for those that a trap ignores.
void expose_child(const Session& session);

}  // namespace snug::builtin
