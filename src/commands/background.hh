#pragma once

#include <functional>

namespace snug::commands {

/// Does `work` in a process of its own, in a session of its own with nothing of the caller's open, and waits until it says
/// `ready`: from then on nobody waits for it. Throws what it threw before. The calling process has one thread.
void run_in_background(const std::function<void(const std::function<void()>& ready)>& work);

}  // namespace snug::commands
