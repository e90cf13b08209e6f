#pragma once

#include <optional>
#include <string>

namespace snug::sys {

// The file that this process runs from. Its children that execute nothing, the first process of a container among them, run from it too,
// and /proc/PID/exe leads to it.

/// Gives its path, as it was when somebody first asked; empty where nobody knows that.
[[nodiscard]] const std::string& find_own_program();

/// Whether it could be written by whoever came by it: it is not root's alone, and not in a mount that is read-only.
[[nodiscard]] bool is_own_program_open() noexcept;

/// The same of the file that `link` leads to, the /proc/PID/exe of another process of snug's; nothing where that cannot be seen.
[[nodiscard]] std::optional<bool> is_program_open(const char* link) noexcept;

/// Executes the program anew, with the words and variables given, from a mount of its file that is read-only and nobody else's. Gives 0
/// where the file is not open as above, and an errno where that mount is not to be had, or the program would not be the same.
/// mount_setattr(2), execveat(2).
[[nodiscard]] int run_read_only(char** words, char** environment);

}  // namespace snug::sys
