#include "words.hh"

#include <doctest/doctest.h>

#include "snug/base/error.hh"

using namespace snug;
using namespace snug::shell;

namespace {

using Words = std::vector<std::string>;

std::string refusal(std::string_view text) {
  try {
    static_cast<void>(split_words(text));
  } catch (const UsageError& error) {
    return error.message();
  }
  return "taken";
}

}  // namespace

TEST_CASE("words stand between blanks") {
  CHECK(split_words("").empty());
  CHECK(split_words(" \t ").empty());
  CHECK(split_words("run host") == Words{"run", "host"});
  CHECK(split_words("  run\t-it   host ") == Words{"run", "-it", "host"});
}

TEST_CASE("quotes work as in a POSIX shell") {
  CHECK(split_words("'a b' \"c d\" e\\ f") == Words{"a b", "c d", "e f"});
  CHECK(split_words("a'b'\"c\"\\d") == Words{"abcd"});
  CHECK(split_words("'' \"\"") == Words{"", ""});
  CHECK(split_words("'a\\'") == Words{"a\\"});
  CHECK(split_words("'\"' \"'\"") == Words{"\"", "'"});
  CHECK(split_words(R"("\"\\\$\`\n")") == Words{R"("\$`\n)"});
  CHECK(split_words("-e 'A=$HOME *'") == Words{"-e", "A=$HOME *"});
}

TEST_CASE("nothing is expanded") {
  CHECK(split_words("$HOME ~ *.c a|b >c `d` ;e&") == Words{"$HOME", "~", "*.c", "a|b", ">c", "`d`", ";e&"});
}

TEST_CASE("# begins a comment where a word could begin") {
  CHECK(split_words("# all of it").empty());
  CHECK(split_words("run # it's a comment") == Words{"run"});
  CHECK(split_words("a#b '#' \\#") == Words{"a#b", "#", "#"});
}

TEST_CASE("what is left open is one message") {
  CHECK(refusal("run 'a b") == "the quote ' is not closed on this line");
  CHECK(refusal("run \"a 'b'") == "the quote \" is not closed on this line");
  CHECK(refusal("run \"a\\\"") == "the quote \" is not closed on this line");
  CHECK(refusal("run a\\") == "the backslash at the end of the line quotes nothing");
}

TEST_CASE("a word that is escaped is read as it was") {
  for (const char* word : {"a b", "it's", "\"", "$x", "#a", "a\\b", "gr\xc3\xbc\xc3\x9f", "~/*?[x]|;&<>(){}!`"})
    CHECK(split_words(escaped(word)) == Words{word});
}

TEST_CASE("a line that is being typed tells where its last word begins and what it stands in") {
  const Line line = take_apart("run 'a b");
  CHECK(line.words.back().text == "a b");
  CHECK(line.words.back().start == 4);
  CHECK(line.end == Line::End::single_quote);
  CHECK(take_apart("run ").end == Line::End::gap);
  CHECK(take_apart("run").end == Line::End::word);
  CHECK(take_apart("run \"").end == Line::End::double_quote);
  CHECK(take_apart("run \\").end == Line::End::backslash);
  CHECK(take_apart("run #x").end == Line::End::comment);
}
