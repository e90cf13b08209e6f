#pragma once

#include "planning.hh"

namespace snug::commands {

/// Unpacks the archive that is to be the root, in walls of its own, and adds what its root says of itself to the facts.
/// Fills `unpack` and `storage` of `planned`. On a terminal it shows how far it is; with `verbose`, each step. Throws where the archive cannot
/// be read to its end; nothing is left then.
void unpack_archive(Planned& planned, bool verbose);

/// What an unpacker reads, what people call it, and the folder that it fills: `root` in `folder`.
struct Unpacking {
  const std::string& name;
  int archive;
  std::string folder;
  runtime::StepDone step_done = {};
  std::function<void()> tick = {};
};

/// Does a plan of plan::make_unpack_plan; gives what snug-layer counted. Throws where the archive cannot be read to its end.
[[nodiscard]] std::string run_unpacker(const plan::Plan& plan, const plan::HostFacts& facts, const Unpacking& what);

}  // namespace snug::commands
