#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snug/plan/step.hh"
#include "snug/sys/fd.hh"

namespace snug::runtime {

/// Gives the path of the cgroup that `step` makes for the container `id`; empty where it lies in a scope, of which only the maker knows.
[[nodiscard]] std::string cgroup_path(const plan::MakeCgroup& step, const std::string& id);

/// Stops all processes of the container's cgroup `path`, or has them go on; waits until they have stopped. Throws.
void freeze_cgroup(const std::string& path, bool frozen);

/// Sets limits of a container that runs in its cgroup `path`, with the controllers that they need; `all` are the values, and those
/// that are not there and have no limit are passed over. Throws, and then some may be set.
void limit_cgroup(const std::string& path, const std::vector<std::string>& controllers, const std::vector<plan::CgroupSetting>& settings);

/// Removes the cgroup of a container that was killed together with its monitor; that of one that lives stays.
void remove_dead_cgroup(const std::string& path);

}  // namespace snug::runtime
