#include <fcntl.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdio>
#include <csignal>
#include <exception>
#include <vector>

#include "snug/base/environment.hh"
#include "snug/base/error.hh"
#include "snug/commands/dispatch.hh"

namespace {

// A file opened later must never become descriptor 0, 1 or 2: it would be taken for a standard stream.
bool fill_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return false;
  return true;
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
  std::signal(SIGCHLD, SIG_DFL);  // where it is ignored, nobody can ask how a child ended
  try {
    const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    return run(words, snug::Environment(environ));
  } catch (const snug::Error& error) {
    std::fputs(snug::render_error(error).c_str(), stderr);
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fputs(snug::render_error(error).c_str(), stderr);
    return own_failure;
  }
}
