#include <doctest/doctest.h>

#include <string>

#include "harness.hh"
#include "snug/base/text.hh"

using namespace snug::test;

TEST_SUITE_BEGIN("any");

TEST_CASE("plan shows what run does, and does nothing") {
  const auto before = traces();
  const Result plan = run({program(), "plan", "--userns", "single", "-e", "A=b", "--ulimit", "nofile=5:6", "--hostname", "h",
                           "--cap-drop", "chown", "-v", "/opt:/mnt:ro", "-w", "/w", small_root(), "echo", "hi"});
  CHECK(plan.code == 0);
  for (const char* word : {"env A=b", "nofile 5:6", "set the host name to 'h'", "bind '/opt' on '/mnt' (read-only)",
                           "change to the folder '/w'", R"(execve("/bin/echo", ["echo", "hi"], ENV))", "CLONE_NEWUSER", "pivot_root"})
    CHECK_MESSAGE(plan.out.find(word) != std::string::npos, word);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("--verbose names each step that the plan names, as it is done") {
  const std::vector<std::string> words{"--userns", "single", "--name", "one", small_root(), "true"};
  const auto with = [&](std::vector<std::string> first) {
    first.insert(first.begin(), program());
    first.insert(first.end(), words.begin(), words.end());
    return run(first);
  };
  const Result plan = with({"plan"}), json = with({"plan", "--json"}), verbose = with({"run", "--verbose"});
  int compared = 0;
  for (const std::string_view line : snug::lines(verbose.err)) {
    const std::size_t phrase = line.find(" us  ");
    if (phrase == std::string_view::npos) continue;
    ++compared;
    CHECK_MESSAGE(plan.out.find(line.substr(phrase + 5)) != std::string::npos, line);
  }
  int steps = 0;
  for (std::size_t at = 0; (at = json.out.find("\"actor\":", at)) != std::string::npos; ++at) ++steps;
  CHECK(compared == steps);
}

TEST_CASE("plan speaks JSON") {
  CHECK(run({program(), "plan", "--json", "--userns", "single", small_root(), "true"}).out.starts_with("{\n  \"version\": 1,"));
}
