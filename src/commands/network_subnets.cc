#include "network_subnets.hh"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/reserved.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/probe/host.hh"
#include "snug/state/networks.hh"

namespace snug::commands {
namespace {

constexpr const char* remedy = "choose others, or leave --subnet out";

// Whoever typed an address of the network he meant, or a prefix that its kind of address does not have.
std::string hint_for(const std::string& text) {
  const std::size_t slash = text.find('/');
  const bool ipv6 = text.find(':') != std::string::npos;
  const auto prefix = slash == std::string::npos ? std::optional<std::uint64_t>(ipv6 ? 64 : 24) : parse_number(text.substr(slash + 1));
  const bool fits = prefix && *prefix <= (ipv6 ? 128 : 32);
  const auto near = fits ? find_subnet(text.substr(0, slash), static_cast<unsigned>(*prefix)) : std::nullopt;
  return near && !find_reserved(*near) ? format("did you mean {}?", render_subnet(*near)) : ipv6 ? "such as fd12:3456:789a::/64" : "such as 10.89.0.0/24";
}

Subnet parse_wanted(const std::string& text) {
  const auto subnet = parse_subnet(text);
  if (!subnet) throw UsageError(format("--subnet {}: it is no network", printable(text)), hint_for(text));
  const unsigned least = subnet->ipv6 ? 32 : 8, most = subnet->ipv6 ? 96 : 29;
  if (subnet->prefix < least || subnet->prefix > most)
    throw UsageError(format("--subnet {}: it is too {}", printable(text), subnet->prefix < least ? "wide" : "narrow"), format("from a prefix of {} to one of {}, such as /{}", least, most, subnet->ipv6 ? 64 : 24));
  if (const Reserved* reserved = find_reserved(*subnet))
    throw UsageError(format("--subnet {}: {} is for {}, and no container has an address of it", render_subnet(*subnet), reserved->subnet, reserved->use), remedy);
  return *subnet;
}

// Networks of this machine, and those of snug's own.
std::vector<Subnet> taken_subnets(const std::string& store) {
  std::vector<Subnet> taken;
  for (const probe::RoutedSubnet& each : probe::routed_subnets()) taken.push_back(each.subnet);
  for (const state::NetworkRecord& each : state::list_networks(store)) {
    taken.push_back(each.subnet4);
    if (each.subnet6) taken.push_back(*each.subnet6);
  }
  return taken;
}

void check_free(const std::string& store, const Subnet& wanted) {
  for (const state::NetworkRecord& each : state::list_networks(store))
    if (overlap(each.subnet4, wanted) || (each.subnet6 && overlap(*each.subnet6, wanted)))
      throw Error(format("the network {} has addresses of {} already", quoted(each.name), render_subnet(wanted)), remedy);
  for (const auto& [subnet, direct] : probe::routed_subnets()) {
    if (!overlap(subnet, wanted)) continue;
    // A part of what lies far away, such as 10.0.0.0/8 behind a VPN, may be chosen by who knows that nobody is there.
    const bool is_part = subnet.prefix < wanted.prefix;
    if (is_part && !direct) say(format("snug: notice: {} lies in {}, which this machine has a route to: whoever is there is out of reach for this network\n", render_subnet(wanted), render_subnet(subnet)));
    else throw Error(subnet == wanted ? format("this machine reaches others at {} already", render_subnet(wanted)) : format("this machine reaches others at {}, which lies in {} or around it", render_subnet(subnet), render_subnet(wanted)), remedy);
  }
}

Subnet make_subnet6() {
  std::array<std::uint8_t, 5> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) throw system_error("get random bytes", errno);
  return make_unique_subnet(random);
}

}  // namespace

Subnets choose_subnets(const std::string& store, const cli::Arguments& arguments) {
  std::optional<Subnet> subnet4, subnet6;
  for (const cli::Given& given : arguments.options) {
    if (given.option->name != "subnet") continue;
    const Subnet wanted = parse_wanted(given.value);
    check_free(store, wanted);
    std::optional<Subnet>& place = wanted.ipv6 ? subnet6 : subnet4;
    if (place) throw UsageError("--subnet is given twice for one kind of address");
    place = wanted;
  }
  const bool ipv6 = !arguments.find("ipv6") || arguments.flag("ipv6");
  if (!ipv6 && subnet6) throw UsageError("--ipv6=false and a --subnet of IPv6 contradict each other");
  if (ipv6 && !subnet6) subnet6 = make_subnet6();
  if (!subnet4) subnet4 = find_free_subnet(taken_subnets(store));
  if (!subnet4) throw Error("this machine's routes and other networks take all of 10.89.0.0/16 to 10.255.0.0/16, 172.16.0.0/12 and 192.168.0.0/16", "choose a --subnet");
  return {*subnet4, subnet6};
}

}  // namespace snug::commands
