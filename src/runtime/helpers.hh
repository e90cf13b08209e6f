#pragma once

#include "snug/plan/step.hh"
#include "snug/sys/idmap.hh"

namespace snug::runtime {

/// Gives the words of the helpers that write the maps of `step`.
[[nodiscard]] sys::MapHelpers map_helpers(const plan::WriteIdMaps& step);

/// Writes the maps of this process's new user namespace, where no helper is needed for them. Gives 0 or an errno. After a clone.
[[nodiscard]] int write_own_maps(const plan::WriteIdMaps& step) noexcept;

/// Waits until the monitor says through the pipe `go` that the helpers have written them. Gives 0, or ESRCH where it is gone. After a clone.
[[nodiscard]] int wait_for_go(int go) noexcept;

/// Becomes root in the user namespace that the process is in now: uid and gid 0 and no groups, as far as those are mapped; who is not stays
/// who they are. Gives 0 or an errno. After a fork.
[[nodiscard]] int become_root() noexcept;

}  // namespace snug::runtime
