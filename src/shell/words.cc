#include "words.hh"

#include "snug/base/error.hh"

namespace snug::shell {
namespace {

constexpr std::string_view blanks = " \t\n";
constexpr std::string_view special_in_double_quotes = "$`\"\\";

bool is_in(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Line split() {
    for (; at_ < text_.size(); ++at_) {
      if (line_.end == Line::End::gap && !begin_word()) continue;
      if (line_.end == Line::End::comment) break;
      take(text_[at_]);
    }
    return std::move(line_);
  }

 private:
  // False at a blank between words.
  bool begin_word() {
    if (is_in(blanks, text_[at_])) return false;
    line_.end = text_[at_] == '#' ? Line::End::comment : Line::End::word;
    if (line_.end == Line::End::word) line_.words.push_back({{}, at_});
    return true;
  }

  void take(char c) {
    switch (line_.end) {
      case Line::End::single_quote: return c == '\'' ? go(Line::End::word) : keep(c);
      case Line::End::double_quote: return c == '"' ? go(Line::End::word) : keep_in_double_quotes(c);
      default: break;
    }
    if (is_in(blanks, c)) return go(Line::End::gap);
    if (c == '\'') return go(Line::End::single_quote);
    if (c == '"') return go(Line::End::double_quote);
    if (c != '\\') return keep(c);
    if (at_ + 1 == text_.size()) return go(Line::End::backslash);
    keep(text_[++at_]);
  }

  void keep_in_double_quotes(char c) {
    const bool quotes = c == '\\' && at_ + 1 < text_.size() && is_in(special_in_double_quotes, text_[at_ + 1]);
    keep(quotes ? text_[++at_] : c);
  }

  void keep(char c) { line_.words.back().text += c; }
  void go(Line::End end) { line_.end = end; }

  std::string_view text_;
  std::size_t at_ = 0;
  Line line_;
};

}  // namespace

Line take_apart(std::string_view text) { return Splitter(text).split(); }

std::vector<std::string> split_words(std::string_view text) {
  Line line = take_apart(text);
  switch (line.end) {
    case Line::End::single_quote: throw UsageError("the quote ' is not closed on this line");
    case Line::End::double_quote: throw UsageError("the quote \" is not closed on this line");
    case Line::End::backslash: throw UsageError("the backslash at the end of the line quotes nothing");
    default: break;
  }
  std::vector<std::string> words;
  for (Word& word : line.words) words.push_back(std::move(word.text));
  return words;
}

std::string escaped(std::string_view word) {
  static constexpr std::string_view special = " \t\n'\"\\$`#&|;<>()*?[]{}!~";
  std::string out;
  for (const char c : word) {
    if (is_in(special, c)) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace snug::shell
