#pragma once

#include "snug/sys/fd.hh"

namespace snug::runtime {

/// Copies a static program of the host into memory that nobody can change: whoever executes it, and whoever finds it behind
/// /proc/PID/exe, has no way to the file. Empty with errno set; ENOEXEC where it is not static.
[[nodiscard]] sys::Fd copy_sealed(const char* path) noexcept;

}  // namespace snug::runtime
