#include "networking.hh"

#include <algorithm>

#include "containers.hh"
#include "shared_networks.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/net/ports.hh"
#include "snug/plan/network.hh"
#include "snug/runtime/attach.hh"
#include "snug/state/names.hh"
#include "values.hh"

namespace snug::commands {
namespace {

// What the image names as "80/tcp", "80" or "8000-8010/udp"; anything else of a stranger's is passed over, such as a port of this
// machine, and more than anybody serves.
void publish_all(plan::Spec& spec) {
  constexpr std::size_t most = 256;
  for (const std::string& named : spec.notes.ports) {
    try {
      for (const plan::PublishedPort& port : parse_publish(named)) {
        if (!port.address.empty() || port.host != 0 || spec.network.ports.size() >= most) break;
        const auto same = [&](const plan::PublishedPort& other) { return other.container == port.container && other.udp == port.udp; };
        if (std::none_of(spec.network.ports.begin(), spec.network.ports.end(), same)) spec.network.ports.push_back(port);
      }
    } catch (const UsageError&) {
      continue;
    }
  }
}

bool is_taken(const std::vector<plan::PublishedPort>& ports, const plan::PublishedPort& wanted, std::uint16_t number) {
  return std::any_of(ports.begin(), ports.end(), [&](const auto& port) { return port.host == number && port.udp == wanted.udp; });
}

// Nobody holds the ones that were chosen before, so the kernel may offer them again, and where few are free for ever.
std::uint16_t find_free_port(const std::vector<plan::PublishedPort>& ports, const plan::PublishedPort& wanted) {
  constexpr int patience = 1000;
  for (int attempt = 0; attempt < patience; ++attempt)
    if (const std::uint16_t number = net::find_free_port(address_of(wanted), wanted.udp); !is_taken(ports, wanted, number)) return number;
  throw Error(format("hardly a port of {} is free", address_of(wanted)), "name those of this machine: -p HOST:CONTAINER");
}

// Who has it is pasta, for a container of ours; or somebody else.
std::string find_holder(const std::string& store, const net::Port& port) {
  for (const state::Record& record : state::list_records(store)) {
    const auto ports = config::parse_spec(*record.spec).network.ports;
    const bool has = std::any_of(ports.begin(), ports.end(), [&](const auto& each) { return each.host == port.number && each.udp == port.udp; });
    if (has && is_up(store, record)) return format("the container {}", quoted(record.name));
  }
  return net::find_holder(port);
}

}  // namespace

state::Record find_owner(const std::string& store, state::Record record) {
  constexpr int most = 64;
  for (int hops = 0; hops < most; ++hops) {
    const std::string next = config::parse_spec(*record.spec).network.container;
    if (next.empty()) return record;
    record = state::find_record(store, next);
  }
  throw Error(format("the container {} shares its network in a circle", quoted(record.name)));
}

plan::Network binding_network(const std::string& store, const state::Record& record) {
  try {
    return config::parse_spec(*find_owner(store, record).spec).network;
  } catch (const Error&) {  // it has gone
    return config::parse_spec(*record.spec).network;
  }
}

void check_own_network(const state::Record& record, const plan::Spec& spec, std::string_view command) {
  const std::string& owner = spec.network.container;
  if (!owner.empty()) throw Error(format("the container {} shares the network of {}", quoted(record.name), quoted(owner)), format("snug {} {}", command, shell_quoted(owner)));
  if (!std::holds_alternative<plan::NewNamespace>(spec.namespaces.network))
    throw Error(format("the container {} has no network of its own: it was made with --network {}", quoted(record.name), network_mode(spec)), "made anew with --network private it has one");
}

void check_way_out(const std::string& store, const state::Record& record, const plan::Spec& spec) {
  if (leads_out(store, spec.network)) return;
  throw Error(format("the network of the container {} has no way out", quoted(record.name)),
              format("'snug network connect NETWORK {}' brings one with its next start, where the network is not --internal", shell_quoted(record.name)));
}

std::vector<plan::BusyPort> settle_ports(std::vector<plan::PublishedPort>& ports, std::size_t first, const std::string& store) {
  std::vector<plan::BusyPort> busy;
  for (std::size_t at = first; at < ports.size(); ++at) {
    plan::PublishedPort& port = ports[at];
    const std::string address = address_of(port);
    if (port.host != 0) {
      const net::Port wanted{address, port.host, port.udp};
      if (const int error = net::find_refusal(wanted)) busy.push_back({address, port.host, port.udp, error, find_holder(store, wanted)});
      continue;
    }
    port.host = find_free_port(ports, port);
  }
  return busy;
}

void settle_ports(Planned& planned) {
  plan::Network& network = planned.spec.network;
  if (!plan::may_lead_out(network)) return;
  if (network.publish_all) publish_all(planned.spec);
  planned.facts.busy_ports = settle_ports(network.ports, 0, planned.facts.store);
}

void change_living(const std::string& store, const state::Record& record, const std::vector<std::string>& words, std::string_view what) {
  const auto refusal = runtime::change_networks(state::folder_of(store, record.id), words);
  const std::string failure = format("cannot change the {} of the container {}", what, quoted(record.name));
  if (!refusal) throw Error(format("{}: it runs in the foreground, or is just ending", failure), "snug run -d starts one that can be changed");
  if (!refusal->empty()) throw Error(format("{}: {}", failure, printable(*refusal)));
}

std::string render_host_port(const plan::PublishedPort& port) {
  const std::string address = address_of(port);
  return address.find(':') == std::string::npos ? format("{}:{}", address, port.host) : format("[{}]:{}", address, port.host);
}

std::vector<std::string> render_ways(const std::vector<plan::PublishedPort>& ports) {
  std::vector<std::string> ways;
  for (std::size_t at = 0, count = 1; at < ports.size(); at += count) {
    count = plan::count_range(ports, at);
    const std::string last = count == 1 ? "" : format("-{}", ports[at].host + count - 1), last_inside = count == 1 ? "" : format("-{}", ports[at].container + count - 1);
    ways.push_back(format("{}{}->{}{}/{}", render_host_port(ports[at]), last, ports[at].container, last_inside, ports[at].udp ? "udp" : "tcp"));
  }
  return ways;
}

std::string render_inner_port(const plan::PublishedPort& port) { return format("{}/{}", port.container, port.udp ? "udp" : "tcp"); }

std::string network_mode(const plan::Spec& spec) {
  if (!spec.network.container.empty()) return "container:" + spec.network.container;
  if (const auto* join = std::get_if<plan::JoinNamespace>(&spec.namespaces.network)) return "ns:" + join->path;
  if (std::holds_alternative<plan::HostNamespace>(spec.namespaces.network)) return "host";
  std::vector<std::string> words;
  if (spec.network.way_out) words.emplace_back("private");
  for (const plan::SharedNetwork& shared : spec.network.shared) words.push_back(shared.name);
  return words.empty() ? "none" : join(words, ",");
}

}  // namespace snug::commands
