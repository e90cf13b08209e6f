#pragma once

#include "snug/plan/step.hh"
#include "snug/sys/idmap.hh"

namespace snug::runtime {

/// Gives the words of the helpers that write the maps of `step`.
[[nodiscard]] sys::MapHelpers map_helpers(const plan::WriteIdMaps& step);

/// Becomes root in the user namespace that the process is in now: uid and gid 0 and no groups, as far as those are mapped; who is not stays
/// who they are. Gives 0 or an errno. After a fork.
[[nodiscard]] int become_root() noexcept;

}  // namespace snug::runtime
