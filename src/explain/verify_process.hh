#pragma once

#include <string>
#include <vector>

#include "snug/plan/plan.hh"
#include "snug/plan/seen.hh"

namespace snug::explain {

/// Something that a plan makes of the command's process, and what is wrong with it.
struct Finding {
  std::string what, fault;
};

/// Holds what the kernel says of the command's process against `plan`.
[[nodiscard]] std::vector<Finding> findings_of(const plan::Plan& plan, const plan::SeenProcess& seen);

}  // namespace snug::explain
