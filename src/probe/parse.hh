#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"

namespace snug::probe {

// Readers of the system's small text files. Lines that are not as they should be are passed over: none of these
// files is ours to mend, and what is hostile in them must not stop a start. All are pure.

/// passwd(5).
[[nodiscard]] std::vector<plan::Account> parse_passwd(std::string_view text);

/// group(5).
[[nodiscard]] std::vector<plan::Group> parse_group(std::string_view text);

/// subuid(5) and subgid(5): the ranges that belong to `name` or to `uid`.
[[nodiscard]] std::vector<plan::SubIdRange> parse_sub_ids(std::string_view text, std::string_view name, HostId uid);

/// subuid(5) and subgid(5): the first id behind the last range of anybody, and at least 100000.
[[nodiscard]] std::uint32_t next_sub_id(std::string_view text);

/// nsswitch.conf(5), as newuidmap(1) reads it: the one service that hands out sub-ids; empty where the files do.
[[nodiscard]] std::string sub_id_service(std::string_view text);

/// /proc/PID/uid_map: user_namespaces(7).
[[nodiscard]] std::vector<plan::IdRange> parse_id_map(std::string_view text);

/// What getsubids(1) prints: the ranges, or none where anything in it is not as it should be or is of somebody else.
[[nodiscard]] std::vector<plan::SubIdRange> parse_getsubids(std::string_view text, std::string_view name);

/// proc_pid_mountinfo(5).
[[nodiscard]] std::vector<plan::Mount> parse_mountinfo(std::string_view text);

/// Of these mounts, what keeps the kernel from giving out a new /proc or /sys: the targets below them, without the file
/// systems that stand on folders made for them.
[[nodiscard]] std::vector<std::string> find_covered(const std::vector<plan::Mount>& mounts);

/// proc_pid_status(5), as far as it is asked for; nothing where it is none.
struct Status {
  std::string name;
  pid_t parent = 0, inside = 0;  ///< inside: the last of NSpid
  std::uint32_t uid = 0;         ///< effective
};
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);

/// proc_pid_stat(5), as far as it is asked for; nothing where it is none.
struct Stat {
  char state = '?';
  pid_t parent = 0;
  std::uint64_t time = 0, start = 0;  ///< clock ticks
};
[[nodiscard]] std::optional<Stat> parse_stat(std::string_view text);

/// proc_pid_status(5): a seccomp filter is on the process.
[[nodiscard]] bool is_filtered(std::string_view status);

}  // namespace snug::probe
