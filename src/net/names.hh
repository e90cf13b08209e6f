#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snug/net/membership.hh"

namespace snug::net {

/// What is known of a name or an address: pure.
struct Found {
  bool known = false;                   ///< also where it has no address of the kind that is asked for
  std::vector<std::string> addresses;   ///< of the family that was asked for
};

/// Finds a name among members of networks: the name of a container, one of its aliases, or either with ".NETWORK" behind it, in capitals or
/// small letters. `visible` are the members of all networks that the asker is in.
[[nodiscard]] Found find_name(const std::vector<const Membership*>& visible, std::string_view name, bool ipv6);

/// Finds the name of the member that has this address; empty where nobody has.
[[nodiscard]] std::string find_name_of(const std::vector<const Membership*>& visible, std::string_view address);

}  // namespace snug::net
