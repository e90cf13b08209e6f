#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace snug::net {

/// A port of this machine's.
struct Port {
  std::string address;  ///< IPv4 or IPv6
  std::uint16_t number = 0;
  bool udp = false;
};

/// Tries whether a port can be had: 0, or why not: an errno of bind(2) or listen(2).
[[nodiscard]] int find_refusal(const Port& port);

/// Gives the number of a port that is free at `address`. Throws where there is none.
[[nodiscard]] std::uint16_t find_free_port(const std::string& address, bool udp);

/// Names who has a port: "nginx (pid 12)"; a process of somebody else's, of which the kernel tells only whose it is, "uid 33"; empty where
/// nobody is found.
[[nodiscard]] std::string find_holder(const Port& port);

/// A line of /proc/net/tcp and its kin: proc_pid_net(5).
struct Holding {
  std::uint32_t uid = 0;
  std::uint64_t inode = 0;  ///< of the socket
};

/// Finds in the text of such a file who listens at `number`, at any address. Pure.
[[nodiscard]] bool find_holding(std::string_view text, std::uint16_t number, bool udp, Holding& found);

}  // namespace snug::net
