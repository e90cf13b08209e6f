#pragma once

#include <functional>

#include "planning.hh"
#include "snug/runtime/attach.hh"

namespace snug::commands {

/// Starts what was planned and waits for its end, as its monitor; writes down how it fares, for the other commands. `service`: of
/// a detached container. `running` is called once the command runs; it may be empty. A detached container is started anew as
/// --restart says. Throws why it could not be started.
[[nodiscard]] runtime::Exited monitor_container(Planned& planned, runtime::StepDone step_done, std::optional<runtime::Service> service = {},
                                                const std::function<void()>& running = {});

/// The same for a container in the foreground. Gives the exit code.
[[nodiscard]] int run_in_foreground(Planned& planned, bool verbose);

/// Starts what was planned in a process of its own, in the background, and waits until it runs. Throws why it could not be
/// started. Afterwards the container is that process's; `planned` no longer holds it.
void start_in_background(Planned& planned);

/// The same for a container that ends when nobody holds it any more. The caller does while the descriptor lives.
[[nodiscard]] sys::Fd start_and_hold(Planned& planned);

/// The same for a container that the caller attaches to from its start: `how`. Gives the exit code, of the container or for having
/// left it.
[[nodiscard]] int start_and_attach(Planned& planned, runtime::Attaching how);

}  // namespace snug::commands
