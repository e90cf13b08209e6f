#include <algorithm>
#include <array>
#include <utility>

#include "lexer.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

using Kind = Token::Kind;

// Each lies on the stack some calls deep.
constexpr unsigned most_nested = 200;

constexpr std::array<std::string_view, 15> reserved{"if", "then", "elif", "else", "fi", "while", "until", "for", "do", "done", "case", "esac", "{", "}", "!"};
// What ends a list, and begins nothing.
constexpr std::array<std::string_view, 8> closing{"then", "elif", "else", "fi", "do", "done", "esac", "}"};

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

std::string shown(const Token& token) {
  if (token.kind == Kind::end) return "the end";
  if (token.text == "\n") return "the end of the line";
  return quoted(token.text.empty() ? "a word" : token.text);
}

}  // namespace

class Parser {
 public:
  explicit Parser(std::string_view text, unsigned depth, const Aliases* aliases) : lexer_(text, depth, aliases), depth_(depth) {}

  // Where a line ends nothing is read on.
  std::optional<List> parse_line() {
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

  List parse_all() {
    advance();
    List list = parse_list();
    if (token_.kind != Kind::end) fail_to_end();
    return list;
  }

 private:
  void advance() { token_ = lexer_.next(); }
  [[nodiscard]] bool is(std::string_view operation) const { return token_.kind == Kind::operation && token_.text == operation; }
  [[nodiscard]] bool is_word(std::string_view word) const { return token_.kind == Kind::word && token_.plain && token_.text == word; }

  [[nodiscard]] bool is_reserved() const {
    return token_.kind == Kind::word && token_.plain && std::find(reserved.begin(), reserved.end(), token_.text) != reserved.end();
  }

  [[nodiscard]] bool is_closing() const {
    return token_.kind == Kind::word && token_.plain && std::find(closing.begin(), closing.end(), token_.text) != closing.end();
  }

  [[noreturn]] void fail(std::string_view wanted) const {
    throw SyntaxError(format("{} stands where {} is wanted", shown(token_), wanted), token_.kind == Kind::end);
  }

  [[noreturn]] void fail_to_end() const { throw SyntaxError(format("{} ends nothing that was begun", shown(token_)), false); }

  void expect_word(std::string_view word) {
    if (!is_word(word)) fail(format("'{}'", word));
    advance();
  }

  void expect(std::string_view operation) {
    if (!is(operation)) fail(format("'{}'", operation));
    advance();
  }

  void skip_lines() {
    while (is("\n")) advance();
  }

  void skip_separators() {
    while (is("\n") || is(";")) advance();
  }

  [[nodiscard]] bool ends_list() const { return token_.kind == Kind::end || is(")") || is(";;") || is_closing(); }

  List parse_list() {
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

  std::shared_ptr<List> parse_body(std::string_view place) {
    auto list = std::make_shared<List>(parse_list());
    if (list->chains.empty()) fail(format("a command of '{}'", place));
    return list;
  }

  Chain parse_chain() {
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

  Pipeline parse_pipeline() {
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

  void replace_aliases() {
    while (token_.kind == Kind::word && lexer_.replace_alias(token_)) advance();
  }

  Command parse_command() {
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

  Group parse_group(std::string_view close, bool forked) {
    advance();
    Group group{parse_body(forked ? "(" : "{"), forked};
    finish(close, forked);
    return group;
  }

  // Where a command ends counts for its text.
  void finish(std::string_view close, bool operation) {
    last_end_ = token_.end;
    operation ? expect(close) : expect_word(close);
  }

  If parse_if() {
    If out;
    do {
      advance();
      If::Branch branch{parse_body("if"), {}};
      expect_word("then");
      branch.body = parse_body("then");
      out.branches.push_back(std::move(branch));
    } while (is_word("elif"));
    if (is_word("else")) {
      advance();
      out.otherwise = parse_body("else");
    }
    finish("fi", false);
    return out;
  }

  Loop parse_loop() {
    Loop loop{.condition = {}, .body = {}, .until = is_word("until")};
    advance();
    loop.condition = parse_body("while");
    loop.body = parse_do();
    return loop;
  }

  std::shared_ptr<List> parse_do() {
    skip_separators();
    expect_word("do");
    auto body = parse_body("do");
    finish("done", false);
    return body;
  }

  For parse_for() {
    advance();
    if (!token_.plain || !is_name(token_.text)) fail("the name of a variable");
    For out{.name = token_.text, .words = {}, .body = {}};
    advance();
    skip_lines();
    if (is_word("in")) {
      out.has_words = true;
      advance();
      for (; token_.kind == Kind::word; advance()) out.words.push_back(std::move(token_.word));
    }
    out.body = parse_do();
    return out;
  }

  Case parse_case() {
    advance();
    if (token_.kind != Kind::word) fail("a word");
    Case out{.word = std::move(token_.word), .branches = {}};
    advance();
    skip_lines();
    expect_word("in");
    skip_lines();
    while (!is_word("esac")) out.branches.push_back(parse_branch());
    finish("esac", false);
    return out;
  }

  Case::Branch parse_branch() {
    Case::Branch branch;
    if (is("(")) advance();
    for (;;) {
      if (token_.kind != Kind::word) fail("a pattern");
      branch.patterns.push_back(std::move(token_.word));
      advance();
      if (!is("|")) break;
      advance();
    }
    expect(")");
    branch.body = std::make_shared<List>(parse_list());
    if (is(";;")) advance();
    else if (!is_word("esac")) fail("';;'");
    skip_lines();
    return branch;
  }

  void parse_simple(Command& command) {
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
  void advance_word() {
    if (!std::exchange(again_, false)) advance();
  }

  void parse_function(Command& command, const std::string& name) {
    advance();
    expect(")");
    skip_lines();
    command.what = Function{name, std::make_shared<Command>(parse_command())};
  }

  bool take_assignment(Simple& simple) {
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
  bool take_redirection(std::vector<Redirection>& redirections) {
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
  bool take_document(std::vector<Redirection>& redirections, int fd) {
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

  Lexer lexer_;
  Token token_;
  std::size_t last_end_ = 0;
  bool again_ = false;
  unsigned depth_;
};

Commands::Commands(std::string_view text, const Aliases* aliases) : parser_(std::make_unique<Parser>(text, 0, aliases)) {}

Commands::~Commands() = default;

std::optional<List> Commands::next() { return parser_->parse_line(); }

List parse_at(std::string_view text, unsigned depth, const Aliases* aliases) {
  if (depth > most_nested) throw SyntaxError("commands lie too deep in each other", false);
  return Parser(text, depth, aliases).parse_all();
}

List parse(std::string_view text, const Aliases* aliases) { return parse_at(text, 0, aliases); }

}  // namespace snug::builtin
