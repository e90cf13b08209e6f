#pragma once

#include "child.hh"
#include "snug/sys/fd.hh"

namespace snug::runtime {

/// Puts a detached mount into its slot; errno where there is none. `own`: its file system is the container's own.
[[nodiscard]] int fill(Context& context, plan::Slot slot, sys::Fd mount, bool own) noexcept;

/// Attaches a mount over the host's root, where nobody but overlays and open_tree(2) sees it.
[[nodiscard]] int stage(int mount) noexcept;

/// The ways to tell the kernel of an overlay's lower folders. In each they are descriptors' names, in which nothing
/// has to be escaped whatever the folders are called.
enum class LowersBy {
  one_option,   ///< fsconfig(2), all in one string of 255 bytes: about 14 folders, on every kernel
  many_options, ///< fsconfig(2), `lowerdir+` for each: 500, which is overlayfs's own limit, since Linux 6.8
  mount_call,   ///< mount(2), one page for all options: the same 500, before that
};

/// The way that serves for so many.
[[nodiscard]] LowersBy first_way(std::size_t lowers) noexcept;

/// Makes an overlay that way, or shows the folder itself where it is the only one. Gives 0 and the mount, or errno.
[[nodiscard]] int make_overlay(Context& context, const plan::MakeOverlay& step, LowersBy way, Report& report, sys::Fd& mount) noexcept;

/// Makes the mount that a program outside serves, which the monitor is asked to start, and waits for it. Gives 0 and the mount, or errno. served.cc
[[nodiscard]] int make_served(Context& context, const plan::MakeOverlay& step, Report& report, sys::Fd& mount) noexcept;

}  // namespace snug::runtime
