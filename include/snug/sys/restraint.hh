#pragma once

#include <cstdint>
#include <span>

#include "snug/sys/fd.hh"

namespace snug::sys {

// What a process restrains itself with, for ever. Safe in a child after clone: no function allocates or throws.

/// seccomp(2): loads a filter, instructions of linux/filter.h in eight bytes each. 0 or errno. Needs no_new_privs, or CAP_SYS_ADMIN in
/// the user namespace.
[[nodiscard]] int load_filter(std::span<const std::uint64_t> program) noexcept;

/// What Landlock shuts beside files.
struct LandlockScopes {
  bool sockets = false;  ///< abstract sockets of others
  bool signals = false;  ///< to others
};

/// Gives the ABI of the kernel's Landlock, or -errno.
[[nodiscard]] int landlock_abi() noexcept;

/// landlock(7): only what lies below "/", or what 0, 1, 2 and `program` are open on, can be opened from now on, and of the last four
/// no more than is open already; `program`, which may be -1, can be executed. 0 or errno. Needs what load_filter does.
[[nodiscard]] int enforce_landlock(int abi, LandlockScopes scopes, int program) noexcept;

/// landlock(7): from now on files can be read, and that is all, but for what is open already. 0 or errno. Needs what load_filter does.
[[nodiscard]] int enforce_reading(int abi) noexcept;

/// landlock(7): from now on files, folders and links can be made, written and replaced below `folder`, an open one, and folders listed there;
/// -1: nowhere. That is all, but for what is open already: no file can be read. 0 or errno. Needs what load_filter does.
[[nodiscard]] int enforce_writing(int abi, int folder) noexcept;

}  // namespace snug::sys
