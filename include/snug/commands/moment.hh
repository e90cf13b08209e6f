#pragma once

#include <cstdint>
#include <string_view>

namespace snug::commands {

/// Reads a moment as docker's --since takes it: a time of RFC 3339, seconds since 1970 with or without a fraction, or how long
/// before `now` (seconds since 1970) it was, "1h30m". In nanoseconds since 1970. Throws a UsageError.
[[nodiscard]] std::int64_t parse_moment(std::string_view text, std::int64_t now);

}  // namespace snug::commands
