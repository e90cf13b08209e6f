// Programs of the root file system, and the signals of those who run them.

#include <sys/stat.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "files.hh"
#include "runner.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::builtin {
namespace {

volatile std::sig_atomic_t interrupted = 0, signalled = 0;
std::array<volatile std::sig_atomic_t, NSIG> caught{};

constexpr std::array signals_of_jobs{SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

// Without SA_RESTART, so that what waits is left.
bool set_handler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  return ::sigaction(signal, &action, nullptr) == 0;
}

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
    code = runner.run_text(without_returns(*text));
  } catch (const Leave& leave) {
    code = leave.code;
  }
  ::_exit(runner.end(code));
}

// "#!/bin/sh\r": the kernel looks for a program of just that name.
bool names_interpreter_with_return(const std::string& path) {
  const sys::Fd file = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK);
  std::array<char, 256> start{};
  const ssize_t size = file ? ::read(file.get(), start.data(), start.size()) : 0;
  const std::string_view text(start.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return text.starts_with("#!") && text.substr(0, text.find('\n')).ends_with('\r');
}

[[noreturn]] void tell_why_not(const std::string& path, int error) {
  if (error == ENOENT && names_interpreter_with_return(path)) give_up(path, "its lines end as on Windows, with a carriage return, which its first line takes for a part of the interpreter's name", 127);
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

bool catch_signal(int signal) {
  return set_handler(signal, [](int number) {
    caught[static_cast<std::size_t>(number)] = 1;
    signalled = 1;
  });
}

bool ignore_signal(int signal) { return set_handler(signal, SIG_IGN); }
bool expose_to_signal(int signal) { return set_handler(signal, SIG_DFL); }

int noted_signal() {
  if (signalled == 0) return 0;
  signalled = 0;  // first: what comes meanwhile is seen, here or the next time
  for (std::size_t number = 1; number < caught.size(); ++number)
    if (caught[number]) return signalled = 1, static_cast<int>(number);
  return 0;
}

int take_signal() {
  const int signal = noted_signal();
  caught[static_cast<std::size_t>(signal)] = 0;
  return signal;
}

bool take_interrupt() {
  const bool was = interrupted != 0;
  interrupted = 0;
  return was;
}

// A handler, because what is ignored stays so in programs.
void spare_shell() {
  set_handler(SIGINT, [](int) { interrupted = 1; });
  for (const int signal : {SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU}) ::signal(signal, SIG_IGN);
}

void expose_child(const Session& session) {
  for (const int signal : signals_of_jobs) {
    const auto trap = session.traps.find(signal);
    ::signal(signal, trap != session.traps.end() && trap->second.empty() ? SIG_IGN : SIG_DFL);
  }
}

}  // namespace snug::builtin
