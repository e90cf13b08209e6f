#include "screen.hh"

#include <algorithm>
#include <cstddef>

#include "snug/base/text.hh"

namespace snug::runtime {
namespace {

constexpr std::size_t kept = 65536;
constexpr std::size_t longest_sequence = 64;
constexpr std::size_t longest_question = 4096;
constexpr char enquiry = '\x05';

bool is_digits(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

// Its place, its size, its title; 22 and 23 keep the title and give it back.
bool asks_of_window(std::string_view number) {
  const auto what = parse_number(number);
  return what && *what >= 11 && *what <= 21;
}

// What CSI begins, without it: "6n", ">c", "?2026$p".
bool asks_in_sequence(std::string_view words) {
  const char last = words.back();
  words.remove_suffix(1);
  const char first = words.empty() ? '\0' : words.front();
  const char middle = words.empty() ? '\0' : words.back();
  switch (last) {
    case 'n': return first != '>';                                          // status, cursor
    case 'c': return first == '>' || first == '=' || is_digits(words);      // attributes; with '?' the console's cursor
    case 'x': return is_digits(words);                                      // parameters
    case 'p': case 'w': return middle == '$';                               // modes, presentation
    case 'y': return middle == '*';                                         // checksum
    case 'q': return first == '>';                                          // version
    case 'u': case 'm': case 'S': return first == '?';                      // keys, graphics
    case 't': return asks_of_window(words.substr(0, words.find(';')));
    default: return false;
  }
}

// One of the words of an OSC is a question mark: "11;?".
bool asks_in_string(std::string_view words) {
  constexpr std::string_view question = ";?", ends = ";\a\x1b";
  for (std::size_t at = words.find(question); at != std::string_view::npos; at = words.find(question, at + 1))
    if (const std::size_t next = at + question.size(); next < words.size() && ends.find(words[next]) != std::string_view::npos) return true;
  return false;
}

// Whether a terminal answers to the sequence, which is whole.
bool asks(std::string_view sequence) {
  const std::string_view rest = sequence.substr(2);
  switch (sequence[1]) {
    case 'Z': return true;
    case '[': return !rest.empty() && asks_in_sequence(rest);
    case 'P': return rest.starts_with("$q") || rest.starts_with("+q");
    case ']': return asks_in_string(rest);
    case '_': return rest.starts_with('G');  // a picture that may be asked about, and that is too large to be kept
    default: return false;
  }
}

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

// What is not whole yet is shown to who comes in the middle of it, or the rest would be text to his terminal.
void Scrollback::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (part_ != Part::text) {
      follow(bytes.front());
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t escape = std::min(bytes.find('\x1b'), bytes.size());
    keep(bytes.substr(0, escape));
    bytes.remove_prefix(escape);
    if (bytes.empty()) break;
    begin();
    bytes.remove_prefix(1);
  }
  // Seldom, and then half of it: what is kept moves to the front each time.
  if (last_.size() <= 2 * kept) return;
  last_.erase(0, last_.size() - kept);
  cut_ = true;
}

void Scrollback::begin() {
  sequence_ = '\x1b';
  part_ = Part::escape;
}

void Scrollback::follow(char byte) {
  constexpr std::string_view strings = "]P_^X";
  if (part_ == Part::string_escape && byte != '\\') {
    break_off();
    return follow(byte);
  }
  if (byte == '\x1b' && part_ != Part::string) return break_off();
  if (byte == enquiry) return;
  sequence_ += byte;
  switch (part_) {
    case Part::escape:
      if (byte == '[') part_ = Part::sequence;
      else if (strings.find(byte) != std::string_view::npos) part_ = Part::string;
      else if (byte < 0x20 || byte > 0x2f) end();
      break;
    case Part::sequence:
      if (byte >= 0x40 && byte <= 0x7e) end();
      break;
    case Part::string:
      if (byte == '\x1b') part_ = Part::string_escape;
      else if (byte == '\a') end();
      break;
    default: end();
  }
  if (sequence_.size() > longest_question) end();
}

// What ESC breaks off is nothing to a terminal either; what follows it would become a part of it where the new one is left out.
void Scrollback::break_off() {
  modes_.follow(sequence_);
  begin();
}

// The switch to the other screen is none of either: render_switches tells it.
void Scrollback::end() {
  const bool was_second = modes_.on_second_screen();
  modes_.follow(sequence_);
  if (!was_second && !modes_.on_second_screen() && !asks(sequence_)) last_ += sequence_;
  sequence_.clear();
  part_ = Part::text;
}

void Scrollback::keep(std::string_view bytes) {
  if (modes_.on_second_screen()) return;
  while (!bytes.empty()) {
    const std::size_t question = std::min(bytes.find(enquiry), bytes.size());
    last_ += bytes.substr(0, question);
    bytes.remove_prefix(std::min(question + 1, bytes.size()));
  }
}

std::string Scrollback::render(unsigned rows) const {
  // The program that has the second screen to itself draws it when the size changes.
  if (modes_.on_second_screen()) return "\x1b[0m" + modes_.render_switches() + "\x1b[H\x1b[2J" + sequence_;
  constexpr std::size_t none = std::string::npos;
  std::size_t feed = last_.size();
  for (unsigned row = 0; row < rows && feed != none; ++row) feed = feed ? last_.rfind('\n', feed - 1) : none;
  if (feed == none && cut_) feed = last_.find('\n');
  return "\x1b[0m" + modes_.render_switches() + last_.substr(feed == none ? 0 : feed + 1) + sequence_;
}

}  // namespace snug::runtime
