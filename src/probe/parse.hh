#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/host_facts.hh"
#include "snug/plan/machine.hh"
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

/// The same with all that is told of a mount: its device ("8:1"), what was mounted, its own options, and what it stands on.
struct SeenMount {
  std::string target, type, root, device, source, options;
  std::uint64_t id = 0, parent = 0;
  bool operator==(const SeenMount&) const = default;
};
[[nodiscard]] std::vector<SeenMount> parse_seen_mounts(std::string_view text);

/// Tells of each whether a mount lies over it, or over what it stands on.
[[nodiscard]] std::vector<bool> find_hidden(const std::vector<SeenMount>& mounts);

/// Whether a path is the folder, or lies in it.
[[nodiscard]] bool lies_in(std::string_view path, std::string_view folder);

/// Of these mounts, what keeps the kernel from giving out a new /proc or /sys: the targets below them, without the file
/// systems that stand on folders made for them.
[[nodiscard]] std::vector<std::string> find_covered(const std::vector<plan::Mount>& mounts);

/// A default route.
struct DefaultRoute {
  std::string interface, gateway;  ///< no gateway: empty
};

/// /proc/net/route and /proc/net/ipv6_route: the default route that the kernel prefers; nothing where there is none.
[[nodiscard]] std::optional<DefaultRoute> parse_route4(std::string_view text);
[[nodiscard]] std::optional<DefaultRoute> parse_route6(std::string_view text);

/// /proc/net/if_inet6: the address of `interface` that others know it by for long, and its prefix.
[[nodiscard]] std::optional<plan::Uplink> parse_inet6(std::string_view text, std::string_view interface);
/// The same: all addresses that are not the loopback's.
[[nodiscard]] std::vector<std::string> parse_own_inet6(std::string_view text);

/// Renders an IPv4 address in network order.
[[nodiscard]] std::string render_inet4(std::uint32_t address);

/// proc_pid_status(5), as far as it is asked for; nothing where it is none. `kernel` is set for threads of the kernel.
struct Status {
  plan::LiveProcess process;
  bool kernel = false;
};
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);

/// proc_pid_cgroup(5): the path in the unified hierarchy; where that is the root, or there is none, systemd's own, or any other.
[[nodiscard]] std::string parse_cgroup(std::string_view text);

/// /proc/net/tcp and tcp6: the inodes of sockets that wait for connections, and where.
struct Listener {
  std::uint64_t inode = 0;
  std::string address;  ///< "127.0.0.1:80", "[::]:80"
};
[[nodiscard]] std::vector<Listener> parse_listeners(std::string_view text);

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
