#include "output.hh"

#include <unistd.h>

#include "snug/base/error.hh"
#include "snug/sys/file.hh"

namespace snug::commands {

void print(std::string_view data) {
  if (const int error = sys::write_all(STDOUT_FILENO, data)) throw system_error("write to standard output", error);
}

}  // namespace snug::commands
