#include <doctest/doctest.h>

#include "snug/base/text.hh"
#include "syntax.hh"

using namespace snug;
using namespace snug::builtin;

namespace {

// A tree as text: what belongs together stands in brackets.
std::string shown(const List& list);
std::string shown(const Word& word) {
  std::string text;
  for (const Part& part : word.parts) {
    const char* mark = part.quoted ? "q" : "";
    switch (part.kind) {
      case Part::Kind::text: text += part.quoted ? "'" + part.text + "'" : part.text; break;
      case Part::Kind::variable: text += format("<{}${}{}{}>", mark, part.text, part.operation, part.argument ? shown(*part.argument) : ""); break;
      case Part::Kind::length: text += "<#" + part.text + ">"; break;
      case Part::Kind::command: text += format("<{}({})>", mark, shown(*part.commands)); break;
      case Part::Kind::arithmetic: text += "<((" + shown(*part.argument) + "))>"; break;
      case Part::Kind::home: text += "<~" + part.text + ">"; break;
    }
  }
  return text;
}

std::string shown(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) text += (text.empty() ? "" : " ") + shown(word);
  return text;
}

std::string shown(const Command& command) {
  struct Shower {
    std::string operator()(const Simple& simple) const {
      std::string text;
      for (const Assignment& each : simple.assignments) text += format("{}:={} ", each.name, shown(each.value));
      return text + shown(simple.words);
    }
    std::string operator()(const Group& group) const { return format("{}[{}]", group.forked ? "fork" : "", shown(*group.body)); }
    std::string operator()(const If& branches) const {
      std::string text;
      for (const If::Branch& branch : branches.branches) text += format("if[{}][{}]", shown(*branch.condition), shown(*branch.body));
      return text + (branches.otherwise ? format("else[{}]", shown(*branches.otherwise)) : "");
    }
    std::string operator()(const Loop& loop) const { return format("{}[{}][{}]", loop.until ? "until" : "while", shown(*loop.condition), shown(*loop.body)); }
    std::string operator()(const For& loop) const { return format("for {}{}[{}][{}]", loop.name, loop.has_words ? " in" : "", shown(loop.words), shown(*loop.body)); }
    std::string operator()(const Case& branches) const {
      std::string text = format("case {}", shown(branches.word));
      for (const Case::Branch& branch : branches.branches) text += format("[{}][{}]", shown(branch.patterns), shown(*branch.body));
      return text;
    }
    std::string operator()(const Function& function) const { return format("function {}[{}]", function.name, shown(*function.body)); }
  };
  std::string text = std::visit(Shower{}, command.what);
  for (const Redirection& each : command.redirections) text += format(" {{{} {} {}}}", each.fd, static_cast<int>(each.kind), shown(each.document ? *each.document : each.target));
  return text;
}

std::string shown(const List& list) {
  std::string text;
  for (const Chain& chain : list.chains) {
    if (!text.empty()) text += "; ";
    for (const Chain::Link& link : chain.links) {
      text += link.when == Chain::Link::When::success ? " && " : link.when == Chain::Link::When::failure ? " || " : "";
      text += link.pipeline.negated ? "not " : "";
      for (std::size_t at = 0; at < link.pipeline.commands.size(); ++at) text += (at ? " | " : "") + shown(link.pipeline.commands[at]);
    }
    if (chain.background) text += " &";
  }
  return text;
}

std::string tree(std::string_view text) { return shown(parse(text)); }

std::string fault(std::string_view text) {
  try {
    return "none: " + tree(text);
  } catch (const SyntaxError& error) {
    return format("{}{}", error.is_incomplete() ? "more: " : "", error.what());
  }
}

}  // namespace

