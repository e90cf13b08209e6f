#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "entering.hh"
#include "holding.hh"
#include "monitoring.hh"
#include "run_options.hh"
#include "settings.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/store.hh"
#include "snug/state/names.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

int visit_container(const cli::Invocation& invocation, const std::string& store, const std::string& name) {
  const auto& operands = invocation.arguments.operands;
  plan::Spec wanted = read_visit(invocation);
  wanted.own_shell = wanted.interactive = true;
  wanted.command.assign(operands.begin() + 1, operands.end());
  const Held held = hold_container(store, name, [&] {
    state::Record record = state::find_record(store, name);
    return goes_on(store, record) ? sys::Fd() : wake(std::move(record), invocation.environment);
  });
  return run_inside(held.entrance(), wanted, invocation, {});
}

// What was typed may have been meant for a container.
Planned plan_root(plan::Spec spec, const cli::Invocation& invocation) {
  const bool is_image = spec.rootfs.kind == plan::Rootfs::Kind::image;
  try {
    return plan_container(std::move(spec), invocation, Purpose::run, false);
  } catch (const Error& error) {
    if (!is_image || image::Store(store_of(invocation.environment)).find_stored(invocation.arguments.operands.front())) throw;
    const std::string& typed = invocation.arguments.operands.front();
    const auto nearest = state::find_nearest_name(store_of(invocation.environment), typed);
    Error told(error.message(), nearest ? format("did you mean the container {}?", quoted(*nearest)) : error.hint());
    for (const std::string& context : error.contexts()) told.during(context);
    throw told.during(format("look for an image, since there is no container {}", quoted(typed))).with_exit_code(error.exit_code());
  }
}

// As snug run would start it, and gone with the shell.
int visit_root(const cli::Invocation& invocation) {
  plan::Spec spec = read_spec(invocation);
  spec.own_shell = spec.interactive = true;
  Planned planned = plan_root(std::move(spec), invocation);
  return run_in_foreground(planned, false);
}

int debug(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.empty()) throw UsageError("'snug debug' needs a container, an image or a root file system", "'snug ps --all' and 'snug images' list them");
  const std::string store = store_of(invocation.environment);
  return state::try_find_record(store, operands.front()) ? visit_container(invocation, store, operands.front()) : visit_root(invocation);
}

}  // namespace

constinit const cli::Command debug_command{
    .name = "debug",
    .summary = "look around with snug's own shell, where there is none",
    .operands = "CONTAINER|ROOTFS [COMMAND [ARG...]]",
    .description = "Has snug's own shell, with an ls, a ps, a grep and the like of its own, in a container that runs, in one that\n"
                   "sleeps and is woken for it, or in a throw-away container made from an image, a folder or an archive. The shell\n"
                   "needs no file of that root: it may hold one program and nothing else, or be broken. With a COMMAND it does that\n"
                   "alone; with -c SCRIPT a script.",
    .shared = &debug_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::named},
    .further = cli::Completer{cli::Complete::inside},
    .function = debug};

}  // namespace snug::commands
