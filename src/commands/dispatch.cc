#include "snug/commands/dispatch.hh"

#include <climits>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "commands.hh"
#include "completing.hh"
#include "containers.hh"
#include "snug/commands/table.hh"
#include "help.hh"
#include "snug/commands/output.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/cli/help.hh"
#include "snug/shell/prompt.hh"

namespace snug::commands {
namespace {

// Empty where the folder was removed: only who needs it has to complain.
std::string current_folder() {
  std::array<char, PATH_MAX> buffer;
  return ::getcwd(buffer.data(), buffer.size()) ? buffer.data() : "";
}

constexpr std::string_view welcome =
    "Type a command: 'run' is a shell inside walls, 'doctor' tells what works here.\n"
    "'help' lists them all, Tab completes, '! ls' is ls on this machine, outside.\n"
    "Ctrl-C drops a line, Ctrl-D or 'exit' leaves. These lines do not come again.\n";

// What nobody can count is no reason to leave the prompt.
std::size_t count_running(const Environment& environment) {
  try {
    const std::string store = store_of(environment);
    const std::vector<state::Record> records = state::list_records(store);
    return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), [&](const state::Record& each) { return is_up(store, each); }));
  } catch (const Error&) {
    return 0;
  }
}

// With a terminal a prompt, with anything else a script. Where only the output goes elsewhere nobody sees a prompt.
int take_commands(const Environment& environment) {
  const shell::Commands commands{
      [&](std::span<const std::string> words) { return complete(words, environment); },
      [&](std::span<const std::string_view> words) { return dispatch(words, environment); },
      [&] { return count_running(environment); }, welcome};
  if (!::isatty(STDIN_FILENO)) return shell::run_script(commands, environment);
  return ::isatty(STDOUT_FILENO) ? shell::run_prompt(commands, environment) : print_overview();
}

}  // namespace

int dispatch(std::span<const std::string_view> words, const Environment& environment) {
  if (words.empty()) return take_commands(environment);
  if (words[0] == "--help" || words[0] == "-h") return print_overview();
  const std::string_view name = words[0] == "--version" ? version_command.name : words[0];
  if (name.starts_with('-'))
    throw UsageError(format("the first word is a command, not an option: {}", quoted(name)),
                     "'snug help' lists the commands");
  const cli::Command& command = find_command(name);
  const cli::Arguments arguments = cli::parse(command, words.subspan(1));
  if (arguments.flag(cli::help_option.name)) {
    print(cli::render_help(command));
    return 0;
  }
  return command.function({arguments, environment, current_folder(), command, words.subspan(1)});
}

}  // namespace snug::commands
