#pragma once

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"
#include "snug/sys/fd.hh"

namespace snug::probe {

/// Opens the root of a layer of the store, to be named only. Throws where it is not there.
[[nodiscard]] sys::Fd open_layer(const std::string& path);

/// Reads what the root file system at `path` says of itself, all of it by descriptor below its own top. Throws where it is not
/// there, is no folder, or has something else than plain small files for passwd and group.
[[nodiscard]] plan::RootfsFacts rootfs_facts(const plan::Spec& spec, const plan::HostFacts& host, const std::string& path);

}  // namespace snug::probe
