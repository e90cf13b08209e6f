#pragma once

#include <sys/types.h>

#include <string>

#include "snug/plan/step.hh"

namespace snug::runtime {

/// Runs newuidmap and newgidmap for the process `pid`, both at once, with an empty environment. Gives what they
/// said where one of them failed, else an empty text. Runs in the monitor.
[[nodiscard]] std::string write_id_maps(const plan::WriteIdMaps& step, pid_t pid);

}  // namespace snug::runtime
