#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "snug/commands/table.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/cli/help.hh"
#include "snug/sys/file.hh"

using namespace snug;
using namespace snug::commands;

namespace {

std::string refusal(std::string_view name) {
  try {
    static_cast<void>(find_command(name));
  } catch (const UsageError& error) {
    return error.message() + " | " + error.hint();
  }
  return "taken";
}

}  // namespace

TEST_CASE("the table is in the order of the alphabet, and each row is complete") {
  const auto table = all_commands();
  CHECK(std::is_sorted(table.begin(), table.end(), [](auto* a, auto* b) { return a->name < b->name; }));
  for (const cli::Command* command : table) {
    CHECK(&find_command(command->name) == command);
    CHECK((command->function != nullptr));
    CHECK_FALSE(command->summary.empty());
  }
}

TEST_CASE("no command has two options of one name or letter, and all say what they do") {
  for (const cli::Command* command : all_commands()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const cli::Option* option : cli::options_of(*command)) {
      CHECK_MESSAGE(names.insert(option->name).second, option->name);
      if (option->letter != 0) CHECK_MESSAGE(letters.insert(option->letter).second, option->name);
      CHECK_FALSE(option->help.empty());
    }
    if (!command->shared) continue;
    for (const cli::NotYet& absent : command->shared->not_yet) {
      CHECK_MESSAGE(names.insert(absent.word).second, absent.word);
      if (absent.letter != 0) CHECK_MESSAGE(letters.insert(absent.letter).second, absent.word);
    }
  }
}

// `snug help NAME > tests/golden/help-NAME.txt` writes them anew.
TEST_CASE("help texts are as the golden files say, and fit a page") {
  for (const cli::Command* command : all_commands()) {
    const std::string help = cli::render_help(*command);
    CHECK(help == sys::find_file_text(format("tests/golden/help-{}.txt", command->name).c_str()));
    for (const std::string_view line : lines(help)) CHECK_MESSAGE(line.size() <= 80, line);
  }
}

TEST_CASE("unknown commands get the nearest right word, docker's are told apart") {
  CHECK(refusal("rnu") == "'rnu' is no command | did you mean 'snug run'?");
  CHECK(refusal("wa") == "'wa' is no command | did you mean 'snug wait' or 'snug walls'?");
  CHECK(refusal("netw") == "'netw' is no command | did you mean 'snug network'?");
  CHECK(refusal("versoin") == "'versoin' is no command | did you mean 'snug version'?");
  CHECK(refusal("frobnicate") == "'frobnicate' is no command | 'snug help' lists the commands");
  CHECK(refusal("volume") == "'volume' comes with a later version; it is not there yet | -v FOLDER:TARGET keeps what is written there in a folder of yours");
  CHECK(refusal("container") == "'container' is no command | its commands are snug's own: 'snug ps', 'snug inspect', 'snug rm', 'snug prune' and so on");
  CHECK(refusal("") == "'' is no command | 'snug help' lists the commands");
  for (const cli::NotYet& absent : absent_commands())
    CHECK(std::none_of(all_commands().begin(), all_commands().end(),
                       [&](auto* known) { return known->name == absent.word; }));
}
