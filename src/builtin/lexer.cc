#include "lexer.hh"

#include <algorithm>
#include <array>
#include <utility>

#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view ends_word = " \t\n;&|()<>";
constexpr std::string_view special_in_double_quotes = "$`\"\\\n";
constexpr std::array<std::string_view, 18> operations{"<<-", "&&", "||", ";;", ">>", ">&", "<&", "<>", ">|", "<<", "\n", ";", "&", "|", "(", ")", "<", ">"};

bool is_in(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_in_name(char c) { return begins_name(c) || is_digit(c); }

void add_text(Word& word, std::string_view text, bool quoted) {
  if (word.parts.empty() || word.parts.back().kind != Part::Kind::text || word.parts.back().quoted != quoted)
    word.parts.push_back({.quoted = quoted});
  word.parts.back().text += text;
}

// The name of a parameter at the front: letters, one digit or a special character.
std::size_t name_length(std::string_view text, bool in_braces) {
  if (text.empty()) return 0;
  if (is_digit(text[0])) return in_braces ? std::min(text.find_first_not_of("0123456789"), text.size()) : 1;
  if (is_in("?$#@*!-", text[0])) return 1;
  std::size_t length = 0;
  while (length < text.size() && (length ? is_in_name(text[length]) : begins_name(text[length]))) ++length;
  return length;
}

}  // namespace

std::size_t user_length(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), [](char each) { return is_in_name(each) || each == '.' || each == '-'; }) - text.begin());
}

bool is_name(std::string_view text) {
  return !text.empty() && begins_name(text[0]) && std::all_of(text.begin(), text.end(), is_in_name);
}

Token Lexer::next() {
  skip_blanks();
  if (at_end()) {
    if (!documents_.empty()) throw SyntaxError(format("the lines of << up to {} are missing", quoted(documents_.front().end)), true);
    return {.start = at_, .end = at_};
  }
  auto operation = take_operation();
  return operation ? *std::move(operation) : take_word();
}

