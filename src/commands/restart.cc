#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "monitoring.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

int restart(const cli::Invocation& invocation) {
  const Patience patience = read_patience(invocation.arguments);
  return for_each_container(invocation, [&](const std::string& store, const state::Record& record) {
    if (!plan::is_kept(config::parse_spec(*record.spec))) throw Error(format("the container {} goes away when it ends, and cannot be started again", quoted(record.name)), "'snug create' makes one that stays");
    stop_container(store, record, patience);
    Planned planned = plan_again(record, invocation.environment);
    start_in_background(planned);
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command restart_command{
    .name = "restart",
    .summary = "stop containers, and start them again",
    .operands = "CONTAINER...",
    .description = "Stops each container as 'snug stop' does, if it runs, and starts it.",
    .options = patience_options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .function = restart};

}  // namespace snug::commands
