#include <cstdint>

#include "commands.hh"
#include "making.hh"
#include "planning.hh"
#include "run_options.hh"
#include "settings.hh"
#include "snug/commands/output.hh"

namespace snug::commands {
namespace {

// Somebody who makes a container with a shell, at a terminal, means to work in it.
void choose_terminal(plan::Spec& spec) {
  const bool root_shell = (!spec.entrypoint || spec.entrypoint->empty()) && spec.rootfs.kind != plan::Rootfs::Kind::image;
  const bool shell = spec.command.empty() && (spec.own_shell || root_shell);
  if (spec.terminal != plan::Terminal::automatic || !shell) return;
  spec.terminal = plan::Terminal::always;
  spec.interactive = true;
}

int create(const cli::Invocation& invocation) {
  plan::Spec spec = read_spec(invocation);
  spec.detach = true;
  choose_terminal(spec);
  IdFile id_file(invocation);
  make_room(invocation, spec);
  Planned planned = plan_container(std::move(spec), invocation, Purpose::run, false);
  state::Record record = record_of(planned);
  record.kept = true;  // with --rm it goes once it has run
  state::write_record(planned.facts.store, record);
  id_file.write(planned);
  planned.storage->keep(true);
  print(planned.storage->id() + "\n");
  return 0;
}

}  // namespace

constinit const cli::Command create_command{
    .name = "create",
    .summary = "make a container without starting it",
    .operands = "[ROOTFS [COMMAND [ARG...]]]",
    .description = "Takes the words of 'snug run', makes the container, and prints its id. 'snug start' starts it, as\n"
                   "often as you like; what it writes to its root stays until 'snug rm'.",
    .options = making_options,
    .shared = &run_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::rootfs},
    .further = cli::Completer{cli::Complete::file},
    .function = create};

}  // namespace snug::commands
