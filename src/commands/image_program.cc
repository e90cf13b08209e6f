#include "image_program.hh"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/probe/host.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::commands {
namespace {

volatile std::sig_atomic_t receiver = -1;  ///< a pidfd

/// Ctrl-C and Ctrl-\ reach snug-image by the terminal, and this process waits for what becomes of them; what somebody sends to this one alone
/// is handed on. What the caller ignores, snug-image ignores as well.
class SparedSignals {
 public:
  explicit SparedSignals(int program) {
    receiver = program;
    struct sigaction action {};
    action.sa_sigaction = [](int signal, siginfo_t* info, void* /*context*/) {
      if (info->si_code <= 0) static_cast<void>(sys::send_signal(receiver, signal));
    };
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigaction(SIGINT, &action, &interrupt_);
    ::sigaction(SIGQUIT, &action, &quit_);
  }
  ~SparedSignals() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGQUIT, &quit_, nullptr);
  }
  SparedSignals(const SparedSignals&) = delete;
  SparedSignals& operator=(const SparedSignals&) = delete;

 private:
  struct sigaction interrupt_ {}, quit_ {};
};

int run(std::vector<std::string> words, const Environment& environment, std::string* output) {
  const std::string path = probe::find_own_program("snug-image");
  if (path.empty()) throw Error("snug-image, which works on images, is not installed beside snug", "make install puts it there");
  words.insert(words.begin(), "snug-image");
  sys::FdPair pipe;
  if (output) pipe = sys::make_pipe();
  const std::array streams{STDIN_FILENO, output ? pipe.second.get() : STDOUT_FILENO, STDERR_FILENO};
  const sys::Cloned child = sys::start_program(path, std::move(words), environment.entries(), streams, SIGTERM);
  if (child.pid < 0) throw system_error("start snug-image", errno);
  const SparedSignals spared(child.pidfd.get());
  pipe.second.reset();
  if (output) *output = sys::read_all(pipe.first.get());
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0)
    if (errno != EINTR) throw system_error("wait for snug-image", errno);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int run_image_program(const cli::Invocation& invocation) {
  std::vector<std::string> words{std::string(invocation.command.name)};
  words.insert(words.end(), invocation.words.begin(), invocation.words.end());
  return run(std::move(words), invocation.environment, nullptr);
}

int run_image_program(const std::vector<std::string>& words, const Environment& environment, std::string& output) {
  return run(words, environment, &output);
}

}  // namespace snug::commands
