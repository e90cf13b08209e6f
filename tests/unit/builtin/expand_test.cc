#include "expand.hh"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>

#include "arithmetic.hh"
#include "complete.hh"
#include "pattern.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

using namespace snug;
using namespace snug::builtin;

namespace {

/// Variables, parameters and files that nobody has to make.
class World {
 public:
  std::map<std::string, std::string> variables{{"a", "one two"}, {"e", ""}, {"p", "*.c"}, {"path", "/usr/lib/x.tar.gz"}, {"HOME", "/home/me"}, {"?", "3"}, {"b", "\\*"}};
  std::vector<std::string> parameters{"x y", "", "z"};

  std::string expanded(std::string_view text) {
    const Surroundings surroundings{
        .find = [&](const std::string& name) { return variables.contains(name) ? std::optional(variables[name]) : std::nullopt; },
        .set = [&](const std::string& name, const std::string& value) { variables[name] = value; },
        .parameters = [&] { return parameters; },
        .run = [](const List& list) { return format("ran {}", list.chains.size()); },
        .paths = [](std::string_view pattern) { return pattern == "*.c" ? std::vector<std::string>{"m.c", "n.c"} : std::vector<std::string>(); }};
    const List list = parse(text);
    const auto& simple = std::get<Simple>(list.chains.at(0).links.at(0).pipeline.commands.at(0).what);
    std::string out;
    for (const std::string& word : expand(simple.words, surroundings)) out += "[" + word + "]";
    return out;
  }
};

std::string expanded(std::string_view text) { return World().expanded(text); }

std::string fault(std::string_view text) {
  try {
    return "none: " + expanded(text);
  } catch (const Error& error) {
    return error.message();
  }
}

std::int64_t number(std::string_view expression) {
  std::map<std::string, std::string> variables{{"n", "7"}};
  return evaluate(expression, {[&](const std::string& name) { return variables[name]; }, [&](const std::string& name, const std::string& value) { variables[name] = value; }});
}

}  // namespace

TEST_CASE("what is not quoted is split, and what is quoted is not") {
  CHECK(expanded("$a \"$a\" x$a'y z'") == "[one][two][one two][xone][twoy z]");
  CHECK(expanded("$e \"$e\" $none '' x$e") == "[][][x]");
  CHECK(expanded("$(a; b) \"$(c)\"") == "[ran][2][ran 1]");
  World world;
  world.variables["IFS"] = ":";
  world.variables["v"] = "a::b c:";
  CHECK(world.expanded("$v") == "[a][][b c]");
}

TEST_CASE("parameters") {
  CHECK(expanded("\"$@\"") == "[x y][][z]");
  CHECK(expanded("a\"$@\"b") == "[ax y][][zb]");
  CHECK(expanded("$* $@") == "[x][y][z][x][y][z]");
  CHECK(expanded("\"$*\" ${#@}") == "[x y  z][3]");
  World world;
  world.parameters.clear();
  CHECK(world.expanded("\"$@\" b \"$*\"") == "[b][]");
}

TEST_CASE("what stands behind a name") {
  CHECK(expanded("${a:-b} ${e:-b} ${e-b} ${none-b c} \"${none-b c}\"") == "[one][two][b][b][c][b c]");
  CHECK(expanded("${a+b} ${e:+b} ${none+b}") == "[b]");
  CHECK(expanded("${n:=v w} \"$n\"") == "[v][w][v w]");
  CHECK(expanded("${path##*/} ${path#*/} ${path%.*} ${path%%.*} ${path%x}") == "[x.tar.gz][usr/lib/x.tar.gz][/usr/lib/x.tar][/usr/lib/x][/usr/lib/x.tar.gz]");
  CHECK(expanded("${#a} $?") == "[7][3]");
  // What stands around it quotes the value, and not the pattern.
  CHECK(expanded("\"${path##*/}\" \"${path%.*}\" \"${path%'.gz'}\" \"${path%\".gz\"}\"") == "[x.tar.gz][/usr/lib/x.tar][/usr/lib/x.tar][/usr/lib/x.tar]");
  World slashes;
  slashes.variables["s"] = "*/";
  CHECK(slashes.expanded("\"${path##$s}\" \"${path##\"$s\"}\" ${path##\"$s\"} \"${path#\\/}\" \"${none:-${path##*/}}\"") ==
        "[x.tar.gz][/usr/lib/x.tar.gz][/usr/lib/x.tar.gz][usr/lib/x.tar.gz][x.tar.gz]");
  CHECK(expanded("\"${none-*.c}\" \"${none-'b'}\" \"${none#*}\"") == "[*.c]['b'][]");
  CHECK(fault("${none?}") == "none: is not set");
  CHECK(fault("${none:?must be}") == "none: must be");
}

