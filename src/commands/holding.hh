#pragma once

#include <functional>

#include "entering.hh"

namespace snug::commands {

/// A container that runs, and goes on for as long as the descriptor lives.
struct Held {
  Entrance entrance;
  sys::Fd hold;  ///< empty: it runs in the foreground, and for somebody else
};

/// Starts a container that sleeps, for those who enter it alone: its own command stays asleep. The caller holds it while the
/// descriptor lives. Throws why it could not be started.
[[nodiscard]] sys::Fd wake(state::Record record, const Environment& environment);

/// Holds the container of that name. `start` starts it where it does not run, and gives what `wake` does; empty where it runs.
/// Others may make, start and leave it at the same moment: then it is tried again. Throws.
[[nodiscard]] Held hold_container(const std::string& store, const std::string& name, const std::function<sys::Fd()>& start);

}  // namespace snug::commands
