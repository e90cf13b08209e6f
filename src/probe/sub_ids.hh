#pragma once

#include "snug/plan/host_facts.hh"

namespace snug::probe {

/// Reads which sub-ids the caller has, and which programs can map them: /etc/subuid and /etc/subgid, else the service
/// that nsswitch.conf names, asked through getsubids(1).
void read_sub_ids(plan::HostFacts& facts);

}  // namespace snug::probe
