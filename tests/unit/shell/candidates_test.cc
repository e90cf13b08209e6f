#include "candidates.hh"

#include <doctest/doctest.h>

#include <array>

#include "snug/base/text.hh"

using namespace snug;
using namespace snug::shell;

namespace {

constexpr std::array options = std::to_array<cli::Option>({
    {.name = "env-file", .argument = "PATH", .completer = {cli::Complete::file}},
    {.name = "network", .argument = "CHOICE", .completer = {cli::Complete::words, "none private host"}},
    {.name = "tty", .letter = 't'},
    {.name = "user", .letter = 'u', .argument = "USER"},
    {.name = "volume", .letter = 'v', .argument = "SOURCE:TARGET", .completer = {cli::Complete::folder}},
    {.name = "secret", .hidden = true},
});
const cli::Command help{.name = "help", .max_operands = 1, .completer = {cli::Complete::command}};
const cli::Command run{
    .name = "run", .options = options, .stop_at_operand = true, .completer = {cli::Complete::rootfs}};
const cli::Command version{.name = "version"};
constexpr std::array table{&help, &run, &version};

std::string words(std::string_view line) { return join(find_candidates(line, table).words, " "); }

// The kind of files that are offered, and the path that their names begin with.
std::string files(std::string_view line) {
  const Candidates found = find_candidates(line, table);
  if (found.files == Candidates::Files::none) return "none";
  return (found.files == Candidates::Files::all ? "all " : "folders ") + found.typed.substr(found.path);
}

}  // namespace

TEST_CASE("commands are completed, and the words that leave") {
  CHECK(words("") == "help run version exit quit");
  CHECK(words("  r") == "run");
  CHECK(words("help r") == "run");
  CHECK(words("help run ") == "");
  CHECK(words("nothing ") == "");
  CHECK(words("snug r") == "run");
  CHECK(words("snug run --ne") == "--network");
}

TEST_CASE("options are completed up to the first operand, hidden ones never") {
  CHECK(words("run --") == "--env-file --network --tty --user --volume --help");
  CHECK(words("run -t --vo") == "--volume");
  CHECK(words("run --s") == "");
  CHECK(words("run host ls --vo") == "");
  CHECK(words("run -- --vo") == "");
  CHECK(words("help run --") == "--help");
}

TEST_CASE("values are completed as what they are") {
  CHECK(words("run --network p") == "private");
  CHECK(words("run --network=p") == "--network=private");
  CHECK(words("run --network=") == "--network=none --network=private --network=host");
  CHECK(words("run --tty=f") == "--tty=false");
  CHECK(words("run -t=t") == "-t=true");
  CHECK(words("run --user --vo") == "");
  CHECK(files("run -v sr") == "folders sr");
  CHECK(files("run -tv sr") == "folders sr");
  CHECK(files("run -tvsr") == "folders sr");
  CHECK(files("run -v=sr") == "folders sr");
  CHECK(files("run --volume=sr") == "folders sr");
  CHECK(files("run --env-file ") == "all ");
}

TEST_CASE("a value is the parser's, also where it looks like letters") {
  CHECK(words("run -v/srv h") == "host");
  CHECK(words("run -uv h") == "host");
  CHECK(words("run -v - h") == "host");
  CHECK(files("run - a") == "all a");
}

TEST_CASE("root file systems are completed, and files behind them") {
  CHECK(words("run -t h") == "host");
  CHECK(words("run ") == "host dir: tar:");
  CHECK(files("run dir:sr") == "folders sr");
  CHECK(files("run tar:/a") == "all /a");
  CHECK(files("run ./sr") == "folders ./sr");
  CHECK(files("run /sr") == "folders /sr");
  CHECK(files("run host meson.b") == "all meson.b");
  CHECK(files("version x") == "none");
}

TEST_CASE("quotes are undone, and the word's place is known") {
  const Candidates found = find_candidates("run -v 'my fol", table);
  CHECK(found.start == 7);
  CHECK(found.typed == "my fol");
  CHECK(words("run '--net") == "--network");
  CHECK(words("run # --net") == "");
}

TEST_CASE("for commands of the host files are offered") {
  CHECK(files("! ls sr") == "all sr");
  CHECK(files("!ls sr") == "all sr");
  CHECK(files("'!' sr") == "none");
}
