#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "snug/plan/host_facts.hh"
#include "snug/plan/step.hh"

namespace snug::probe {

/// Finds where a container's cgroup can be made that has as many of `controllers` as can be had.
[[nodiscard]] plan::CgroupFacts cgroup_facts(HostId uid, const std::vector<std::string>& controllers);

/// Names the socket of the user's systemd; empty where the cgroup `path` does not lie in a scope, or none runs.
[[nodiscard]] std::string find_manager(HostId uid, const std::string& path);

/// Names the controllers of a cgroup.
[[nodiscard]] std::vector<std::string> cgroup_controllers(const std::string& path);

/// Whether the kernel counts swap where it counts memory.
[[nodiscard]] bool accounts_swap(const std::string& path);

/// What the processes of a cgroup use together, and may; nothing where no controller counts it, or nothing limits it.
struct CgroupUse {
  std::uint64_t processor = 0;  ///< microseconds, those that have ended included
  std::optional<std::uint64_t> memory, memory_limit;  ///< bytes, without the files that can be dropped at once
  std::optional<std::uint64_t> processes, processes_limit;
};
[[nodiscard]] CgroupUse cgroup_use(const std::string& path);

/// Reads what limits it, from the kernel: file and value, those without a limit left out.
[[nodiscard]] std::vector<plan::CgroupSetting> cgroup_limits(const std::string& path);

/// How many of its processes the kernel has ended for want of memory.
[[nodiscard]] std::uint64_t out_of_memory_kills(const std::string& path);

/// Whether it is frozen, or is to be.
[[nodiscard]] bool is_frozen(const std::string& path);

/// Lists the processes in it and below it.
[[nodiscard]] std::vector<pid_t> cgroup_processes(const std::string& path);

}  // namespace snug::probe
