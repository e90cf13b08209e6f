#include <csignal>
#include <cstdint>
#include <vector>

#include "commands.hh"
#include "containers.hh"
#include "snug/base/text.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

int wait(const cli::Invocation& invocation) {
  allow_descriptors(invocation.arguments.operands.size());
  // All are found before the first is waited for: another may go away meanwhile, and its end with it.
  std::vector<Awaited> containers;
  const int code = for_each_container(invocation, [&](const std::string& store, const state::Record& record) { containers.push_back(await(store, record)); });
  for (const Awaited& each : containers) {
    const auto end = wait_for_end(store_of(invocation.environment), each);
    if (!end) return 128 + SIGINT;
    print(format("{}\n", *end));
  }
  return code;
}

}  // namespace

constinit const cli::Command wait_command{
    .name = "wait",
    .summary = "wait until containers have ended; print their exit codes",
    .operands = "CONTAINER...",
    .description = "Waits for one after the other. Of a container that has ended already, it prints the code at once.",
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .function = wait};

}  // namespace snug::commands
