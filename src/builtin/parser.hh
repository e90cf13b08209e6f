#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lexer.hh"

namespace snug::builtin {

/// Turns the tokens of a text into commands: lists and pipelines in parser.cc, compound commands in parse_compound.cc, the words of the
/// others in parse_words.cc. Each function begins at the first token of what it reads, and ends behind the last. Throws SyntaxError.
class Parser {
 public:
  /// `depth`: how many texts it lies within.
  Parser(std::string_view text, unsigned depth, const Aliases* aliases) : lexer_(text, depth, aliases), depth_(depth) {}

  /// Reads the commands of a line; where it ends nothing is read on. Nothing at the end of the text.
  std::optional<List> parse_line();
  List parse_all();

 private:
  using Kind = Token::Kind;

  void advance() { token_ = lexer_.next(); }
  [[nodiscard]] bool is(std::string_view operation) const { return token_.kind == Kind::operation && token_.text == operation; }
  [[nodiscard]] bool is_word(std::string_view word) const { return token_.kind == Kind::word && token_.plain && token_.text == word; }
  [[nodiscard]] bool is_reserved() const;
  [[nodiscard]] bool is_closing() const;
  [[noreturn]] void fail(std::string_view wanted) const;
  [[noreturn]] void fail_to_end() const;
  void expect_word(std::string_view word);
  void expect(std::string_view operation);
  void skip_lines();
  void skip_separators();
  [[nodiscard]] bool ends_list() const { return token_.kind == Kind::end || is(")") || is(";;") || is_closing(); }

  List parse_list();
  std::shared_ptr<List> parse_body(std::string_view place);
  Chain parse_chain();
  Pipeline parse_pipeline();
  void replace_aliases();
  Command parse_command();

  Group parse_group(std::string_view close, bool forked);
  void finish(std::string_view close, bool operation);
  If parse_if();
  Loop parse_loop();
  std::shared_ptr<List> parse_do();
  For parse_for();
  Case parse_case();
  Case::Branch parse_branch();

  void parse_simple(Command& command);
  void advance_word();
  void parse_function(Command& command, const std::string& name);
  bool take_assignment(Simple& simple);
  bool take_redirection(std::vector<Redirection>& redirections);
  bool take_document(std::vector<Redirection>& redirections, int fd);

  Lexer lexer_;
  Token token_;
  std::size_t last_end_ = 0;  ///< of the command that is read: where a command ends counts for its text
  bool again_ = false;        ///< the word that was taken is behind it already
  unsigned depth_;
};

}  // namespace snug::builtin
