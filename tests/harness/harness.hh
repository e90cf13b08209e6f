#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "snug/sys/fd.hh"

// What the functional tests stand on: the real program, started as a user starts it.
namespace snug::test {

/// The program under test (SNUG_BIN), the small root (SNUG_TEST_ROOT), the Debian one (SNUG_TEST_DEBIAN, may be "").
[[nodiscard]] std::string program();
[[nodiscard]] std::string small_root();
[[nodiscard]] std::string debian_root();

[[nodiscard]] inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// Records that the running test case cannot be done here, and why. The caller returns.
void skip(const std::string& reason);

/// How long a test waits for what it expects, on a machine that may be very busy: only one that fails ever does.
constexpr std::chrono::seconds tests_patience{120};

struct Options {
  std::vector<std::string> env = {};  ///< added to HOME, PATH and TERM
  std::string input = {};
  std::string folder = {};
  std::chrono::seconds patience = tests_patience;
};

struct Result {
  int code = -1;  ///< exit code; 128 + n for a signal; -1 when it took too long and was killed
  std::string out, err;
  long peak = 0;  ///< KiB of memory that the largest of its processes had at most, of those that were waited for
};

/// Runs a program to its end, without a shell between.
[[nodiscard]] Result run(const std::vector<std::string>& words, const Options& options = {});

/// `snug run --userns single SMALL_ROOT sh -c SCRIPT`, with `options` of run in front of the root.
[[nodiscard]] Result inside(const std::string& script, const std::vector<std::string>& options = {});

/// The one child of a process: of a monitor, pid 1 inside. Throws where there is none, or more than one.
[[nodiscard]] pid_t only_child(pid_t pid);

/// A program in the background, with both its outputs thrown away. Killed at the end, if it still lives.
class Background {
 public:
  explicit Background(const std::vector<std::string>& words);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  [[nodiscard]] int wait();  ///< exit code, 128 + n for a signal

 private:
  pid_t pid_ = -1;
};

/// A program on a terminal of its own.
class Terminal {
 public:
  Terminal(const std::vector<std::string>& words, unsigned short rows, unsigned short columns);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void send(const std::string& keys);
  /// Reads until `text` has come; false, with everything that came instead in seen(), when it does not within `patience`.
  [[nodiscard]] bool expect(const std::string& text, std::chrono::seconds patience = tests_patience);
  /// Sends `keys` until `text` comes: what answers may be late to see what it tells of.
  [[nodiscard]] bool ask_until(const std::string& keys, const std::string& text);
  [[nodiscard]] const std::string& seen() const { return seen_; }
  void resize(unsigned short rows, unsigned short columns);
  void hang_up();  ///< as a window that is closed
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int wait();

 private:
  sys::Fd outer_;
  pid_t pid_ = -1;
  std::string seen_;
};

/// The words of a shell that people start snug from: with job control, it says "outer$ " when it waits for a line.
[[nodiscard]] std::vector<std::string> outer_shell();

/// A folder that goes away with the object; of the account that runs the tests, and in its home unless told otherwise.
class Scratch {
 public:
  explicit Scratch(std::string parent = {});
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

/// Everything below a folder: names, types, modes, link counts and contents, as lines to compare.
[[nodiscard]] std::vector<std::string> snapshot(const std::string& folder);

/// What a container could leave behind, of this user alone: processes, what the store holds, what lies in /run/user, /tmp and /var/tmp,
/// cgroups; and all mounts.
[[nodiscard]] std::vector<std::string> traces();

/// The traces that were not there before, as a text; what is just ending is waited for.
[[nodiscard]] std::string left_since(const std::vector<std::string>& before);

/// The lines that are in one of the two and not in the other, as a text.
[[nodiscard]] std::string difference(const std::vector<std::string>& before, const std::vector<std::string>& after);

/// The pids of this user's processes, and of those of his ranges of ids, that have `word` in their command line.
[[nodiscard]] std::vector<pid_t> find_processes(const std::string& word);

/// The pids of this user's processes whose command line consists of these words.
[[nodiscard]] std::vector<pid_t> find_commands(const std::vector<std::string>& words);

void pause_briefly();

/// Waits until `condition` holds; false when it does not within `patience`.
template <typename Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::seconds patience = tests_patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    pause_briefly();
  }
  return true;
}

}  // namespace snug::test
