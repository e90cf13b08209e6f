#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "snug/sys/fd.hh"

namespace snug::sys {

// The file that this process runs from. Its children that execute nothing, the first process of a container among them, run from it too,
// and /proc/PID/exe leads to it.

/// Gives its path, as it was when somebody first asked; empty where nobody knows that.
[[nodiscard]] const std::string& find_own_program();

/// Whether it could be written by whoever came by it: it is not root's alone, and not in a mount that is read-only.
[[nodiscard]] bool is_own_program_open() noexcept;

/// The same of another process of snug's; nothing where that cannot be seen.
[[nodiscard]] std::optional<bool> is_program_open(pid_t pid);

/// Makes a mount of it that is read-only and in no tree. Empty with errno set where that is not to be had, or the program, executed by it, would not
/// be the same: ENOEXEC. mount_setattr(2).
[[nodiscard]] Fd mount_own_program(const char* const* environment);

/// Executes the program anew from such a mount, with the words and variables given, where the file is open as above. Comes back where it is not, or
/// that cannot be done. execveat(2).
void run_read_only(char** words, char** environment);

}  // namespace snug::sys
