#pragma once

#include <string>

#include "snug/cli/command.hh"
#include "snug/transport/transport.hh"

namespace snug::image_commands {

/// Brings an image from a file into the store, for whatever platform it is, and unpacks it. `quiet` is an option of the command.
image::Stored bring(const cli::Invocation& invocation, transport::Source& source, image::Store& store, const std::string& name);

}  // namespace snug::image_commands
