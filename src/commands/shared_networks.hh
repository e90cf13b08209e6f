#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planning.hh"
#include "snug/state/networks.hh"

namespace snug::commands {

/// Finds a network that is shared. Throws where there is none of that name, with the nearest one of them and of `others`.
[[nodiscard]] state::NetworkRecord find_network(const std::string& store, const std::string& name, std::vector<std::string> others = {});

/// Whether a container with these networks has a way out, as they are now.
[[nodiscard]] bool leads_out(const std::string& store, const plan::Network& network);

/// Finds the container's place in a network: the address that it has there, or gets now. Without an `id` it is one that is free, and
/// nobody's. Throws where none is, or another has the one that was asked for.
[[nodiscard]] plan::KnownNetwork find_place(const std::string& store, const state::NetworkRecord& network, const std::string& id, const std::optional<std::string>& ip);

/// Finds the container's places in all networks that it shares.
void settle_networks(Planned& planned);

/// A container's place in a network, as it is written down.
struct Place {
  std::string network, address4, address6, hardware;  ///< addresses with their prefixes
  std::vector<std::string> aliases;
};
[[nodiscard]] std::vector<Place> list_places(const std::string& store, const std::string& id, const plan::Spec& spec);

}  // namespace snug::commands
