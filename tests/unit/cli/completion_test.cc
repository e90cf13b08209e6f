#include <doctest/doctest.h>

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "snug/base/text.hh"
#include "snug/cli/help.hh"

using namespace snug;

namespace {

constexpr std::array options = std::to_array<cli::Option>({
    {.name = "network", .argument = "CHOICE", .completer = {cli::Complete::words, "none private host"}},
    {.name = "tty", .letter = 't'},
    {.name = "volume", .letter = 'v', .argument = "SOURCE:TARGET", .completer = {cli::Complete::folder}},
    {.name = "secret", .hidden = true},
});
const cli::Command help{.name = "help", .max_operands = 1, .completer = {cli::Complete::command}};
const cli::Command run{
    .name = "run", .options = options, .stop_at_operand = true, .completer = {cli::Complete::rootfs}};
constexpr std::array table{&help, &run};

// Runs a script in bash, in the folder that the tests run in, and gives what it prints.
std::string bash(const std::string& script) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  REQUIRE(::posix_spawn_file_actions_init(&actions) == 0);
  REQUIRE(::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) == 0);
  std::array<char*, 4> words{const_cast<char*>("bash"), const_cast<char*>("-c"),
                             const_cast<char*>(script.c_str()), nullptr};
  pid_t child = 0;
  REQUIRE(::posix_spawnp(&child, "bash", &actions, nullptr, words.data(), environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t got; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return text;
}

// What bash offers when TAB is pressed behind `line`. compopt works in a real completion only.
std::string offered(std::string_view line) {
  return bash(format(
      "compopt() {{ :; }}\n{}\nCOMP_LINE={}; COMP_POINT=${{#COMP_LINE}}; _snug; echo \"${{COMPREPLY[*]}}\"",
      cli::render_bash_completion(table), shell_quoted(line)));
}

}  // namespace

TEST_CASE("commands are completed") {
  CHECK(offered("snug ") == "help run --help --version\n");
  CHECK(offered("snug r") == "run\n");
  CHECK(offered("snug help r") == "run\n");
}

TEST_CASE("options are completed up to the first operand, hidden ones never") {
  CHECK(offered("snug run --") == "--network --tty --volume --help\n");
  CHECK(offered("snug run -t --vo") == "--volume\n");
  CHECK(offered("snug run --s") == "\n");
  CHECK(offered("snug run host ls --vo") == "\n");
}

TEST_CASE("values are completed as what they are") {
  CHECK(offered("snug run --network p") == "private\n");
  CHECK(offered("snug run --network=p") == "private\n");
  CHECK(offered("snug run --tty=f") == "false\n");
  CHECK(offered("snug run -v sr") == "src\n");
  CHECK(offered("snug run -tv sr") == "src\n");
}

TEST_CASE("root file systems are completed, what bash takes for a word of its own left out") {
  CHECK(offered("snug run -t h") == "host\n");
  CHECK(offered("snug run dir:sr") == "src\n");
  CHECK(offered("snug run -v src:/src ./sr") == "./src/\n");
  CHECK(offered("snug run host meson.b") == "meson.build\n");
}
