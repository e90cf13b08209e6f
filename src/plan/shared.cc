// Networks that containers share. Each brings an interface of its own, behind that of the way out, which stays as it is: so nothing is
// translated or handed on between them.

#include "draft.hh"
#include "snug/base/text.hh"
#include "snug/plan/network.hh"

namespace snug::plan {
namespace {

std::string interface_address(const Subnet& subnet, std::uint32_t number) { return format("{}/{}", address_in(subnet, number), subnet.prefix); }

// As other machines know it by its address, so does a later container of that address.
std::string usual_hardware(const std::string& address) {
  std::string hardware = "02:73";
  for (const std::string& number : split(address, '.')) hardware += format(":{:02x}", parse_number(number).value_or(0));
  return hardware;
}

std::vector<std::string> names_of(const Draft& draft, const SharedNetwork& shared) {
  std::vector<std::string> names{draft.spec.name.value_or("snug")};
  names.insert(names.end(), shared.aliases.begin(), shared.aliases.end());
  if (draft.spec.hostname) names.push_back(*draft.spec.hostname);
  constexpr std::size_t short_id = 12;
  if (!draft.facts.id.empty()) names.push_back(draft.facts.id.substr(0, short_id));
  return names;
}

}  // namespace

JoinNetwork make_membership(const SharedNetwork& shared, const KnownNetwork& known, const std::string& store, std::vector<std::string> names, unsigned interface) {
  const std::string address = address_in(known.subnet4, known.number);
  return {.keeper = store + "/networks", .network = known.name, .interface = format("eth{}", interface),
          .hardware = shared.hardware.value_or(usual_hardware(address)), .address4 = interface_address(known.subnet4, known.number),
          .address6 = known.subnet6 ? interface_address(*known.subnet6, known.number) : "", .names = std::move(names)};
}

bool leads_out(const Draft& draft) {
  if (draft.spec.network.way_out) return true;
  for (const KnownNetwork& known : draft.facts.networks)
    if (!known.internal) return true;
  return false;
}

void tell_of_clashes(Draft& draft) {
  const auto& uplink = draft.facts.uplink4;
  const auto near = uplink ? find_subnet(uplink->address, uplink->prefix) : std::nullopt;
  if (!near) return;
  for (const KnownNetwork& known : draft.facts.networks)
    if (overlap(known.subnet4, *near))
      draft.notice("network", format("the network {} has the addresses of the network that this machine is in, {}, which are out of reach now", quoted(known.name), render_subnet(*near)),
                   "'snug network rm' it, and create it anew");
}

void plan_memberships(Draft& draft) {
  const auto& shared = draft.spec.network.shared;
  for (std::size_t at = 0; at < draft.facts.networks.size() && at < shared.size(); ++at)
    draft.monitor(make_membership(shared[at], draft.facts.networks[at], draft.facts.store, names_of(draft, shared[at]), static_cast<unsigned>(at) + 1));
}

}  // namespace snug::plan
