#include "snug/commands/moment.hh"

#include <ctime>
#include <limits>
#include <optional>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/runtime/log.hh"

namespace snug::commands {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max() / second - 1;

std::optional<std::int64_t> seconds_in(char unit) {
  switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    default: return {};
  }
}

// "1h30m", in seconds.
std::optional<std::int64_t> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_number(text.substr(0, digits));
    const auto unit = digits < text.size() ? seconds_in(text[digits]) : std::nullopt;
    if (!number || !unit || *number > 1'000'000'000) return {};
    total += static_cast<std::int64_t>(*number) * *unit;
    text.remove_prefix(digits + 1);
  }
  return total;
}

// "1764060000.25"
std::optional<std::int64_t> parse_seconds(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto whole = parse_number(text.substr(0, dot));
  if (!whole || *whole > static_cast<std::uint64_t>(latest)) return {};
  std::int64_t nanoseconds = static_cast<std::int64_t>(*whole) * second, unit = second / 10;
  for (std::size_t at = dot + 1; at < text.size(); ++at, unit /= 10) {
    if (text[at] < '0' || text[at] > '9') return {};
    nanoseconds += (text[at] - '0') * unit;
  }
  return nanoseconds;
}

// "2026-11-25", "2026-11-25T08:00" and "2026-11-25T08:00:00.5": of this machine's clocks.
std::optional<std::int64_t> parse_local(std::string_view text) {
  constexpr std::string_view day = "2026-11-25", minute = "2026-11-25T08:00";
  const char* rest = text.size() == day.size() ? "T00:00:00Z" : text.size() == minute.size() ? ":00Z" : "Z";
  const auto as_utc = runtime::parse_log_time(std::string(text) + rest);
  if (!as_utc) return {};
  const std::time_t seconds = *as_utc / second - (*as_utc % second < 0 ? 1 : 0);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  parts.tm_isdst = -1;
  return ::mktime(&parts) * second + (*as_utc - seconds * second);
}

}  // namespace

std::int64_t parse_moment(std::string_view text, std::int64_t now) {
  if (!text.empty()) {
    if (const auto time = runtime::parse_log_time(text)) return *time;
    if (const auto time = parse_local(text)) return *time;
    if (const auto seconds = parse_seconds(text)) return *seconds;
    if (const auto duration = parse_duration(text)) return (now - *duration) * second;
  }
  throw UsageError(format("{} is no time", quoted(text)), "2026-11-25T08:00:00Z, seconds since 1970, or how long ago it was: 1h30m");
}

}  // namespace snug::commands
