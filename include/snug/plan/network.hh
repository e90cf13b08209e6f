#pragma once

#include <string>
#include <variant>
#include <vector>

#include "snug/plan/plan.hh"

namespace snug::plan {

/// The address of this machine that a port is published on: 127.0.0.1 where none was given.
[[nodiscard]] const std::string& address_of(const PublishedPort& port);

/// Counts the ports from the one of this number on that are one range: each follows the one before, outside and inside. Pure.
[[nodiscard]] std::size_t count_range(const std::vector<PublishedPort>& ports, std::size_t first);

/// Gives a container's place in a network that it shares: by which names the others find it, and the number of its interface. `store` is
/// where snug keeps its data. Pure.
[[nodiscard]] JoinNetwork make_membership(const SharedNetwork& shared, const KnownNetwork& known, const std::string& store, std::vector<std::string> names, unsigned interface);

/// Gives the words by which pasta(1) opens just these ports, or why one of them cannot be had. Pure.
[[nodiscard]] std::variant<std::vector<std::string>, Refusal> make_port_words(const std::vector<PublishedPort>& ports, const std::vector<BusyPort>& busy);

}  // namespace snug::plan
