#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "snug/plan/plan.hh"
#include "snug/plan/spec.hh"
#include "snug/plan/step.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// Applies a value of --security-opt, docker's or podman's. A profile of system calls is read; `folder` is what its path is
/// relative to. Throws.
void add_security(plan::Spec& spec, std::string_view text, std::string_view folder);

/// Gives what Landlock is in force for in a container that runs, as it was started; nothing where it is not.
[[nodiscard]] std::optional<plan::EnforceLandlock> landlock_in(const plan::Spec& spec, const state::State& state);

/// Gives what is written down of what those are under who run in a container that is started by `plan`.
[[nodiscard]] state::Confinement confinement_of(const plan::Plan& plan);

/// Reads from the kernel how many user namespaces can be made in a container that runs; nothing where that cannot be read.
[[nodiscard]] std::optional<std::uint64_t> namespaces_limit_in(const state::State& state);

}  // namespace snug::commands
