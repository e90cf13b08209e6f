#include "background.hh"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::commands {
namespace {

// What the background says is one line: an empty one, or an error.
std::string render(const Error& error) {
  return Json{{"message", error.message()}, {"hint", error.hint()}, {"contexts", error.contexts()}, {"code", error.exit_code()}}.dump(
             -1, ' ', true, Json::error_handler_t::replace) + "\n";
}

[[noreturn]] void rethrow(const std::string& line) {
  const Json json = parse_json(line);
  Error error(json.at("message"), json.at("hint"));
  for (const Json& context : json.at("contexts")) error.during(context);
  throw error.with_exit_code(json.at("code"));
}

// What the caller opened for itself would be executed along with; what snug opens would not.
void close_inherited() {
  const sys::Fd folder = sys::open(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY);
  for (const sys::Entry& entry : sys::list_folder(folder.get())) {
    const auto number = parse_number(entry.name);
    const int fd = number ? static_cast<int>(*number) : 0;
    if (fd > STDERR_FILENO && (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) ::close(fd);
  }
}

// The descriptors of the caller's terminal and pipes: a detached process that holds them keeps others waiting for their end.
void let_go() {
  close_inherited();
  ::setsid();
  static_cast<void>(sys::leave_streams());
  if (::chdir("/") != 0) ::_exit(125);
}

[[noreturn]] void be_background(sys::Fd& told, const std::function<void(const std::function<void()>&)>& work) {
  const auto tell = [&](const std::string& line) {
    if (told) static_cast<void>(sys::write_all(told.get(), line));
    told.reset();
  };
  try {
    let_go();
    sys::hide_words();
    work([&] { tell("\n"); });
  } catch (const Error& error) {
    tell(render(error));
  } catch (const std::exception& exception) {
    tell(render(Error(exception.what())));
  }
  ::_exit(0);
}

}  // namespace

void run_in_background(const std::function<void(const std::function<void()>& ready)>& work) {
  sys::FdPair answer = sys::make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw system_error("start a process in the background", errno);
  if (pid == 0) {
    answer.first.reset();
    be_background(answer.second, work);
  }
  answer.second.reset();
  const std::string line = sys::read_all(answer.first.get());
  if (line == "\n") return;
  ::waitpid(pid, nullptr, 0);
  if (line.empty()) throw Error("the container's monitor was killed before the command ran");
  rethrow(line);
}

}  // namespace snug::commands
