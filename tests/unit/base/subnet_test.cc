#include "snug/base/subnet.hh"

#include <doctest/doctest.h>

#include <vector>

using namespace snug;

namespace {

Subnet subnet(std::string_view text) {
  const auto found = parse_subnet(text);
  REQUIRE(found);
  return *found;
}

}  // namespace

TEST_CASE("networks are read as they are written, and nothing else is") {
  for (const char* text : {"10.89.0.0/24", "0.0.0.0/0", "192.0.2.4/30", "192.0.2.1/32", "fd00:1::/64", "::/0", "2001:db8::8/125"}) CHECK(render_subnet(subnet(text)) == text);
  for (const char* text : {"", "10.89.0.0", "10.89.0.1/24", "10.89.0.0/33", "10.89.0.0/-1", "10.89.0.0/024", "10.89.0/24", "fd00::1/64", "fd00::/129", "x/24", "/24", "10.89.0.0/"}) CHECK_FALSE(parse_subnet(text));
  CHECK(render_subnet(*find_subnet("10.89.1.7", 20)) == "10.89.0.0/20");
  CHECK(render_subnet(*find_subnet("fd00::ffff:1", 112)) == "fd00::ffff:0/112");
  CHECK_FALSE(find_subnet("nothing", 8));
}

TEST_CASE("two networks overlap where an address lies in both") {
  CHECK(overlap(subnet("10.0.0.0/8"), subnet("10.89.0.0/24")));
  CHECK(overlap(subnet("10.89.0.128/25"), subnet("10.89.0.0/24")));
  CHECK_FALSE(overlap(subnet("10.89.0.0/24"), subnet("10.89.1.0/24")));
  CHECK_FALSE(overlap(subnet("10.89.0.0/25"), subnet("10.89.0.128/25")));
  CHECK(overlap(subnet("0.0.0.0/0"), subnet("192.0.2.0/24")));
  CHECK_FALSE(overlap(subnet("0.0.0.0/0"), subnet("::/0")));
}

TEST_CASE("addresses have numbers, counted from the network's own") {
  CHECK(address_in(subnet("10.89.0.0/24"), 2) == "10.89.0.2");
  CHECK(address_in(subnet("10.0.0.0/8"), 0x010203) == "10.1.2.3");
  CHECK(address_in(subnet("fd00:1::/64"), 0x10002) == "fd00:1::1:2");
  for (const std::uint32_t number : {0U, 1U, 200U, 254U}) CHECK(find_number(subnet("10.89.0.0/24"), address_in(subnet("10.89.0.0/24"), number)) == number);
  CHECK(find_number(subnet("fd00:1::/64"), "fd00:1::5") == 5U);
  CHECK_FALSE(find_number(subnet("10.89.0.0/24"), "10.89.1.2"));
  CHECK_FALSE(find_number(subnet("fd00:1::/64"), "fd00:1::1:0:0"));
  CHECK_FALSE(find_number(subnet("10.89.0.0/24"), "fd00::1"));
  CHECK(last_number(subnet("10.89.0.0/24")) == 254);
  CHECK(last_number(subnet("10.89.0.0/29")) == 6);
  CHECK(last_number(subnet("10.89.0.0/31")) == 0);
  CHECK(last_number(subnet("fd00::/64")) == 0xfffffffe);
}

TEST_CASE("a network that is free is one after those that are taken") {
  std::vector<Subnet> taken;
  CHECK(render_subnet(*find_free_subnet(taken)) == "10.89.0.0/24");
  taken = {subnet("10.89.0.0/23"), subnet("10.89.2.64/26"), subnet("192.168.0.0/16")};
  CHECK(render_subnet(*find_free_subnet(taken)) == "10.89.3.0/24");
  taken.push_back(subnet("10.88.0.0/14"));
  CHECK(render_subnet(*find_free_subnet(taken)) == "10.92.0.0/24");
  taken.push_back(subnet("10.0.0.0/8"));
  CHECK(render_subnet(*find_free_subnet(taken)) == "172.16.0.0/24");
  taken.push_back(subnet("172.0.0.0/8"));
  CHECK_FALSE(find_free_subnet(taken));
  taken[2] = subnet("192.168.0.0/17");
  CHECK(render_subnet(*find_free_subnet(taken)) == "192.168.128.0/24");
  CHECK(render_subnet(make_unique_subnet({1, 2, 3, 4, 5})) == "fd01:203:405::/64");
}
