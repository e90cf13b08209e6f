#include "namespaces.hh"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <optional>

#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

OpenDoors open_doors(const plan::EnterNamespaces& step) {
  OpenDoors opened;
  for (const auto& entry : step.entries) {
    opened.doors.push_back({sys::try_open(AT_FDCWD, entry.path.c_str(), O_RDONLY), static_cast<int>(plan::namespace_flag(entry.kind))});
    const sys::Fd& door = opened.doors.back().fd;
    if (!door) return {.error = errno, .entry = entry.path};
    const auto status = entry.inode ? sys::find_status(door.get(), "") : std::nullopt;
    if (entry.inode && (!status || status->st_ino != entry.inode)) return {.error = ESTALE, .entry = entry.path};
    opened.along.push_back(door.get());
  }
  return opened;
}

// Neither does what the other is for: a process that ends has descriptors still when it has no memory any more that could be closed to anybody, and
// older kernels hand them to whoever may trace (pidfd_getfd(2)). Somebody inside may end it at any moment.
int go_through(const OpenDoors& opened) noexcept {
  if (const int error = sys::hide_from_tracers()) return error;
  if (const int error = sys::close_all_but(opened.along)) return error;
  for (const NamespaceDoor& door : opened.doors)
    if (::setns(door.fd.get(), door.flag) != 0) return errno;
  return 0;
}

}  // namespace snug::runtime
