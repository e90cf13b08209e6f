#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace snug::sys {

/// The words of newuidmap(1) and newgidmap(1), without the pid, which comes second.
struct MapHelpers {
  std::vector<std::string> uids, gids;
};

/// What became of the maps of a process.
struct MapsEnd {
  enum class How { written, refused, not_asked };
  How how = How::written;
  std::string words = {};  ///< of the helper that refused, a stranger's; or why none could be asked
};

/// Runs both for the process `pid`, at once.
[[nodiscard]] MapsEnd write_id_maps(const MapHelpers& helpers, pid_t pid);

/// What became of work in a new user namespace.
struct MappedEnd {
  MapsEnd maps = {};
  int code = -1;  ///< what the work gave; -1 where it was not done or did not end by itself
};

/// Runs `work` as root of a new user namespace whose maps `helpers` write, in a child process on the host's own file
/// systems. The calling process has one thread.
[[nodiscard]] MappedEnd run_mapped(const MapHelpers& helpers, const std::function<int()>& work);

}  // namespace snug::sys
