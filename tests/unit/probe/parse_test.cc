#include "parse.hh"

#include <doctest/doctest.h>

#include <string>

#include "filesystem.hh"
#include "snug/plan/limits.hh"

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

TEST_CASE("nsswitch: who hands out sub-ids") {
  CHECK(sub_id_service("").empty());
  CHECK(sub_id_service("passwd: files sss\n# subid: sss\n").empty());
  CHECK(sub_id_service("passwd: files\nsubid: files\n").empty());
  CHECK(sub_id_service("subid: files sss\n").empty());  // newuidmap takes the first alone
  CHECK(sub_id_service("subid:\n").empty());
  CHECK(sub_id_service("subid:\t sss # central\nsubid: other\n") == "sss");
  CHECK(sub_id_service("SubID:sss\n") == "sss");
}

TEST_CASE("getsubids: every line is as it should be, or none counts") {
  const auto ranges = parse_getsubids("0: me 100000 65536\n1: me 300000 10\n", "me");
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0] == plan::SubIdRange{{100000}, 65536});
  CHECK(ranges[1] == plan::SubIdRange{{300000}, 10});
  CHECK(parse_getsubids("", "me").empty());
  for (const char* bad : {"0: you 100000 65536\n", "1: me 100000 65536\n", "0 me 100000 65536\n", "0: me 100000\n", "0: me 100000 65536 1\n",
                          "0: me  100000 65536\n", "0: me -1 65536\n", "0: me 0x10 5\n", "0: me 100000 0\n", "0: me 4294967290 100\n",
                          "0: me 100000 65536\nError fetching ranges\n", "0: me 100000 65536\n\n"})
    CHECK_MESSAGE(parse_getsubids(bad, "me").empty(), bad);
}

TEST_CASE("mounts: what covers /proc and /sys, without what stands where it belongs") {
  CHECK(find_covered({{"/", "ext4", "/"}, {"/proc", "proc", "/"}, {"/proc/sys/fs/binfmt_misc", "binfmt_misc", "/"}, {"/sys", "sysfs", "/"},
                      {"/sys/fs/cgroup", "tmpfs", "/"}, {"/sys/fs/cgroup/unified", "cgroup2", "/"}, {"/sys/kernel/debug", "debugfs", "/"},
                      {"/system", "ext4", "/"}})
            .empty());
  CHECK(find_covered({{"/proc/keys", "tmpfs", "/null"}, {"/proc/bus", "proc", "/bus"}, {"/sys/firmware", "tmpfs", "/"}}) ==
        std::vector<std::string>{"/proc/keys", "/proc/bus", "/sys/firmware"});
}

TEST_CASE("status: a seccomp filter") {
  CHECK(is_filtered("Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n"));
  CHECK(!is_filtered("Seccomp:\t0\nSeccomp_filters:\t2\n"));
  CHECK(!is_filtered(""));
}

TEST_CASE("file systems: named, and only those that are known to do take an upper") {
  CHECK(filesystem_of(0xef53).takes_upper);
  CHECK(filesystem_of(0x01021994).name == "tmpfs");
  for (const std::uint32_t magic : {0x6969U, 0x65735546U, 0x794c7630U, 0xf15fU}) CHECK(!filesystem_of(magic).takes_upper);
  CHECK(filesystem_of(0x6969).name == "NFS");
  CHECK(filesystem_of(0xf15f).name == "eCryptfs");
  CHECK(filesystem_of(0x12345678).name.find("0x12345678") != std::string::npos);
}

TEST_CASE("mountinfo: escapes are undone, optional fields are passed over") {
  const auto mounts = parse_mountinfo("36 35 98:0 /mnt1 /my\\040disk rw,noatime shared:1 master:2 - ext3 /dev/root rw\nbroken\n"
                                      "1 2 0:1 / / rw - tmpfs tmpfs rw\n");
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0] == plan::Mount{"/my disk", "ext3", "/mnt1"});
  CHECK(mounts[1].target == "/");
}

TEST_CASE("mountinfo: what is told of a mount for a picture") {
  const auto mounts = parse_seen_mounts("36 35 98:0 /mnt1 /my\\040disk rw,noatime shared:1 - ext3 /dev/my\\040root rw\nbroken\n");
  REQUIRE(mounts.size() == 1);
  CHECK(mounts[0] == SeenMount{"/my disk", "ext3", "/mnt1", "98:0", "/dev/my root", "rw,noatime", 36, 35});
}

TEST_CASE("mountinfo: what is covered") {
  // A root with /dev, /dev/shm and /a/b; then /dev again over the first, /dev/shm in that, and again over it; then /a over /a/b.
  const auto mounts = parse_seen_mounts("1 0 0:1 / / rw - ext4 d rw\n2 1 0:2 / /dev rw - devtmpfs d rw\n3 2 0:3 / /dev/shm rw - tmpfs d rw\n4 1 0:4 / /a/b rw - tmpfs d rw\n"
                                        "5 2 0:5 / /dev rw - tmpfs d rw\n6 5 0:6 / /dev/shm rw - tmpfs d rw\n7 6 0:7 / /dev/shm rw - tmpfs d rw\n8 1 0:8 / /a rw - tmpfs d rw\n"
                                        "9 7 0:9 / /dev/shm/x rw - tmpfs d rw\n10 1 0:9 / /ab rw - tmpfs d rw\n");
  std::string hidden;
  for (const bool each : find_hidden(mounts)) hidden += each ? 'h' : '.';
  CHECK(hidden == ".hhh.h....");
  CHECK(find_hidden({}).empty());
  // Hostile: each on itself, or on each other.
  CHECK(find_hidden(parse_seen_mounts("1 1 0:1 / / rw - ext4 d rw\n2 3 0:1 / /b rw - ext4 d rw\n3 2 0:1 / /c rw - ext4 d rw\n")).size() == 3);
}

