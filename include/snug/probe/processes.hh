#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace snug::probe {

/// A process, as /proc has it. The command was written by strangers.
struct Process {
  pid_t pid = 0, parent = 0;
  pid_t inside = 0;            ///< its number in the innermost process namespace
  std::uint32_t uid = 0;       ///< effective, as the host counts
  char state = '?';
  std::uint64_t time = 0;      ///< user and system, in clock ticks
  std::uint64_t start = 0;     ///< clock ticks after boot
  std::string command;         ///< words with blanks between them; of one that has none, [NAME]
};

/// Finds the processes of a container: `init`, what lives in one of its namespaces (their inodes), and all that any of these have
/// started; in the order of their start. Runs no program, and reads nothing that the container keeps.
[[nodiscard]] std::vector<Process> find_processes(pid_t init, std::span<const std::uint64_t> namespaces);

/// Looks at these processes; in the order of their start. Those that have ended are left out.
[[nodiscard]] std::vector<Process> read_processes(std::span<const pid_t> pids);

/// Gives how many bytes of memory a process takes: its share of what is shared (PSS); where that is closed, what is resident (RSS).
[[nodiscard]] std::uint64_t memory_of(pid_t pid);

}  // namespace snug::probe
