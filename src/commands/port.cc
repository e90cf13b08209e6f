#include "commands.hh"
#include "containers.hh"
#include "networking.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "values.hh"

namespace snug::commands {
namespace {

// "80" and "80/tcp" are the same.
std::string wanted_port(const std::string& typed) {
  const auto ports = parse_publish(typed);
  if (ports.size() != 1 || ports.front().host != 0) throw UsageError(format("{} is not one port of the container", quoted(typed)), "such as 80 or 53/udp");
  return render_inner_port(ports.front());
}

int port(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.empty()) throw UsageError("'snug port' needs a container", "'snug ps' lists them");
  const std::string store = store_of(invocation.environment);
  const state::Record record = state::find_record(store, operands.front());
  need_running(store, record);
  const std::string wanted = operands.size() > 1 ? wanted_port(operands[1]) : "";
  bool found = wanted.empty();
  for (const plan::PublishedPort& each : config::parse_spec(*record.spec).network.ports) {
    const std::string inside = render_inner_port(each);
    if (!wanted.empty() && inside != wanted) continue;
    found = true;
    print(wanted.empty() ? format("{} -> {}\n", inside, render_host_port(each)) : render_host_port(each) + "\n");
  }
  if (!found) throw Error(format("the container {} has no published port {}", quoted(record.name), wanted), format("snug port {}", shell_quoted(record.name)));
  return 0;
}

}  // namespace

constinit const cli::Command port_command{
    .name = "port",
    .summary = "list the published ports of a container",
    .operands = "CONTAINER [PORT[/udp]]",
    .description = "Lists the ports of CONTAINER, which runs, that ports of this machine lead to, and those; with PORT, where\n"
                   "that one is to be found.",
    .max_operands = 2,
    .completer = {cli::Complete::containers},
    .function = port};

}  // namespace snug::commands