// And comments, and lines that go on.
void Lexer::skip_blanks() {
  while (!at_end()) {
    if (sees("\\\n")) {
      at_ += 2;
    } else if (text_[at_] == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (is_in(blanks, text_[at_])) {
      ++at_;
    } else {
      return;
    }
  }
}

std::optional<Token> Lexer::take_operation() {
  for (const std::string_view each : operations) {
    if (!sees(each)) continue;
    Token token{.kind = Token::Kind::operation, .text = std::string(each), .start = at_};
    at_ += each.size();
    token.end = at_;
    if (each == "\n") take_documents();
    return token;
  }
  return {};
}

Token Lexer::take_word() {
  Token token{.kind = Token::Kind::word, .start = at_};
  token.word.start = at_;
  if (text_[at_] == '~') {
    const std::size_t length = user_length(text_.substr(at_ + 1)), end = at_ + 1 + length;
    if (end == text_.size() || text_[end] == '/' || is_in(ends_word, text_[end])) {
      token.word.parts.push_back({.kind = Part::Kind::home, .text = std::string(text_.substr(at_ + 1, length))});
      at_ = end;
    }
  }
  while (!at_end() && !is_in(ends_word, text_[at_])) {
    switch (text_[at_]) {
      case '\'':
      case '"': take_quoted(token.word); break;
      case '\\': take_backslash(token.word, false); break;
      case '$': take_dollar(token.word, false); break;
      case '`': take_backticks(token.word, false); break;
      default: add_text(token.word, text_.substr(at_++, 1), false);
    }
  }
  token.end = at_;
  token.glued = !at_end() && is_in("<>", text_[at_]);
  token.plain = token.word.parts.size() == 1 && token.word.parts[0].kind == Part::Kind::text && !token.word.parts[0].quoted;
  if (token.plain) token.text = token.word.parts[0].text;
  return token;
}

void Lexer::take_quoted(Word& word) {
  const char quote = text_[at_++];
  if (quote == '\'') {
    const std::size_t close = text_.find('\'', at_);
    if (close == std::string_view::npos) throw SyntaxError("the quote ' is not closed", true);
    add_text(word, text_.substr(at_, close - at_), true);
    at_ = close + 1;
    return;
  }
  if (sees("\"")) add_text(word, "", true);  // also what is empty is a word
  while (!at_end() && text_[at_] != '"') {
    switch (text_[at_]) {
      case '\\': take_backslash(word, true); break;
      case '$': take_dollar(word, true); break;
      case '`': take_backticks(word, true); break;
      default: add_text(word, text_.substr(at_++, 1), true);
    }
  }
  if (at_end()) throw SyntaxError("the quote \" is not closed", true);
  ++at_;
}

void Lexer::take_backslash(Word& word, bool in_double_quotes) {
  if (at_ + 1 >= text_.size()) {
    if (in_double_quotes) throw SyntaxError("the quote \" is not closed", true);
    throw SyntaxError("the backslash at the end quotes nothing", true);
  }
  const char next = text_[at_ + 1];
  const bool quotes = !in_double_quotes || is_in(special_in_double_quotes, next);
  if (next != '\n') add_text(word, text_.substr(quotes ? at_ + 1 : at_, quotes ? 1 : 2), true);
  at_ += 2;
}

void Lexer::take_dollar(Word& word, bool quoted) {
  if (sees("$((")) return take_arithmetic(word, quoted);
  if (sees("$(")) return take_command(word, quoted);
  if (sees("${")) return take_braces(word, quoted);
  const std::size_t length = name_length(text_.substr(at_ + 1), false);
  if (length == 0) {
    add_text(word, "$", quoted);
    ++at_;
    return;
  }
  word.parts.push_back({.kind = Part::Kind::variable, .quoted = quoted, .text = std::string(text_.substr(at_ + 1, length))});
  at_ += 1 + length;
}

void Lexer::take_braces(Word& word, bool quoted) {
  at_ += 2;
  Part part{.kind = Part::Kind::variable, .quoted = quoted};
  if (sees("#") && !sees("#}")) {
    part.kind = Part::Kind::length;
    ++at_;
  }
  const std::size_t length = name_length(text_.substr(at_), true);
  if (at_end()) throw SyntaxError("${ is not closed", true);
  if (length == 0) throw SyntaxError("${ is not followed by the name of a variable", false);
  part.text = text_.substr(at_, length);
  at_ += length;
  for (const std::string_view operation : {":-", ":=", ":+", ":?", "##", "%%", "-", "=", "+", "?", "#", "%"}) {
    if (!sees(operation)) continue;
    part.operation = operation;
    at_ += operation.size();
    part.argument = take_argument(quoted && operation.find_first_of("#%") == std::string_view::npos);  // a pattern is one in quotes, too
    break;
  }
  if (at_end()) throw SyntaxError("${ is not closed", true);
  if (text_[at_] != '}' || (part.kind == Part::Kind::length && part.argument))
    throw SyntaxError(format("${{{}: what follows the name is not in this shell's language", part.text), false);
  ++at_;
  word.parts.push_back(std::move(part));
}

// Up to the brace that closes it.
std::shared_ptr<Word> Lexer::take_argument(bool quoted) {
  auto word = std::make_shared<Word>();
  while (!at_end() && text_[at_] != '}') {
    switch (text_[at_]) {
      case '\'':
        if (quoted) {
          add_text(*word, text_.substr(at_++, 1), true);
          break;
        }
        [[fallthrough]];
      case '"': take_quoted(*word); break;
      case '\\': take_backslash(*word, quoted); break;
      case '$': take_dollar(*word, quoted); break;
      case '`': take_backticks(*word, quoted); break;
      default: add_text(*word, text_.substr(at_++, 1), quoted);
    }
  }
  return word;
}

// Where the bracket that was opened is closed: quotes in between count, and what they hold does not.
std::size_t Lexer::find_close() {
  unsigned depth = 1;
  for (std::size_t at = at_; at < text_.size(); ++at) {
    const char each = text_[at];
    if (each == '\\') ++at;
    else if (each == '\'') at = text_.find('\'', at + 1);
    else if (each == '"')
      for (++at; at < text_.size() && text_[at] != '"'; ++at) at += text_[at] == '\\';
    else if (each == '(') ++depth;
    else if (each == ')' && --depth == 0) return at;
    if (at >= text_.size()) break;
  }
  throw SyntaxError("$( is not closed", true);
}

void Lexer::take_command(Word& word, bool quoted) {
  at_ += 2;
  const std::size_t close = find_close();
  const auto commands = std::make_shared<List>(parse_at(text_.substr(at_, close - at_), depth_ + 1, aliases_));
  word.parts.push_back({.kind = Part::Kind::command, .quoted = quoted, .commands = commands});
  at_ = close + 1;
}

void Lexer::take_backticks(Word& word, bool quoted) {
  std::string inner;
  for (++at_; !at_end() && text_[at_] != '`'; ++at_) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size() && is_in("`$\\", text_[at_ + 1])) ++at_;
    inner += text_[at_];
  }
  if (at_end()) throw SyntaxError("the quote ` is not closed", true);
  ++at_;
  word.parts.push_back({.kind = Part::Kind::command, .quoted = quoted, .commands = std::make_shared<List>(parse_at(inner, depth_ + 1, aliases_))});
}

