#pragma once

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"

namespace snug::commands {

/// Makes the filter of system calls from the profile that `spec` brings, where it brings one, and puts it among the facts. Throws.
void compile_profile(plan::HostFacts& facts, const plan::Spec& spec);

}  // namespace snug::commands
