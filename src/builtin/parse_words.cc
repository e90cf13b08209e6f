#include <array>
#include <utility>

#include "parser.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

// The length of the name in NAME=VALUE; 0 where the word is none.
std::size_t assigned_name(const Word& word) {
  if (word.parts.empty() || word.parts[0].kind != Part::Kind::text || word.parts[0].quoted) return 0;
  const std::string_view front = word.parts[0].text;
  const std::size_t equals = front.find('=');
  return equals != std::string_view::npos && is_name(front.substr(0, equals)) ? equals : 0;
}

// In NAME=~/a:~b each ~ behind the = or a colon is a home folder, where it and a user's name are all up to the next slash or colon.
void take_homes(Word& word) {
  std::vector<Part> parts;
  for (std::size_t number = 0; number < word.parts.size(); ++number) {
    Part& part = word.parts[number];
    const bool open = part.kind == Part::Kind::text && !part.quoted;
    std::size_t from = 0;
    for (std::size_t at = 1; open && at < part.text.size(); ++at) {
      const bool begins = part.text[at - 1] == ':' || (number == 0 && at == part.text.find('=') + 1);
      const std::size_t length = user_length(std::string_view(part.text).substr(at + 1)), end = at + 1 + length;
      const bool ends = end < part.text.size() ? part.text[end] == '/' || part.text[end] == ':' : number + 1 == word.parts.size();
      if (part.text[at] != '~' || !begins || !ends) continue;
      parts.push_back({.text = part.text.substr(from, at - from)});
      parts.push_back({.kind = Part::Kind::home, .text = part.text.substr(at + 1, length)});
      from = end;
    }
    part.text.erase(0, from);
    if (!open || !part.text.empty()) parts.push_back(std::move(part));
  }
  word.parts = std::move(parts);
}

// Whether NAME=VALUE is an assignment behind these words, too.
bool declares(const std::vector<Word>& words) {
  if (words.empty() || words[0].parts.size() != 1 || words[0].parts[0].quoted) return false;
  const std::string& name = words[0].parts[0].text;
  return words[0].parts[0].kind == Part::Kind::text && (name == "export" || name == "readonly" || name == "local");
}

}  // namespace

void Parser::parse_simple(Command& command) {
  Simple simple;
  for (;; advance_word()) {
    if (take_redirection(command.redirections)) {
      again_ = true;
      continue;
    }
    if (token_.kind != Kind::word) break;
    if (simple.words.empty() && take_assignment(simple)) continue;
    if (simple.words.empty() ? !simple.assignments.empty() : lexer_.may_be_alias(token_)) replace_aliases();
    if (token_.kind != Kind::word) break;
    if (simple.words.empty() && is_reserved()) fail("a command");
    last_end_ = token_.end;
    if (declares(simple.words) && assigned_name(token_.word)) {
      token_.word.assigns = true;
      take_homes(token_.word);
    }
    if (simple.words.empty() && token_.plain && is_name(token_.text)) {
      const std::string name = token_.text;
      simple.words.push_back(std::move(token_.word));
      advance();
      if (is("(") && simple.assignments.empty() && command.redirections.empty()) return parse_function(command, name);
      again_ = true;
      continue;
    }
    simple.words.push_back(std::move(token_.word));
  }
  if (simple.words.empty() && simple.assignments.empty() && command.redirections.empty()) fail("a command");
  command.what = std::move(simple);
}

// Past the word that was taken, unless what took it is past it already.
void Parser::advance_word() {
  if (!std::exchange(again_, false)) advance();
}

void Parser::parse_function(Command& command, const std::string& name) {
  advance();
  expect(")");
  skip_lines();
  command.what = Function{name, std::make_shared<Command>(parse_command())};
}

bool Parser::take_assignment(Simple& simple) {
  const std::size_t length = assigned_name(token_.word);
  if (!length) return false;
  take_homes(token_.word);
  std::string& front = token_.word.parts[0].text;
  Assignment assignment{front.substr(0, length), {}};
  front.erase(0, length + 1);
  assignment.value = std::move(token_.word);
  if (assignment.value.parts[0].text.empty()) assignment.value.parts.erase(assignment.value.parts.begin());
  last_end_ = token_.end;
  simple.assignments.push_back(std::move(assignment));
  return true;
}

// [N]>FILE and its kin.
bool Parser::take_redirection(std::vector<Redirection>& redirections) {
  static constexpr std::array<std::pair<std::string_view, Redirection::Kind>, 7> kinds{
      {{"<", Redirection::Kind::read}, {">", Redirection::Kind::write}, {">|", Redirection::Kind::overwrite}, {">>", Redirection::Kind::append},
       {"<>", Redirection::Kind::read_write}, {">&", Redirection::Kind::duplicate}, {"<&", Redirection::Kind::duplicate}}};
  const bool has_number = token_.kind == Kind::word && token_.plain && token_.glued && token_.text.size() == 1 && token_.text[0] >= '0' && token_.text[0] <= '9';
  const int number = has_number ? token_.text[0] - '0' : -1;
  if (has_number) advance();
  if (is("<<") || is("<<-")) return take_document(redirections, number >= 0 ? number : 0);
  for (const auto& [sign, kind] : kinds) {
    if (!is(sign)) continue;
    const int fd = number >= 0 ? number : sign[0] == '<' ? 0 : 1;
    advance();
    if (token_.kind != Kind::word) fail("the name of a file");
    last_end_ = token_.end;
    redirections.push_back({.kind = kind, .fd = fd, .target = std::move(token_.word)});
    advance();
    return true;
  }
  return false;
}

// The lines begin behind this one, which has not been read to its end yet. Nothing in the word that ends them is expanded.
bool Parser::take_document(std::vector<Redirection>& redirections, int fd) {
  const bool stripped = is("<<-");
  advance();
  if (token_.kind != Kind::word) fail("the word that ends the lines of <<");
  std::string end;
  bool literal = false;
  for (const Part& part : token_.word.parts) {
    if (part.kind != Part::Kind::text) throw SyntaxError("the word that ends the lines of << is text, without $ and `", false);
    end += part.text;
    literal |= part.quoted;
  }
  last_end_ = token_.end;
  redirections.push_back({.kind = Redirection::Kind::document, .fd = fd, .document = lexer_.expect_document(std::move(end), stripped, literal)});
  advance();
  return true;
}

}  // namespace snug::builtin