void Lexer::take_arithmetic(Word& word, bool quoted) {
  at_ += 3;
  const std::size_t close = find_close();
  if (close + 1 >= text_.size() || text_[close + 1] != ')') throw SyntaxError("$(( is not closed by ))", close + 1 >= text_.size());
  Lexer inner(text_.substr(at_, close - at_), depth_ + 1, aliases_);
  auto expression = std::make_shared<Word>();
  while (!inner.at_end()) {
    if (inner.text_[inner.at_] == '$') inner.take_dollar(*expression, true);
    else add_text(*expression, inner.text_.substr(inner.at_++, 1), true);
  }
  word.parts.push_back({.kind = Part::Kind::arithmetic, .quoted = quoted, .argument = std::move(expression)});
  at_ = close + 2;
}

std::shared_ptr<const Word> Lexer::expect_document(std::string end, bool stripped, bool literal) {
  documents_.push_back({std::move(end), stripped, literal, std::make_shared<Word>()});
  return documents_.back().word;
}

void Lexer::take_documents() {
  for (const Document& document : std::exchange(documents_, {})) {
    std::string body;
    for (;;) {
      if (at_end()) throw SyntaxError(format("the lines of << up to {} are missing", quoted(document.end)), true);
      const std::size_t feed = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, feed - at_);
      at_ = std::min(feed + 1, text_.size());
      if (document.stripped) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
      if (line == document.end) break;
      body += format("{}\n", line);
    }
    if (document.literal) add_text(*document.word, body, true);
    else *document.word = Lexer(body, depth_ + 1, aliases_).take_document_text();
  }
}

// As within double quotes, but that " is a character like others.
Word Lexer::take_document_text() {
  Word word;
  while (!at_end()) {
    switch (text_[at_]) {
      case '\\': sees("\\\"") || at_ + 1 >= text_.size() ? add_text(word, text_.substr(at_++, 1), true) : take_backslash(word, true); break;
      case '$': take_dollar(word, true); break;
      case '`': take_backticks(word, true); break;
      default: add_text(word, text_.substr(at_++, 1), true);
    }
  }
  return word;
}

bool Lexer::replace_alias(const Token& token) {
  if (!aliases_ || !token.plain) return false;
  const auto found = aliases_->find(token.text);
  if (found == aliases_->end()) return false;
  for (const Replaced& each : replaced_)
    if (each.name == token.text && token.start < each.end) return false;
  const std::string& value = found->second;
  std::string text = format("{}{}{}", text_.substr(0, token.start), value, text_.substr(token.end));
  for (Replaced& each : replaced_)
    if (token.start < each.end) each.end += value.size(), each.end -= token.end - token.start;
  replaced_.push_back({token.text, token.start + value.size(), !value.empty() && is_in(blanks, value.back())});
  own_ = std::move(text);
  text_ = own_;
  at_ = token.start;
  return true;
}

bool Lexer::may_be_alias(const Token& token) const {
  return std::any_of(replaced_.begin(), replaced_.end(), [&](const Replaced& each) {
    return each.blank && each.end <= token.start && text_.substr(each.end, token.start - each.end).find_first_not_of(blanks) == std::string_view::npos;
  });
}

}  // namespace snug::builtin
