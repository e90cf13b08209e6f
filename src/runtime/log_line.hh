#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "snug/runtime/log.hh"

namespace snug::runtime {

/// What the log is written into, below the container's folder; older parts are log.json.1 and so on.
inline constexpr const char* log_name = "log.json";

/// The longest part of a line that is kept as one: docker's.
inline constexpr std::size_t longest_log_part = 16384;

/// Appends a line of log.json as docker writes it: {"log":"…","stream":"stdout","time":"…"}. Where `text` is no UTF-8, what
/// is none is U+FFFD there, and "raw" has all bytes in base64.
void append_log_line(std::string& out, std::string_view text, std::string_view stream, std::string_view time);

/// Reads a line; nothing where it is none.
[[nodiscard]] std::optional<LogLine> parse_log_line(std::string_view line);

}  // namespace snug::runtime
