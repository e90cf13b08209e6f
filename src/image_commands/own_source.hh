#pragma once

#include <memory>

#include "snug/transport/transport.hh"

namespace snug::image_commands {

/// Gives an image of the store as a source, to bring it into the same store again: that unpacks what is not unpacked yet.
[[nodiscard]] std::unique_ptr<transport::Source> open_own_source(const image::Store& store, const image::Stored& stored);

}  // namespace snug::image_commands
