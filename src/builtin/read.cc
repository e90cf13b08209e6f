#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include "runner.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

/// A line, with a mark for each byte that a backslash quoted.
struct Input {
  std::string text, quoted;
  bool ended = false;  ///< without a line feed
  bool late = false;   ///< and because the time was over
};

/// What is asked for.
struct Wanted {
  bool raw = false, silent = false;
  std::size_t most = 0;        ///< characters; 0: a line
  std::uint64_t deadline = 0;  ///< of sys::monotonic_time; 0: none
};

/// The terminal as -s and -n need it. What would end or stop the shell waits until it is as before.
class Quieted {
 public:
  explicit Quieted(const Wanted& wanted) { hold(wanted); }
  ~Quieted() { release(); }
  Quieted(const Quieted&) = delete;
  Quieted& operator=(const Quieted&) = delete;

  void hold(const Wanted& wanted) {
    if ((!wanted.silent && !wanted.most) || ::tcgetattr(0, &before_) != 0) return;
    ::sigemptyset(&held_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) ::sigaddset(&held_, signal);
    ::sigprocmask(SIG_BLOCK, &held_, &mask_);
    signals_ = sys::Fd(::signalfd(-1, &held_, SFD_CLOEXEC));
    termios modes = before_;
    if (wanted.silent) modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (wanted.most) modes.c_lflag &= ~static_cast<tcflag_t>(ICANON);
    ::tcsetattr(0, TCSADRAIN, &modes);
    changed_ = true;
  }

  void release() {
    if (!std::exchange(changed_, false)) return;
    ::tcsetattr(0, TCSADRAIN, &before_);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
    signals_.reset();
  }

  /// Readable where one of them has come; -1: it waits for none.
  [[nodiscard]] int signals() const { return signals_.get(); }

 private:
  termios before_{};
  sigset_t held_{}, mask_{};
  sys::Fd signals_;
  bool changed_ = false;
};

enum class Waited { ready, late, interrupted };

Waited wait_for_input(const Wanted& wanted, int signals) {
  std::array<pollfd, 2> waiting{{{0, POLLIN, 0}, {signals, POLLIN, 0}}};
  const std::uint64_t now = sys::monotonic_time();
  constexpr std::uint64_t millisecond = 1'000'000;
  const std::uint64_t left = wanted.deadline > now ? (wanted.deadline - now + millisecond - 1) / millisecond : 0;
  const int count = ::poll(waiting.data(), waiting.size(), wanted.deadline ? static_cast<int>(left) : -1);
  if (count < 0 || waiting[1].revents) return Waited::interrupted;
  return count == 0 ? Waited::late : Waited::ready;
}

// Whether it is whole, as far as it is UTF-8; then the next one begins.
bool ends_character(std::string& bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  const std::size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (bytes.size() < length) return false;
  bytes.clear();
  return true;
}

// One byte at a time: what follows the line is the next command's.
Input take_line(const Session& session, const Wanted& wanted) {
  Input input;
  char byte = 0;
  bool escaped = false;
  Quieted quieted(wanted);
  std::size_t characters = 0, stored = 0;
  std::string character;
  for (;;) {
    const Waited waited = wait_for_input(wanted, quieted.signals());
    if (waited == Waited::late) return input.ended = input.late = true, input;
    const ssize_t count = waited == Waited::interrupted ? -1 : ::read(0, &byte, 1);
    if (count < 0 && (waited == Waited::interrupted || errno == EINTR)) {
      quieted.release();  // now the signal does what it does
      if (session.interactive) throw Interrupted{};
      quieted.hold(wanted);
      continue;
    }
    if (count <= 0) return input.ended = true, input;
    if (byte == '\n' && escaped) {
      escaped = false;
    } else if (byte == '\n') {
      return input;
    } else if (byte == '\\' && !wanted.raw && !escaped) {
      escaped = true;
    } else if (byte != '\0') {
      input.text += byte;
      input.quoted += escaped ? 'q' : ' ';
      escaped = false;
    }
    if (wanted.most && input.text.size() > stored) characters += ends_character(character += byte);
    stored = input.text.size();
    if (wanted.most && characters >= wanted.most) return input;
  }
}

std::uint64_t deadline_of(const std::string& word) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seconds);
  constexpr double most = 1e6;
  if (error != std::errc() || end != word.data() + word.size() || !(seconds >= 0) || seconds > most) throw Failure(format("{} is no number of seconds up to a million", quoted(word)), 2);
  return sys::monotonic_time() + static_cast<std::uint64_t>(seconds * 1e9) + 1;
}

Wanted wanted_of(const Options& options) {
  Wanted wanted{.raw = options.has('r'), .silent = options.has('s')};
  if (options.has('n')) {
    const long long most = number_of(options.value('n'));
    if (most < 1) throw Failure("-n takes a number of characters, from 1 on", 2);
    wanted.most = static_cast<std::size_t>(most);
  }
  if (options.has('t')) wanted.deadline = deadline_of(options.value('t'));
  return wanted;
}

}  // namespace

int read_line(Call& call) {
  const Options options(call, "rsn:p:t:");
  const Wanted wanted = wanted_of(options);
  if (options.has('p') && ::isatty(0)) static_cast<void>(sys::write_all(2, options.value('p')));
  const Input input = take_line(call.session, wanted);
  std::vector<std::string> names = options.operands();
  const bool is_whole = names.empty();  // the line as it is
  if (is_whole) names.emplace_back("REPLY");
  const std::string separators = call.session.find("IFS").value_or(" \t\n");
  const auto is_separator = [&](std::size_t at) { return !is_whole && input.quoted[at] != 'q' && separators.find(input.text[at]) != std::string::npos; };
  const auto is_blank = [&](std::size_t at) { return is_separator(at) && (input.text[at] == ' ' || input.text[at] == '\t'); };
  std::size_t at = 0, end = input.text.size();
  while (at < end && is_blank(at)) ++at;
  while (end > at && is_blank(end - 1)) --end;
  for (std::size_t number = 0; number < names.size(); ++number) {
    std::size_t stop = at;
    while (stop < end && (number + 1 == names.size() || !is_separator(stop))) ++stop;
    call.session.set(names[number], input.text.substr(at, stop - at));
    at = stop;
    while (at < end && is_blank(at)) ++at;
    if (at < end && is_separator(at)) ++at;
    while (at < end && is_blank(at)) ++at;
  }
  if (input.late) return 128 + SIGALRM;
  return input.ended ? 1 : 0;
}

}  // namespace snug::builtin
