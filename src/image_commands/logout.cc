#include "connection.hh"
#include "functions.hh"
#include "registry_operand.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"

namespace snug::image_commands {

int logout(const cli::Invocation& invocation) {
  if (invocation.arguments.flag("all")) {
    if (!invocation.arguments.operands.empty()) throw UsageError("--all and a registry cannot be used together");
    static_cast<void>(transport::log_out({}, connection_of(invocation, {})));
    commands::print("Removed login credentials for all registries\n");
    return 0;
  }
  const std::string registry = registry_operand(invocation);
  if (!transport::log_out(registry, connection_of(invocation, registry))) throw Error(format("not logged in to {}", quoted(registry)));
  commands::print(format("Removed login credentials for {}\n", registry));
  return 0;
}

}  // namespace snug::image_commands
