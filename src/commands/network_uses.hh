#pragma once

#include <string>
#include <vector>

#include "listing.hh"
#include "snug/state/networks.hh"

namespace snug::commands {

/// Finds the containers that have a network, whether they run or not.
[[nodiscard]] std::vector<Listed> users_of(const std::string& store, const std::string& network);

/// Whether all of the filters, KEY=VALUE as docker has them, let the network through. Throws UsageError.
[[nodiscard]] bool passes(const state::NetworkRecord& network, const std::vector<std::string>& filters);

/// Takes a container out of a network, at once where it runs, and writes it down. The caller has his turn: state::take_turn. Throws.
void disconnect(const std::string& store, state::Record record, const std::string& network);

}  // namespace snug::commands
