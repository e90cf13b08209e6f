#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snug/plan/spec.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// Gives the name of the container some of whose namespaces a container has: container:NAME of --network, --pid and the others; "" where it has none's.
[[nodiscard]] std::string joined_container(const plan::Spec& spec);

/// Finds the namespaces of that container, as it runs now, with its user namespace and id map, and gives the text of its resolv.conf where the network is
/// among them; else "". The monitor of that container holds them open. Throws where it does not run, or has no such namespace.
[[nodiscard]] std::string join_container(plan::Spec& spec, const std::string& store);

/// Lists the containers that run in the user namespace of this number: each has rights over what belongs to the others.
[[nodiscard]] std::vector<state::Record> living_in(const std::string& store, std::uint64_t user_namespace);

/// Gives what is written down of a container: whose namespaces it has, and not where those were to be found this time.
[[nodiscard]] plan::Spec leave_container(plan::Spec spec);

}  // namespace snug::commands
