#pragma once

#include "snug/plan/step.hh"
#include "snug/sys/idmap.hh"

namespace snug::runtime {

/// Gives the words of the helpers that write the maps of `step`.
[[nodiscard]] sys::MapHelpers map_helpers(const plan::WriteIdMaps& step);

}  // namespace snug::runtime
