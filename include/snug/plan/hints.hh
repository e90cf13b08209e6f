#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/plan.hh"

namespace snug::plan {

/// A limit of getrlimit(2).
struct ProcessLimit {
  std::uint64_t soft = 0, hard = 0;
  bool operator==(const ProcessLimit&) const = default;
};

/// What makes the kernel refuse things. Read by probe once something was refused, or for the doctor: never on the
/// way of a start that succeeds.
struct RefusalFacts {
  std::map<std::string, std::string, std::less<>> settings;  ///< sysctl(8) names and values, of those that are there
  std::vector<std::string> covered;                          ///< what other mounts hide below /proc and /sys
  std::string sub_id_service;                         ///< whom newuidmap asks; empty: /etc/subuid and /etc/subgid
  bool filtered = false;                              ///< a seccomp filter restrains this process
  bool settled = false;                               ///< no option changes these walls: a helper's own, or of a container that runs
  bool no_new_privileges = false;                     ///< programs with set-user-ID bits gain nothing
  std::optional<ProcessLimit> processes, open_files;  ///< nothing: no limit
  bool chosen_open_files = false;                     ///< that of open files is the container's own: --ulimit
  bool caller_unmapped = false;                       ///< the caller's uid is not in the container's map
  bool operator==(const RefusalFacts&) const = default;
};

/// Why something was refused and what to do about it; what is not known is empty.
struct Explanation {
  std::string cause;    ///< where the errno alone does not tell
  std::string you_can;  ///< the remedy in the caller's own hands
  std::string ask;      ///< the line for an administrator, ready to paste
  bool operator==(const Explanation&) const = default;
};

/// Explains why a step failed with `error`: one table for all steps, in which errno values that lie are translated.
/// What it gives is true and checkable, or empty. `snug run` and `snug doctor` speak from here.
[[nodiscard]] Explanation explain_failure(const Action& action, int error, const HostFacts& host,
                                          const RefusalFacts& facts);

/// Explains that no more files can be open at once (EMFILE).
[[nodiscard]] Explanation explain_open_files(const ProcessLimit& limit);

/// Explains why only one id can be mapped here; nothing where a whole range can.
[[nodiscard]] std::optional<Explanation> find_missing_ranges(const HostFacts& host);

/// Explains why overlays cannot write where snug keeps its data; nothing where they can.
[[nodiscard]] std::optional<Explanation> find_missing_storage(const HostFacts& host);

/// Explains why a container's cgroup cannot have these controllers; nothing where it can.
[[nodiscard]] std::optional<Explanation> find_missing_limits(const HostFacts& host, const std::vector<std::string>& controllers);

/// Puts an explanation on one line, as the hint of an error.
[[nodiscard]] std::string render_hint(const Explanation& explanation);

}  // namespace snug::plan
