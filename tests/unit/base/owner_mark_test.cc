#include <doctest/doctest.h>
#include <sys/stat.h>

#include "snug/base/owner_mark.hh"

using namespace snug;

TEST_CASE("owner mark: what is written is read") {
  for (const OwnerMark& mark : {OwnerMark{33, 42}, OwnerMark{0, 4294967294}, OwnerMark{33, 42, 04755}, OwnerMark{0, 0, 02750}, OwnerMark{0, 6, S_IFBLK | 0660, 8, 1},
                                OwnerMark{4294967294, 4294967294, S_IFCHR | 07777, 4294967295, 4294967295}})
    CHECK(parse_owner_mark(OwnerText(mark).view()) == mark);
  CHECK(OwnerText({33, 42}).view() == "33:42");
  CHECK(OwnerText({33, 42, 04755}).view() == "33:42:4755");
  CHECK(OwnerText({0, 6, S_IFBLK | 0660, 8, 1}).view() == "0:6:60660:8:1");
}

TEST_CASE("owner mark: what is none is not taken for one") {
  for (const char* text : {"", "1", "1:", ":1", "a:b", "1:2:", "1:2:9", "1:2:3:4", "1:2:3:4:5", "-1:0", "+1:0", " 1:0", "1:0 ", "4294967295:0", "0:4294967295", "4294967296:0", "1:2:100755",
                           "1:2:20666", "1:2:20666:1", "1:2:20666:1:3:4", "1:2:20666:1:", "1:2:777777", "1:2:100644:1:3", "1,2"})
    CHECK_MESSAGE(!parse_owner_mark(text), text);
}

TEST_CASE("owner mark: a mode that was set since stays, but for the bits that could not be had") {
  CHECK(OwnerMark{33, 42}.shown_mode(S_IFREG | 04711) == (S_IFREG | 04711));
  CHECK(OwnerMark{33, 42, 04755}.shown_mode(S_IFREG | 0755) == (S_IFREG | 04755));
  CHECK(OwnerMark{33, 42, 04755}.shown_mode(S_IFREG | 0711) == (S_IFREG | 0711));
  CHECK(OwnerMark{33, 42, 03775}.shown_mode(S_IFDIR | 01775) == (S_IFDIR | 03775));
  CHECK(OwnerMark{0, 6, S_IFBLK | 0660, 8, 1}.shown_mode(S_IFREG | 0600) == (S_IFBLK | 0600));
  CHECK(OwnerMark{0, 6, S_IFBLK | 0660, 8, 1}.is_device());
  CHECK(!OwnerMark{0, 6, 0660}.is_device());
}
