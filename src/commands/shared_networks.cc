#include "shared_networks.hh"

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"
#include "snug/plan/network.hh"
#include "values.hh"

namespace snug::commands {
namespace {

constexpr std::uint32_t first_number = 2;  // the keeper has the one before

Error no_network(const std::string& store, const std::string& name, std::vector<std::string> names) {
  for (const state::NetworkRecord& each : state::list_networks(store)) names.push_back(each.name);
  const auto nearest = find_nearest(name, names);
  return Error(format("there is no network {}", quoted(name)), format("{}'snug network create {}' makes it, 'snug network ls' lists those that are there", nearest ? format("did you mean {}? ", quoted(*nearest)) : "", shell_quoted(name)));
}

std::uint32_t wanted_number(const state::NetworkRecord& network, const std::string& ip) {
  const auto number = find_number(network.subnet4, ip);
  if (!number || *number < first_number || *number > last_number(network.subnet4))
    throw Error(format("{} is no address that a container can have in the network {}", ip, quoted(network.name)),
                format("from {} to {}", address_in(network.subnet4, first_number), address_in(network.subnet4, last_number(network.subnet4))));
  return *number;
}

// Of a plan that is only shown.
std::optional<std::uint32_t> free_number(const std::string& store, const state::NetworkRecord& network, std::optional<std::uint32_t> wanted) {
  if (wanted) return wanted;
  std::uint32_t number = first_number;
  for (const state::Lease& lease : state::list_leases(store, network.name)) number += lease.number == number;
  return number <= last_number(network.subnet4) ? std::optional(number) : std::nullopt;
}

}  // namespace

state::NetworkRecord find_network(const std::string& store, const std::string& name, std::vector<std::string> others) {
  if (auto record = state::try_find_network(store, name)) return *std::move(record);
  throw no_network(store, parse_network_name(name), std::move(others));
}

bool leads_out(const std::string& store, const plan::Network& network) {
  const auto brings = [&](const plan::SharedNetwork& shared) {
    const auto known = state::try_find_network(store, shared.name);
    return known && !known->internal;
  };
  return network.way_out || std::any_of(network.shared.begin(), network.shared.end(), brings);
}

plan::KnownNetwork find_place(const std::string& store, const state::NetworkRecord& network, const std::string& id, const std::optional<std::string>& ip) {
  const auto wanted = ip ? std::optional(wanted_number(network, *ip)) : std::nullopt;
  const auto number = id.empty() ? free_number(store, network, wanted) : state::take_lease(store, network.name, id, wanted, first_number, last_number(network.subnet4));
  if (!number && ip) throw Error(format("another container has the address {} in the network {}", *ip, quoted(network.name)), format("'snug network inspect {}' tells which", shell_quoted(network.name)));
  if (!number) throw Error(format("no address is free in the network {}", quoted(network.name)), "containers that are there have them, also those that do not run: 'snug prune', or a network with a wider --subnet");
  return {network.name, network.subnet4, network.subnet6, network.internal, *number};
}

void settle_networks(Planned& planned) {
  planned.facts.networks.clear();
  planned.facts.id = planned.storage && !planned.spec.network.shared.empty() ? planned.storage->id() : "";
  for (const plan::SharedNetwork& shared : planned.spec.network.shared)
    planned.facts.networks.push_back(find_place(planned.facts.store, find_network(planned.facts.store, shared.name, {"private", "none", "host"}), planned.facts.id, shared.ip));
}

std::vector<Place> list_places(const std::string& store, const std::string& id, const plan::Spec& spec) {
  std::vector<Place> places;
  for (const plan::SharedNetwork& shared : spec.network.shared) {
    const auto network = state::try_find_network(store, shared.name);
    Place place{.network = shared.name, .address4 = {}, .address6 = {}, .hardware = {}, .aliases = shared.aliases};
    const auto leases = network ? state::list_leases(store, shared.name) : std::vector<state::Lease>();
    const auto lease = std::find_if(leases.begin(), leases.end(), [&](const state::Lease& each) { return each.id == id; });
    if (lease != leases.end()) {
      const plan::JoinNetwork join = plan::make_membership(shared, {network->name, network->subnet4, network->subnet6, network->internal, lease->number}, store, {}, 0);
      place.address4 = join.address4, place.address6 = join.address6, place.hardware = join.hardware;
    }
    places.push_back(std::move(place));
  }
  return places;
}

}  // namespace snug::commands
