#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "pipeline.hh"
#include "snug/base/error.hh"
#include "snug/image/document.hh"

namespace snug::transport {

/// Content that is not what it should be: it may be worth while to get it again.
class Damaged : public Error {
 public:
  using Error::Error;
};

/// Inflates a stream of gzip (several members, and zeros behind them) or zstd (several frames). Memory: its output goes
/// on piece by piece; zstd keeps a window of at most 128 MiB.
class Inflater {
 public:
  Inflater(image::Compression compression, std::function<void(Piece)> out);
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  /// Throws Damaged.
  void add(std::string_view bytes);
  /// Throws Damaged where the stream is not whole.
  void finish();

  struct Decoder;

 private:
  std::unique_ptr<Decoder> decoder_;
};

/// How content that begins with these bytes is compressed; four are enough.
[[nodiscard]] image::Compression find_compression(std::string_view head);

}  // namespace snug::transport
