#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace snug::image {

/// The kinds of digests that are known here.
inline constexpr std::array<std::string_view, 2> algorithms{"sha256", "sha512"};

/// The name of content: what its bytes hash to. Never anything but what parse_digest takes: it is safe as a file name.
struct Digest {
  std::string algorithm;  ///< one of those
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
