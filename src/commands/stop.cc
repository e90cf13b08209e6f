#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "stopping.hh"
#include "values.hh"

namespace snug::commands {
namespace {

int stop(const cli::Invocation& invocation) {
  const Patience patience = read_patience(invocation.arguments);
  return for_each_container(invocation, [&](const std::string& store, const state::Record& record) {
    stop_container(store, record, patience);
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command stop_command{
    .name = "stop",
    .summary = "ask containers to end, and end them after a while",
    .operands = "CONTAINER...",
    .description = "Sends the stop signal of the container (--stop-signal, the image's, or TERM) to its command, and\n"
                   "SIGKILL when it has not ended in time. What it wrote stays.",
    .options = patience_options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::running},
    .function = stop};

}  // namespace snug::commands
