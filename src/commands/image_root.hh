#pragma once

#include "planning.hh"

namespace snug::commands {

/// Finds the image that is to be the root, with every layer unpacked for the container's id map; what is missing is brought by
/// snug-image, as --pull says. Fills `layers` of `planned`, which keeps others from removing them, and adds to its Spec and
/// facts what the image says of itself. Throws where there is no such image.
void use_image(Planned& planned, const cli::Invocation& invocation);

}  // namespace snug::commands
