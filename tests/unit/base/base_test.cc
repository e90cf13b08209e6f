#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"

using namespace snug;

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_number("0") == 0);
  CHECK(parse_number("18446744073709551615") == 18446744073709551615ULL);
  for (const char* wrong : {"", "01", "+1", "-1", "1 ", " 1", "1x", "18446744073709551616"}) CHECK_MESSAGE(!parse_number(wrong), wrong);
}

TEST_CASE("sizes have docker's suffixes") {
  CHECK(parse_size("64m") == 64U << 20U);
  CHECK(parse_size("1K") == 1024);
  CHECK(parse_size("7") == 7);
  for (const char* same : {"64MiB", "64mib", "64MIB", "64mb"}) CHECK_MESSAGE(parse_size(same) == 64U << 20U, same);
  for (const char* none : {"1.5g", "ib", "gib", "5ib", "5i", "b", ""}) CHECK_MESSAGE(!parse_size(none), none);
  CHECK(!parse_size("m"));
  CHECK(!parse_size("99999999999t"));
}

TEST_CASE("what a terminal could act on is escaped, the rest is left") {
  CHECK(printable("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
  CHECK(printable("\x1b[31m\r\n\t") == "\\x1b[31m\\x0d\\n\\t");
  CHECK(printable("\xe2\x80\xae" "abc") == "\\xe2\\x80\\xae" "abc");  // right-to-left override
  CHECK(printable("\xff\xc0\x80") == "\\xff\\xc0\\x80");
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");  // CSI of C1
}

TEST_CASE("words are quoted for a shell only where they have to be") {
  CHECK(shell_quoted("/a/b-c") == "/a/b-c");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("") == "''");
}

TEST_CASE("texts are split and joined") {
  CHECK(split("a::b", ':') == std::vector<std::string>{"a", "", "b"});
  CHECK(split("", ':') == std::vector<std::string>{""});
  CHECK(join(split("a:b", ':'), "-") == "a-b");
  CHECK(lines("a\n\nb\n").size() == 3);
  CHECK(trimmed(" \t x \n") == "x");
}

TEST_CASE("the nearest word is found, and nothing far away") {
  const std::vector<std::string> words{"hostname", "volume", "run"};
  CHECK(find_nearest("hostnmae", words) == "hostname");
  CHECK(find_nearest("rn", words) == "run");
  CHECK(!find_nearest("completely", words));
  CHECK(find_nearest("vol", words) == "volume");
  CHECK(!find_nearest("v", words));
  CHECK(!find_nearest("U", std::vector<std::string>{"z", "ro"}));
  CHECK(find_nearest("r", std::vector<std::string>{"z", "ro"}) == "ro");
  for (const auto& both : {std::vector<std::string>{"rm", "run"}, {"run", "rm"}}) CHECK(find_nearest("rn", both) == "run");
  CHECK(edit_distance("ab", "ba") == 1);
}

TEST_CASE("an error is printed with where it happened, what that belongs to, and what to do") {
  Error error("cannot bind '/a'\nsecond line\x1b[31m", "ask");
  CHECK(render_error(error) == "snug: cannot bind '/a'\n         second line\\x1b[31m\n  hint:  ask\n");
  error.during("reading env:2").during("reading snug.toml:1").during("line 3 of standard input");
  CHECK(render_error(error) ==
        "snug: cannot bind '/a'\n         second line\\x1b[31m\n  while: reading env:2\n"
        "  while: line 3 of standard input\n  hint:  ask\n");
  CHECK(render_error(Error({}, "ask")) == "  hint:  ask\n");
  CHECK(render_error(Error("")).empty());
  CHECK(render_error(std::runtime_error("no memory\r")) == "snug: gave up: no memory\\x0d\n");
}

TEST_CASE("the columns that text takes: marks none, wide letters two, and bytes that are no text one each") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("h\xc3\xa9" "e\xcc\x81") == 3);
  CHECK(display_width("漢字") == 4);
  CHECK(display_width("┏━┓") == 3);
  CHECK(display_width("\xff\xfe") == 2);
  CHECK(fitting("漢字", 3) == "漢");
  CHECK(fitting("e\xcc\x81x", 1) == "e\xcc\x81");
  CHECK(fitting("ab", 0).empty());
  CHECK(fitting("ab", 9) == "ab");
}
