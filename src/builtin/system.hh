#pragma once

#include "call.hh"

namespace snug::builtin {

// Commands about processes and the kernel that have a file of their own.
[[nodiscard]] int list_processes(Call& call);  // ps.cc
[[nodiscard]] int tell_network(Call& call);    // ip.cc
[[nodiscard]] int tell_walls(Call& call);      // walls.cc

/// What listens, of /proc/net: listeners.cc
void tell_listeners(Call& call);

}  // namespace snug::builtin
