#pragma once

#include <sys/types.h>
#include <termios.h>

#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace snug::builtin {

/// The processes of a pipeline.
struct Job {
  enum class State { running, stopped, done };
  struct Process {
    pid_t pid = 0;
    State state = State::running;
    int status = 0;  ///< as waitpid(2) gives it
  };
  int number = 0;
  pid_t group = 0;  ///< 0: the shell's own
  std::vector<Process> processes;
  std::string text;
  termios modes{};  ///< its terminal's, when it was stopped
  bool has_modes = false, negated = false, background = false;
  bool fails_with_any = false;  ///< its code is that of the last process that failed, and not of the last one

  [[nodiscard]] State state() const;
  [[nodiscard]] int code() const;  ///< of the process that counts: the exit code, or 128 + n
};

/// Says what a signal is: "Terminated".
[[nodiscard]] std::string signal_words(int signal);

/// What runs, and the terminal that one of them has.
class Jobs {
 public:
  /// Has each job be a process group that the terminal `fd` can belong to. The calling process leads its own, which has the terminal.
  void take_control(int fd);
  /// Of a child of the shell: it has no jobs and no terminal to give.
  void forget();
  [[nodiscard]] bool controls() const { return terminal_ >= 0; }
  [[nodiscard]] int terminal() const { return terminal_; }

  /// Gives the job a number.
  Job& add(Job job);

  /// Waits until it ends or stops, in the foreground of the terminal. Gives its exit code; forgets it where it has ended.
  int wait_in_foreground(Job& job, bool goes_on);
  /// Has a stopped one go on.
  void go_on_in_background(Job& job);
  /// Waits until it ends; gives its exit code, and forgets it. False in `ended` where a signal came first.
  int wait_for(Job& job, bool& ended);

  /// Looks who has ended or stopped meanwhile, without waiting.
  void look();
  /// Gives a line for each that ended in the background since, and forgets those.
  [[nodiscard]] std::vector<std::string> take_news();

  /// Finds %N, %%, %+, %-, %TEXT or the number of a process; null where there is none.
  [[nodiscard]] Job* find(std::string_view name);
  [[nodiscard]] std::list<Job>& all() { return jobs_; }
  [[nodiscard]] std::string describe(const Job& job) const;

 private:
  void note(pid_t pid, int status);
  bool wait_once(int options);
  int take_code(Job& job);
  void take_terminal_back(Job& job, bool went_on);

  std::list<Job> jobs_;
  int terminal_ = -1;
  pid_t own_group_ = 0;
  termios own_modes_{};
};

}  // namespace snug::builtin
