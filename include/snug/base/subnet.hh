#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace snug {

/// A network of IPv4 or IPv6: the addresses that have its first `prefix` bits. What follows them is zero.
struct Subnet {
  std::array<std::uint8_t, 16> address{};  ///< in network order; the first four bytes of an IPv4 one
  unsigned prefix = 0;
  bool ipv6 = false;
  bool operator==(const Subnet&) const = default;
};

/// Reads "10.89.0.0/24"; nothing where it is no network, also where an address in it was meant.
[[nodiscard]] std::optional<Subnet> parse_subnet(std::string_view text);

/// Gives the network that an interface with this address and prefix lies in; nothing where it is no address.
[[nodiscard]] std::optional<Subnet> find_subnet(std::string_view address, unsigned prefix);

[[nodiscard]] std::string render_subnet(const Subnet& subnet);

/// Whether there is an address that lies in both.
[[nodiscard]] bool overlap(const Subnet& one, const Subnet& other);

/// Gives the address of this number, counted from that of the network itself, as text. The number has to fit.
[[nodiscard]] std::string address_in(const Subnet& subnet, std::uint32_t number);

/// Gives the number of an address; nothing where it does not lie in the network, or 32 bits do not hold it.
[[nodiscard]] std::optional<std::uint32_t> find_number(const Subnet& subnet, std::string_view address);

/// Gives the number of the last address that a machine can have: of IPv4 the one below the broadcast address.
[[nodiscard]] std::uint32_t last_number(const Subnet& subnet);

/// Finds a network of IPv4 for 253 machines that overlaps with none of these: 10.89.0.0/24, as with podman, or one after it.
[[nodiscard]] std::optional<Subnet> find_free_subnet(std::span<const Subnet> taken);

/// Makes the network of IPv6 that these random bytes name: fdxx:xxxx:xxxx::/64 (RFC 4193).
[[nodiscard]] Subnet make_unique_subnet(const std::array<std::uint8_t, 5>& random);

}  // namespace snug
