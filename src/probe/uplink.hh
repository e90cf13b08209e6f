#pragma once

#include <optional>

#include "snug/plan/host_facts.hh"

namespace snug::probe {

/// Finds how this network namespace reaches others: its default route, and the address of the interface that it leads through.
[[nodiscard]] std::optional<plan::Uplink> find_uplink4();
[[nodiscard]] std::optional<plan::Uplink> find_uplink6();

}  // namespace snug::probe
