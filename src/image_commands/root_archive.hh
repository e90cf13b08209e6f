#pragma once

#include <string>

#include "snug/cli/command.hh"
#include "snug/image/store.hh"

namespace snug::image_commands {

/// Writes what a container on the image would find in its root into a tar archive (-: standard output), with the owners that are
/// meant inside. Unpacks the layers where that is missing. Throws.
void write_root_archive(const cli::Invocation& invocation, image::Store& store, const image::Image& image, const std::string& path);

}  // namespace snug::image_commands
