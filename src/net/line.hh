#pragma once

#include <string>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::net {

/// The gate's end of the line to its container: an interface and sockets in a network namespace of their own, in which nobody lives. It has the
/// addresses at which the container asks for names.
struct GateEnd {
  sys::Fd line;
  std::vector<sys::Fd> udp, tcp;  ///< at port 53 of each address
};

/// Makes it. Throws.
[[nodiscard]] GateEnd make_gate_end(const std::vector<std::string>& addresses);

/// Hands over what one side of a line has to say: packets, some at a time. False where that side is there no more.
[[nodiscard]] bool carry(int from, int to) noexcept;

}  // namespace snug::net
