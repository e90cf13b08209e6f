#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/machine.hh"

namespace snug::probe {

/// Whether a thread of the kernel has that number: these make no system calls, and have no walls.
[[nodiscard]] bool is_kernel_thread(pid_t pid);

/// Reads all processes in one pass over /proc: what they are called, their users, and their namespaces. The command line is read of those alone that
/// are the first behind a wall between them and the reader, of their parents, and of those whose names are among `wanted`; the processor time of these, and of who is
/// pid 1 inside; the cgroup of the first behind their walls. What the caller may not read stays empty. Throws where there is no /proc.
[[nodiscard]] plan::Machine read_machine(std::span<const std::string_view> wanted);

/// Reads one process that read_machine found, with all that it left out, into `process`.
void read_whole(plan::LiveProcess& process);

/// Reads the command lines of processes that read_machine found.
void read_words(std::span<plan::LiveProcess* const> processes);

/// Reads more of a process: its id maps, mounts and limits. No file of its root is touched.
[[nodiscard]] plan::Insides read_insides(const plan::LiveProcess& process);
/// The same of many, in their order, but for the id maps: what they are held against is read once.
[[nodiscard]] std::vector<plan::Insides> read_insides(std::span<const plan::LiveProcess* const> processes);

/// Reads how many user namespaces can be made in the one that `path` leads to, for all that its own limit says: in a fork that enters it, and
/// that nobody in there can look into. Nothing where that is not the caller's to enter, or where it is another than `inode`, unless that is 0.
[[nodiscard]] std::optional<std::uint64_t> read_namespaces_limit(const std::string& path, std::uint64_t inode = 0);

/// Lists the addresses at which a process listens for connections from here: "127.0.0.1:8080". Empty where that cannot be read.
[[nodiscard]] std::vector<std::string> read_listeners(pid_t pid);

}  // namespace snug::probe
