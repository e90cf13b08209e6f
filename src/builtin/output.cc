#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "snug/base/text.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

/// What a backslash and what follows it stand for.
struct Escape {
  std::string text;
  std::size_t length = 1;  ///< in the source
  bool ends = false;       ///< \c: nothing more is printed
};

Escape read_digits(std::string_view text, std::size_t front, std::size_t most, int base) {
  unsigned value = 0;
  const char* begin = text.data() + front;
  const auto [end, error] = std::from_chars(begin, text.data() + std::min(text.size(), front + most), value, base);
  if (error != std::errc()) return {.text = std::string(text.substr(0, front)), .length = front};
  return {.text = std::string(1, static_cast<char>(value)), .length = static_cast<std::size_t>(end - text.data())};
}

// `text` begins with the backslash. In the words of echo -e and %b an octal number has a zero at its front.
Escape read_escape(std::string_view text, bool of_word) {
  static constexpr std::string_view letters = "abefnrtv\\", bytes = "\a\b\033\f\n\r\t\v\\";
  if (text.size() < 2) return {"\\", 1};
  const char letter = text[1];
  if (const std::size_t found = letters.find(letter); found != std::string_view::npos) return {std::string(1, bytes[found]), 2};
  if (letter == 'c') return {"", 2, true};
  if (letter == 'x') return read_digits(text, 2, 2, 16);
  if (of_word && letter == '0') return read_digits(text, std::min<std::size_t>(text.size(), text.size() > 2 && text[2] >= '0' && text[2] <= '7' ? 2 : 1), 3, 8);
  if (!of_word && letter >= '0' && letter <= '7') return read_digits(text, 1, 3, 8);
  return {std::string(text.substr(0, 2)), 2};
}

// False where \c came.
bool put_escaped(Out& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find('\\', at), text.size());
    out.put(text.substr(at, next - at));
    if ((at = next) == text.size()) break;
    const Escape escape = read_escape(text.substr(at), true);
    out.put(escape.text);
    if (escape.ends) return false;
    at += escape.length;
  }
  return true;
}

/// A walk along the format, as often as there are words for it.
class Printer {
 public:
  explicit Printer(Call& call) : call_(call), format_(call.words[1]), next_(2) {}

  int run() {
    do {
      const std::size_t before = next_;
      if (!walk()) return call_.status;
      if (next_ == before) break;  // it takes no words
    } while (next_ < call_.words.size());
    return call_.status;
  }

 private:
  bool walk() {
    for (std::size_t at = 0; at < format_.size();) {
      if (format_[at] == '\\') {
        const Escape escape = read_escape(format_.substr(at), false);
        if (escape.ends) return false;
        call_.out.put(escape.text);
        at += escape.length;
      } else if (format_[at] == '%') {
        if (!convert(at)) return false;
      } else {
        call_.out.put(format_.substr(at++, 1));
      }
    }
    return true;
  }

  std::string word() { return next_ < call_.words.size() ? call_.words[next_++] : ""; }

  long long number() {
    const std::string text = word();
    if (text.empty()) return 0;
    if (text[0] == '\'' || text[0] == '"') return text.size() > 1 ? static_cast<unsigned char>(text[1]) : 0;
    long long value = 0;
    const bool hex = text.starts_with("0x");
    const bool negative = text[0] == '-';
    const char* front = text.data() + (hex ? 2 : negative ? 1 : 0);
    const auto [end, error] = std::from_chars(front, text.data() + text.size(), value, hex ? 16 : text.size() > 1 && text[0] == '0' ? 8 : 10);
    if (error != std::errc() || end != text.data() + text.size()) call_.complain(format("{} is no number", quoted(text)));
    return negative ? -value : value;
  }

  double fraction() {
    const std::string text = word();
    if (text.empty()) return 0;
    if (text[0] == '\'' || text[0] == '"') return text.size() > 1 ? static_cast<unsigned char>(text[1]) : 0;
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end == text.c_str() || *end != '\0') call_.complain(format("{} is no number", quoted(text)));
    return value;
  }

  bool convert(std::size_t& at) {
    std::size_t end = format_.find_first_not_of("-+ #0", at + 1);
    std::string spec(format_.substr(at, std::min(end, format_.size()) - at));
    for (; end < format_.size() && (format_[end] == '*' || format_[end] == '.' || (format_[end] >= '0' && format_[end] <= '9')); ++end)
      spec += format_[end] == '*' ? format("{}", number()) : std::string(1, format_[end]);
    if (end >= format_.size()) throw Failure("the format ends within a %");
    if (spec.size() > 20) throw Failure("a field of the format is too wide");
    const char kind = format_[end];
    at = end + 1;
    if (kind == '%') return call_.out.put("%"), true;
    if (kind == 'b') return put_escaped(call_.out, word());
    put(spec, kind);
    return true;
  }

  void put(const std::string& spec, char kind) {
    char* text = nullptr;
    int length = -1;
    if (std::string_view("diuxXo").find(kind) != std::string_view::npos) {
      length = ::asprintf(&text, (spec + "ll" + kind).c_str(), number());
    } else if (std::string_view("eEfFgG").find(kind) != std::string_view::npos) {
      length = ::asprintf(&text, (spec + kind).c_str(), fraction());
    } else if (kind == 's' || kind == 'c') {
      const std::string given = kind == 'c' ? word().substr(0, 1) : word();
      length = ::asprintf(&text, (spec + "s").c_str(), given.c_str());
    } else {
      throw Failure(format("%{} is not among the formats here; 'help printf' tells those that are", printable(std::string(1, kind))));
    }
    if (length < 0) throw Failure("a field of the format is too wide");
    call_.out.put({text, static_cast<std::size_t>(length)});
    ::free(text);
  }

  Call& call_;
  std::string_view format_;
  std::size_t next_;
};

}  // namespace

int echo(Call& call) {
  bool feeds = true, escapes = false;
  std::size_t at = 1;
  for (; at < call.words.size(); ++at) {
    const std::string& word = call.words[at];
    if (word.size() < 2 || word[0] != '-' || word.find_first_not_of("neE", 1) != std::string::npos) break;
    for (const char letter : word.substr(1)) {
      if (letter == 'n') feeds = false;
      else escapes = letter == 'e';
    }
  }
  for (const std::size_t first = at; at < call.words.size(); ++at) {
    if (at > first) call.out.put(" ");
    if (!escapes) call.out.put(call.words[at]);
    else if (!put_escaped(call.out, call.words[at])) return 0;
  }
  if (feeds) call.out.put("\n");
  return 0;
}

int print_formatted(Call& call) {
  if (call.words.size() > 1 && call.words[1] == "--") call.words.erase(call.words.begin() + 1);
  if (call.words.size() < 2) throw Failure("a format is needed", 2);
  return Printer(call).run();
}

}  // namespace snug::builtin
