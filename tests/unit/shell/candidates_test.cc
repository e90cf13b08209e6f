#include "snug/shell/candidates.hh"

#include <doctest/doctest.h>

#include "snug/base/text.hh"

using namespace snug;
using namespace snug::shell;

namespace {

// Stands for the commands: offers "run", and behind it whatever was asked for, so that it can be seen.
Completion complete(std::string_view line) {
  return complete_line(line, [](std::span<const std::string> words) {
    cli::Candidates found{.typed = words.back()};
    if (words.size() == 1) found.offer("run");
    else found.words.push_back({join({words.begin(), words.end()}, "|")});
    return found;
  });
}

std::string words(std::string_view line) {
  std::vector<std::string> words;
  for (const cli::Candidate& each : complete(line).found.words) words.push_back(each.word);
  return join(words, " ");
}

}  // namespace

TEST_CASE("commands are completed, and the words that leave; but not in a line of another shell") {
  CHECK(words("") == "run exit quit man");
  CHECK(words("  r") == "run");
  CHECK(words("q") == "quit");
  CHECK(words("snug ") == "run");
  CHECK(words("snug r") == "run");
  CHECK(words("man r") == "help|r");
  CHECK(words("snug man r") == "man|r");
}

TEST_CASE("a line becomes words, without its quotes and snug's own name") {
  CHECK(words("run --ne") == "run|--ne");
  CHECK(words("run -v 'my fol") == "run|-v|my fol");
  CHECK(words("snug run my\\ folder ") == "run|my folder|");
  CHECK(words("run # --net") == "");
}

TEST_CASE("the word's place is known") {
  const Completion completion = complete("run -v 'my fol");
  CHECK(completion.start == 7);
  CHECK(completion.found.typed == "my fol");
}

TEST_CASE("for commands of the host files are offered") {
  using Files = cli::Candidates::Files;
  for (const char* line : {"! ls sr", "!ls sr"}) {
    CHECK((complete(line).found.files == Files::all));
    CHECK(complete(line).found.typed == "sr");
  }
  CHECK((complete("'!' sr").found.files == Files::none));
}
