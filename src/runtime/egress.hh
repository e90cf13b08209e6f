#pragma once

#include <string>
#include <vector>

#include "snug/net/gate.hh"
#include "snug/sys/network.hh"

namespace snug::runtime {

/// Gives rules of plan::RestrictEgress as the gate takes them.
[[nodiscard]] std::vector<net::GateRule> gate_rules(const std::vector<std::string>& rules);

/// Gives the addresses that these are.
[[nodiscard]] std::vector<sys::NetAddress> read_addresses(const std::vector<std::string>& addresses);

}  // namespace snug::runtime
