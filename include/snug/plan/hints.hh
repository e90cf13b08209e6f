#pragma once

#include <optional>
#include <string>

#include "snug/plan/plan.hh"

namespace snug::plan {

/// Finds what to do about a step that failed with `error`: one table for all steps, in which errno values that lie
/// are translated. Nothing where there is nothing true and checkable to say.
[[nodiscard]] std::optional<std::string> find_hint(const Action& action, int error, const HostFacts& facts);

}  // namespace snug::plan
