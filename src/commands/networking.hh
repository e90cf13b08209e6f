#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planning.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// Finds whose network a container has: its own, or that of the last of those that share one another's. Throws where one of them is gone.
[[nodiscard]] state::Record find_owner(const std::string& store, state::Record record);

/// Gives what binds what a container sends: its own network, or that of the one whose it shares, as far as that is there.
[[nodiscard]] plan::Network binding_network(const std::string& store, const state::Record& record);

/// Throws where the container shares the network of another one, of which `command` is to be asked, or this machine's.
void check_own_network(const state::Record& record, const plan::Spec& spec, std::string_view command);

/// Throws where the network of the container has no way out, and so nothing to open or to close.
void check_way_out(const std::string& store, const state::Record& record, const plan::Spec& spec);

/// Chooses ports of the host where any will do, with --publish-all also for what the image names, and looks whether the ports that were
/// asked for can be had.
void settle_ports(Planned& planned);

/// The same for those of `ports` from the one of this number on. Gives those that cannot be had; `store` tells which container has one.
[[nodiscard]] std::vector<plan::BusyPort> settle_ports(std::vector<plan::PublishedPort>& ports, std::size_t first, const std::string& store);

/// Has the monitor of a container that runs change its networks: runtime::change_networks. Throws where it does not: it cannot change `what`.
void change_living(const std::string& store, const state::Record& record, const std::vector<std::string>& words, std::string_view what);

/// Adds rules of --allow to those that a container has, or takes them back, in what is written down of it and where it runs. Throws.
void change_egress(const std::string& store, const std::string& name, const std::vector<std::string>& rules, bool allow);  // network_allow.cc

/// Renders the host's side of a port: "127.0.0.1:8080".
[[nodiscard]] std::string render_host_port(const plan::PublishedPort& port);

/// Renders what leads where, a range as one: "127.0.0.1:8080-8082->80-82/tcp".
[[nodiscard]] std::vector<std::string> render_ways(const std::vector<plan::PublishedPort>& ports);

/// Renders the container's side of a port: "80/tcp".
[[nodiscard]] std::string render_inner_port(const plan::PublishedPort& port);

/// Gives the word of --network that a container was started with.
[[nodiscard]] std::string network_mode(const plan::Spec& spec);

}  // namespace snug::commands
