#include <doctest/doctest.h>

#include "snug/base/error.hh"
#include "snug/config/settings.hh"

using namespace snug;

namespace {

std::string refusal(std::string_view text) {
  try {
    static_cast<void>(config::parse_settings(text, "/x/snug.toml"));
  } catch (const UsageError& error) {
    return error.message() + " | " + error.contexts().at(0);
  }
  return "taken";
}

}  // namespace

TEST_CASE("settings come in the order of the file, with table, kind and line") {
  const auto settings = config::parse_settings(
      "rootfs = 'host'\n"
      "[run]\n"
      "volume = [ './b:/b',\n  './a:/a' ]\n"
      "read-only = true\n"
      "env = []\n"
      "shm-size = 1_000\n",
      "/x/snug.toml");
  REQUIRE(settings.size() == 5);
  CHECK(settings[0].table == "");
  CHECK(settings[0].values == std::vector<std::string>{"host"});
  CHECK(settings[0].file == "/x/snug.toml");
  CHECK(settings[1].table == "run");
  CHECK(settings[1].key == "volume");
  CHECK(settings[1].is_list);
  CHECK(settings[1].line == 3);
  CHECK(settings[1].values == std::vector<std::string>{"./b:/b", "./a:/a"});
  CHECK(settings[2].type == config::Setting::Type::boolean);
  CHECK(settings[2].values == std::vector<std::string>{"true"});
  CHECK(settings[3].values.empty());
  CHECK(settings[4].type == config::Setting::Type::number);
  CHECK(settings[4].values == std::vector<std::string>{"1000"});
}

TEST_CASE("an empty file has no settings") {
  CHECK(config::parse_settings("", "/x/snug.toml").empty());
  CHECK(config::parse_settings("[run]\n", "/x/snug.toml").empty());
}

TEST_CASE("errors tell file and line") {
  CHECK(refusal("a = 1\nb = \n").ends_with("| reading /x/snug.toml:2"));
  CHECK(refusal("a = 1\na = 2\n").ends_with("| reading /x/snug.toml:2"));
  CHECK(refusal("\xff\xfe") != "taken");
  CHECK(refusal("a = 1\nb\xef\xb3\xbf = 2\n").ends_with("U+FCFF | reading /x/snug.toml:2"));
  try {
    static_cast<void>(config::parse_settings("rootfs = host\n", "/x/snug.toml"));
    FAIL("it was taken");
  } catch (const UsageError& error) {
    CHECK(error.hint() == "a word or a text stands in quotes");
  }
  CHECK(refusal("a = 1.5") ==
        "a has to be a string, a whole number, true or false, or a list of these | reading /x/snug.toml:1");
  CHECK(refusal("[run]\na = 1979-05-27") != "taken");
  CHECK(refusal("[run.a]\nb = 1") != "taken");
  CHECK(refusal("a = [1, [2]]") != "taken");
  CHECK(refusal("a = [1,\n 'b']") == "a is a list of different kinds | reading /x/snug.toml:2");
  CHECK(refusal("a = \"b\\u0000c\"") == "a holds a zero byte | reading /x/snug.toml:1");
  CHECK(refusal("a = " + std::string(100'000, '[')) != "taken");
}

TEST_CASE("a text that trips the library's own assertions is refused like any other") {
  CHECK(refusal("[#") == "this is no TOML: a key or a value is malformed | reading /x/snug.toml");
}

TEST_CASE("what a terminal could act on is escaped") {
  CHECK(refusal("\"\\u001b[2J\" = 1.5").find('\x1b') == std::string::npos);
}
