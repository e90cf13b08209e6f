#include <algorithm>
#include <ctime>

#include "containers.hh"
#include "listing.hh"
#include "network_actions.hh"
#include "network_subnets.hh"
#include "network_uses.hh"
#include "shared_networks.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/state/names.hh"
#include "snug/sys/file.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using state::NetworkRecord;

void remove(const std::string& store, const std::string& name, bool force) {
  static_cast<void>(find_network(store, name));
  const sys::Fd turn = state::take_turn(store);
  const std::vector<Listed> users = users_of(store, name);
  if (!users.empty() && !force)
    throw Error(format("the network {} is in use, by {}", quoted(name), join(names_of(users), ", ")), format("'snug network disconnect' takes them out, and 'snug network rm --force {}' all at once", shell_quoted(name)));
  for (const Listed& each : users) disconnect(store, each.record, name);
  state::drop_network(store, name);
}

}  // namespace

int network_create(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  if (arguments.find("gateway")) throw UsageError("--gateway: a network of snug's has none", "each of its containers has a way out of its own, but for --internal");
  if (const std::string* driver = arguments.find("driver"); driver && *driver != "bridge") refuse_word("driver", *driver, {"bridge"});
  const std::string store = store_of(invocation.environment);
  NetworkRecord record{.name = parse_network_name(arguments.operands[1]), .created = std::time(nullptr), .subnet4 = {}, .subnet6 = {}, .internal = arguments.flag("internal")};
  for (const cli::Given& given : arguments.options)
    if (given.option->name == "label") record.labels.insert_or_assign(parse_label(given.value).first, parse_label(given.value).second);
  sys::make_folders(state::networks_folder(store));
  const sys::Fd turn = state::take_turn(store);
  if (state::try_find_network(store, record.name)) throw Error(format("there is a network of the name {} already", quoted(record.name)), format("snug network inspect {}", shell_quoted(record.name)));
  const Subnets subnets = choose_subnets(store, arguments);
  record.subnet4 = subnets.subnet4, record.subnet6 = subnets.subnet6;
  if (!state::make_network(store, record)) throw Error(format("there is a network of the name {} already", quoted(record.name)));
  print(record.name + "\n");
  return 0;
}

int network_remove(const cli::Invocation& invocation) {
  const std::string store = store_of(invocation.environment);
  int code = 0;
  for (std::size_t at = 1; at < invocation.arguments.operands.size(); ++at) {
    const std::string& name = invocation.arguments.operands[at];
    try {
      remove(store, name, invocation.arguments.flag("force"));
      print(name + "\n");
    } catch (const Error& error) {
      say(render_error(error));
      code = 1;
    }
  }
  return code;
}

int network_prune(const cli::Invocation& invocation) {
  const std::string store = store_of(invocation.environment);
  std::vector<NetworkRecord> unused = state::list_networks(store);
  const auto filters = filters_of(invocation.arguments);
  std::erase_if(unused, [&](const NetworkRecord& each) { return !passes(each, filters) || !users_of(store, each.name).empty(); });
  if (!unused.empty() && !invocation.arguments.flag("force")) confirm_removal(format("{} network{} that no container has", unused.size(), unused.size() == 1 ? "" : "s"));
  int code = 0;
  for (const NetworkRecord& each : unused) {
    try {
      remove(store, each.name, false);
      print(each.name + "\n");
    } catch (const Error& error) {  // somebody has just taken it
      say(render_error(error));
      code = 1;
    }
  }
  return code;
}

}  // namespace snug::commands
