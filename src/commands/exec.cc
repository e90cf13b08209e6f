#include <array>
#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "entering.hh"
#include "networking.hh"
#include "run_options.hh"
#include "snug/base/error.hh"
#include "values.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "allow", .argument = "NAME[:PORT]|NETWORK[:PORT]", .help = "let the container send there from now on: snug network allow", .repeatable = true, .completer = {cli::Complete::free}},
    cli::Option{.name = "privileged", .help = "refused: nobody enters with more rights than the container has"},
    cli::Option{.name = "verbose", .help = "print each step as it is done, with the time it took"},
};

int exec(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.size() < 2)
    throw UsageError(operands.empty() ? "'snug exec' needs a container and a command" : "'snug exec' needs a command", "for a shell: snug enter CONTAINER");
  if (invocation.arguments.flag("privileged"))
    throw UsageError("--privileged: nobody enters with more rights than the container has", "snug run --cap-add gives the container more");
  plan::Spec wanted = read_visit(invocation);
  wanted.command.assign(operands.begin() + 1, operands.end());
  const std::string store = store_of(invocation.environment);
  std::vector<std::string> rules;
  for (const cli::Given& given : invocation.arguments.options)
    if (given.option->name == "allow") rules.push_back(parse_allow(given.value));
  if (!rules.empty()) change_egress(store, operands.front(), rules, true);
  return run_inside(open_entrance(store, state::find_record(store, operands.front())), wanted, invocation,
                    {.verbose = invocation.arguments.flag("verbose")});
}

}  // namespace

constinit const cli::Command exec_command{
    .name = "exec",
    .summary = "run another command in a container that runs",
    .operands = "CONTAINER COMMAND [ARG...]",
    .description = "Starts COMMAND behind all walls of CONTAINER and under all its restraints, with the environment that the\n"
                   "container was given, and waits for its end. It ends with this command, and with the container.",
    .options = options,
    .shared = &exec_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::running},
    .further = cli::Completer{cli::Complete::inside},
    .function = exec};

}  // namespace snug::commands
