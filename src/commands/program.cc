#include "snug/commands/program.hh"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <csignal>
#include <exception>
#include <vector>

#include "snug/base/error.hh"
#include "snug/probe/refusal.hh"
#include "snug/sys/memory.hh"
#include "snug/sys/own_program.hh"

namespace snug::commands {
namespace {

constexpr int own_failure = 125;

// A file opened later must never become descriptor 0, 1 or 2: it would be taken for a standard stream. What is written to
// a standard output that was closed is data that gets lost: that fails, as it would have.
bool fill_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) != fd) return false;
  return true;
}

// Whoever starts a setuid program chooses its environment and descriptors: nothing here is built for that.
void refuse_setuid() {
  if (::getauxval(AT_SECURE) != 0 || ::getuid() != ::geteuid() || ::getgid() != ::getegid())
    throw Error("snug does not run setuid, setgid or with file capabilities: it needs no privilege",
                "take the bits off the file: chmod u-s,g-s; setcap -r");
}

// The limit of open files is reached wherever the next one was to be opened: no step of a plan has to be at fault.
std::string render(const Error& error) {
  const auto limit = error.hint().empty() && error.message().ends_with("(EMFILE)") ? probe::open_files_limit() : std::nullopt;
  return render_error(error) + (limit ? render_error(Error({}, plan::render_hint(plan::explain_open_files(*limit)))) : "");
}

}  // namespace

int run_program(int argc, char** argv, int (*dispatch)(std::span<const std::string_view>, const Environment&)) {
  if (!fill_standard_descriptors()) return own_failure;
  std::signal(SIGXFSZ, SIG_IGN);  // the call that failed says so, too, and what was begun is cleared away
  ::umask(::umask(077) & 077);    // who takes his own rights away would be left with folders that he cannot remove
  std::signal(SIGCHLD, SIG_DFL);  // where it is ignored, nobody can ask how a child ended
  try {
    refuse_setuid();
    sys::run_read_only(argv, environ);  // where it cannot, plans tell
    sys::bring_program();
    const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    return dispatch(words, Environment(environ));
  } catch (const Error& error) {
    std::fputs(render(error).c_str(), stderr);
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fputs(render_error(error).c_str(), stderr);
    return own_failure;
  }
}

}  // namespace snug::commands
