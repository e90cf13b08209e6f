#pragma once

#include <cstdint>

#include "snug/transport/transport.hh"

namespace snug::transport {

/// A part of a file: of an archive, or all of it. The descriptor is somebody else's.
struct Extent {
  int file = -1;
  std::uint64_t offset = 0, size = 0;
};

/// Gives its bytes from `from` on; less where the file ends before. Throws where it cannot be read.
void read_extent(const Extent& extent, std::uint64_t from, const Sink& sink);

/// Reads all of it; throws where it is larger than `limit`.
[[nodiscard]] std::string read_text(const Extent& extent, std::uint64_t limit);

}  // namespace snug::transport
