#include "parse.hh"

#include <doctest/doctest.h>

#include <string>

using namespace snug;
using namespace snug::probe;

TEST_CASE("passwd: good lines are taken, bad ones are passed over") {
  const auto accounts = parse_passwd("root:x:0:0:root:/root:/bin/sh\nshort:x:1\nbig:x:4294967296:0::/:/bin/sh\nminus:x:-1:0::/:/b\n"
                                     ":x:3:3::/:/b\nzero:x:01:0::/:/b\nlast:x:5:6:a,b:/home:/bin/ash");
  REQUIRE(accounts.size() == 2);
  CHECK(accounts[0].name == "root");
  CHECK(accounts[1] == plan::Account{"last", 5, 6, "/home", "/bin/ash"});
}

TEST_CASE("passwd: NUL and endless lines are nobody's") {
  using namespace std::string_literals;
  CHECK(parse_passwd("a\0b:x:1:1::/:/b\n"s).empty());
  CHECK(parse_passwd(std::string(1 << 20, 'a') + ":x:1:1::/:/b").empty());
}

TEST_CASE("group: members are split, an empty list has none") {
  const auto groups = parse_group("a:x:1:\nb:x:2:u,v\nbroken\n");
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].members.empty());
  CHECK(groups[1].members == std::vector<std::string>{"u", "v"});
}

TEST_CASE("sub-ids: by name and by number, whole ranges only") {
  const auto ranges = parse_sub_ids("me:100000:65536\nother:1:1\n1000:300000:10\nme:0x10:5\nme:4294967290:100\nme:5:0\n", "me", {1000});
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0] == plan::SubIdRange{{100000}, 65536});
  CHECK(ranges[1] == plan::SubIdRange{{300000}, 10});
  CHECK(parse_sub_ids("1000:1:1\n", "", {1000}).size() == 1);
}

TEST_CASE("sub-ids: a remedy names a range that nobody has") {
  CHECK(next_sub_id("") == 100000);
  CHECK(next_sub_id("a:100000:65536\nb:165536:65536\n") == 231072);
  CHECK(next_sub_id("a:4294967000:200\n") == 4294901759U);
}

TEST_CASE("mountinfo: escapes are undone, optional fields are passed over") {
  const auto mounts = parse_mountinfo("36 35 98:0 /mnt1 /my\\040disk rw,noatime shared:1 master:2 - ext3 /dev/root rw\nbroken\n"
                                      "1 2 0:1 / / rw - tmpfs tmpfs rw\n");
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0] == plan::Mount{"/my disk", "ext3", "/mnt1"});
  CHECK(mounts[1].target == "/");
}
