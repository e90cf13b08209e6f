#pragma once

#include <sys/resource.h>

#include <array>
#include <string_view>
#include <vector>

#include "snug/plan/spec.hh"

namespace snug::plan {

/// What a limit is called: as in getrlimit(2), small letters, without RLIMIT_.
struct LimitName {
  std::string_view name;
  int number;
};

inline constexpr std::array limit_names = std::to_array<LimitName>({
    {"as", RLIMIT_AS},
    {"core", RLIMIT_CORE},
    {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},
    {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE},
    {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},
    {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},
    {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
});

/// proc_pid_limits(5): the limits of a process, in the order of their numbers. Lines that are not as they should be are passed over. Pure.
[[nodiscard]] std::vector<ResourceLimit> parse_limits(std::string_view text);

}  // namespace snug::plan
