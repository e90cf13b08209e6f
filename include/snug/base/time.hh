#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace snug {

/// Reads a time of RFC 3339, "2024-05-01T12:00:00.5+02:00": seconds since 1970, without the fraction.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text);

/// Gives a time of RFC 3339, in UTC.
[[nodiscard]] std::string render_time(std::int64_t seconds);

/// Gives how long ago something was, as docker does: "5 minutes ago".
[[nodiscard]] std::string render_age(std::int64_t seconds);

/// Gives a number of bytes as docker does, in powers of 1000 with three digits: "12.3MB".
[[nodiscard]] std::string render_size(std::uint64_t bytes);

}  // namespace snug
