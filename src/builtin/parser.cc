#include "parser.hh"

#include <algorithm>
#include <array>
#include <utility>

#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

// Each lies on the stack some calls deep.
constexpr unsigned most_nested = 200;

constexpr std::array<std::string_view, 15> reserved{"if", "then", "elif", "else", "fi", "while", "until", "for", "do", "done", "case", "esac", "{", "}", "!"};
// What ends a list, and begins nothing.
constexpr std::array<std::string_view, 8> closing{"then", "elif", "else", "fi", "do", "done", "esac", "}"};

std::string shown(const Token& token) {
  if (token.kind == Token::Kind::end) return "the end";
  if (token.text == "\n") return "the end of the line";
  return quoted(token.text.empty() ? "a word" : token.text);
}

}  // namespace

std::optional<List> Parser::parse_line() {
  do advance();
  while (is("\n"));
  if (token_.kind == Kind::end) return {};
  List list;
  while (token_.kind != Kind::end && !is("\n")) {
    if (ends_list()) fail_to_end();
    list.chains.push_back(parse_chain());
    if (!is(";") && !is("&")) break;
    list.chains.back().background = is("&");
    advance();
  }
  if (token_.kind != Kind::end && !is("\n")) fail_to_end();
  return list;
}

List Parser::parse_all() {
  advance();
  List list = parse_list();
  if (token_.kind != Kind::end) fail_to_end();
  return list;
}

bool Parser::is_reserved() const {
  return token_.kind == Kind::word && token_.plain && std::find(reserved.begin(), reserved.end(), token_.text) != reserved.end();
}

bool Parser::is_closing() const {
  return token_.kind == Kind::word && token_.plain && std::find(closing.begin(), closing.end(), token_.text) != closing.end();
}

void Parser::fail(std::string_view wanted) const {
  throw SyntaxError(format("{} stands where {} is wanted", shown(token_), wanted), token_.kind == Kind::end);
}

void Parser::fail_to_end() const { throw SyntaxError(format("{} ends nothing that was begun", shown(token_)), false); }

void Parser::expect_word(std::string_view word) {
  if (!is_word(word)) fail(format("'{}'", word));
  advance();
}

void Parser::expect(std::string_view operation) {
  if (!is(operation)) fail(format("'{}'", operation));
  advance();
}

void Parser::skip_lines() {
  while (is("\n")) advance();
}

void Parser::skip_separators() {
  while (is("\n") || is(";")) advance();
}

List Parser::parse_list() {
  List list;
  skip_lines();
  while (!ends_list()) {
    list.chains.push_back(parse_chain());
    if (!is(";") && !is("&") && !is("\n")) break;
    list.chains.back().background = is("&");
    advance();
    skip_lines();
  }
  return list;
}

std::shared_ptr<List> Parser::parse_body(std::string_view place) {
  auto list = std::make_shared<List>(parse_list());
  if (list->chains.empty()) fail(format("a command of '{}'", place));
  return list;
}

Chain Parser::parse_chain() {
  Chain chain;
  const std::size_t start = token_.start;
  std::size_t end = start;
  for (auto when = Chain::Link::When::always;;) {
    chain.links.push_back({when, parse_pipeline()});
    end = last_end_;
    if (!is("&&") && !is("||")) break;
    when = is("&&") ? Chain::Link::When::success : Chain::Link::When::failure;
    advance();
    skip_lines();
  }
  chain.text = lexer_.text().substr(start, end - start);
  return chain;
}

Pipeline Parser::parse_pipeline() {
  Pipeline pipeline;
  while (is_word("!")) {
    pipeline.negated = !pipeline.negated;
    advance();
  }
  for (;;) {
    pipeline.commands.push_back(parse_command());
    if (!is("|")) return pipeline;
    advance();
    skip_lines();
  }
}

void Parser::replace_aliases() {
  while (token_.kind == Kind::word && lexer_.replace_alias(token_)) advance();
}

Command Parser::parse_command() {
  if (++depth_ > most_nested) throw SyntaxError("commands lie too deep in each other", false);
  Command command;
  if (!is_reserved()) replace_aliases();
  if (is("(")) command.what = parse_group(")", true);
  else if (is_word("{")) command.what = parse_group("}", false);
  else if (is_word("if")) command.what = parse_if();
  else if (is_word("while") || is_word("until")) command.what = parse_loop();
  else if (is_word("for")) command.what = parse_for();
  else if (is_word("case")) command.what = parse_case();
  else parse_simple(command);
  while (take_redirection(command.redirections)) continue;
  --depth_;
  return command;
}

Commands::Commands(std::string_view text, const Aliases* aliases) : parser_(std::make_unique<Parser>(text, 0, aliases)) {}

Commands::~Commands() = default;

std::optional<List> Commands::next() { return parser_->parse_line(); }

List parse_at(std::string_view text, unsigned depth, const Aliases* aliases) {
  if (depth > most_nested) throw SyntaxError("commands lie too deep in each other", false);
  return Parser(text, depth, aliases).parse_all();
}

List parse(std::string_view text, const Aliases* aliases) { return parse_at(text, 0, aliases); }

}  // namespace snug::builtin
