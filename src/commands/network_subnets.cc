#include "network_subnets.hh"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/probe/host.hh"
#include "snug/state/networks.hh"

namespace snug::commands {
namespace {

constexpr const char* remedy = "choose others, or leave --subnet out";

// What the kernel takes for something else than a machine on a network, whatever routes say: RFC 6890.
struct Reserved {
  std::string_view subnet, use;
};
constexpr std::array reserved = std::to_array<Reserved>({
    {"0.0.0.0/8", "'this network'"}, {"127.0.0.0/8", "the loopback"}, {"169.254.0.0/16", "one link"}, {"224.0.0.0/4", "groups"}, {"240.0.0.0/4", "nobody"},
    {"::/8", "the loopback and IPv4"}, {"fe80::/10", "one link"}, {"ff00::/8", "groups"},
});

// Whoever typed an address of the network he meant, or a prefix that its kind of address does not have.
std::string hint_for(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto prefix = slash == std::string::npos ? std::nullopt : parse_number(text.substr(slash + 1));
  const bool fits = prefix && *prefix <= (text.find(':') == std::string::npos ? 32 : 128);
  const auto near = fits ? find_subnet(text.substr(0, slash), static_cast<unsigned>(*prefix)) : std::nullopt;
  return near ? format("did you mean {}?", render_subnet(*near)) : "such as 10.89.0.0/24";
}

Subnet parse_wanted(const std::string& text) {
  const auto subnet = parse_subnet(text);
  if (!subnet) throw UsageError(format("--subnet {}: it is no network", printable(text)), hint_for(text));
  const bool fits = subnet->ipv6 ? subnet->prefix <= 96 : subnet->prefix >= 8 && subnet->prefix <= 29;
  if (!fits) throw UsageError(format("--subnet {}: it is too {}", printable(text), subnet->prefix < 8 ? "wide" : "narrow"), subnet->ipv6 ? "up to a prefix of 96, such as /64" : "from a prefix of 8 to one of 29, such as /24");
  for (const Reserved& each : reserved)
    if (overlap(*parse_subnet(each.subnet), *subnet)) throw UsageError(format("--subnet {}: {} is for {}, and no container has an address of it", render_subnet(*subnet), each.subnet, each.use), remedy);
  return *subnet;
}

// Networks of this machine, and those of snug's own.
std::vector<Subnet> taken_subnets(const std::string& store) {
  std::vector<Subnet> taken = probe::routed_subnets();
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
  for (const Subnet& each : probe::routed_subnets())
    if (overlap(each, wanted))
      throw Error(each == wanted ? format("this machine reaches others at {} already", render_subnet(wanted)) : format("this machine reaches others at {}, which lies in {} or around it", render_subnet(each), render_subnet(wanted)),
                  remedy);
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
  if (!subnet4) throw Error("all of 10.89.0.0 to 10.255.255.0 is taken, by this machine's routes or other networks", "choose a --subnet");
  return {*subnet4, subnet6};
}

}  // namespace snug::commands
