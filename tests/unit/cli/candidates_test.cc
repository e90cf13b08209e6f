#include "snug/cli/candidates.hh"

#include <doctest/doctest.h>

#include <array>

#include "snug/base/text.hh"

using namespace snug;
using namespace snug::cli;

namespace {

constexpr std::array options = std::to_array<Option>({
    {.name = "env-file", .argument = "PATH", .help = "set variables", .completer = {Complete::file}},
    {.name = "network", .argument = "CHOICE", .completer = {Complete::words, "none private host"}},
    {.name = "tty", .letter = 't'},
    {.name = "user", .letter = 'u', .argument = "USER"},
    {.name = "volume", .letter = 'v', .argument = "SOURCE:TARGET", .completer = {Complete::folder}},
    {.name = "secret", .hidden = true},
});
const Command help{.name = "help", .summary = "tell", .max_operands = 1, .completer = {Complete::command}};
const Command port{.name = "port", .max_operands = 3, .completer = {Complete::containers, "add rm"}, .further = Completer{Complete::ports}};
const Command rename_it{.name = "rename", .max_operands = 2, .completer = {Complete::containers}, .further = Completer{Complete::free}};
const Command rm{.name = "rm", .max_operands = SIZE_MAX, .completer = {Complete::containers}};
const Command run{.name = "run", .options = options, .stop_at_operand = true, .max_operands = SIZE_MAX,
                  .completer = {Complete::rootfs}, .further = Completer{Complete::file}};
const Command version{.name = "version"};
constexpr std::array table{&help, &port, &rename_it, &rm, &run, &version};

// Words are parted by one blank: behind one at the end is a word that is not begun yet.
Candidates find(std::string_view line) { return find_candidates(split(line, ' '), table); }

std::string words(std::string_view line) {
  std::vector<std::string> words;
  for (const Candidate& each : find(line).words) words.push_back(each.word);
  return join(words, " ");
}

// The kind of files that are offered, and the path that their names begin with.
std::string files(std::string_view line) {
  const Candidates found = find(line);
  if (found.files == Candidates::Files::none) return "none";
  return (found.files == Candidates::Files::all ? "all " : "folders ") + found.typed.substr(found.from);
}

bool wants(Complete kind, std::string_view line) { return find(line).wanted == kind; }

}  // namespace

TEST_CASE("commands are completed") {
  CHECK(words("") == "help port rename rm run version");
  CHECK(words("r") == "rename rm run");
  CHECK(words("--v") == "--version");
  CHECK(words("help ru") == "run");
  CHECK(words("help run ") == "");
  CHECK(words("nothing ") == "");
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
  for (const char* line : {"run -v sr", "run -tv sr", "run -tvsr", "run -v=sr", "run --volume=sr"}) CHECK(files(line) == "folders sr");
  CHECK(files("run --env-file ") == "all ");
}

TEST_CASE("a value is the parser's, also where it looks like letters") {
  for (const char* line : {"run -v/srv h", "run -uv h", "run -v - h"}) CHECK(wants(Complete::rootfs, line));
  CHECK(files("run - a") == "all a");
}

TEST_CASE("each operand is of its own kind, and there are no more than the command takes") {
  CHECK(wants(Complete::rootfs, "run h"));
  CHECK(files("run host meson.b") == "all meson.b");
  CHECK(wants(Complete::containers, "rename "));
  CHECK((find("rename web ").wanted == Complete::free));
  CHECK(find("rename web ").operands == std::vector<std::string>{"web"});
  CHECK(words("port ") == "add rm");
  CHECK(wants(Complete::containers, "port "));
  CHECK(find("port --help rm web ").operands == std::vector<std::string>{"rm", "web"});
  CHECK(wants(Complete::containers, "rm one two "));
  CHECK(wants(Complete::nothing, "version x"));
  CHECK(files("version x") == "none");
}

TEST_CASE("what is offered begins as what was typed does, and has nothing in it that a terminal acts on") {
  Candidates to{.typed = "dir:a", .from = 4};
  for (const char* word : {"a b", "b", "a\tb", "a\x1b[31m", "a\xc2\x9b", "a\xff"}) to.offer(word, "one\ntwo");
  REQUIRE(to.words.size() == 1);
  CHECK(to.words[0].word == "dir:a b");
  CHECK(to.words[0].about.find('\n') == std::string::npos);
}

TEST_CASE("scripts get lines: files and from where, the word so far, and each candidate with what it is") {
  CHECK(render_candidates(find("he")) == "none 0\nhe\nhelp\ttell\n");
  CHECK(render_candidates(find("run --env-file=a b")).starts_with("none 0\nb\n"));
  CHECK(render_candidates(find("run --env-file=a")) == "files 11\n--env-file=a\n");
  CHECK(render_candidates(find("run -v s")) == "folders 0\ns\n");
  CHECK(render_candidates(find("run -v a\nb")) == "none 0\n\n");
}
