#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/base/subnet.hh"

namespace snug::state {

/// A network that containers share: STORE/networks/NAME/network.json.
struct NetworkRecord {
  std::string name;
  std::int64_t created = 0;  ///< seconds since 1970
  Subnet subnet4;
  std::optional<Subnet> subnet6;
  bool internal = false;     ///< brings no way out
  std::map<std::string, std::string> labels = {};
};

/// Where the keeper of all networks listens, and their folders lie: STORE/networks.
[[nodiscard]] std::string networks_folder(const std::string& store);

/// Writes down a new one. False where there is one of that name. Throws where STORE cannot be written.
[[nodiscard]] bool make_network(const std::string& store, const NetworkRecord& record);

/// Lists them by name. What cannot be read is left out.
[[nodiscard]] std::vector<NetworkRecord> list_networks(const std::string& store);

/// Finds one; nothing where there is none of that name.
[[nodiscard]] std::optional<NetworkRecord> try_find_network(const std::string& store, const std::string& name);

/// Takes one away, with what is written down of addresses in it. Throws where that cannot be done.
void drop_network(const std::string& store, const std::string& name);

/// An address of a network, by its number, that a container has for as long as it is there, whether it runs or not.
struct Lease {
  std::uint32_t number = 0;
  std::string id;  ///< of the container
  bool operator==(const Lease&) const = default;
};

/// Lists those of containers that are there, by number.
[[nodiscard]] std::vector<Lease> list_leases(const std::string& store, const std::string& network);

/// Gives the container the address that it has in the network, or this number, or else the least that is free from `first` to `last`:
/// nothing where none is. Two who ask at once get two.
[[nodiscard]] std::optional<std::uint32_t> take_lease(const std::string& store, const std::string& network, const std::string& id,
                                                      std::optional<std::uint32_t> wanted, std::uint32_t first, std::uint32_t last);

/// Takes it away again.
void drop_lease(const std::string& store, const std::string& network, const std::string& id);

}  // namespace snug::state
