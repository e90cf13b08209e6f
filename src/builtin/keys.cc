#include "keys.hh"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

void drop_character(std::string& text) {
  while (text.size() > 1 && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80) text.pop_back();
  text.pop_back();
}

}  // namespace

Keys::Keys(sys::Fd terminal) : terminal_(std::move(terminal)) {
  ::tcgetattr(terminal_.get(), &before_);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 1, raw.c_cc[VTIME] = 0;
  ::tcsetattr(terminal_.get(), TCSADRAIN, &raw);
}

Keys::~Keys() { ::tcsetattr(terminal_.get(), TCSADRAIN, &before_); }

char Keys::next(int other) {
  if (waiting_.empty()) {
    std::array<pollfd, 2> both{{{terminal_.get(), POLLIN, 0}, {other, POLLIN, 0}}};
    if (::poll(both.data(), both.size(), -1) < 0) return 'r';
    if (!both[0].revents) return 0;
    if (!fill()) return ended_ ? 'q' : 'r';
  }
  if (waiting_[0] != '\033') return take();
  static constexpr std::array<std::pair<std::string_view, char>, 10> known{
      {{"[A", 'k'}, {"[B", 'j'}, {"OA", 'k'}, {"OB", 'j'}, {"[5~", 'b'}, {"[6~", ' '}, {"[H", 'g'}, {"[F", 'G'}, {"OH", 'g'}, {"OF", 'G'}}};
  const std::string sequence = take_sequence();
  for (const auto& [name, key] : known)
    if (sequence == name) return key;
  return 'r';
}

std::optional<std::string> Keys::line(Out& out, char sign) {
  for (std::string text;;) {
    out.put(format("\r\033[K{}{}", sign, printable(text)));
    out.flush();
    if (waiting_.empty() && !fill()) {
      if (ended_) return {};
      continue;
    }
    const char each = waiting_[0] == '\033' ? (take_sequence(), '\0') : take();
    if (each == '\n' || each == '\r') return text;
    if (each == 3 || ((each == 127 || each == 8) && text.empty())) return {};
    if (each == 127 || each == 8) drop_character(text);
    else if (static_cast<unsigned char>(each) >= 32) text += each;
  }
}

// False where a signal came instead, or nobody is there any more.
bool Keys::fill() {
  std::array<char, 256> bytes{};
  const ssize_t count = ::read(terminal_.get(), bytes.data(), bytes.size());
  if (count > 0) waiting_.assign(bytes.data(), static_cast<std::size_t>(count));
  ended_ = count == 0 || (count < 0 && errno != EINTR);
  return count > 0;
}

char Keys::take() {
  const char first = waiting_[0];
  waiting_.erase(0, 1);
  return first;
}

// What follows an escape, up to the letter that ends it.
std::string Keys::take_sequence() {
  std::size_t end = 1;
  if (waiting_.size() > 1 && (waiting_[1] == '[' || waiting_[1] == 'O')) {
    end = 2;
    while (end < waiting_.size() && static_cast<unsigned char>(waiting_[end]) < 0x40) ++end;
    end = std::min(end + 1, waiting_.size());
  }
  std::string sequence = waiting_.substr(1, end - 1);
  waiting_.erase(0, end);
  return sequence;
}

}  // namespace snug::builtin
