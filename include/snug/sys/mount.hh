#pragma once

#include <cstdint>
#include <string_view>

#include "snug/sys/fd.hh"

namespace snug::sys {

// The mount API of Linux 5.2 and later: mounts are made detached, as descriptors, and attached by descriptor.
// Safe in a child after clone: no function allocates or throws. An empty Fd or -1 comes with errno set; functions
// that return int give 0 or an errno.

/// fsopen(2): a file system that is being configured.
[[nodiscard]] Fd open_filesystem(const char* type) noexcept;

/// fsconfig(2): a string option, or a flag where `value` is empty.
[[nodiscard]] int set_option(int filesystem, const char* key, const char* value) noexcept;

/// fsconfig(2) CMD_CREATE and fsmount(2): a detached mount with MOUNT_ATTR_* `attributes`.
[[nodiscard]] Fd make_mount(int filesystem, std::uint64_t attributes) noexcept;

/// Copies what the kernel said of a failed option or mount into `buffer`, ends it with NUL; may be empty.
void read_reason(int filesystem, char* buffer, std::size_t size) noexcept;

/// open_tree(2) with OPEN_TREE_CLONE: a detached copy of the mount tree, folder or file at `path`.
[[nodiscard]] Fd clone_tree(int folder, const char* path, bool recursive) noexcept;

/// mount_setattr(2) on the mount that `fd` is the root of.
[[nodiscard]] int set_mount_attributes(int fd, std::uint64_t attributes, bool recursive) noexcept;

/// move_mount(2): attaches a detached mount on what `target` is open on (O_PATH serves).
[[nodiscard]] int attach_mount(int mount, int target) noexcept;

/// mount(2): makes every mount of this namespace private, so that nothing travels to or from the host.
[[nodiscard]] int make_all_private() noexcept;

/// pivot_root(2) to `root`, whose old root is detached; the process stands in "/" of the new one.
[[nodiscard]] int pivot_to(int root) noexcept;

/// statx(2): whether `fd` is open on the root of its mount.
[[nodiscard]] bool is_mount_root(int fd) noexcept;

/// statx(2): the number of the mount that `fd` is open on; 0 where the kernel does not say.
[[nodiscard]] std::uint64_t mount_id(int fd) noexcept;

}  // namespace snug::sys
