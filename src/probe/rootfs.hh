#pragma once

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"

namespace snug::probe {

/// Reads what the root file system at `path` says of itself, all of it by descriptor below its own top. Throws where it is not
/// there, is no folder, or has something else than plain small files for passwd and group.
[[nodiscard]] plan::RootfsFacts rootfs_facts(const plan::Spec& spec, const plan::HostFacts& host, const std::string& path);

}  // namespace snug::probe
