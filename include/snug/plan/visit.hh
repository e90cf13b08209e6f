#pragma once

#include "snug/plan/plan.hh"

namespace snug::plan {

/// Whether all who stand between the monitor and the command of an exec work on the monitor's memory, one after the other, and none of it is copied.
/// Not where namespaces are made, of which that of time counts for the memory, nor where somebody keeps it: a shell of snug's own, and the
/// leader of a terminal's session. Pure.
[[nodiscard]] bool lends_memory(const Plan& plan);

}  // namespace snug::plan
