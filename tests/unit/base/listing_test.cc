#include <doctest/doctest.h>

#include <csignal>

#include "snug/base/json.hh"
#include "snug/base/error.hh"
#include "snug/base/signals.hh"
#include "snug/base/template.hh"
#include "snug/base/text.hh"

namespace snug {
namespace {

TEST_CASE("signals are read as people write them") {
  for (const char* text : {"TERM", "SIGTERM", "sigterm", "Term", "15"}) CHECK(parse_signal(text) == SIGTERM);
  CHECK(parse_signal("RTMIN") == 34);
  CHECK(parse_signal("SIGRTMIN+3") == 37);
  CHECK(parse_signal("RTMAX") == 64);
  CHECK(parse_signal("SIGRTMAX-1") == 63);
  CHECK(parse_signal("rtmax-30") == 34);
  for (const char* wrong : {"RTMAX-31", "RTMAX-", "RTMAX-x", "RTMAX+1"}) CHECK_FALSE(parse_signal(wrong));
  for (const char* text : {"", "0", "65", "-1", "015", "NOSUCH", "TERM ", "SIG", "SIGSIGTERM"}) CHECK_FALSE(parse_signal(text));
}

TEST_CASE("a signal's name is one that is read again") {
  for (int signal = 1; signal <= 64; ++signal)
    if (signal != 32 && signal != 33) CHECK(parse_signal(signal_name(signal)) == signal);
  CHECK(signal_name(SIGKILL) == "SIGKILL");
}

const Fields one{{"ID", "1a"}, {"Names", "web"}};
const Fields other{{"ID", "2bcd"}, {"Names", "tab\there"}};

TEST_CASE("--format fills in fields, escapes and JSON") {
  CHECK(fill_template("{{.ID}}: {{ .Names }}\\t!\\n", one) == "1a: web\t!\n");
  CHECK(fill_template("{{json .}}", one) == R"({"ID":"1a","Names":"web"})");
  CHECK(fill_template("{{json .Names}}", other) == R"("tab\there")");
  CHECK(fill_template("no field", one) == "no field");
}

TEST_CASE("--format reaches members of members") {
  const Json json = parse_json(R"({"State":{"Pid":7,"Status":"running"},"Name":"web"})");
  CHECK(fill_template("{{.State.Pid}} {{.State.Status}} {{.Name}} {{json .State}}", json) == R"(7 running web {"Pid":7,"Status":"running"})");
  for (const char* text : {"{{.State.Nothing}}", "{{.Name.Pid}}", "{{.}}"}) CHECK_THROWS_AS(static_cast<void>(fill_template(text, json)), UsageError);
}

TEST_CASE("on a terminal what a stranger wrote does nothing, elsewhere it is what he wrote") {
  const Json list = parse_json(R"([{"Author":"\u001b]0;x\u0007"},{"Author":"me"}])");
  CHECK(fill_each("{{.Author}}\\t!", list, true) == "\\x1b]0;x\\x07\t!\nme\t!\n");
  CHECK(fill_each("{{json .Author}}", list, true) == "\"\\u001b]0;x\\u0007\"\n\"me\"\n");
  CHECK(fill_each("{{.Author}}", list, false) == "\x1b]0;x\x07\nme\n");
}

TEST_CASE("columns are as wide as what a terminal shows of them") {
  CHECK(render_columns(std::vector<std::vector<std::string>>{{"a…", "b"}, {"abc", "d"}}) == "a…   b\nabc  d\n");
}

TEST_CASE("--format says what it does not know") {
  for (const char* text : {"{{.Nothing}}", "{{range .}}", "{{.ID", "{{}}", "{{json Names}}"}) CHECK_THROWS_AS(static_cast<void>(fill_template(text, one)), UsageError);
}

TEST_CASE("a list is a line for each, a table with headings, or JSON; a bad pattern is told also when there is nothing to list") {
  const Fields headings{{"ID", "CONTAINER ID"}, {"Names", "NAMES"}};
  CHECK(render_list("{{.ID}}", {one, other}, headings) == "1a\n2bcd\n");
  CHECK(render_list("table {{.Names}}\\t{{.ID}}", {one}, headings) == "NAMES  CONTAINER ID\nweb    1a\n");
  CHECK(render_list("json", {one}, headings) == "{\"ID\":\"1a\",\"Names\":\"web\"}\n");
  CHECK_THROWS_AS(static_cast<void>(render_list("{{.Nothing}}", {}, headings)), UsageError);
}

}  // namespace
}  // namespace snug
