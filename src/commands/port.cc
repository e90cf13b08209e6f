#include <algorithm>

#include "commands.hh"
#include "containers.hh"
#include "networking.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/plan/network.hh"
#include "snug/state/names.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using Ports = std::vector<plan::PublishedPort>;

// "80" and "80/tcp" are the same.
std::string wanted_port(const std::string& typed) {
  const Ports ports = parse_publish(typed);
  if (ports.size() != 1 || ports.front().host != 0) throw UsageError(format("{} is not one port of the container", quoted(typed)), "such as 80 or 53/udp");
  return render_inner_port(ports.front());
}

std::string render_way(const plan::PublishedPort& port) { return format("{} -> {}\n", render_inner_port(port), render_host_port(port)); }

Error not_published(const state::Record& record, std::string_view port, const plan::PublishedPort* meant = nullptr) {
  const std::string name = shell_quoted(record.name);
  std::string hint = meant ? format("the one of this machine leads to {}: snug port rm {} {}", render_inner_port(*meant), name, render_inner_port(*meant)) : format("snug port {}", name);
  return Error(format("the container {} has no published port {}", quoted(record.name), port), std::move(hint));
}

void list(const state::Record& record, const std::string& wanted) {
  bool found = wanted.empty();
  const plan::Spec spec = config::parse_spec(*record.spec);
  if (!spec.network.container.empty()) check_own_network(record, spec, "port");
  for (const plan::PublishedPort& each : spec.network.ports) {
    if (!wanted.empty() && render_inner_port(each) != wanted) continue;
    found = true;
    print(wanted.empty() ? render_way(each) : render_host_port(each) + "\n");
  }
  if (!found) throw not_published(record, wanted);
}

// Whoever names no port of the host means all that lead there.
Ports without(Ports ports, const plan::PublishedPort& unwanted, const state::Record& record) {
  const bool any_host = unwanted.host == 0;
  const auto gone = std::erase_if(ports, [&](const plan::PublishedPort& each) {
    return each.container == unwanted.container && each.udp == unwanted.udp && (any_host || render_host_port(each) == render_host_port(unwanted));
  });
  if (gone != 0) return ports;
  const auto meant = std::find_if(ports.begin(), ports.end(), [&](const plan::PublishedPort& each) { return any_host && each.host == unwanted.container && each.udp == unwanted.udp; });
  throw not_published(record, any_host ? render_inner_port(unwanted) : render_host_port(unwanted), meant == ports.end() ? nullptr : &*meant);
}

// What is open and what is written down agree; of one that does not run only that is there.
void publish(const std::string& store, state::Record record, plan::Spec spec, const std::vector<plan::BusyPort>& busy) {
  std::vector<std::string> words = accepted(plan::make_port_words(spec.network.ports, busy));
  words.insert(words.begin(), "ports");
  if (is_up(store, record)) change_living(store, record, words, "ports");
  record.spec = config::render_spec(spec);
  state::write_record(store, record);
}

void change(const std::string& store, const std::string& name, bool add, const std::string& typed) {
  const sys::Fd turn = state::take_turn(store);
  const state::Record record = state::find_record(store, name);
  plan::Spec spec = config::parse_spec(*record.spec);
  check_own_network(record, spec, add ? "port add" : "port rm");
  Ports& ports = spec.network.ports;
  if (add) check_way_out(store, record, spec);
  const std::size_t before = ports.size();
  for (const plan::PublishedPort& each : parse_publish(typed)) add ? ports.push_back(each) : void(ports = without(ports, each, record));
  const std::vector<plan::BusyPort> busy = add ? settle_ports(ports, before, store) : std::vector<plan::BusyPort>();
  publish(store, record, spec, busy);
  for (std::size_t at = before; at < ports.size(); ++at) print(render_way(ports[at]));
}

int port(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  const bool add = !operands.empty() && operands[0] == "add", changes = operands.size() == 3 && (add || operands[0] == "rm");
  if (operands.empty()) throw UsageError("'snug port' needs a container", "'snug ps' lists them");
  if (operands.size() < 3 && (add || operands[0] == "rm")) throw UsageError(format("'snug port {}' takes CONTAINER PORT", operands[0]), format("snug port {} CONTAINER {}", operands[0], add ? "[IP:]HOST:INSIDE[/udp]" : "INSIDE[/udp]"));
  if (operands.size() == 3 && !changes) throw UsageError(format("{} is neither add nor rm", quoted(operands[0])), "snug port add CONTAINER [IP:]HOST:INSIDE[/udp]");
  const std::string store = store_of(invocation.environment);
  if (changes) {
    change(store, operands[1], add, operands[2]);
    return 0;
  }
  const state::Record record = state::find_record(store, operands[0]);
  list(record, operands.size() > 1 ? wanted_port(operands[1]) : "");
  return 0;
}

}  // namespace

constinit const cli::Command port_command{
    .name = "port",
    .summary = "list or change the published ports of a container",
    .operands = "[add|rm] CONTAINER [PORT]",
    .description = "Lists the ports of CONTAINER that ports of this machine lead to while it runs, and those; with PORT, where\n"
                   "that one is to be found. 'add' publishes another one, written as for 'snug run --publish', of a container that\n"
                   "runs detached or does not run; 'rm' takes one away. Connections that go through pasta then end.",
    .max_operands = 3,
    .completer = {cli::Complete::containers, "add rm"},
    .further = cli::Completer{cli::Complete::ports},
    .function = port};

}  // namespace snug::commands
