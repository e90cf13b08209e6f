#include <unistd.h>

#include <cerrno>
#include <optional>

#include "line.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/shell/prompt.hh"

namespace snug::shell {
namespace {

// A byte at a time, so that the next one is there for the command that this line starts.
std::optional<std::string> read_line() {
  std::string line;
  for (;;) {
    char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read commands from standard input", errno);
    if (count == 0 && line.empty()) return {};
    if (count == 0 || byte == '\n') return line;
    if (byte == '\0') throw UsageError("a command has no NUL byte in it");
    line += byte;
  }
}

}  // namespace

int run_script(const Commands& commands, const Environment& environment) {
  const std::string shell = host_shell(environment);
  bool has_returns = false;  // as Windows ends lines
  for (unsigned number = 1;; ++number) {
    Outcome outcome;
    try {
      auto line = read_line();
      if (!line) return 0;
      if (number == 1) has_returns = line->ends_with('\r');
      if (has_returns && line->ends_with('\r')) line->pop_back();
      outcome = do_line(*line, commands, shell);
    } catch (Error& error) {
      error.during(format("doing line {} of standard input", number));
      throw;
    }
    if (outcome.leave) return 0;
    if (outcome.code)
      throw Error(format("line {} of standard input ended with exit code {}", number, outcome.code))
          .with_exit_code(outcome.code);
  }
}

}  // namespace snug::shell
