#include "snug/commands/output.hh"

#include <unistd.h>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::commands {

void print(std::string_view data) {
  if (const int error = sys::write_all(STDOUT_FILENO, data))
    throw system_error("write to standard output", error);
}

void say(std::string_view talk) { static_cast<void>(sys::write_all(STDERR_FILENO, talk)); }

void confirm_removal(std::string_view what) {
  say(format("This removes {}. Go on? [y/N] ", what));
  char answer = 0;
  const bool answered = ::read(STDIN_FILENO, &answer, 1) == 1;
  if (!answered || !::isatty(STDIN_FILENO)) say("\n");  // else whoever answers ends the line
  if (answer != 'y' && answer != 'Y') throw Error("nothing was removed").with_exit_code(1);
}

}  // namespace snug::commands
