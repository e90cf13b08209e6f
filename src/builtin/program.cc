// Programs of the root file system, and the signals of those who run them.

#include <sys/stat.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "runner.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::builtin {
namespace {

volatile std::sig_atomic_t interrupted = 0;

constexpr std::array signals_of_jobs{SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

bool is_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

[[noreturn]] void give_up(const std::string& name, std::string_view why, int code) {
  static_cast<void>(sys::write_all(2, format("{}: {}\n", printable(name), why)));
  ::_exit(code);
}

// A file without a first line that names its interpreter is a script of this shell.
[[noreturn]] void become_script(const Session& session, const std::string& path, const std::vector<std::string>& words) {
  const auto text = sys::find_file_text(path.c_str());
  if (!text || text->substr(0, 256).find('\0') != std::string::npos) give_up(path, "no program for this machine, and no script", 126);
  Session fresh(path, {words.begin() + 1, words.end()}, session.environment());
  fresh.tools = session.tools;
  Runner runner(fresh);
  int code = 0;
  try {
    code = runner.run_text(*text);
  } catch (const Leave& leave) {
    code = leave.code;
  }
  ::_exit(code);
}

[[noreturn]] void tell_why_not(const std::string& path, int error) {
  if (error == ENOENT && sys::find_status(AT_FDCWD, path.c_str()))
    give_up(path, "the interpreter of its first line, or its dynamic loader, is not here", 127);
  give_up(path, reason(error), error == ENOENT || error == ENOTDIR ? 127 : 126);
}

}  // namespace

std::string Runner::find_program(const std::string& name) const {
  if (name.find('/') != std::string::npos) return is_program(name) ? name : "";
  for (const std::string& folder : split(session_.value("PATH"), ':')) {
    std::string path = folder.empty() ? name : format("{}/{}", folder, name);
    if (is_program(path)) return path;
  }
  return "";
}

void Runner::become_program(std::vector<std::string> words) {
  std::vector<std::string> environment = session_.environment();
  const std::vector<char*> argv = pointers(words), envp = pointers(environment);
  const std::string& name = words.front();
  const std::string path = name.find('/') != std::string::npos ? name : find_program(name);
  if (path.empty() && session_.tools >= 0 && !name.empty()) {
    ::syscall(SYS_execveat, session_.tools, "", argv.data(), envp.data(), AT_EMPTY_PATH);
    give_up(name, format("the tools of --tools cannot be executed: {}", reason(errno)), 126);
  }
  if (path.empty()) give_up(name, "not found", 127);
  ::execve(path.c_str(), argv.data(), envp.data());
  if (errno == ENOEXEC) become_script(session_, path, words);
  tell_why_not(path, errno);
}

bool take_interrupt() {
  const bool was = interrupted != 0;
  interrupted = 0;
  return was;
}

// A handler, because what is ignored stays so in programs; without SA_RESTART, so that what waits is left.
void spare_shell() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  for (const int signal : {SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU}) ::signal(signal, SIG_IGN);
}

void expose_child() {
  for (const int signal : signals_of_jobs) ::signal(signal, SIG_DFL);
}

}  // namespace snug::builtin
