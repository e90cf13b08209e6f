#include <unistd.h>

#include <algorithm>

#include "containers.hh"
#include "network_actions.hh"
#include "network_uses.hh"
#include "shared_networks.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/output.hh"
#include "snug/net/membership.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using state::NetworkRecord;

constexpr std::string_view usual = "table {{.Name}}\t{{.Subnet}}\t{{.Subnet6}}\t{{.Internal}}\t{{.Containers}}";

Fields headings() { return {{"Name", "NAME"}, {"Subnet", "SUBNET"}, {"Subnet6", "IPV6"}, {"Internal", "INTERNAL"}, {"Containers", "CONTAINERS"}, {"CreatedAt", "CREATED AT"}, {"Labels", "LABELS"}}; }

Fields fields_of(const std::string& store, const NetworkRecord& network) {
  return {{"Name", network.name}, {"Subnet", render_subnet(network.subnet4)}, {"Subnet6", network.subnet6 ? render_subnet(*network.subnet6) : ""}, {"Internal", network.internal ? "true" : "false"},
          {"Containers", format("{}", users_of(store, network.name).size())}, {"CreatedAt", render_time(network.created)}, {"Labels", render_labels(network.labels)}};
}

Json containers_json(const std::string& store, const NetworkRecord& network) {
  Json containers = Json::object();
  for (const Listed& each : users_of(store, network.name))
    for (const Place& place : list_places(store, each.record.id, each.spec))
      if (place.network == network.name)
        containers[each.record.id] = Json{{"Name", each.record.name}, {"State", phase_name(each.state)}, {"MacAddress", place.hardware}, {"IPv4Address", place.address4},
                                          {"IPv6Address", place.address6}, {"Aliases", place.aliases}};
  return containers;
}

// As docker has it, but without a gateway: there is none.
Json json_of(const std::string& store, const NetworkRecord& network) {
  Json subnets = Json::array();
  for (const std::optional<Subnet>& subnet : {std::optional(network.subnet4), network.subnet6})
    if (subnet) subnets.push_back(Json{{"Subnet", render_subnet(*subnet)}});
  return Json{{"Name", network.name}, {"Created", render_time(network.created)}, {"Driver", "bridge"}, {"EnableIPv6", network.subnet6.has_value()},
              {"IPAM", Json{{"Config", std::move(subnets)}}}, {"Internal", network.internal}, {"Containers", containers_json(store, network)}, {"Labels", network.labels},
              {"KeeperPid", net::find_keeper(state::networks_folder(store))}};
}

bool passes_one(const NetworkRecord& network, std::string_view key, std::string_view value) {
  if (key == "name") return network.name.find(value) != std::string::npos;
  if (key != "label") refuse_word("filter", key, {"name", "label"});
  const auto [name, wanted] = parse_label(value);
  const auto found = network.labels.find(name);
  return found != network.labels.end() && (value.find('=') == std::string_view::npos || found->second == wanted);
}

}  // namespace

std::vector<Listed> users_of(const std::string& store, const std::string& network) {
  std::vector<Listed> containers = list_containers(store);
  std::erase_if(containers, [&](const Listed& each) {
    const auto& shared = each.spec.network.shared;
    return std::none_of(shared.begin(), shared.end(), [&](const plan::SharedNetwork& one) { return one.name == network; });
  });
  return containers;
}

bool passes(const NetworkRecord& network, const std::vector<std::string>& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const std::string& filter) {
    const std::size_t equals = filter.find('=');
    if (equals == std::string::npos) throw UsageError(format("--filter {}: it has to be KEY=VALUE", printable(filter)));
    return passes_one(network, std::string_view(filter).substr(0, equals), std::string_view(filter).substr(equals + 1));
  });
}

int network_list(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  const std::string store = store_of(invocation.environment);
  const auto filters = filters_of(arguments);
  const std::string* pattern = arguments.find("format");
  std::vector<Fields> list;
  Json array = Json::array();
  for (const NetworkRecord& each : state::list_networks(store)) {
    if (!passes(each, filters)) continue;
    if (arguments.flag("json")) array.push_back(json_of(store, each));
    else list.push_back(fields_of(store, each));
  }
  print(arguments.flag("json") ? render_json(array) : render_list(arguments.flag("quiet") ? "{{.Name}}" : pattern ? *pattern : usual, list, headings()));
  return 0;
}

int network_inspect(const cli::Invocation& invocation) {
  const std::string store = store_of(invocation.environment);
  const std::string* pattern = invocation.arguments.find("format");
  const auto& operands = invocation.arguments.operands;
  Json found = Json::array();
  for (std::size_t at = 1; at < operands.size(); ++at) found.push_back(json_of(store, find_network(store, operands[at])));
  print(!pattern || *pattern == "json" ? render_json(found) : fill_each(*pattern, found, ::isatty(STDOUT_FILENO)));
  return 0;
}

}  // namespace snug::commands
