#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

#include "snug/sys/fd.hh"

namespace snug::sys {

// Interfaces, addresses and routes of the network namespace that the caller is in: ioctl(2) and rtnetlink(7).
// Safe in a child after clone: no function allocates or throws. Functions that return int give 0 or an errno; what changes
// something needs CAP_NET_ADMIN there.

/// An IPv4 or IPv6 address in network order.
struct NetAddress {
  int family = 0;                        ///< AF_INET or AF_INET6; 0: none
  std::array<std::uint8_t, 16> bytes{};  ///< the first four of an IPv4 address

  [[nodiscard]] std::string_view view() const noexcept;
  auto operator<=>(const NetAddress&) const = default;
};

/// Reads an address as inet_pton(3) does; of no family where it is none. `text` ends with NUL.
[[nodiscard]] NetAddress read_address(const char* text) noexcept;

/// Makes an Ethernet interface that is driven through a descriptor, and that outlives it: tun(4), TUNSETPERSIST. `tap` gets the
/// descriptor, which does not block, and hears nothing of what the kernel tells of itself when the interface comes up.
[[nodiscard]] int make_tap(const char* name, Fd& tap) noexcept;

/// Makes an interface for packets of IP alone, which is driven through a descriptor, and outlives it: tun(4). The descriptor does not block.
[[nodiscard]] int make_tun(const char* name, Fd& tun) noexcept;

/// Closes the descriptor, for who drives the interface next, and hears all.
void release_tap(Fd& tap) noexcept;

/// Gives the interface its hardware address (six bytes) and the size of its packets.
[[nodiscard]] int set_link(const char* name, const std::array<std::uint8_t, 6>& hardware, unsigned mtu) noexcept;

/// Sets IFF_UP.
[[nodiscard]] int bring_up(const char* name) noexcept;

/// Adds an address to the interface; an IPv6 one is taken for granted at once, nobody is asked whether he has it (IFA_F_NODAD).
[[nodiscard]] int add_address(const char* name, const NetAddress& address, unsigned prefix) noexcept;

/// Adds the default route through `gateway`, which need not lie in the network of an address.
[[nodiscard]] int add_default_route(const char* name, const NetAddress& gateway) noexcept;

/// Adds a route to `network`, whose addresses lie right behind the interface.
[[nodiscard]] int add_route(const char* name, const NetAddress& network, unsigned prefix) noexcept;

/// Has what is sent to these addresses by this interface arrive at this namespace itself.
[[nodiscard]] int add_local_route(const char* name, const NetAddress& network, unsigned prefix) noexcept;

/// Whether somebody drives the interface. What the kernel has to do after a change of that, it does now and not within the next
/// second, as it would by itself (ETHTOOL_GLINK).
[[nodiscard]] bool has_carrier(const char* name) noexcept;

/// Whether there is such an interface.
[[nodiscard]] bool has_interface(const char* name) noexcept;

/// A socket of rtnetlink(7), which acts in the network namespace that the caller is in now, wherever it is used; empty with errno set.
[[nodiscard]] Fd open_route_socket() noexcept;

/// A socket that tells of the routes which the caller's network namespace gets from now on; it does not block. Empty with errno set.
[[nodiscard]] Fd watch_routes() noexcept;

/// Reads what it has told: whether there was a default route among them, or more than it could tell.
[[nodiscard]] bool has_told_of_default_route(int socket) noexcept;

/// Makes an interface that is a bridge, which hands on by hardware address alone: no spanning tree, no snooping.
[[nodiscard]] int make_bridge(const char* name, const std::array<std::uint8_t, 6>& hardware) noexcept;

/// A pair of interfaces, veth(4): what goes into one comes out of the other.
struct VethPair {
  const char* port = nullptr;  ///< one end, in the namespace of the socket, up
  unsigned bridge = 0;         ///< the number of the bridge there that it is a port of
  const char* peer = nullptr;  ///< the other end, down
  int net = -1;                ///< in this network namespace
  std::array<std::uint8_t, 6> hardware{};  ///< of the peer
};

/// Makes one. `socket` may act in another namespace than the caller's, who needs CAP_NET_ADMIN in both himself: whoever owns their
/// user namespaces has it.
[[nodiscard]] int make_veth(int socket, const VethPair& pair) noexcept;

/// Removes the interface in the namespace of `socket`: as make_veth.
[[nodiscard]] int remove_link(int socket, const char* name) noexcept;

}  // namespace snug::sys
