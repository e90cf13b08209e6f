#include "snug/base/time.hh"

#include <array>
#include <chrono>

#include "snug/base/text.hh"

namespace snug {
namespace {

using Days = std::chrono::sys_days;

// The number in `length` digits at `at`; -1 where they are none.
int digits(std::string_view text, std::size_t at, std::size_t length) {
  int number = 0;
  for (const char digit : text.substr(at, length)) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

std::optional<std::int64_t> zone_of(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return {};
  const int hours = digits(text, 1, 2), minutes = digits(text, 4, 2);
  if (hours < 0 || minutes < 0) return {};
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (text.size() <= shape.size()) return {};
  for (std::size_t at = 0; at < shape.size(); ++at)
    if (shape[at] != '0' && text[at] != shape[at] && !(shape[at] == 'T' && text[at] == 't')) return {};
  const std::array<int, 6> part{digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2), digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)};
  for (const int number : part)
    if (number < 0) return {};
  const std::chrono::year_month_day date{std::chrono::year(part[0]), std::chrono::month(static_cast<unsigned>(part[1])), std::chrono::day(static_cast<unsigned>(part[2]))};
  std::string_view rest = text.substr(shape.size());
  if (rest.starts_with('.')) rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  const auto zone = zone_of(rest);
  if (!date.ok() || !zone || part[3] > 23 || part[4] > 59 || part[5] > 60) return {};
  const std::int64_t seconds = std::int64_t{Days(date).time_since_epoch().count()} * 86400 + part[3] * 3600 + part[4] * 60 + part[5] - *zone;
  constexpr std::int64_t never = -62135596800;  // 0001-01-01, with which programs in Go say that there is no time
  return seconds == never ? std::nullopt : std::optional(seconds);
}

std::string render_time(std::int64_t seconds) {
  std::int64_t day = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) --day, rest += 86400;
  const std::chrono::year_month_day date{Days(std::chrono::days(day))};
  return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), rest / 3600, rest / 60 % 60, rest % 60);
}

std::string render_age(std::int64_t seconds) {
  struct Unit {
    std::int64_t size;
    const char* name;
  };
  constexpr std::array<Unit, 6> units{{{31536000, "year"}, {2592000, "month"}, {604800, "week"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}}};
  for (const Unit& unit : units)
    if (const std::int64_t count = seconds / unit.size; count >= 2 || (count == 1 && unit.size <= 86400))
      return format("{} {}{} ago", count, unit.name, count == 1 ? "" : "s");
  return seconds < 1 ? "now" : format("{} second{} ago", seconds, seconds == 1 ? "" : "s");
}

std::string render_size(std::uint64_t bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  double size = static_cast<double>(bytes);
  for (; size >= 999.5 && unit + 1 < units.size(); ++unit) size /= 1000;
  if (unit == 0) return format("{}B", bytes);
  return size < 9.995 ? format("{:.2f}{}", size, units[unit]) : size < 99.95 ? format("{:.1f}{}", size, units[unit]) : format("{:.0f}{}", size, units[unit]);
}

}  // namespace snug
