#include "completing.hh"

#include <doctest/doctest.h>

#include <linux/capability.h>

#include <array>
#include <cctype>

#include "known_words.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/commands/table.hh"
#include "snug/plan/step.hh"

using namespace snug;
using namespace snug::commands;
using cli::Complete;

namespace {

// There is no store.
cli::Candidates complete_line(std::string_view line) {
  static constexpr std::array<const char*, 2> nothing{"XDG_DATA_HOME=/proc/1/nothing", nullptr};
  return complete(split(line, ' '), Environment(nothing.data()));
}

std::string words(std::string_view line) {
  std::vector<std::string> words;
  for (const cli::Candidate& each : complete_line(line).words) words.push_back(each.word);
  return join(words, " ");
}

std::string files(std::string_view line) {
  const cli::Candidates found = complete_line(line);
  if (found.files == cli::Candidates::Files::none) return "none";
  return (found.files == cli::Candidates::Files::all ? "all " : "folders ") + found.typed.substr(found.from);
}

}  // namespace

TEST_CASE("of every operand of every command it is told what completes it") {
  for (const cli::Command* command : all_commands()) {
    const bool told = command->completer.kind != Complete::nothing;
    CHECK_MESSAGE(told == (command->max_operands > 0), command->name);
    CHECK_MESSAGE(told == !command->operands.empty(), command->name);
    if (command->further) CHECK_MESSAGE((command->max_operands > 1 && command->further->kind != Complete::nothing), command->name);
    for (const cli::Option* option : cli::options_of(*command))
      if (option->is_flag()) CHECK_MESSAGE((option->completer.kind == Complete::nothing), option->name);
  }
}

TEST_CASE("signals and capabilities are completed, all that there are") {
  CHECK(words("run --cap-add NET_") == "NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW");
  CHECK(words("run --cap-drop A") == "ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE");
  for (const char* line : {"kill -s TE", "kill --signal TE", "stop --signal TE", "stop -s TE", "run --stop-signal TE"}) CHECK_MESSAGE(words(line) == "TERM", line);
  std::string signals;
  for (int number = 1; number < 32; ++number) signals += format("{}{}", signals.empty() ? "" : " ", signal_name(number).substr(3));
  CHECK(signals == signal_words);
  for (int number = 0; number <= CAP_LAST_CAP; ++number) {
    std::string name = plan::describe_capability(number);
    for (char& each : name) each = static_cast<char>(std::toupper(each));
    CHECK_MESSAGE((" " + std::string(capability_words) + " ").find(" " + name + " ") != std::string::npos, name);
  }
}

TEST_CASE("root file systems are completed, and files behind them") {
  CHECK(words("run -t h") == "host");
  CHECK(words("run ") == "dir: tar: oci: oci-archive: docker-archive: host");
  CHECK(files("run ") == "none");
  CHECK(files("run dir:sr") == "folders sr");
  CHECK(files("run tar:/a") == "all /a");
  CHECK(files("plan docker-archive:a") == "all a");
  CHECK(files("create ./sr") == "folders ./sr");
  CHECK(files("run /sr") == "folders /sr");
  CHECK(files("run ~/sr") == "folders ~/sr");
  CHECK(files("run host meson.b") == "all meson.b");
  CHECK(words("pull o") == "oci: oci-archive:");
  CHECK(files("pull tar:a") == "all a");
  CHECK(files("push x oci:sr") == "folders sr");
  CHECK(words("push o") == "");
}

TEST_CASE("an end of a copy may be a file here, until there is a colon in it") {
  CHECK(files("cp ") == "all ");
  CHECK(files("cp a") == "all a");
  CHECK(files("cp ./a:b") == "all ./a:b");
  CHECK(files("cp a b") == "all b");
  CHECK(files("cp a:b") == "none");
  CHECK(files("cp a b c") == "all c");
}

TEST_CASE("without a store there are no names, and no complaints") {
  for (const char* line : {"rm ", "exec ", "start ", "rmi ", "inspect ", "cp nobody:/"}) CHECK(words(line) == "");
}
