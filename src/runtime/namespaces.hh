#pragma once

#include <string>
#include <vector>

#include "snug/plan/step.hh"
#include "snug/sys/fd.hh"

namespace snug::runtime {

/// A namespace to enter: of another kind than it is said to be, it would leave a wall away.
struct NamespaceDoor {
  sys::Fd fd;
  int flag;  ///< CLONE_NEW*
};

/// The namespaces of a step, or the one that cannot be opened, or is another by now (ESTALE).
struct OpenDoors {
  std::vector<NamespaceDoor> doors = {};
  std::vector<int> along = {};  ///< descriptors that stay open behind them: the doors, and what is added
  int error = 0;
  std::string entry = {};
};

[[nodiscard]] OpenDoors open_doors(const plan::EnterNamespaces& step);

/// Closes the process to tracers, and all descriptors above 2 but those that come along, and enters. Whoever lives there must not look into a
/// process that still stands on the host's root, nor trace its child. Gives 0 or an errno. After a fork.
[[nodiscard]] int go_through(const OpenDoors& opened) noexcept;

}  // namespace snug::runtime
