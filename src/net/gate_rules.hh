#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snug/net/gate.hh"
#include "snug/sys/network.hh"

namespace snug::net {

/// What the kernel lets out of the container for a while: what is sent to an address, by TCP and UDP to one port of it where that is not 0.
struct Door {
  sys::NetAddress address;
  std::uint16_t port = 0;
  auto operator<=>(const Door&) const = default;
};

struct TimedDoor {
  Door door;
  std::uint64_t milliseconds = 0;
};

/// The group in which packets that were refused are told.
inline constexpr std::uint16_t refused_group = 83;

/// Gives the batch that lets out what `rules` say of networks, and no more or less, into a wall that stands. Pure.
[[nodiscard]] std::string make_networks(std::span<const GateRule> rules);

/// Gives the batch that shuts some doors, which are open, and opens others. Pure.
[[nodiscard]] std::string make_doors(std::span<const Door> shut, std::span<const TimedDoor> open);

/// Gives the batch that shuts all that were opened for names. Pure.
[[nodiscard]] std::string shut_all();

/// Gives the batch that takes the wall away. Pure.
[[nodiscard]] std::string tear_down();

}  // namespace snug::net
