#include "snug/base/time.hh"

#include <doctest/doctest.h>

using namespace snug;

TEST_CASE("times of RFC 3339 are read, and nothing else") {
  CHECK(parse_time("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_time("2024-02-29T12:30:01.123456789Z") == 1709209801);
  CHECK(parse_time("2024-02-29T14:30:01+02:00") == 1709209801);
  CHECK(parse_time("1969-12-31T23:59:59Z") == -1);
  for (const auto* bad : {"", "2024", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00Zx",
                          "2024-01-01T00:00:00+2:00", "2024-01-0xT00:00:00Z", "2024-01-01 00:00:00Z", "0001-01-01T00:00:00Z"})
    CHECK_MESSAGE(!parse_time(bad), bad);
}

TEST_CASE("times, ages and sizes are shown as docker shows them") {
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{1709209801}, std::int64_t{-1}, std::int64_t{4102444800}}) CHECK(parse_time(render_time(time)) == time);
  CHECK(render_age(0) == "now");
  CHECK(render_age(1) == "1 second ago");
  CHECK(render_age(59) == "59 seconds ago");
  CHECK(render_age(60) == "1 minute ago");
  CHECK(render_age(3600) == "1 hour ago");
  CHECK(render_age(8 * 86400) == "8 days ago");
  CHECK(render_age(14 * 86400) == "2 weeks ago");
  CHECK(render_age(800 * 86400) == "2 years ago");
  CHECK(render_size(0) == "0B");
  CHECK(render_size(999) == "999B");
  CHECK(render_size(1000) == "1.00kB");
  CHECK(render_size(12345678) == "12.3MB");
  CHECK(render_size(999999) == "1.00MB");
  CHECK(render_size(117000000) == "117MB");
}
