#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// Gives the name of the container some of whose namespaces a container has: container:NAME of --network, --pid and the others; "" where it has none's.
[[nodiscard]] std::string joined_container(const plan::Spec& spec);

/// What a container takes from the one whose namespaces it has; "" for what it has of its own, or of this machine.
struct Joined {
  std::string resolv_conf;  ///< text
  std::string hostname;     ///< as that one was given it
  /// Puts it in the place of what this machine has.
  void tell(plan::HostFacts& facts) const;
};

/// Finds the namespaces of that container, as it runs now, with its user namespace and id map. The monitor of that container holds them open. Throws
/// where it does not run, or has no such namespace.
[[nodiscard]] Joined join_container(plan::Spec& spec, const std::string& store);

/// Lists the containers that run in the user namespace of this number: each has rights over what belongs to the others.
[[nodiscard]] std::vector<state::Record> living_in(const std::string& store, std::uint64_t user_namespace);

/// Gives what is written down of a container: whose namespaces it has, and not where those were to be found this time.
[[nodiscard]] plan::Spec leave_container(plan::Spec spec);

}  // namespace snug::commands
