#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "snug/net/membership.hh"
#include "snug/sys/fd.hh"

namespace snug::net {

/// An address with the prefix of its network, as an interface has it.
struct InterfaceAddress {
  std::string address;
  unsigned prefix = 0;
};
[[nodiscard]] InterfaceAddress parse_interface_address(const std::string& text);

/// One shared network: a user namespace and a network namespace in it, in which no process lives, with a bridge. It is there for as long as
/// this object's descriptors are, and what is plugged into it goes with it.
class Segment {
 public:
  /// Makes it. Throws.
  Segment();

  /// Gives a container its interface: gives 0 or an errno, and in `what` what could not be done. `port` names the end that stays here.
  [[nodiscard]] int plug(const Membership& membership, const std::string& port, int user, int net, std::string& what) const;
  /// Takes it away again, on both ends.
  void unplug(const std::string& port) const;

 private:
  sys::Fd route_;  ///< acts in there, and keeps it
  unsigned bridge_ = 0;
};

}  // namespace snug::net
