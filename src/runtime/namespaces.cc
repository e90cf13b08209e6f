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
  }
  return opened;
}

int go_through(const std::vector<NamespaceDoor>& doors) noexcept {
  if (const int error = sys::hide_from_tracers()) return error;
  for (const NamespaceDoor& door : doors)
    if (::setns(door.fd.get(), door.flag) != 0) return errno;
  return 0;
}

}  // namespace snug::runtime
