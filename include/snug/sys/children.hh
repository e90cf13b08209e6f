#pragma once

namespace snug::sys {

/// Where a thread that opens it reads of its children.
inline constexpr const char* own_children = "/proc/thread-self/children";

/// Ends the children of the calling thread and theirs, which become its own where it adopts them; but none that stands in its own mount namespace where
/// `strangers` are meant. Waits a second at most for those that are slow to go. `list`: `own_children`. Safe in a child after clone.
void end_children(int list, bool strangers) noexcept;

}  // namespace snug::sys
