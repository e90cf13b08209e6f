#pragma once

#include <string>

#include "snug/cli/command.hh"
#include "snug/transport/transport.hh"

namespace snug::image_commands {

/// Brings an image from a file into the store, for whatever platform it is, and unpacks it. `quiet` is an option of the command.
image::Stored bring(const cli::Invocation& invocation, transport::Source& source, image::Store& store, const std::string& name);

/// Unpacks the layers of an image that is in the store, for the id map of the command, where they are not.
void unpack_present(const cli::Invocation& invocation, image::Store& store, const image::Image& image);

/// Gives the whole name of an image that an archive calls `name`. Throws UsageError where it is none.
[[nodiscard]] std::string contained_name(const std::string& name);

}  // namespace snug::image_commands
