#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "entering.hh"
#include "holding.hh"
#include "run_options.hh"
#include "settings.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "stopping.hh"
#include "values.hh"

namespace snug::commands {
namespace {

// As `snug run` without operands would make it, but to stay, and with nothing that runs in it by itself.
sys::Fd make_container(const cli::Invocation& invocation, const std::string& name) {
  const cli::Arguments nothing;
  plan::Spec spec = read_spec({nothing, invocation.environment, invocation.folder, invocation.command, {}});
  spec.name = name;
  spec.detach = spec.idle = true;
  spec.remove = false;
  Planned planned = plan_container(std::move(spec), invocation, Purpose::run, false);
  state::write_new_record(planned.facts.store, record_of(planned));
  const std::string given = planned.spec.rootfs.given;
  sys::Fd hold = start_for_visit(planned);
  say(format("snug: made the container {} from {}; 'snug rm {}' removes it\n", quoted(name), quoted(given), shell_quoted(name)));
  return hold;
}

// Empty where it runs already.
sys::Fd make_or_wake(const cli::Invocation& invocation, const std::string& store, const std::string& name) {
  auto record = state::try_find_record(store, name);
  if (!record) return make_container(invocation, parse_name(name));
  return goes_on(store, *record) ? sys::Fd() : wake(*std::move(record), invocation.environment);
}

int enter(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.empty()) throw UsageError("'snug enter' needs a container", "any name will do: one that is not there is made");
  if (operands.size() > 1 && operands[1].starts_with('-'))
    throw UsageError(format("{} stands where the command is to stand", quoted(operands[1])), "options go in front of the container");
  plan::Spec wanted = read_visit(invocation);
  wanted.command.assign(operands.begin() + 1, operands.end());
  wanted.interactive = true;
  const std::string store = store_of(invocation.environment);
  const Held held = hold_container(store, operands.front(), [&] { return make_or_wake(invocation, store, operands.front()); });
  return run_inside(held.entrance(), wanted, invocation, {.keep_folder = true});
}

}  // namespace

constinit const cli::Command enter_command{
    .name = "enter",
    .summary = "have a shell in a container, which is made or started where it needs to be",
    .operands = "CONTAINER [COMMAND [ARG...]]",
    .description = "Starts COMMAND, or your shell, in CONTAINER: in the folder that you are in, where it is there too. One that\n"
                   "sleeps is started for it, and ends when the last who entered leaves. One that is not there is made, as\n"
                   "'snug run' without operands would make it, and stays until 'snug rm'.",
    .shared = &enter_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .further = cli::Completer{cli::Complete::inside},
    .function = enter};

}  // namespace snug::commands
