#include "screen.hh"

#include <algorithm>
#include <cstddef>

#include "snug/base/text.hh"

namespace snug::runtime {
namespace {

constexpr std::size_t kept = 65536;
constexpr std::size_t longest_sequence = 64;

}  // namespace

void TerminalModes::follow(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_ == State::text) {
      const std::size_t escape = bytes.find('\x1b');
      if (escape == std::string_view::npos) return;
      bytes.remove_prefix(escape);
      state_ = State::escape;
    } else if (state_ == State::escape) {
      follow_escape(bytes.front());
    } else {
      follow_sequence(bytes.front());
    }
    bytes.remove_prefix(1);
  }
}

void TerminalModes::follow_escape(char byte) {
  state_ = State::text;
  switch (byte) {
    case '[': state_ = State::sequence; sequence_.clear(); break;
    case '\x1b': state_ = State::escape; break;
    case '=': keypad_ = true; break;
    case '>': keypad_ = false; break;
    case 'c': reset(); break;
    default: break;
  }
}

// Up to its last letter: "?25;1049h".
void TerminalModes::follow_sequence(char byte) {
  if (byte < 0x40 || byte > 0x7e) {
    sequence_ += byte;
    if (byte == '\x1b' || sequence_.size() > longest_sequence) state_ = byte == '\x1b' ? State::escape : State::text;
    return;
  }
  state_ = State::text;
  if (sequence_ == "!" && byte == 'p') return reset();
  if (!sequence_.starts_with('?') || (byte != 'h' && byte != 'l')) return;
  for (const std::string& word : split(std::string_view(sequence_).substr(1), ';'))
    for (Mode& mode : modes_)
      if (parse_number(word) == mode.number) mode.now = byte == 'h';
}

void TerminalModes::reset() {
  for (Mode& mode : modes_) mode.now = mode.usual;
  keypad_ = false;
}

bool TerminalModes::on_second_screen() const { return modes_[0].now || modes_[1].now || modes_[2].now; }

std::string TerminalModes::render(bool back) const {
  std::string out;
  for (const Mode& mode : modes_)
    if (mode.now != mode.usual) out += format("\x1b[?{}{}", mode.number, (back ? mode.usual : mode.now) ? 'h' : 'l');
  if (keypad_) out += back ? "\x1b>" : "\x1b=";
  return out;
}

void Scrollback::take(std::string_view bytes) {
  modes_.follow(bytes);
  last_ += bytes;
  // Seldom, and then half of it: what is kept moves to the front each time.
  if (last_.size() <= 2 * kept) return;
  last_.erase(0, last_.size() - kept);
  cut_ = true;
}

std::string Scrollback::render(unsigned rows) const {
  // The program that has the second screen to itself draws it when the size changes.
  if (modes_.on_second_screen()) return "\x1b[0m" + modes_.render_switches() + "\x1b[H\x1b[2J";
  constexpr std::size_t none = std::string::npos;
  std::size_t feed = last_.size();
  for (unsigned row = 0; row < rows && feed != none; ++row) feed = feed ? last_.rfind('\n', feed - 1) : none;
  if (feed == none && cut_) feed = last_.find('\n');
  return "\x1b[0m" + modes_.render_switches() + last_.substr(feed == none ? 0 : feed + 1);
}

}  // namespace snug::runtime
