#include <array>
#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "monitoring.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"

namespace snug::commands {
namespace {

int start(const cli::Invocation& invocation) {
  return for_each_container(invocation, [&](const std::string& store, const state::Record& record) {
    if (!is_up(store, record)) {
      Planned planned = plan_again(record, invocation.environment);
      start_in_background(planned);
    }
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command start_command{
    .name = "start",
    .summary = "start containers that do not run",
    .operands = "CONTAINER...",
    .description = "Starts the command of each container again, in the background, on the root as it was left. One that\n"
                   "runs already is left alone.",
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .function = start};

}  // namespace snug::commands
