#pragma once

#include <vector>

#include "snug/sys/network.hh"

namespace snug::sys {

/// Where a route of the caller's network namespace leads to, in whichever table it is: a network of others.
struct Route {
  NetAddress network;
  unsigned prefix = 0;
  bool direct = false;  ///< they lie right behind an interface, and not behind a gateway
};

/// Lists the routes that lead somewhere, but for default routes: rtnetlink(7). What the kernel does not tell is left out.
[[nodiscard]] std::vector<Route> list_routes();

}  // namespace snug::sys
