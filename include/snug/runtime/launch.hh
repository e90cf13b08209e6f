#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>

#include "snug/plan/plan.hh"

namespace snug::runtime {

/// How a container ended: the payload's own exit code, or 128 + n where signal n ended it.
struct Exited {
  int code = 0;
  bool init_killed = false;  ///< somebody killed pid 1, and the kernel everything with it
};

/// The step that could not be done. Nothing of the container is left by then.
struct StepFailure {
  std::size_t step = 0;
  int error = 0;
  std::string reason;  ///< the kernel's or a helper's own words, where there are any; written by strangers
};

/// Told of each step that was done: its number and the time it took in nanoseconds. Runs in the monitor.
using StepDone = std::function<void(std::size_t step, std::uint64_t nanoseconds)>;

/// What the monitor brings along and no plan can say.
struct Outside {
  std::string folder = {};                ///< path of the container's own folder; empty where the plan needs none
  std::array<int, 3> streams{0, 1, 2};    ///< what the payload gets as 0, 1 and 2; they stay the caller's
  StepDone step_done = {};                ///< may be empty
  std::function<void()> tick = {};        ///< called ten times a second while the payload runs; may be empty
};

/// Does what `plan` says and waits for the end of it; the calling process is the monitor: it forwards signals,
/// relays the terminal and sleeps. It must have one thread. Killing the monitor kills the container. snug-run(1).
[[nodiscard]] std::variant<Exited, StepFailure> launch(const plan::Plan& plan, const Outside& outside);

}  // namespace snug::runtime
