#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace snug::image {

/// The name of content: what its bytes hash to. Never anything but what parse_digest takes: it is safe as a file name.
struct Digest {
  std::string algorithm;  ///< "sha256" or "sha512"
  std::string hex;        ///< small letters, 64 or 128 of them
  auto operator<=>(const Digest&) const = default;

  /// Gives "sha256:HEX".
  [[nodiscard]] std::string text() const { return algorithm + ":" + hex; }
  /// Gives the first twelve letters, as docker shows ids.
  [[nodiscard]] std::string brief() const { return hex.substr(0, 12); }
};

/// Reads "sha256:HEX" or "sha512:HEX"; nothing where it is anything else.
[[nodiscard]] std::optional<Digest> parse_digest(std::string_view text);

}  // namespace snug::image
