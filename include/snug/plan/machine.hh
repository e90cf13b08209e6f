#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"

// The living machine as facts: read by probe, told and drawn by explain, which may not include each other. All text in it was written
// by strangers. What could not be read is left empty, and never made up.

namespace snug::plan {

/// The kinds of namespaces, in the order in which they are told.
inline constexpr std::size_t wall_count = 8;
inline constexpr std::array<std::string_view, wall_count> wall_names{"user", "mount", "pid", "net", "uts", "ipc", "cgroup", "time"};
inline constexpr std::array<const char*, wall_count> wall_links{"user", "mnt", "pid", "net", "uts", "ipc", "cgroup", "time"};  ///< in /proc/PID/ns
enum Wall : std::size_t { user_wall, mount_wall, pid_wall, net_wall, uts_wall, ipc_wall, cgroup_wall, time_wall };

/// The inode of each namespace that a process lives in; 0 where it could not be read.
using WallInodes = std::array<std::uint64_t, wall_count>;

/// The user namespace that the kernel began with: include/linux/proc_ns.h.
inline constexpr std::uint64_t first_user_namespace = 0xEFFFFFFDU;

/// A process, as /proc has it.
struct LiveProcess {
  pid_t pid = 0, parent = 0, tracer = 0;
  std::vector<pid_t> numbers = {};  ///< its number here, and in each process namespace further in
  std::uint32_t uid = 0;            ///< effective, as counted here
  std::string name = {};            ///< comm: fifteen letters that everybody may choose for himself
  std::vector<std::string> words = {};  ///< its command line, where that was asked for
  std::string cgroup = {};          ///< likewise
  std::uint64_t network = 0;        ///< the network namespace that its command line names by a path, where that could be found out
  WallInodes walls{};
  unsigned seccomp = 0, filters = 0;  ///< 2: system calls are filtered
  bool no_new_privileges = false;
  std::uint64_t effective = 0, bounding = 0;  ///< capabilities
  std::uint64_t time = 0;           ///< processor time, clock ticks; where it was asked for
  char state = '?';
  bool operator==(const LiveProcess&) const = default;
};

/// Whether the caller may look into it.
[[nodiscard]] inline bool is_readable(const LiveProcess& process) { return process.walls[user_wall] != 0; }

/// Whether it has ended, and waits for its parent to take notice: of its namespaces it has those of its user and of its number still.
[[nodiscard]] inline bool has_ended(const LiveProcess& process) { return is_readable(process) && process.walls[mount_wall] == 0; }

/// All that lives on this machine, at one moment.
struct Machine {
  std::string kernel, host;  ///< "Linux 6.1.0"; the name of the host
  unsigned processors = 1;
  std::uint64_t ticks = 100;  ///< a second
  pid_t reader = 0;           ///< the process that looked
  std::uint32_t uid = 0;      ///< its user
  WallInodes here{};          ///< its namespaces: what is the host's is told from these
  std::vector<LiveProcess> processes;  ///< by their numbers
  std::size_t kernel_threads = 0;
};

/// A mount that a process sees.
struct LiveMount {
  enum class What { unknown, file, folder, socket, device };
  std::string target, type, source;
  std::string options;  ///< "ro,nosuid"
  std::string origin;   ///< where on this machine it is, as a path; empty where it is nowhere to be seen here
  What what = What::unknown;
  bool covered = false;  ///< by a later mount: nothing in there reaches it by a path
  std::string hidden_origin = {};  ///< where it is on this machine, below a mount that covers it there
  bool operator==(const LiveMount&) const = default;
};

/// What is read of one process alone, because it takes longer.
struct Insides {
  std::optional<std::vector<IdRange>> uids, gids;
  std::optional<std::vector<LiveMount>> mounts;
  std::size_t more_mounts = 0;         ///< that were not looked at: whoever is in there can make as many as he likes
  std::optional<std::vector<std::string>> limits;  ///< "memory 512MB"; of each process "nofile 64:128", soft and hard, where it is not as the reader's own
  std::optional<std::uint64_t> user_namespaces;  ///< how many can be made in there, for all that its own limit says; looked at where one is named
  std::vector<std::string> listeners;  ///< addresses that the helpers listen at for it: "127.0.0.1:8080"
  bool operator==(const Insides&) const = default;
};

}  // namespace snug::plan
