#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "pipeline.hh"
#include "snug/image/document.hh"

namespace snug::transport {

/// Compresses a stream with gzip or zstd, as fast as makes sense for what is sent once and kept.
class Deflater {
 public:
  /// `compression` is not `none`.
  Deflater(image::Compression compression, std::function<void(Piece)> out);
  ~Deflater();
  Deflater(Deflater&&) noexcept;
  Deflater& operator=(Deflater&&) noexcept;

  void add(std::string_view bytes);
  /// Writes the end of the stream.
  void finish();

  struct Encoder;

 private:
  std::unique_ptr<Encoder> encoder_;
};

}  // namespace snug::transport
