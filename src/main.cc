#include <fcntl.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <exception>
#include <string>
#include <vector>

#include "snug/base/environment.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/dispatch.hh"
#include "snug/sys/file.hh"

namespace {

// A file opened later must never become descriptor 0, 1 or 2: it would be taken for a standard stream.
bool fill_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return false;
  return true;
}

void say(std::string_view text) { static_cast<void>(snug::sys::write_all(STDERR_FILENO, text)); }

// Keeps the line feeds of our own messages and escapes the rest of what a terminal could act on.
std::string plain(std::string_view text) {
  std::string out;
  for (const std::string_view line : snug::lines(text))
    out += (out.empty() ? "" : "\n         ") + snug::printable(line);
  return out;
}

void print_error(const snug::Error& error) {
  std::string text = snug::format("snug: {}\n", plain(error.message()));
  for (std::size_t at = 0; at < error.contexts().size() && at < 2; ++at)
    text += snug::format("  while: {}\n", plain(error.contexts()[at]));
  if (!error.hint().empty()) text += snug::format("  hint:  {}\n", plain(error.hint()));
  say(text);
}

int run(std::span<const std::string_view> words, const snug::Environment& environment) {
  // Whoever starts a setuid program chooses its environment and descriptors: nothing here is built for that.
  if (::getauxval(AT_SECURE) != 0 || ::getuid() != ::geteuid() || ::getgid() != ::getegid())
    throw snug::Error("snug does not run setuid, setgid or with file capabilities: it needs no privilege",
                      "take the bits off the file: chmod u-s,g-s; setcap -r");
  return snug::commands::dispatch(words, environment);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int own_failure = 125;
  if (!fill_standard_descriptors()) return own_failure;
  try {
    const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    return run(words, snug::Environment(environ));
  } catch (const snug::Error& error) {
    print_error(error);
    return error.exit_code();
  } catch (const std::exception& error) {
    print_error(snug::Error(snug::format("gave up: {}", error.what())));
    return own_failure;
  }
}
