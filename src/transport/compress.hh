#pragma once

#include <cstdint>
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

/// What a decoder of zstd keeps of its output without asking: as much as RFC 8878 wants of each.
inline constexpr std::uint64_t common_window = 8U << 20U;

/// Inflates a stream of gzip (several members, and zeros behind them) or zstd (several frames). Memory: its output goes
/// on piece by piece; zstd keeps a window of at most 128 MiB, which its first frame has to announce where it is larger
/// than `common_window`.
class Inflater {
 public:
  /// `before_large` is called once before there is such a large window; what it throws passes through.
  Inflater(image::Compression compression, std::function<void(Piece)> out, std::function<void()> before_large = {});
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
