#include "asking.hh"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "snug/base/error.hh"
#include "snug/commands/held_signals.hh"
#include "snug/sys/file.hh"

namespace snug::image_commands {
namespace {

constexpr std::size_t longest_answer = 4096;
constexpr char interrupt = 3;  // Ctrl-C

/// A terminal that shows nothing and makes no signal of a key.
class SilentTerminal {
 public:
  SilentTerminal(int fd, bool secret) : fd_(fd) {
    ::tcgetattr(fd_, &before_);
    termios silent = before_;
    const tcflag_t hidden = secret ? ECHO : 0U;
    silent.c_lflag &= ~(ISIG | hidden);
    silent.c_cc[VEOL] = interrupt;  // ends a line as Enter does: seen at once
    ::tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() { ::tcsetattr(fd_, TCSADRAIN, &before_); }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

 private:
  int fd_;
  termios before_{};
};

enum class End { answered, interrupted, closed };

End read_line(int terminal, const std::string& question, bool secret, std::string& line) {
  const commands::HeldSignals held;
  const SilentTerminal silent(terminal, secret);
  // Not before the terminal is silent: what is typed then is the answer.
  static_cast<void>(sys::write_all(terminal, question));
  char buffer[longest_answer];
  const ssize_t count = ::read(terminal, buffer, sizeof buffer);
  if (count <= 0) return End::closed;
  line.assign(buffer, static_cast<std::size_t>(count));
  if (line.back() == interrupt) return End::interrupted;
  if (line.back() == '\n') line.pop_back();
  return End::answered;
}

}  // namespace

std::string ask(const std::string& question, bool secret) {
  const sys::Fd terminal = sys::try_open(AT_FDCWD, "/dev/tty", O_RDWR | O_NOCTTY);
  if (!terminal) throw UsageError("there is no terminal to ask at", "--username and --password-stdin tell what is to be asked");
  std::string line;
  const End end = read_line(terminal.get(), question, secret, line);
  if (secret || end != End::answered) static_cast<void>(sys::write_all(terminal.get(), "\n"));
  if (end == End::interrupted) ::raise(SIGINT);
  if (end != End::answered) throw Error("there was no answer");
  return line;
}

}  // namespace snug::image_commands
