#pragma once

#include <functional>
#include <optional>
#include <string>

#include "snug/base/environment.hh"
#include "snug/runtime/errand.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// Calls `work` with a place in which the container's files are as it sees them, mounts and all. Of one that does not run the same
/// is mounted as `snug start` would, and nothing of it is executed; `written`, a path inside, is refused where what is there does not stay.
/// While `work` runs nobody removes or starts the container. Throws what `work` throws.
void visit_files(const std::string& store, const state::Record& record, const Environment& environment, const std::optional<std::string>& written,
                 const std::function<void(const runtime::ErrandPlace&)>& work);

}  // namespace snug::commands
