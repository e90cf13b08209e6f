#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace snug::runtime {

/// Nanoseconds since 1970.
using LogTime = std::int64_t;

/// Gives a time as RFC 3339 with nanoseconds, in UTC.
[[nodiscard]] std::string render_log_time(LogTime time);

/// Reads it; nothing where it is none.
[[nodiscard]] std::optional<LogTime> parse_log_time(std::string_view text);

/// A line of a container's log, or a part of one that is long.
struct LogLine {
  std::string text;  ///< byte for byte what was written, usually with its line feed
  bool error = false;
  LogTime time = 0;
};

/// Which lines of a log are wanted.
struct LogWish {
  std::optional<std::uint64_t> tail = {};     ///< the last so many
  std::optional<LogTime> since = {}, until = {};
  int monitor = -1;  ///< a pidfd: goes on until that process has ended; -1: what is there
  std::function<bool()> enough = {};  ///< asked whenever a signal or something more has come: whether to leave it at that
};

/// Reads the log in a container's folder, the oldest line first, over all its files. What is no line of a log is passed over.
/// False where there is none. Throws where it cannot be read.
[[nodiscard]] bool read_log(const std::string& folder, const LogWish& wish, const std::function<void(const LogLine&)>& take);

}  // namespace snug::runtime
