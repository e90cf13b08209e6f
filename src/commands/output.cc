#include "snug/commands/output.hh"

#include <unistd.h>

#include "snug/base/error.hh"
#include "snug/sys/file.hh"

namespace snug::commands {

void print(std::string_view data) {
  if (const int error = sys::write_all(STDOUT_FILENO, data))
    throw system_error("write to standard output", error);
}

void say(std::string_view talk) { static_cast<void>(sys::write_all(STDERR_FILENO, talk)); }

}  // namespace snug::commands
