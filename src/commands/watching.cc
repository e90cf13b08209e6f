#include "watching.hh"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <string_view>

#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"

namespace snug::commands {
namespace {

/// The other screen of a terminal, without a cursor, for as long as this lives; signals wait meanwhile.
class Screen {
 public:
  explicit Screen(bool terminal) : terminal_(terminal) {
    ::sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) ::sigaddset(&signals_, signal);
    ::sigprocmask(SIG_BLOCK, &signals_, &before_);
    enter();
  }
  ~Screen() {
    leave();
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void show(std::string_view text) const { print(terminal_ ? framed(text) : std::string(text)); }

  // False where it is over.
  [[nodiscard]] bool wait_a_second() const {
    const timespec second{1, 0};
    const int signal = ::sigtimedwait(&signals_, nullptr, &second);
    if (signal == SIGTSTP) {
      leave();
      suffer(SIGTSTP);
      enter();
    }
    return signal < 0 || signal == SIGTSTP || signal == SIGWINCH;
  }

 private:
  // What is there is written over, so that nothing flickers; what has no room is told of. The kernel and who stands beside are at the bottom.
  static std::string framed(std::string_view text) {
    winsize size{};
    const std::size_t height = ::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row : 24;
    const auto all = lines(text);
    const std::size_t left_out = all.size() <= height ? 0 : all.size() - height + 1, above = left_out ? (height - 1) / 2 : all.size();
    std::string frame = "\x1b[H";
    for (std::size_t at = 0; at < all.size(); ++at) {
      const bool gap = left_out && at == above;
      frame += format("{}{}\x1b[K", at ? "\r\n" : "", gap ? format("({} more lines)", left_out) : std::string(all[at]));
      if (gap) at += left_out - 1;
    }
    return frame + "\x1b[J";
  }

  void enter() const {
    if (terminal_) print("\x1b[?1049h\x1b[?25l");
  }
  void leave() const noexcept {
    constexpr std::string_view back = "\x1b[?25h\x1b[?1049l";
    if (terminal_) static_cast<void>(::write(1, back.data(), back.size()) < 0);
  }

  bool terminal_;
  sigset_t signals_{}, before_{};
};

}  // namespace

void watch(const std::function<std::string()>& draw) {
  const Screen screen(::isatty(1) == 1);
  do screen.show(draw());
  while (screen.wait_a_second());
}

}  // namespace snug::commands
