#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <vector>

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
  explicit Lexer(std::string_view text, unsigned depth = 0, const Aliases* aliases = nullptr) : text_(text), depth_(depth), aliases_(aliases) {}
  Lexer(const Lexer&) = delete;
  Lexer& operator=(const Lexer&) = delete;

  [[nodiscard]] Token next();
  [[nodiscard]] std::string_view text() const { return text_; }

  /// Has the lines behind this one, up to one that is `end` alone, be the document; each `stripped` of tabs at its front. Where it is not
  /// `literal`, $ and ` count in them.
  [[nodiscard]] std::shared_ptr<const Word> expect_document(std::string end, bool stripped, bool literal);

  /// Puts what an alias stands for in the place of the token, which is the last one that was taken, to be read next. False where it is
  /// none, or stands in its own alias.
  bool replace_alias(const Token& token);
  /// Whether the word comes right behind an alias that has a blank at its end: then it may be one, too.
  [[nodiscard]] bool may_be_alias(const Token& token) const;

 private:
  struct Document {
    std::string end;
    bool stripped, literal;
    std::shared_ptr<Word> word;
  };
  /// What an alias stands for, in its place.
  struct Replaced {
    std::string name;
    std::size_t end;
    bool blank;
  };

  void take_documents();
  Word take_document_text();
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
  std::string own_;  ///< that text, once an alias was replaced in it
  std::size_t at_ = 0;
  unsigned depth_;
  const Aliases* aliases_;
  std::vector<Document> documents_;  ///< that begin at the end of the line
  std::vector<Replaced> replaced_;   ///< each within the one before, or behind it
};

/// Reads commands that lie `depth` texts deep.
[[nodiscard]] List parse_at(std::string_view text, unsigned depth, const Aliases* aliases);

}  // namespace snug::builtin
