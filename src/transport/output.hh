#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "pipeline.hh"

namespace snug::transport {

/// A buffer that a library fills, and where it goes when it is full.
class Output {
 public:
  explicit Output(std::function<void(Piece)> out) : out_(std::move(out)) {}

  Buffer& buffer() {
    if (!buffer_) buffer_ = std::make_shared<Buffer>();
    return *buffer_;
  }
  /// Tells that the buffer has so many bytes now; true where it is full and went on.
  bool filled(std::size_t size) {
    buffer_->size = size;
    if (size < piece_size) return false;
    flush();
    return true;
  }
  void flush() {
    if (buffer_ && buffer_->size > 0) out_(std::exchange(buffer_, nullptr));
  }

 private:
  std::function<void(Piece)> out_;
  std::shared_ptr<Buffer> buffer_;
};

}  // namespace snug::transport
