#pragma once

#include "planning.hh"

namespace snug::commands {

/// Makes the container's own copy of its root, a folder or the layers of an image, in its folder: packed and unpacked in the container's id map, in
/// walls of their own. Fills `unpack` and `storage` of `planned`. On a terminal it shows how far it is; at its end it tells the size. Throws where it
/// does not come to an end; nothing is left then.
void copy_root(Planned& planned, bool verbose);

/// Fills `unpack` of `planned` with how it would be unpacked; nothing is done.
void plan_copy(Planned& planned);

}  // namespace snug::commands