TEST_CASE("files, home and backslashes") {
  CHECK(expanded("*.c '*.c' \"*.c\" \\*.c *.d $p \"$p\"") == "[m.c][n.c][*.c][*.c][*.c][*.d][m.c][n.c][*.c]");
  CHECK(expanded("~ ~/x '~' a~") == "[/home/me][/home/me/x][~][a~]");
  CHECK(expanded("$b \"$b\"") == "[\\*][\\*]");
  CHECK(expanded("$((1 + 2))x $((e = 4)) $e") == "[3x][4][4]");
}

TEST_CASE("patterns") {
  for (const auto& [pattern, text] : {std::pair{"*", ""}, {"a*c", "abc"}, {"a*c", "ac"}, {"*.c", "a.b.c"}, {"?", "ä"}, {"[a-c]x", "bx"}, {"[!a-c]", "d"}, {"[]]", "]"},
                                      {"\\*", "*"}, {"[[:digit:]]*", "7a"}, {"[", "["}, {"a**b", "ab"}, {"*[0-9]", "x1y2"}, {"[a-]", "-"}}) {
    CAPTURE(pattern);
    CHECK(matches(pattern, text));
  }
  for (const auto& [pattern, text] : {std::pair{"", "a"}, {"a", ""}, {"*.c", "a.d"}, {"?", "ab"}, {"[a-c]", "d"}, {"[!a-c]", "b"}, {"\\*", "a"}, {"[[:digit:]]", "a"}}) {
    CAPTURE(pattern);
    CHECK_FALSE(matches(pattern, text));
  }
  // Not in a time that grows with the power of the stars.
  CHECK_FALSE(matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
  CHECK(unescaped(escaped_pattern("a*?[b]\\c")) == "a*?[b]\\c");
  CHECK_FALSE(is_pattern(escaped_pattern("a*?[b]\\c")));
}

TEST_CASE("arithmetic") {
  CHECK(number("1 + 2 * 3 - 4 / 2 % 3") == 5);
  CHECK(number("(1 + 2) * -3") == -9);
  CHECK(number("n == 7 && n != 8 || 0") == 1);
  CHECK(number("n < 8 ? n << 1 : 1 / 0") == 14);
  CHECK(number("0 && 1 / 0") == 0);
  CHECK(number("m = n += 3") == 10);
  CHECK(number("0x10 + 010 + ~0 + !0") == 24);
  CHECK(number("") == 0);
  CHECK(number("9223372036854775807 + 1") == INT64_MIN);
  CHECK(number("(-9223372036854775807 - 1) / -1") == INT64_MIN);
  CHECK(number("3 >= 3 == 1") == 1);
  CHECK(number("6 & 3 | 8 ^ 1") == 11);
  for (const char* text : {"1 +", "1 2", "(1", "1 / 0", "1 % 0", "08", "a b", "*", "1 ? 2"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(static_cast<void>(number(text)), Error);
  }
  CHECK_THROWS_AS(static_cast<void>(number(std::string(5000, '('))), Error);
}

TEST_CASE("the last word of a line, for Tab") {
  const auto word = [](std::string_view line) {
    const LastWord last = find_last_word(line, [](const std::string& name) { return name == "X" ? std::optional<std::string>("/a b") : std::nullopt; });
    return format("{}{} {}", last.is_command ? "command " : "", last.start, last.text);
  };
  CHECK(word("") == "command 0 ");
  CHECK(word("l") == "command 0 l");
  CHECK(word("ls ") == "3 ");
  CHECK(word("ls 'a b") == "3 a b");
  CHECK(word("ls a\\ b") == "3 a b");
  CHECK(word("ls; ca") == "command 4 ca");
  CHECK(word("ls|gr") == "command 3 gr");
  CHECK(word("A=1 if x; then l") == "command 15 l");
  CHECK(word("cat <f") == "5 f");
  CHECK(word("! tr") == "command 2 tr");
  CHECK(word("cat $X/pa") == "4 /a b/pa");
  CHECK(word("cat \"$X/pa") == "4 /a b/pa");
  CHECK(word("cat '$X/pa") == "4 $X/pa");
  CHECK(word("cat \\$X/pa") == "4 $X/pa");
  CHECK(word("cat ${X}c/$none/d") == "4 /a bc//d");
  CHECK(word("cat $X") == "4 $X");
}
