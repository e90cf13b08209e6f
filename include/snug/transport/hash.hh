#pragma once

#include <memory>
#include <string_view>

#include "snug/image/digest.hh"

namespace snug::transport {

/// Computes a digest while bytes go by: libcrypto's, which knows the processor.
class Hasher {
 public:
  /// `algorithm` as in image::Digest.
  explicit Hasher(std::string_view algorithm = "sha256");
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void add(std::string_view bytes);
  /// Gives the digest of all so far; nothing may be added after.
  [[nodiscard]] image::Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Gives the digest of a whole text.
[[nodiscard]] image::Digest digest_of(std::string_view text, std::string_view algorithm = "sha256");

/// Gives the digest of a file, from where its descriptor stands to its end. Throws where it cannot be read.
[[nodiscard]] image::Digest digest_of_file(int fd, std::string_view algorithm = "sha256");

}  // namespace snug::transport
