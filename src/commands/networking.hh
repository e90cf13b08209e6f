#pragma once

#include <string>

#include "planning.hh"

namespace snug::commands {

/// Turns --network container:NAME into the namespaces and the id map of that container, as it runs now, and gives the text of its resolv.conf; empty
/// where nothing of the kind was asked for. The monitor of that container holds them open. Throws where it does not run.
[[nodiscard]] std::string join_network(plan::Spec& spec, const std::string& store);

/// Gives what is written down of a container: whose network it shares, and not where that was to be found this time.
[[nodiscard]] plan::Spec leave_network(plan::Spec spec);

/// Chooses ports of the host where any will do, with --publish-all also for what the image names, and looks whether the ports that were
/// asked for can be had.
void settle_ports(Planned& planned);

/// The same for those of `ports` from the one of this number on. Gives those that cannot be had; `store` tells which container has one.
[[nodiscard]] std::vector<plan::BusyPort> settle_ports(std::vector<plan::PublishedPort>& ports, std::size_t first, const std::string& store);

/// Renders the host's side of a port: "127.0.0.1:8080".
[[nodiscard]] std::string render_host_port(const plan::PublishedPort& port);

/// Renders the container's side of a port: "80/tcp".
[[nodiscard]] std::string render_inner_port(const plan::PublishedPort& port);

/// Gives the word of --network that a container was started with.
[[nodiscard]] std::string network_mode(const plan::Spec& spec);

}  // namespace snug::commands
