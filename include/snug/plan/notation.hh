#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace snug::plan {

// How kernel calls are written: one notation, close to strace's, for the plan's listing and for what a tracer saw.

/// Quotes as C does; what a terminal could act on is escaped.
[[nodiscard]] std::string c_quoted(std::string_view text);

/// Names CLONE_NEW* flags: "CLONE_NEWUSER|CLONE_NEWNS".
[[nodiscard]] std::string clone_flags(std::uint64_t flags);

/// Names MOUNT_ATTR_* flags: "MOUNT_ATTR_RDONLY|MOUNT_ATTR_NODEV"; "0" where there are none.
[[nodiscard]] std::string mount_attributes(std::uint64_t attributes);

/// Names capabilities: "CAP_CHOWN|CAP_KILL"; "0" where there are none.
[[nodiscard]] std::string capability_set(const std::vector<int>& numbers);

/// Writes a limit: a number, or RLIM_INFINITY.
[[nodiscard]] std::string limit_text(std::uint64_t value);

/// "nofile" -> "NOFILE".
[[nodiscard]] std::string capital(std::string_view name);

}  // namespace snug::plan
