#pragma once

#include <functional>

#include "snug/plan/step.hh"

namespace snug::runtime {

/// Runs `work` as root of a new user namespace with the maps of `maps`, in a child process on the host's own file
/// systems: for files that belong to sub-ids. Gives what it gave; false where the namespace cannot be had.
[[nodiscard]] bool run_mapped(const plan::WriteIdMaps& maps, const std::function<bool()>& work);

}  // namespace snug::runtime
