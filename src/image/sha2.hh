#pragma once

#include <string>
#include <string_view>

namespace snug::image {

/// Gives the SHA-256 (FIPS 180-4) of a document, as 64 hexadecimal digits. Here, and not from libcrypto, because snug starts without that;
/// what is large is hashed by transport::Hasher.
[[nodiscard]] std::string sha256(std::string_view text);

/// Gives its SHA-512, as 128 digits.
[[nodiscard]] std::string sha512(std::string_view text);

}  // namespace snug::image
