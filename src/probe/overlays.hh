#pragma once

#include <string>

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"
#include "trial.hh"

namespace snug::probe {

/// Tells whether the kernel has overlayfs, and whether it takes what the root is made of for a lower; and what else there is where it
/// does not, or cannot write in the store. What is known costs nothing, the rest is tried.
void read_overlays(plan::HostFacts& facts, const plan::Spec& spec);

/// Gives 0, or the errno for which overlayfs does not take `folder` for a lower.
[[nodiscard]] int try_as_lower(const Caller& caller, const std::string& folder);

/// Finds the program that does what overlayfs does, where /dev/fuse is open to the caller, too.
[[nodiscard]] std::string find_fuse_overlayfs();

}  // namespace snug::probe
