#pragma once

#include <string_view>

#include "snug/plan/spec.hh"

namespace snug::commands {

/// Applies a value of --security-opt, docker's or podman's. A profile of system calls is read; `folder` is what its path is
/// relative to. Throws.
void add_security(plan::Spec& spec, std::string_view text, std::string_view folder);

}  // namespace snug::commands
