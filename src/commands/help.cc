#include "help.hh"

#include <array>

#include "commands.hh"
#include "snug/commands/table.hh"
#include "snug/commands/output.hh"
#include "snug/cli/help.hh"

namespace snug::commands {
namespace {

constexpr std::string_view about =
    "A shell inside walls of its own: namespaces of the kernel that is already there, on a root file system "
    "of its own, for an ordinary user, with no daemon and no setuid program. Without a COMMAND it is a prompt "
    "that takes them.";

constexpr std::array options{
    cli::Option{.name = "dump", .help = "print the tables of commands and options", .hidden = true},
};

int help(const cli::Invocation& invocation) {
  if (invocation.arguments.flag("dump")) {
    print(cli::render_tables(all_commands()));
    return 0;
  }
  if (invocation.arguments.operands.empty()) return print_overview();
  print(cli::render_help(find_command(invocation.arguments.operands[0])));
  return 0;
}

}  // namespace

int print_overview() {
  print(cli::render_overview(about, all_commands()));
  return 0;
}

constinit const cli::Command help_command{
    .name = "help",
    .summary = "tell what snug or one of its commands does",
    .operands = "[COMMAND]",
    .description = "Tells what snug does, or what one of its commands does and takes.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::command},
    .function = help,
};

}  // namespace snug::commands
