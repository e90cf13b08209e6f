#pragma once

#include <string>
#include <vector>

#include "snug/plan/step.hh"

namespace snug::plan {

/// A call that somebody asked the kernel for, as a tracer saw it. What explain holds against a plan.
struct SeenCall {
  Actor actor = Actor::monitor;  ///< who asked; what the monitor starts on the way counts for it
  std::string name;              ///< "run": a program of the host, which is no longer traced from there on
  std::vector<std::string> arguments;  ///< as explain writes them; "?" is closed to the tracer, "#5</srv>" a descriptor and where it leads
  bool builds = true;            ///< it builds walls, or changes what the process may do: others only prepare that
  long result = 0;               ///< negative: an errno
  bool operator==(const SeenCall&) const = default;
};

/// What the kernel says of the command's process right after exec, in files of its folder in /proc as they are.
struct SeenProcess {
  std::string status, uid_map, gid_map, limits;
  std::string folder;                         ///< it stands in
  std::vector<std::string> own_namespaces;    ///< kinds, as in /proc/PID/ns, that are others than the tracer's
  bool operator==(const SeenProcess&) const = default;
};

/// All that was seen of a container.
struct Seen {
  std::vector<SeenCall> calls;
  SeenProcess process;
  bool operator==(const Seen&) const = default;
};

}  // namespace snug::plan
