// Moments as people write them, and touch; all in UTC.

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

Failure not_a_time(std::string_view text) { return Failure(format("{} is no time such as @1790000000, 2026-11-28 or 2026-11-28 10:21:00", quoted(text)), 2); }

// Nothing where it is none; as of the 30th of February.
std::optional<std::int64_t> seconds_of(tm parts) {
  const tm given = parts;
  parts.tm_isdst = 0;
  const time_t seconds = ::timegm(&parts);
  const bool same = parts.tm_mon == given.tm_mon && parts.tm_mday == given.tm_mday && parts.tm_hour == given.tm_hour && parts.tm_min == given.tm_min && parts.tm_sec == given.tm_sec;
  return same ? std::optional<std::int64_t>(seconds) : std::nullopt;
}

// The digits behind a point, as nanoseconds; nothing where others follow.
std::optional<long> nanoseconds_of(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] != '.' || text.size() < 2 || text.find_first_not_of("0123456789", 1) != std::string_view::npos) return {};
  long value = 0;
  for (std::size_t at = 1; at <= 9; ++at) value = value * 10 + (at < text.size() ? text[at] - '0' : 0);
  return value;
}

// [[CC]YY]MMDDhhmm[.ss]
timespec parse_stamp(const std::string& text) {
  const std::size_t dot = text.find('.');
  std::string digits = text.substr(0, dot);
  if (digits.size() == 8) digits = time_text(::time(nullptr), "%Y") + digits;
  if (digits.size() == 10) digits = (digits < "69" ? "20" : "19") + digits;
  tm parts{};
  const std::string whole = digits + (dot == std::string::npos ? "00" : text.substr(dot + 1));
  const bool plain = whole.size() == 14 && whole.find_first_not_of("0123456789") == std::string::npos;
  const char* end = plain ? ::strptime((whole.substr(0, 4) + " " + whole.substr(4)).c_str(), "%Y %m%d%H%M%S", &parts) : nullptr;
  const auto seconds = end && !*end ? seconds_of(parts) : std::nullopt;
  if (!seconds) throw Failure(format("{} is no time such as 202611281021.00", quoted(text)), 2);
  return {*seconds, 0};
}

}  // namespace

timespec parse_time(const std::string& text) {
  if (text == "now") {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now;
  }
  if (text.starts_with('@')) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const auto part = nanoseconds_of(std::string_view(text).substr(dot));
    if (!part) throw not_a_time(text);
    const long long whole = number_of(std::string_view(text).substr(1, dot - 1));
    const bool below = text.starts_with("@-") && *part;  // @-1.5 is half a second before @-1
    return {below ? whole - 1 : whole, below ? 1'000'000'000 - *part : *part};
  }
  for (const char* pattern : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    tm parts{};
    const char* end = ::strptime(text.c_str(), pattern, &parts);
    if (!end) continue;
    std::string_view rest = end;
    for (const std::string_view zone : {" +0000", "+00:00", " UTC", "Z"})
      if (rest.ends_with(zone)) rest.remove_suffix(zone.size());
    const auto seconds = seconds_of(parts);
    const auto part = nanoseconds_of(rest);
    if (seconds && part) return {*seconds, *part};
  }
  throw not_a_time(text);
}

int touch(Call& call) {
  const Options options(call, "acd:mr:t:", {{"no-create", 'c'}, {"reference", 'r'}, {"date", 'd'}});
  options.need(1, SIZE_MAX);
  std::array<timespec, 2> times{timespec{0, UTIME_NOW}, timespec{0, UTIME_NOW}};
  if (options.has('r')) {
    const auto like = find_stat(options.value('r'), true);
    if (!like) throw failure(options.value('r'), errno);
    times = {like->st_atim, like->st_mtim};
  }
  if (options.has('d')) times.fill(parse_time(options.value('d')));
  if (options.has('t')) times.fill(parse_stamp(options.value('t')));
  if (options.has('a') && !options.has('m')) times[1].tv_nsec = UTIME_OMIT;
  if (options.has('m') && !options.has('a')) times[0].tv_nsec = UTIME_OMIT;
  for (const std::string& path : options.operands()) {
    if (!options.has('c') && !find_stat(path, true))
      if (!sys::try_open(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0666)) {
        call.complain(path, errno);
        continue;
      }
    if (::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) != 0 && !(errno == ENOENT && options.has('c'))) call.complain(path, errno);
  }
  return call.status;
}

}  // namespace snug::builtin
