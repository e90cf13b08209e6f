#pragma once

#include "planning.hh"

namespace snug::commands {

/// Unpacks the archive that is to be the root, in walls of its own, and adds what its root says of itself to the facts.
/// Fills `unpack` and `storage` of `planned`. On a terminal it shows how far it is; with `verbose`, each step. Throws where the archive cannot
/// be read to its end; nothing is left then.
void unpack_archive(Planned& planned, bool verbose);

}  // namespace snug::commands