TEST_CASE("id maps of the kernel: columns as it aligns them, all ids too; what is none gives none") {
  CHECK(parse_id_map("         0       1000          1\n         1     100000      65536\n") ==
        std::vector<plan::IdRange>{{{0}, {1000}, 1}, {{1}, {100000}, 65536}});
  CHECK(parse_id_map("0 0 4294967295\n") == std::vector<plan::IdRange>{{{0}, {0}, 4294967295U}});
  for (const char* odd : {"", "0 1000\n", "0 1000 1 1\n", "0 1000 4294967296\n", "0 -1 1\n", "a b c\n"}) CHECK_MESSAGE(parse_id_map(odd).empty(), odd);
}

TEST_CASE("processes: names with blanks, parentheses and line feeds lead nobody astray") {
  const auto stat = parse_stat("7 (a) R (b) S 3 7 7 0 -1 4194560 1 2 3 4 50 60 0 0 20 0 1 0 12345 1 1\n");
  REQUIRE(stat);
  CHECK(stat->state == 'S');
  CHECK(stat->parent == 3);
  CHECK(stat->time == 110);
  CHECK(stat->start == 12345);
  for (const char* odd : {"", "7", "7 (a", "7 (a)", "7 (a) ", "7 (a) S 1"}) CHECK_MESSAGE(!parse_stat(odd), odd);
  const auto status = parse_status("Name:\ta b\nPPid:\t3\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t70\t8\t1\n");
  REQUIRE(status);
  CHECK(status->process.name == "a b");
  CHECK(status->process.parent == 3);
  CHECK(status->process.uid == 1001);
  CHECK(status->process.numbers == std::vector<pid_t>{70, 8, 1});
  CHECK(!status->kernel);
  CHECK(!parse_status("Name:\tx\n"));
}

TEST_CASE("processes: what the kernel says of their rights, and which are its own") {
  const auto status = parse_status("Name:\tx\nState:\tS (sleeping)\nPid:\t9\nTracerPid:\t4\nUid:\t0\t0\t0\t0\nKthread:\t0\nCapEff:\t00000000a80425fb\n"
                                   "CapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n");
  REQUIRE(status);
  CHECK(status->process.numbers == std::vector<pid_t>{9});  // a kernel without process namespaces
  CHECK(status->process.state == 'S');
  CHECK(status->process.tracer == 4);
  CHECK(status->process.effective == 0xa80425fbU);
  CHECK(status->process.bounding == 0x1ffffffffffU);
  CHECK(status->process.no_new_privileges);
  CHECK(status->process.seccomp == 2);
  CHECK(status->process.filters == 3);
  CHECK(parse_status("Name:\tx\nPid:\t9\nUid:\t0\t0\t0\t0\nKthread:\t1\n")->kernel);
  CHECK(parse_status("Name:\tx\nPid:\t9\nPPid:\t2\nUid:\t0\t0\t0\t0\nNSpid:\t9\n")->kernel);  // before Linux 6.8
  CHECK(!parse_status("Name:\tx\nPid:\t9\nPPid:\t2\nUid:\t0\t0\t0\t0\nVmSize:\t9 kB\nNSpid:\t9\n")->kernel);
  CHECK(!parse_status("Name:\tx\nUid:\t0\t0\t0\t0\n"));
}

TEST_CASE("limits: by their numbers, whatever the kernel calls them; what is none is passed over") {
  const auto found = plan::parse_limits("Limit                     Soft Limit           Hard Limit           Units     \n"
                                        "Max cpu time              unlimited            unlimited            seconds   \n"
                                        "Max file size             unlimited            9000                 bytes     \n"
                                        "Max data size             a lot                9000                 bytes     \n"
                                        "Max stack\n"
                                        "Max core file size        0                    0                    bytes     \n");
  REQUIRE(found.size() == 3);
  CHECK(found[0] == plan::ResourceLimit{"cpu", RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY});
  CHECK(found[1] == plan::ResourceLimit{"fsize", RLIMIT_FSIZE, RLIM_INFINITY, 9000});
  CHECK(found[2] == plan::ResourceLimit{"core", RLIMIT_CORE, 0, 0});
  CHECK(plan::parse_limits("").empty());
}

TEST_CASE("cgroups: the unified path, systemd's, or another that is not the root") {
  CHECK(parse_cgroup("0::/user.slice/a:b\n") == "/user.slice/a:b");
  CHECK(parse_cgroup("3:memory:/docker/1\n1:name=systemd:/\n0::/\n") == "/docker/1");
  CHECK(parse_cgroup("3:memory:/docker/1\n1:name=systemd:/s\n0::/\n") == "/s");
  CHECK(parse_cgroup("0::/\n") == "/");
  CHECK(parse_cgroup("nothing\n").empty());
}

TEST_CASE("listeners: addresses of both kinds, and of those that listen alone") {
  const auto found = parse_listeners("  sl  local_address rem_address   st\n"
                                     "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 777 1 0 100 0 0 10 0\n"
                                     "   1: 0100007F:1F91 00000000:0000 01 00000000:00000000 00:00000000 00000000  1000        0 778 1 0 100 0 0 10 0\n"
                                     "   2: 00000000000000000000000001000000:0050 0:0 0A 0:0 0:0 0  0 0 779 1\n   3: zz:0 0:0 0A 0 0 0 0 0 1\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].inode == 777);
  CHECK(found[0].address == "127.0.0.1:8080");
  CHECK(found[1].address == "[::1]:80");
}
