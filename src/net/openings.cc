#include "openings.hh"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "snug/base/domain.hh"

namespace snug::net {
namespace {

constexpr std::size_t most_doors = 4096, most_names = 8, most_addresses = 64;
// Whoever has the answer needs a moment to make use of it; and none is true for ever.
constexpr std::uint32_t shortest = 5, longest = 3600;  // seconds
constexpr std::uint64_t milliseconds = 1000;

struct Network {
  sys::NetAddress first;
  unsigned prefix;
};

bool lies_in(const sys::NetAddress& address, const Network& network) {
  for (unsigned at = 0; at < network.prefix; ++at)
    if (((address.bytes[at / 8] ^ network.first.bytes[at / 8]) & (0x80U >> at % 8)) != 0) return false;
  return address.family == network.first.family;
}

const std::array<Network, 10>& shut_networks() {
  static const std::array<Network, 10> networks{{
      {sys::read_address("0.0.0.0"), 8}, {sys::read_address("127.0.0.0"), 8}, {sys::read_address("169.254.0.0"), 16}, {sys::read_address("224.0.0.0"), 3},
      {sys::read_address("::"), 96}, {sys::read_address("::ffff:0:0"), 96}, {sys::read_address("64:ff9b::127.0.0.0"), 104},
      {sys::read_address("64:ff9b::169.254.0.0"), 112}, {sys::read_address("fe80::"), 10}, {sys::read_address("ff00::"), 8}}};
  return networks;
}

// The ports that a name may be sent to: 0 alone, where it is any.
std::vector<std::uint16_t> ports_for(std::span<const GateRule> rules, std::string_view name) {
  std::vector<std::uint16_t> ports;
  for (const GateRule& rule : rules) {
    if (rule.name.empty() || !covers(rule.name, name)) continue;
    if (rule.port == 0) return {0};
    if (std::find(ports.begin(), ports.end(), rule.port) == ports.end()) ports.push_back(rule.port);
  }
  return ports;
}

std::uint64_t latest(const std::map<std::string, std::uint64_t>& names) {
  std::uint64_t end = 0;
  for (const auto& [name, until] : names) end = std::max(end, until);
  return end;
}

// Whether `name` can be noted among the names of a door, or is.
bool make_room(std::map<std::string, std::uint64_t>& names, const std::string& name, std::uint64_t until, std::uint64_t now) {
  if (names.contains(name)) return true;
  std::erase_if(names, [&](const auto& each) { return each.second <= now; });
  if (names.size() < most_names) return true;
  const auto first = std::min_element(names.begin(), names.end(), [](const auto& one, const auto& other) { return one.second < other.second; });
  if (first->second >= until) return false;
  names.erase(first);
  return true;
}

}  // namespace

bool may_open(const sys::NetAddress& address) {
  return std::none_of(shut_networks().begin(), shut_networks().end(), [&](const Network& each) { return lies_in(address, each); });
}

bool is_allowed(std::span<const GateRule> rules, std::string_view name) {
  return std::any_of(rules.begin(), rules.end(), [&](const GateRule& rule) { return !rule.name.empty() && covers(rule.name, name); });
}

std::optional<DoorChange> Openings::learn(std::span<const GateRule> rules, const std::string& name, std::span<const DnsAddress> addresses, std::uint64_t now) {
  DoorChange change;
  forget_old(now);
  const std::vector<std::uint16_t> ports = ports_for(rules, name);
  for (const DnsAddress& each : addresses.first(std::min(addresses.size(), most_addresses))) {
    const std::uint64_t until = now + std::clamp(each.ttl, shortest, longest) * milliseconds;
    if (names_.size() >= most_doors) names_.clear();
    names_[each.address] = name;
    for (const std::uint16_t port : ports) {
      const Door door{each.address, port};
      auto known = doors_.find(door);
      if (known == doors_.end() && doors_.size() >= most_doors) return {};
      const std::uint64_t before = known == doors_.end() ? 0 : latest(known->second);
      Names& names = known == doors_.end() ? doors_[door] : known->second;
      // What is not noted is not opened: nobody would know when to shut it. Those that want it longest stay.
      if (!make_room(names, name, until, now)) continue;
      names[name] = std::max(names[name], until);
      if (until <= before) continue;
      if (before > now) change.shut.push_back(door);
      std::erase_if(change.open, [&](const TimedDoor& other) { return other.door == door; });
      change.open.push_back({door, until - now});
    }
  }
  return change;
}

std::vector<Door> Openings::review(std::span<const GateRule> rules, std::uint64_t now) {
  std::vector<Door> shut;
  forget_old(now);
  for (auto door = doors_.begin(); door != doors_.end();) {
    std::erase_if(door->second, [&](const auto& each) {
      const std::vector<std::uint16_t> ports = ports_for(rules, each.first);
      return std::find(ports.begin(), ports.end(), door->first.port) == ports.end();
    });
    if (!door->second.empty()) {
      ++door;
      continue;
    }
    shut.push_back(door->first);
    door = doors_.erase(door);
  }
  return shut;
}

std::string Openings::name_of(const sys::NetAddress& address) const {
  const auto found = names_.find(address);
  return found == names_.end() ? std::string() : found->second;
}

void Openings::forget_old(std::uint64_t now) {
  std::erase_if(doors_, [&](const auto& door) { return latest(door.second) <= now; });
}

}  // namespace snug::net
