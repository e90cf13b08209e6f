#pragma once

#include <string>

#include "snug/state/record.hh"

namespace snug::state {

/// Whether somebody holds the container's folder `path` just now: its monitor, or who makes, starts, copies or removes it.
[[nodiscard]] bool is_held(const std::string& path);

/// Finds who does. A look at each process of the machine.
[[nodiscard]] ProcessMark find_holder(const std::string& path);

/// Finds pid 1 of the container that this process monitors; nothing where it has no PID namespace of its own. A look at each process, too.
[[nodiscard]] ProcessMark find_init(pid_t monitor);

/// Gives when the process was started, in seconds since 1970.
[[nodiscard]] std::int64_t start_time(const ProcessMark& mark);

}  // namespace snug::state
