#include "parser.hh"

#include <utility>

namespace snug::builtin {

Group Parser::parse_group(std::string_view close, bool forked) {
  advance();
  Group group{parse_body(forked ? "(" : "{"), forked};
  finish(close, forked);
  return group;
}

// Where a command ends counts for its text.
void Parser::finish(std::string_view close, bool operation) {
  last_end_ = token_.end;
  operation ? expect(close) : expect_word(close);
}

If Parser::parse_if() {
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

Loop Parser::parse_loop() {
  Loop loop{.condition = {}, .body = {}, .until = is_word("until")};
  advance();
  loop.condition = parse_body("while");
  loop.body = parse_do();
  return loop;
}

std::shared_ptr<List> Parser::parse_do() {
  skip_separators();
  expect_word("do");
  auto body = parse_body("do");
  finish("done", false);
  return body;
}

For Parser::parse_for() {
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

Case Parser::parse_case() {
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

Case::Branch Parser::parse_branch() {
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

}  // namespace snug::builtin
