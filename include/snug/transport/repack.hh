#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "snug/image/store.hh"
#include "snug/sys/fd.hh"
#include "snug/transport/transport.hh"

namespace snug::transport {

/// A layer that was compressed.
struct Compressed {
  image::Digest plain, blob;  ///< its digests before and after
  std::uint64_t size = 0;     ///< bytes after
};

/// Compresses a file, from its first byte to its end, into another, which is empty. `algorithm`: of the digest before. `watch` is told how many
/// bytes were read. Throws.
[[nodiscard]] Compressed compress_file(int from, int to, image::Compression compression, std::string_view algorithm = "sha256",
                                       const std::function<void(std::uint64_t)>& watch = {});

/// Gives an image whose layers that are plain archives are compressed: in files without a name, of the staging folder. Its other
/// layers and its configuration, and so its id, are what they were. Nothing where none is plain. Throws.
[[nodiscard]] std::optional<Repacked> compress_layers(const image::Store& store, const image::Image& image, image::Compression compression,
                                                      Progress* progress = nullptr);

}  // namespace snug::transport
