#include <doctest/doctest.h>

#include <array>

#include "snug/base/error.hh"
#include "snug/cli/command.hh"

using namespace snug;

namespace {

constexpr std::array own = std::to_array<cli::Option>({{.name = "verbose", .help = "say more"}});
constexpr std::array shared = std::to_array<cli::Option>({
    {.name = "interactive", .letter = 'i'},
    {.name = "tty", .letter = 't'},
    {.name = "init"},
    {.name = "volume", .letter = 'v', .argument = "SOURCE:TARGET", .repeatable = true},
    {.name = "workdir", .letter = 'w', .argument = "PATH"},
});
constexpr std::array absent =
    std::to_array<cli::NotYet>({{.word = "detach", .letter = 'd', .comes_with = "live containers"}});
constexpr cli::OptionSet set{shared, absent};
const cli::Command run{
    .name = "run", .options = own, .shared = &set, .stop_at_operand = true, .max_operands = SIZE_MAX};
const cli::Command help{.name = "help", .max_operands = 1};

using Words = std::vector<std::string_view>;

cli::Arguments parse(const Words& words, const cli::Command& command = run) {
  return cli::parse(command, words);
}

// Parses what has to be refused, and gives the message and the hint.
std::string refusal(const Words& words, const cli::Command& command = run) {
  try {
    static_cast<void>(cli::parse(command, words));
  } catch (const UsageError& error) {
    return error.message() + " | " + error.hint();
  }
  return "taken";
}

}  // namespace

TEST_CASE("a value follows a long name after '=' or as the next word") {
  CHECK(*parse({"--workdir=/a"}).find("workdir") == "/a");
  CHECK(*parse({"--workdir", "/a"}).find("workdir") == "/a");
  CHECK(*parse({"--workdir="}).find("workdir") == "");
  CHECK(*parse({"--workdir=a=b"}).find("workdir") == "a=b");
  CHECK(*parse({"--workdir", "--tty"}).find("workdir") == "--tty");
}

TEST_CASE("letters cluster, and the last of them may take a value") {
  const cli::Arguments arguments = parse({"-itv/a:/b", "-v", "/c:/d", "-tw=/e", "-i=false"});
  CHECK(arguments.flag("tty"));
  CHECK_FALSE(arguments.flag("interactive"));
  REQUIRE(arguments.options.size() == 7);
  CHECK(arguments.options[2].value == "/a:/b");
  CHECK(arguments.options[3].value == "/c:/d");
  CHECK(*arguments.find("workdir") == "/e");
}

TEST_CASE("a flag takes docker's =false, and the last word wins") {
  CHECK(parse({"--init"}).flag("init"));
  CHECK_FALSE(parse({"--init=false"}).flag("init"));
  CHECK_FALSE(parse({"--init", "--init=0"}).flag("init"));
  CHECK(parse({"--init=false", "--init"}).flag("init"));
  CHECK_FALSE(parse({}).flag("init"));
  CHECK(refusal({"--init=maybe"}) == "--init is either true or false, not 'maybe' | ");
}

TEST_CASE("no option follows the first operand of run") {
  const cli::Arguments arguments = parse({"-t", "host", "ls", "-l", "--", "--tty=false"});
  CHECK(arguments.operands == std::vector<std::string>{"host", "ls", "-l", "--", "--tty=false"});
  CHECK(arguments.flag("tty"));
}

TEST_CASE("after -- everything is an operand, and - is one always") {
  CHECK(parse({"--", "--tty"}).operands == std::vector<std::string>{"--tty"});
  CHECK(parse({"-", "-t"}).operands == std::vector<std::string>{"-", "-t"});
}

TEST_CASE("other commands take options after operands, and no more operands than they have use for") {
  CHECK(parse({"run", "--help"}, help).flag("help"));
  CHECK(refusal({"run", "\x1b[2J"}, help) ==
        "help has no use for the word '\\x1b[2J' | 'snug help --help' lists what it takes");
}

TEST_CASE("unknown options get the nearest right word") {
  CHECK(refusal({"--volme", "/a"}) == "run has no option '--volme' | did you mean --volume?");
  CHECK(refusal({"--qqqqqqq"}) == "run has no option '--qqqqqqq' | 'snug run --help' lists what it takes");
  CHECK(refusal({"-tq"}) == "run has no option '-q' | 'snug run --help' lists what it takes");
  CHECK(refusal({"--vol\nume"}) == "run has no option '--vol\\nume' | did you mean --volume?");
}

TEST_CASE("docker's options that are to come are told apart from slips") {
  CHECK(refusal({"--detach"}) == "--detach comes with live containers; it is not there yet | ");
  CHECK(refusal({"-itd"}) == "-d comes with live containers; it is not there yet | ");
}

TEST_CASE("a missing value is named") {
  CHECK(refusal({"--volume"}) ==
        "--volume needs a value: SOURCE:TARGET | 'snug run --help' lists what it takes");
  CHECK(refusal({"-tv"}) == "-v needs a value: SOURCE:TARGET | 'snug run --help' lists what it takes");
}
