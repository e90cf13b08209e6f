#include "deflate.hh"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <array>
#include <cstdint>
#include <new>

#include "output.hh"
#include "snug/base/error.hh"

namespace snug::transport {

struct Deflater::Encoder {
  virtual ~Encoder() = default;
  virtual void add(std::string_view bytes, bool last) = 0;
};

namespace {

class Gzip : public Deflater::Encoder {
 public:
  explicit Gzip(std::function<void(Piece)> out) : out_(std::move(out)) {
    ::isal_deflate_init(&stream_);
    stream_.gzip_flag = IGZIP_GZIP;
    stream_.level = 2;
    stream_.level_buf = buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(buffer_.size());
  }

  void add(std::string_view bytes, bool last) override {
    // The library does not write to its input.
    stream_.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
    stream_.avail_in = static_cast<std::uint32_t>(bytes.size());
    stream_.end_of_stream = last ? 1 : 0;
    for (bool full = true; full || stream_.avail_in > 0;) {
      Buffer& buffer = out_.buffer();
      stream_.next_out = reinterpret_cast<std::uint8_t*>(buffer.bytes.get()) + buffer.size;
      stream_.avail_out = static_cast<std::uint32_t>(piece_size - buffer.size);
      if (::isal_deflate(&stream_) != COMP_OK) throw Error("the layer cannot be compressed");
      full = out_.filled(piece_size - stream_.avail_out);
    }
    if (last) out_.flush();
  }

 private:
  Output out_;
  isal_zstream stream_{};
  std::array<std::uint8_t, ISAL_DEF_LVL2_DEFAULT> buffer_{};
};

class Zstd : public Deflater::Encoder {
 public:
  explicit Zstd(std::function<void(Piece)> out) : out_(std::move(out)) {
    if (!context_) throw std::bad_alloc();
    static_cast<void>(::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1));
  }

  void add(std::string_view bytes, bool last) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool more = true; more;) {
      Buffer& buffer = out_.buffer();
      ZSTD_outBuffer out{buffer.bytes.get(), piece_size, buffer.size};
      const std::size_t left = ::ZSTD_compressStream2(context_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (::ZSTD_isError(left)) throw Error("the layer cannot be compressed");
      out_.filled(out.pos);
      more = last ? left > 0 : in.pos < in.size;
    }
    if (last) out_.flush();
  }

 private:
  Output out_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_{::ZSTD_createCCtx(), ::ZSTD_freeCCtx};
};

std::unique_ptr<Deflater::Encoder> make_encoder(image::Compression compression, std::function<void(Piece)> out) {
  if (compression == image::Compression::zstd) return std::make_unique<Zstd>(std::move(out));
  return std::make_unique<Gzip>(std::move(out));
}

}  // namespace

Deflater::Deflater(image::Compression compression, std::function<void(Piece)> out) : encoder_(make_encoder(compression, std::move(out))) {}
Deflater::~Deflater() = default;
Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;

void Deflater::add(std::string_view bytes) { encoder_->add(bytes, false); }

void Deflater::finish() { encoder_->add({}, true); }

}  // namespace snug::transport
