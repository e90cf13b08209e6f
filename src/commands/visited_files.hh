#pragma once

#include <functional>
#include <optional>
#include <string>

#include "snug/base/environment.hh"
#include "snug/plan/visit.hh"
#include "snug/runtime/errand.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// A container whose files are visited: what the errands there, and outside for it, are planned by.
struct Visited {
  plan::Living living;
  plan::HostFacts facts;
};

/// Gives the plan of an errand among the container's files, or outside for it.
[[nodiscard]] plan::Plan plan_inside(const Visited& visited, plan::ErrandWork work);
[[nodiscard]] plan::Plan plan_outside(const Visited& visited, plan::ErrandWork work);

/// Gives what an errand by such a plan brings along.
[[nodiscard]] runtime::ErrandEnds errand_ends(const Visited& visited, int stream = -1);

/// Calls `work` with a container whose files are as it sees them, mounts and all. Of one that does not run the same
/// is mounted as `snug start` would, and nothing of it is executed; `written`, a path inside, is refused where what is there does not stay.
/// While `work` runs nobody removes or starts the container. Throws what `work` throws.
void visit_files(const std::string& store, const state::Record& record, const Environment& environment, const std::optional<std::string>& written,
                 const std::function<void(const Visited&)>& work);

}  // namespace snug::commands
