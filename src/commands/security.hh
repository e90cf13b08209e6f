#pragma once

#include <optional>
#include <string_view>

#include "snug/plan/spec.hh"
#include "snug/plan/step.hh"

namespace snug::commands {

/// Applies a value of --security-opt, docker's or podman's. A profile of system calls is read; `folder` is what its path is
/// relative to. Throws.
void add_security(plan::Spec& spec, std::string_view text, std::string_view folder);

/// Gives what Landlock is in force for in a container that runs, by the kernel that it runs on; nothing where it is not.
[[nodiscard]] std::optional<plan::EnforceLandlock> landlock_in(const plan::Spec& spec);

}  // namespace snug::commands
