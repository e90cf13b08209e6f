#pragma once

#include <string>
#include <string_view>

#include "snug/layer/copy.hh"
#include "snug/sys/fd.hh"

namespace snug::layer {

/// Opens a path, through links; with O_NOFOLLOW the last name itself. Empty with errno set.
[[nodiscard]] sys::Fd open_path(const CopyPath& path, int flags);

/// Whether the open folder or file is in a file system in which there is nothing to keep: proc, sysfs, cgroups and the like.
[[nodiscard]] bool is_kernels(int fd) noexcept;

}  // namespace snug::layer
