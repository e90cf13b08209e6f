#include <algorithm>

#include "containers.hh"
#include "network_actions.hh"
#include "network_uses.hh"
#include "networking.hh"
#include "shared_networks.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/net/membership.hh"
#include "snug/plan/network.hh"
#include "snug/runtime/attach.hh"
#include "snug/state/names.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using plan::SharedNetwork;

// Has the monitor do it, of a container that runs.
void tell_monitor(const std::string& store, const state::Record& record, const std::vector<std::string>& words, std::string_view what) {
  if (!is_up(store, record)) return;
  const auto refusal = runtime::change_networks(state::folder_of(store, record.id), words);
  if (!refusal) throw Error(format("cannot {} the container {}: it runs in the foreground, or is just ending", what, quoted(record.name)), "snug run -d starts one that can be changed");
  if (!refusal->empty()) throw Error(format("cannot {} the container {}: {}", what, quoted(record.name), printable(*refusal)));
}

// The interface is chosen by the monitor, who knows which there are.
std::vector<std::string> words_for(const std::string& store, const state::Record& record, const SharedNetwork& shared, const plan::KnownNetwork& known, const plan::Spec& spec) {
  std::vector<std::string> names{record.name};
  names.insert(names.end(), shared.aliases.begin(), shared.aliases.end());
  if (spec.hostname) names.push_back(*spec.hostname);
  names.push_back(record.id.substr(0, 12));
  const plan::JoinNetwork join = plan::make_membership(shared, known, store, std::move(names), 0);
  std::vector<std::string> words = net::words_of({.network = join.network, .interface = {}, .hardware = join.hardware, .address4 = join.address4, .address6 = join.address6,
                                                  .names = join.names});
  words.insert(words.begin(), {"connect", join.keeper});
  return words;
}

bool has(const plan::Spec& spec, const std::string& network) {
  return std::any_of(spec.network.shared.begin(), spec.network.shared.end(), [&](const SharedNetwork& each) { return each.name == network; });
}

void write(const std::string& store, state::Record& record, const plan::Spec& spec) {
  record.spec = config::render_spec(spec);
  state::write_record(store, record);
}

// What hangs on a way out would keep a container without one from its next start.
void check_needless(const state::Record& record, const plan::Network& left, const std::string& network) {
  const std::string_view option = plan::option_for_way_out(left);
  if (option.empty()) return;
  const std::string name = shell_quoted(record.name);
  throw Error(format("the container {} has {}, which takes the way out that the network {} brings", quoted(record.name), option, quoted(network)),
              format("{}connect it to another network first: snug network connect NETWORK {}", option == "--publish" ? format("snug port rm {} PORT; or ", name) : "", name));
}

}  // namespace

void disconnect(const std::string& store, state::Record record, const std::string& network) {
  plan::Spec spec = config::parse_spec(*record.spec);
  if (!spec.network.container.empty()) check_own_network(record, spec, format("network disconnect {}", network));
  if (!has(spec, network)) throw Error(format("the container {} is not in the network {}", quoted(record.name), quoted(network)), format("'snug network inspect {}' tells who is", shell_quoted(network)));
  const bool led_out = leads_out(store, spec.network);
  std::erase_if(spec.network.shared, [&](const SharedNetwork& each) { return each.name == network; });
  const bool loses = led_out && !leads_out(store, spec.network);
  if (loses) check_needless(record, spec.network, network);
  tell_monitor(store, record, {"disconnect", network}, "disconnect");
  write(store, record, spec);
  state::drop_lease(store, network, record.id);
  if (loses) say(format("snug: notice: the way out of the container {} goes{}\n", quoted(record.name), is_up(store, record) ? " with its next start" : " with it"));
}

int network_connect(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  const std::string store = store_of(invocation.environment);
  SharedNetwork shared{.name = arguments.operands[1]};
  for (const cli::Given& given : arguments.options)
    if (given.option->name == "alias") shared.aliases.push_back(parse_alias(given.value));
  if (const std::string* ip = arguments.find("ip")) shared.ip = parse_address_of(*ip, false);
  const state::NetworkRecord network = find_network(store, shared.name);
  const sys::Fd turn = state::take_turn(store);
  state::Record record = state::find_record(store, arguments.operands[2]);
  plan::Spec spec = config::parse_spec(*record.spec);
  check_own_network(record, spec, format("network connect {}", shared.name));
  if (spec.network.allow)
    throw Error(format("the container {} may send only to what rules name, and whoever shares a network with it could pass on the rest", quoted(record.name)), "--allow and networks that are shared exclude each other");
  if (has(spec, shared.name)) throw Error(format("the container {} is in the network {} already", quoted(record.name), quoted(shared.name)));
  const plan::KnownNetwork known = find_place(store, network, record.id, shared.ip);
  try {
    tell_monitor(store, record, words_for(store, record, shared, known, spec), "connect");
  } catch (const Error&) {
    state::drop_lease(store, shared.name, record.id);
    throw;
  }
  const bool had_names = plan::may_lead_out(spec.network), needs_way = !network.internal && !leads_out(store, spec.network);
  spec.network.shared.push_back(shared);
  write(store, record, spec);
  if ((!had_names || needs_way) && is_up(store, record))
    say(format("snug: notice: {} that {} brings: with the container's next start\n", had_names ? "the way out" : needs_way ? "the names and the way out" : "the names", quoted(shared.name)));
  return 0;
}

int network_disconnect(const cli::Invocation& invocation) {
  const std::string store = store_of(invocation.environment);
  static_cast<void>(find_network(store, invocation.arguments.operands[1]));
  const sys::Fd turn = state::take_turn(store);
  disconnect(store, state::find_record(store, invocation.arguments.operands[2]), invocation.arguments.operands[1]);
  return 0;
}

}  // namespace snug::commands
