#pragma once

#include <vector>

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"

namespace snug::probe {

/// Gives those of the volumes' sources that lie below what the same container may write on the host.
[[nodiscard]] std::vector<plan::WrittenSource> find_written_sources(const plan::Spec& spec);

}  // namespace snug::probe
