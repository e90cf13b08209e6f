#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace snug::net {

/// The file in a container's folder that tells what its gate has refused; what is in it was read from what strangers wrote.
inline constexpr const char* denials_name = "denied";

/// Something that a container was refused: a name, or a packet to an address.
struct Denial {
  std::uint64_t number = 0;  ///< of the line: they are counted from 1 on, also where older ones are not there any more
  std::int64_t time = 0;     ///< of the last one, in seconds since 1970
  std::uint64_t count = 1;   ///< since the line before that says the same
  std::string name;          ///< that was asked for, or that last led to the address; may be empty
  std::string address;       ///< empty: it was the name that was refused
  std::string protocol;      ///< of the packet: tcp, udp, or a number
  std::uint16_t port = 0;

  /// Whether it is the same that was refused.
  [[nodiscard]] bool is_like(const Denial& other) const {
    return name == other.name && address == other.address && protocol == other.protocol && port == other.port;
  }
};

/// Reads the file. Lines that are none are passed over.
[[nodiscard]] std::vector<Denial> parse_denials(std::string_view text);

/// Makes one for each thing that was refused, in the order in which they last were.
[[nodiscard]] std::vector<Denial> sum_up(const std::vector<Denial>& denials);

/// Finds what a packet, of which the front is there, was for: the address, the protocol and the port. Pure.
[[nodiscard]] std::optional<Denial> find_denial(std::string_view packet);

/// Renders a line of the file.
[[nodiscard]] std::string render_denial(const Denial& denial);

}  // namespace snug::net
