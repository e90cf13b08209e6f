#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gate_rules.hh"
#include "snug/net/dns.hh"
#include "snug/net/gate.hh"

namespace snug::net {

/// Whether an answer to a name may open this address: not the loopback, link-local addresses, groups, nor IPv4 in the clothes of IPv6. Pure.
[[nodiscard]] bool may_open(const sys::NetAddress& address);

/// Whether a rule allows this name, whatever the port. Pure.
[[nodiscard]] bool is_allowed(std::span<const GateRule> rules, std::string_view name);

/// What is to be changed in the wall. Of what is shut in order to be opened for longer, the kernel may have just let the time run out.
struct DoorChange {
  std::vector<Door> shut;
  std::vector<TimedDoor> open;
};

/// Remembers which doors are open, for which names, and until when. Times are milliseconds of one clock. Pure.
class Openings {
 public:
  /// Learns the addresses of a name. Gives what to change so that they are open as the rules say; nothing where there is no room for them.
  [[nodiscard]] std::optional<DoorChange> learn(std::span<const GateRule> rules, const std::string& name, std::span<const DnsAddress> addresses, std::uint64_t now);

  /// Gives what to shut now that other rules hold.
  [[nodiscard]] std::vector<Door> review(std::span<const GateRule> rules, std::uint64_t now);

  /// The name that last led to an address; "" where none did.
  [[nodiscard]] std::string name_of(const sys::NetAddress& address) const;

 private:
  using Names = std::map<std::string, std::uint64_t>;  ///< until when each wants the door
  void forget_old(std::uint64_t now);

  std::map<Door, Names> doors_;
  std::map<sys::NetAddress, std::string> names_;
};

}  // namespace snug::net
