#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "detach_keys.hh"
#include "screen.hh"
#include "snug/base/error.hh"
#include "snug/runtime/attach.hh"

using namespace snug;
using namespace snug::runtime;

TEST_CASE("the last screenful begins at the front of a line, with plain attributes") {
  Scrollback scrollback;
  CHECK(scrollback.render(24) == "\x1b[0m");
  scrollback.take("one\r\ntwo\r\nthree\r\n$ ");
  CHECK(scrollback.render(24) == "\x1b[0mone\r\ntwo\r\nthree\r\n$ ");
  CHECK(scrollback.render(3) == "\x1b[0mtwo\r\nthree\r\n$ ");
  CHECK(scrollback.render(1) == "\x1b[0m$ ");
}

TEST_CASE("what is kept is bounded, and what was cut is not shown") {
  Scrollback scrollback;
  for (int at = 0; at < 50000; ++at) scrollback.take("line " + std::to_string(at) + "\r\n");
  const std::string all = scrollback.render(60000);
  CHECK(all.size() < 140000);
  CHECK(all.starts_with("\x1b[0mline "));
  CHECK(all.ends_with("line 49999\r\n"));
}

TEST_CASE("what a program switched at the terminal is switched for a newcomer, and back for who leaves") {
  TerminalModes modes;
  modes.follow("text \x1b[31m\x1b[?2004h");
  CHECK(modes.render_switches() == "\x1b[?2004h");
  modes.follow("\x1b[?25l\x1b=\x1b[?1000;10");
  modes.follow("06h\x1b[?1h");
  CHECK(modes.render_switches() == "\x1b[?1h\x1b[?25l\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b=");
  CHECK(modes.render_way_back() == "\x1b[?1l\x1b[?25h\x1b[?1000l\x1b[?1006l\x1b[?2004l\x1b>");
  modes.follow("\x1b" "c");
  CHECK(modes.render_switches().empty());
  modes.follow("\x1b[?9999999999999999999999999999999999999999999999999999999999999999999999999999h\x1b[?1049h");
  CHECK(modes.on_second_screen());
}

TEST_CASE("the second screen is left to the program that has it") {
  Scrollback scrollback;
  scrollback.take("$ vi\r\n\x1b[?1049hdrawing");
  CHECK(scrollback.render(24) == "\x1b[0m\x1b[?1049h\x1b[H\x1b[2J");
  scrollback.take("\x1b[?1049l$ ");
  CHECK(scrollback.render(24) == "\x1b[0m$ vi\r\n$ ");
  CHECK(scrollback.render(1) == "\x1b[0m$ ");
  scrollback.take("less\r\n\x1b[?10");
  CHECK(scrollback.render(1) == "\x1b[0m\x1b[?10");  // the rest comes to who is there by then
  scrollback.take("49hpage\r\npage\x1b");
  CHECK(scrollback.render(24) == "\x1b[0m\x1b[?1049h\x1b[H\x1b[2J\x1b");
  scrollback.take("[?1049l");
  CHECK(scrollback.render(2) == "\x1b[0m$ less\r\n");
}

TEST_CASE("what a terminal would answer to is not asked once more") {
  constexpr std::string_view questions[]{"\x1b[6n", "\x1b[?6n", "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[=0c", "\x1b[1x", "\x1b[?2026$p", "\x1b[4$p", "\x1b[14t", "\x1b[18t", "\x1b[21t", "\x1b[?u", "\x1b[>0q", "\x1b[?1;1;0S",
                                         "\x1b]11;?\a", "\x1b]4;1;?\x1b\\", "\x1b]52;c;?\a", "\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\", "\x05", "\x1bZ"};
  constexpr std::string_view others[]{"\x1b[31m", "\x1b[2J", "\x1b[?25l", "\x1b[?0c", "\x1b[>4;2m", "\x1b[!p", "\x1b[22;0t", "\x1b[23;0t", "\x1b[8;24;80t", "\x1b[1 q", "\x1b[>1u", "\x1b[3S", "\x1b]0;title\a", "\x1b]8;;http://a/\x1b\\",
                                      "\x1bPq#0\x1b\\", "\x1b(B", "\x1b" "7"};
  for (const std::string_view question : questions) {
    Scrollback whole, cut;
    whole.take(std::string("a") + std::string(question) + "b");
    CHECK(whole.render(1) == "\x1b[0mab");
    cut.take("a");
    for (const char byte : question) cut.take({&byte, 1});
    cut.take("b");
    CHECK(cut.render(1) == "\x1b[0mab");
  }
  for (const std::string_view other : others) {
    Scrollback scrollback;
    scrollback.take(std::string("a") + std::string(other) + "b");
    CHECK_MESSAGE(scrollback.render(1).ends_with("a" + std::string(other) + "b"), std::string(other));
  }
  Scrollback broken;
  broken.take("a\x1b]0;title\x1b[6nb\x1b[3\x1b[6nc\x1b\x1b[6nd");
  CHECK(broken.render(1) == "\x1b[0mabcd");
  Scrollback long_one;
  long_one.take("\x1b]52;c;" + std::string(10000, 'x') + "\ab");
  CHECK(long_one.render(1).ends_with("xxx\ab"));
}

TEST_CASE("keys to detach with are spelled as docker's") {
  CHECK(parse_detach_keys("ctrl-p,ctrl-q") == "\x10\x11");
  CHECK(parse_detach_keys(default_detach_keys) == "\x1d\x1d");
  CHECK(parse_detach_keys("a,ctrl-\\,ctrl-@,~") == std::string("a\x1c\0~", 4));
  CHECK(parse_detach_keys("").empty());
  for (const char* wrong : {"ctrl-", "ctrl-1", "ab", "a,", ",", "ctrl-p ctrl-q"})
    CHECK_THROWS_AS(static_cast<void>(parse_detach_keys(wrong)), UsageError);
}

TEST_CASE("the keys are found wherever they are cut, and everything else is passed on") {
  const auto pass = [](const std::string& keys, const std::vector<std::string>& typed) {
    DetachKeys found(keys);
    std::string out;
    for (const std::string& part : typed)
      if (found.pass(part, out)) return out + "|";
    return out;
  };
  CHECK(pass("\x1d\x1d", {"ab\x1d\x1d" "c"}) == "ab|");
  CHECK(pass("\x1d\x1d", {"ab\x1d", "\x1d"}) == "ab|");
  CHECK(pass("\x1d\x1d", {"\x1d", "x\x1d", "y"}) == "\x1dx\x1dy");
  CHECK(pass("aab", {"aaab"}) == "a|");
  CHECK(pass("abac", {"ababac"}) == "ab|");
  CHECK(pass("", {"\x1d\x1d"}) == "\x1d\x1d");
}
