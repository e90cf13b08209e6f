#pragma once

#include <string>

#include "planning.hh"
#include "snug/probe/processes.hh"

namespace snug::commands {

/// A container that runs, with the doors that its monitor keeps open.
struct Entrance {
  state::Record record;
  plan::Spec spec;
  plan::Living living;
  pid_t init = -1;  ///< pid 1 inside, by its number here
  sys::Fd monitor;  ///< a pidfd: while it lives, what was found belongs to the container
  sys::Fd root;     ///< its root file system, O_PATH
  std::string hostname;  ///< of its own UTS namespace; empty where it has none
};

/// Opens the doors of a container. Throws where it does not run.
[[nodiscard]] Entrance open_entrance(const std::string& store, state::Record record);

/// Whoever works on a container's files has the walls that are merely preferred where they can be had: throws where one cannot, and the container
/// requires it.
void need_walls(const plan::Spec& spec, const plan::HostFacts& facts);

/// Lists all processes of the container, those that have entered it too.
[[nodiscard]] std::vector<probe::Process> processes_of(const Entrance& entrance);

/// What a visit is like besides what its Spec says.
struct VisitChoice {
  bool keep_folder = false;  ///< begins in the caller's folder, where there is one of that path inside
  bool verbose = false;
};

/// Runs what `wanted` asks for in the container and waits for its end; in the background until it has begun. Gives its exit code.
/// The files of the container are looked at as they are now. Throws why it could not be started.
[[nodiscard]] int run_inside(const Entrance& entrance, const plan::Spec& wanted, const cli::Invocation& invocation, VisitChoice choice);

}  // namespace snug::commands
