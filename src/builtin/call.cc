#include "call.hh"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "session.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

constexpr std::size_t most_waiting = 32768;

}  // namespace

Out::Out(int fd) : fd_(fd), terminal_(::isatty(fd) != 0) {}

Out::~Out() {
  try {
    flush();
  } catch (const Error&) {  // who cares for it flushes before
  }
}

void Out::put(std::string_view text) {
  waiting_ += text;
  if (waiting_.size() >= most_waiting) flush();
}

void Out::flush() {
  const std::string text = std::exchange(waiting_, {});
  if (text.empty()) return;
  if (const int error = sys::write_all(fd_, text)) throw Failure(format("cannot write: {}", reason(error)));
}

std::string Out::name(std::string_view text) const { return terminal_ ? printable(text) : std::string(text); }

void Call::complain(std::string_view text) {
  out.flush();
  status = 1;
  static_cast<void>(sys::write_all(2, format("{}: {}\n", printable(words.front()), text)));
}

void Call::complain(std::string_view object, int error) { complain(format("{}: {}", printable(object), reason(error))); }

Failure failure(std::string_view object, int error) { return Failure(format("{}: {}", printable(object), reason(error))); }

std::string reason(int error) { return ::strerrordesc_np(error) ? ::strerrordesc_np(error) : format("error {}", error); }

long long number_of(std::string_view text) {
  long long number = 0;
  const char* front = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(front, text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) throw Failure(format("{} is no number", quoted(text)), 2);
  return number;
}

bool has_screen(const Call& call) {
  static constexpr std::array families{"Eterm", "alacritty", "ansi", "contour", "cygwin", "eterm", "foot", "ghostty", "gnome", "iTerm2.app", "iterm", "iterm2", "kitty",
                                       "konsole", "linux", "mintty", "mlterm", "nsterm", "putty", "rio", "rxvt", "screen", "st", "teraterm", "tmux", "vscode",
                                       "vt100", "vt102", "vt220", "vt320", "vt420", "vt520", "vte", "wezterm", "xterm"};
  const std::string type = call.session.value("TERM");
  const auto is_it = [&](std::string_view family) { return type.starts_with(family) && (type.size() == family.size() || type[family.size()] == '-'); };
  return call.out.is_terminal() && std::any_of(families.begin(), families.end(), is_it);
}

bool wants_colour(const Call& call, const Options& options, std::string_view alone) {
  if (!options.has(colour_letter)) return false;
  const std::string_view when = options.value(colour_letter).empty() ? alone : options.value(colour_letter);
  if (when != "always" && when != "auto" && when != "never") throw Failure(format("--color is auto, always or never, and not {}", quoted(when)), 2);
  return when == "auto" ? has_screen(call) : when == "always";
}

Options::Options(const Call& call, std::string_view letters, Names names) : call_(call), letters_(letters) {
  bool open = true;
  for (std::size_t at = 1; at < call.words.size(); ++at) {
    const std::string_view word = call.words[at];
    if (!open || word.size() < 2 || word[0] != '-') {
      operands_.emplace_back(word);
      open = open && !letters_.starts_with('+');
    } else if (word == "--") {
      open = false;
    } else if (word.starts_with("--")) {
      take_name(word, at, names);
    } else {
      take_letters(word, at);
    }
  }
}

void Options::note(char letter, std::string value) {
  values_[letter].push_back(std::move(value));
  order_ += letter;
}

std::string Options::next(std::size_t& at, std::string_view option) const {
  if (++at >= call_.words.size()) throw Failure(format("{} needs a value", option), 2);
  return call_.words[at];
}

void Options::take_letters(std::string_view word, std::size_t& at) {
  if (letters_.starts_with('#') && parse_number(word.substr(1))) return note('#', std::string(word.substr(1)));
  for (std::size_t place = 1; place < word.size(); ++place) {
    const bool sign = !std::isalnum(static_cast<unsigned char>(word[place]));  // stands for a name without a letter, or means something above
    const std::size_t found = sign ? std::string_view::npos : letters_.find(word[place]);
    if (found == std::string_view::npos)
      throw Failure(format("there is no option -{} here; 'help {}' tells those that are", printable(word.substr(place, 1)), call_.words.front()), 2);
    if (letters_.substr(found + 1, 1) == "?") return note(word[place], std::string(word.substr(place + 1)));
    if (letters_.substr(found + 1, 1) != ":") {
      note(word[place], "");
      continue;
    }
    return note(word[place], place + 1 < word.size() ? std::string(word.substr(place + 1)) : next(at, word.substr(0, place + 1)));
  }
}

void Options::take_name(std::string_view word, std::size_t& at, Names names) {
  const std::size_t equals = word.find('=');
  for (const auto& [name, letter] : names) {
    if (word.substr(2, equals == std::string_view::npos ? equals : equals - 2) != name) continue;
    const std::string_view kind = letters_.substr(std::min(letters_.find(letter), letters_.size() - 1) + 1, 1);
    const bool takes = kind == ":" || (kind == "?" && equals != std::string_view::npos);
    if (!takes && equals != std::string_view::npos) throw Failure(format("--{} takes no value", name), 2);
    return note(letter, !takes ? "" : equals == std::string_view::npos ? next(at, word) : std::string(word.substr(equals + 1)));
  }
  throw Failure(format("there is no option {} here; 'help {}' tells those that are", printable(word), call_.words.front()), 2);
}

char Options::last_of(std::string_view letters) const {
  const std::size_t found = order_.find_last_of(letters);
  return found == std::string::npos ? '\0' : order_[found];
}

void Options::need(std::size_t least, std::size_t most) const {
  if (operands_.size() < least) throw Failure(format("something is missing; 'help {}' tells how it is called", call_.words.front()), 2);
  if (operands_.size() > most) throw Failure(format("no use for {}; 'help {}' tells how it is called", quoted(operands_[most]), call_.words.front()), 2);
}

}  // namespace snug::builtin
