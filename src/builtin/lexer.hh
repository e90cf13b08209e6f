#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "syntax.hh"

namespace snug::builtin {

/// A word, or an operator such as "&&"; a line feed is one, too.
struct Token {
  enum class Kind { word, operation, end };
  Kind kind = Kind::end;
  std::string text = {};  ///< of an operator; of a word that has no quotes and no expansions the whole of it
  Word word = {};
  bool plain = false;     ///< `text` is all that the word is
  bool glued = false;     ///< the next token follows without a blank: "2" and ">"
  std::size_t start = 0, end = 0;
};

/// Takes a text apart, one token at a time.
class Lexer {
 public:
  /// `depth`: how many texts it lies within.
  explicit Lexer(std::string_view text, unsigned depth = 0) : text_(text), depth_(depth) {}

  [[nodiscard]] Token next();
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] unsigned depth() const { return depth_; }

 private:
  void skip_blanks();
  std::optional<Token> take_operation();
  Token take_word();
  void take_quoted(Word& word);
  void take_backslash(Word& word, bool in_double_quotes);
  void take_dollar(Word& word, bool quoted);
  void take_braces(Word& word, bool quoted);
  void take_command(Word& word, bool quoted);
  void take_backticks(Word& word, bool quoted);
  void take_arithmetic(Word& word, bool quoted);
  std::shared_ptr<Word> take_argument(bool quoted);
  [[nodiscard]] bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t find_close();

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned depth_;
};

/// Reads commands that lie `depth` texts deep.
[[nodiscard]] List parse_at(std::string_view text, unsigned depth);

}  // namespace snug::builtin