TEST_CASE("words: quotes, escapes, comments") {
  CHECK(tree("") == "");
  CHECK(tree("  # nothing\n") == "");
  CHECK(tree("a b#c # d") == "a b#c");
  CHECK(tree(R"(a'b c'"d \" \x $"\ e)") == R"(a'b cd " \x $ 'e)");
  CHECK(tree("'' \"\"") == "'' ''");
  CHECK(tree("a\\\nb") == "ab");
  CHECK(tree("~ ~/x a~ ~b") == "<~> <~>/x a~ <~b>");
}

TEST_CASE("words: variables and commands") {
  CHECK(tree("$a ${b}c \"$d\" $1 $? $$ $") == "<$a> <$b>c <q$d> <$1> <$?> <$$> $");
  CHECK(tree("${a:-b $c} ${#a} ${10} ${a%%.*}") == "<$a:-b <$c>> <#a> <$10> <$a%%.*>");
  CHECK(tree("\"${a-'b'}\"") == "<q$a-''b''>");
  CHECK(tree("$(a | b; c) \"$(d \")\")\" `e \\`f\\``") == "<(a | b; c)> <q(d ')')> <(e <(f)>)>");
  CHECK(tree("$((1 + $a * (2)))") == "<(('1 + '<q$a>' * (2)'))>");
}

TEST_CASE("commands: pipelines, lists, redirections") {
  CHECK(tree("a | b && c || ! d; e & f") == "a | b && c || not d; e &; f");
  CHECK(tree("a &&\n\n b |\n c") == "a && b | c");
  CHECK(tree("a >b 2>&1 <c >>d 2 >e 3<>f 1>&- x") == "a 2 x {1 1 b} {2 4 1} {0 0 c} {1 2 d} {1 1 e} {3 3 f} {1 4 -}");
  CHECK(tree("A=1 B= c D=2; E=$f") == "A:=1 B:= c D=2; E:=<$f> ");
  CHECK(tree("A=~/x:~:b~:'~':~c B=\\~ C=~ d ~/e f=~/g") == "A:=<~>/x:<~>:b~:'~':<~c> B:='~' C:=<~> d <~>/e f=~/g");
  CHECK(tree("export A=~/x:~ ~ B='~'; readonly -p C=~; local D=~ E~=~; echo A=~") == "export A=<~>/x:<~> <~> B='~'; readonly -p C=<~>; local D=<~> E~=~; echo A=~");
  CHECK(tree("(a; b) | { c; } >d") == "fork[a; b] | [c] {1 1 d}");
}

TEST_CASE("commands: lines behind the command that reads them") {
  CHECK(tree("a <<x\nb $c \"d\" `e` \\$ \\\"\nx\nf") == "a {0 5 'b '<q$c>' \"d\" '<q(e)>' $ \\\"\n'}; f");
  CHECK(tree("a <<'x y' 3<<-z | f\n$b\nx y\n\t\tc $d\n\tz\ng") == "a {0 5 '$b\n'} {3 5 'c '<q$d>'\n'} | f; g");
  CHECK(tree("while a; do b <<x; done\nx\nc") == "while[a][b {0 5 }]; c");
  CHECK(tree("a <<\\x && b\nc\nx") == "a {0 5 'c\n'} && b");
  CHECK(tree("a $(b <<x\nc\nx\n)") == "a <(b {0 5 'c\n'})>");
}

TEST_CASE("aliases: where a command begins, and not within their own text") {
  const Aliases aliases{{"l", "ls -l"}, {"ls", "ls -F"}, {"s", "sudo "}, {"w", "while true; do"}, {"two", "a; b"}, {"p", "q"}, {"q", "p x"}};
  const auto replaced = [&](std::string_view text) { return shown(parse(text, &aliases)); };
  CHECK(replaced("l a; 'l'; \\l; x l") == "ls -F -l a; 'l'; 'l'; x l");
  CHECK(replaced("s l b; s x l") == "sudo ls -F -l b; sudo x l");
  CHECK(replaced("w l; done | two") == "while[true][ls -F -l] | a; b");
  CHECK(replaced("p; A=1 l; ( l )") == "p x; A:=1 ls -F -l; fork[ls -F -l]");
  CHECK(replaced("echo $(l) `l`") == "echo <(ls -F -l)> <(ls -F -l)>");
  Aliases later;
  Commands commands("l\nl", &later);
  CHECK(shown(*commands.next()) == "l");
  later = aliases;
  CHECK(shown(*commands.next()) == "ls -F -l");
  CHECK(!commands.next());
}

TEST_CASE("commands: conditions, loops, functions") {
  CHECK(tree("if a; then b; elif c; then d; else e; fi >f") == "if[a][b]if[c][d]else[e] {1 1 f}");
  CHECK(tree("while a; do b; done; until c\ndo\nd\ndone") == "while[a][b]; until[c][d]");
  CHECK(tree("for x in a \"$b\" *; do c; done; for y do d; done; for z\nin; do e; done") == "for x in[a <q$b> *][c]; for y[][d]; for z in[][e]");
  CHECK(tree("case $a in x|y) b;; (*) ;; z) c; esac") == "case <$a>[x y][b][*][][z][c]");
  CHECK(tree("f() { a; }; g() (b)\nh ()\n{ c; }") == "function f[[a]]; function g[fork[b]]; function h[[c]]");
  CHECK(tree("echo if then fi; if! a") == "echo if then fi; if! a");
}

TEST_CASE("what is no command says where, and whether more lines could make it one") {
  for (const char* text : {"'a", "\"a", "a\\", "a |", "a &&", "if a; then b", "for x in a; do", "(a", "{ a;", "$(a", "${a", "$((1", "case a in b) c", "f()", "`a", "a <<x", "a <<x\nb", "a <<x\nb\nxx", "a <<x; b <<y\nx\n"}) {
    CAPTURE(text);
    CHECK(fault(text).starts_with("more: "));
  }
  CHECK(fault("| a") == "'|' stands where a command is wanted");
  CHECK(fault("a; ; b") == "';' stands where a command is wanted");
  CHECK(fault("a )") == "')' ends nothing that was begun");
  CHECK(fault("fi") == "'fi' ends nothing that was begun");
  CHECK(fault("if a; fi") == "'fi' stands where 'then' is wanted");
  CHECK(fault("a >\n") == "the end of the line stands where the name of a file is wanted");
  CHECK(fault("cat <<$x\n") == "the word that ends the lines of << is text, without $ and `");
  CHECK(fault("cat <<\nx") == "the end of the line stands where the word that ends the lines of << is wanted");
  CHECK(fault("${a/b/c}").find("not in this shell's language") != std::string::npos);
  CHECK(fault(std::string(5000, '(')).find("too deep") != std::string::npos);
  std::string nested = "a";
  for (int each = 0; each < 3000; ++each) nested = "$(" + nested + ")";
  CHECK(fault(nested).find("too deep") != std::string::npos);
}

TEST_CASE("a chain knows its text") {
  const List list = parse("  a b | c && d  & e");
  CHECK(list.chains[0].text == "a b | c && d");
  CHECK(list.chains[1].text == "e");
}
