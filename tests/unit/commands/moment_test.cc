#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

#include "snug/commands/moment.hh"
#include "snug/base/error.hh"

using namespace snug;
using commands::parse_moment;

TEST_CASE("moments are spelled as docker's") {
  constexpr std::int64_t second = 1'000'000'000;
  CHECK(parse_moment("1h30m", 10'000) == 4600 * second);
  CHECK(parse_moment("2d", 200'000) == 27'200 * second);
  CHECK(parse_moment("1764060000", 0) == 1'764'060'000 * second);
  CHECK(parse_moment("1764060000.25", 0) == 1'764'060'000 * second + second / 4);
  CHECK(parse_moment("1970-01-01T00:01:00.5+00:01", 0) == second / 2);
  for (const char* wrong : {"", "soon", "10x", "m", "-5m", "1h30", "99999999999999999999", "1.x", "1970-01-32", "1970-1-1", "1970-01-01 08:00"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(static_cast<void>(parse_moment(wrong, 0)), UsageError);
  }
}

TEST_CASE("without a zone a moment is of this machine's clocks") {
  constexpr std::int64_t second = 1'000'000'000;
  ::setenv("TZ", "TEST-2", 1);  // two hours ahead
  ::tzset();
  CHECK(parse_moment("1970-01-02", 0) == 22 * 3600 * second);
  CHECK(parse_moment("1970-01-02T01:30", 0) == 23 * 3600 * second + 1800 * second);
  CHECK(parse_moment("1970-01-01T00:00:00.5", 0) == -7200 * second + second / 2);
  ::unsetenv("TZ");
  ::tzset();
}
