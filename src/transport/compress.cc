#include "compress.hh"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <array>
#include <new>
#include <string>
#include <utility>

#include "output.hh"
#include "snug/base/text.hh"

namespace snug::transport {
namespace {

constexpr std::string_view gzip_mark = "\x1f\x8b", zstd_mark = "\x28\xb5\x2f\xfd";

constexpr std::size_t longest_zstd_header = 18;
constexpr int common_window_log = 23, largest_window_log = 27;
static_assert(std::uint64_t{1} << common_window_log == common_window);

[[noreturn]] void end_too_early() { throw Damaged("the compressed data end too early"); }

}  // namespace

struct Inflater::Decoder {
  virtual ~Decoder() = default;
  virtual void add(std::string_view bytes) = 0;
  virtual void finish() = 0;
};

namespace {

class Gunzip : public Inflater::Decoder {
 public:
  explicit Gunzip(std::function<void(Piece)> out) : out_(std::move(out)) { ::isal_inflate_init(&state_); }

  void add(std::string_view bytes) override {
    // The library does not write to its input.
    state_.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
    state_.avail_in = static_cast<std::uint32_t>(bytes.size());
    while (inside_ || begin_member()) {
      const bool full = inflate();
      if (state_.block_state == ISAL_BLOCK_FINISH) inside_ = false;
      else if (!full && state_.avail_in == 0) return;
    }
  }

  void finish() override {
    if (inside_ || !any_) end_too_early();
    out_.flush();
  }

 private:
  /// Passes over the zeros that fill up a tape's block; false where the input ends.
  bool begin_member() {
    while (state_.avail_in > 0 && any_ && *state_.next_in == 0) {
      padding_ = true;
      ++state_.next_in;
      --state_.avail_in;
    }
    if (state_.avail_in == 0) return false;
    if (padding_ || *state_.next_in != static_cast<std::uint8_t>(gzip_mark[0]))
      throw Damaged(any_ ? "there is something else behind the compressed data" : "it is not compressed with gzip");
    ::isal_inflate_reset(&state_);
    state_.crc_flag = ISAL_GZIP;
    return any_ = inside_ = true;
  }

  bool inflate() {
    Buffer& buffer = out_.buffer();
    state_.next_out = reinterpret_cast<std::uint8_t*>(buffer.bytes.get()) + buffer.size;
    state_.avail_out = static_cast<std::uint32_t>(piece_size - buffer.size);
    const int result = ::isal_inflate(&state_);
    if (result == ISAL_INCORRECT_CHECKSUM) throw Damaged("the compressed data have another checksum than they say");
    if (result != ISAL_DECOMP_OK && result != ISAL_END_INPUT && result != ISAL_OUT_OVERFLOW)
      throw Damaged("the compressed data are damaged");
    return out_.filled(piece_size - state_.avail_out);
  }

  Output out_;
  inflate_state state_;
  bool any_ = false, inside_ = false, padding_ = false;
};

/// The window that a frame beginning so asks for (RFC 8878, 3.1.1.1); 0 where it cannot be told.
std::uint64_t zstd_window(std::string_view head) {
  constexpr unsigned single_segment = 1U << 5U;
  if (head.size() < 6 || !head.starts_with(zstd_mark)) return 0;
  const auto descriptor = static_cast<unsigned char>(head[4]), window = static_cast<unsigned char>(head[5]);
  if ((descriptor & single_segment) == 0) return (std::uint64_t{8} + (window & 7U)) << (7U + (window >> 3U));
  const unsigned long long size = ::ZSTD_getFrameContentSize(head.data(), head.size());
  return size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
}

class Unzstd : public Inflater::Decoder {
 public:
  Unzstd(std::function<void(Piece)> out, std::function<void()> before_large) : out_(std::move(out)), before_large_(std::move(before_large)) {
    if (!context_) throw std::bad_alloc();
    allow(common_window_log);
  }

  void add(std::string_view bytes) override {
    if (begun_) return inflate(bytes);
    head_.append(bytes);
    if (head_.size() < longest_zstd_header) return;
    begin();
  }

  void finish() override {
    if (!begun_) begin();
    if (rest_ != 0) end_too_early();
    out_.flush();
  }

 private:
  void allow(int window_log) { static_cast<void>(::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log)); }

  void begin() {
    begun_ = true;
    if (zstd_window(head_) > common_window) {
      if (before_large_) before_large_();
      allow(largest_window_log);
    }
    inflate(std::exchange(head_, {}));
  }

  void inflate(std::string_view bytes) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool full = false; full || in.pos < in.size;) {
      Buffer& buffer = out_.buffer();
      ZSTD_outBuffer out{buffer.bytes.get(), piece_size, buffer.size};
      const std::size_t before = in.pos;
      const std::size_t result = ::ZSTD_decompressStream(context_.get(), &out, &in);
      if (::ZSTD_isError(result)) throw Damaged(format("the compressed data are damaged: {}", ::ZSTD_getErrorName(result)));
      // 0: a frame is whole. A call that had nothing to do begins a frame that is none.
      if (in.pos > before || out.pos > buffer.size) rest_ = result;
      full = out_.filled(out.pos);
    }
  }

  Output out_;
  std::function<void()> before_large_;
  std::string head_;  ///< what came before the first frame's header was whole
  bool begun_ = false;
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_{::ZSTD_createDCtx(), ::ZSTD_freeDCtx};
  std::size_t rest_ = 1;
};

std::unique_ptr<Inflater::Decoder> make_decoder(image::Compression compression, std::function<void(Piece)> out, std::function<void()> before_large) {
  if (compression == image::Compression::zstd) return std::make_unique<Unzstd>(std::move(out), std::move(before_large));
  return std::make_unique<Gunzip>(std::move(out));
}

}  // namespace

Inflater::Inflater(image::Compression compression, std::function<void(Piece)> out, std::function<void()> before_large)
    : decoder_(make_decoder(compression, std::move(out), std::move(before_large))) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

void Inflater::add(std::string_view bytes) { decoder_->add(bytes); }

void Inflater::finish() { decoder_->finish(); }

image::Compression find_compression(std::string_view head) {
  if (head.starts_with(gzip_mark)) return image::Compression::gzip;
  if (head.starts_with(zstd_mark)) return image::Compression::zstd;
  return image::Compression::none;
}

}  // namespace snug::transport
