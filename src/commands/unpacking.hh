#pragma once

#include "planning.hh"

namespace snug::commands {

/// Unpacks the archive that is to be the root, in walls of its own, and adds what its root says of itself to the facts.
/// Fills `unpack` and `storage` of `planned`. On a terminal it shows how far it is; with `verbose`, each step. Throws where the archive cannot
/// be read to its end; nothing is left then.
void unpack_archive(Planned& planned, bool verbose);

/// What snug-layer works on: what is done, to what, for messages ("unpack", "sha256:…"); the streams that it reads and writes; and
/// the container's folder.
struct LayerWork {
  std::string_view verb;
  std::string name;
  int input, output;
  std::string folder;
  runtime::StepDone step_done = {};
  std::function<void()> tick = {};
};

/// Does a plan of plan::make_unpack_plan or make_pack_plan. Throws where snug-layer does not come to its end.
void run_layer_program(const plan::Plan& plan, const plan::HostFacts& facts, const LayerWork& work);

/// Does a plan of plan::make_unpack_plan, and gives what snug-layer counted; `work.output` is not looked at.
[[nodiscard]] std::string run_unpacker(const plan::Plan& plan, const plan::HostFacts& facts, LayerWork work);

}  // namespace snug::commands
