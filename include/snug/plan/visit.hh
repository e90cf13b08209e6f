#pragma once

#include "snug/plan/plan.hh"

namespace snug::plan {

/// Whether all who stand between the monitor and the command of an exec work on the monitor's memory, one after the other, and none of it is copied.
/// Not where namespaces are made, of which that of time counts for the memory, nor where somebody keeps it: a shell of snug's own, and the
/// leader of a terminal's session. Pure.
[[nodiscard]] bool lends_memory(const Plan& plan);

/// What an errand does with files.
enum class ErrandWork { read, write };

/// Plans the walls around an errand: for a container that runs, among its files, where nobody inside sees it; with null, among the caller's
/// own. By them it can do nothing but its work. Of `facts` count those of the caller and of Landlock, which it does without where the kernel has none of use. Pure.
[[nodiscard]] Plan make_errand_plan(ErrandWork work, const HostFacts& facts, const Living* living);

}  // namespace snug::plan
