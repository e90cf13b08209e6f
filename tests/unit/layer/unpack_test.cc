#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "snug/base/error.hh"
#include "unpacking.hh"

using namespace snug;
using namespace snug::test;

namespace {

// Mine: nobody else's set-user-ID program becomes ours.
std::string own(Member member) {
  member.uid = ::getuid();
  member.gid = ::getgid();
  return tar(member);
}

std::string ordinary_tree() {
  return tar({.name = "./", .type = '5', .mode = 0755, .time = 1111111111}) +
         tar({.name = "./usr/", .type = '5', .mode = 0755}) + tar({.name = "./usr/bin/", .type = '5', .mode = 0750}) +
         own({.name = "./usr/bin/tool", .data = std::string(100000, 'x'), .mode = 04755}) +
         tar({.name = "./usr/bin/other", .type = '1', .link = "./usr/bin/tool"}) +
         tar({.name = "./bin", .type = '2', .link = "usr/bin"}) + tar({.name = "./empty", .mode = 0600}) +
         tar({.name = "./fifo", .type = '6', .mode = 0622}) + tar({.name = "./dev/null", .type = '3', .mode = 0666}) +
         tar({.name = "./dev/sda", .type = '4'}) + tar({.name = "./tmp/", .type = '5', .mode = 01777}) + tar_end();
}

void check_ordinary_tree(const Target& target, const layer::Unpacked& done) {
  CHECK(done.entries == 11);
  CHECK(done.devices == 2);
  CHECK(target.names() == std::vector<std::string>{"bin", "dev", "dev/null", "dev/sda", "empty", "fifo", "tmp", "usr", "usr/bin", "usr/bin/other", "usr/bin/tool"});
  CHECK(target.mode("") == (S_IFDIR | 0755));
  CHECK(target.status("")->st_mtim.tv_sec == 1111111111);
  CHECK(target.mode("usr/bin") == (S_IFDIR | 0750));
  CHECK(target.mode("usr/bin/tool") == (S_IFREG | 04755));
  CHECK(target.text("usr/bin/tool") == std::string(100000, 'x'));
  CHECK(target.status("usr/bin/tool")->st_mtim.tv_sec == 1000000000);
  CHECK(target.status("usr/bin/other")->st_ino == target.status("usr/bin/tool")->st_ino);
  CHECK(target.link("bin") == "usr/bin");
  CHECK(target.status("bin")->st_mtim.tv_sec == 1000000000);
  CHECK(target.mode("empty") == (S_IFREG | 0600));
  CHECK(target.mode("fifo") == (S_IFIFO | 0622));
  CHECK(target.mode("tmp") == (S_IFDIR | 01777));
}

}  // namespace

TEST_CASE("unpack: a tree of all kinds, plain and in each compression") {
  for (const char* filter : {"none", "gzip", "bzip2", "xz", "lzma", "lzip", "zstd", "lz4", "compress"}) {
    CAPTURE(filter);
    Target target;
    check_ordinary_tree(target, target.unpack(compressed(ordinary_tree(), filter)));
  }
}

TEST_CASE("unpack: from a pipe that gives a little at a time") {
  for (const char* filter : {"none", "zstd"}) {
    Target target;
    check_ordinary_tree(target, target.unpack_pipe(compressed(ordinary_tree(), filter)));
  }
}

TEST_CASE("unpack: twice over the same folder gives the same") {
  Target target;
  check_ordinary_tree(target, target.unpack(ordinary_tree()));
  check_ordinary_tree(target, target.unpack(ordinary_tree()));
}

TEST_CASE("unpack: an archive with nothing in it is one") {
  Target target;
  CHECK(target.unpack(tar_end()).entries == 0);
  CHECK(target.names().empty());
}

TEST_CASE("unpack: folders get mode and time when nothing more comes into them") {
  Target target;
  target.unpack(tar({.name = "shut/", .type = '5', .mode = 0}) + tar({.name = "shut/in/", .type = '5', .mode = 0, .time = 7}) +
                tar({.name = "shut/in/file", .data = "text"}) + tar({.name = "shut/in/", .type = '5', .mode = 0510, .time = 8}) +
                tar({.name = "shut/late", .data = "text"}) + tar_end());
  CHECK(target.mode("shut") == S_IFDIR);
  CHECK(target.status("shut")->st_mtim.tv_sec == 1000000000);
  ::chmod((target.path() + "/shut").c_str(), 0700);
  CHECK(target.text("shut/late") == "text");
  CHECK(target.mode("shut/in") == (S_IFDIR | 0510));
  CHECK(target.status("shut/in")->st_mtim.tv_sec == 8);
}

TEST_CASE("unpack: a root that nobody may enter shuts at the end") {
  Target target;
  target.unpack(tar({.name = "./", .type = '5', .mode = 0}) + tar({.name = "./file", .data = "text"}) + tar_end());
  CHECK(target.mode("") == S_IFDIR);
  ::chmod(target.path().c_str(), 0700);
  CHECK(target.text("file") == "text");
}

TEST_CASE("unpack: missing parents are made for others to enter, whatever the umask") {
  Target target;
  const mode_t mask = ::umask(077);
  target.unpack(tar({.name = "a/b/c", .data = "text", .mode = 0666}) + tar_end());
  ::umask(mask);
  CHECK(target.mode("a") == (S_IFDIR | 0755));
  CHECK(target.mode("a/b") == (S_IFDIR | 0755));
  CHECK(target.mode("a/b/c") == (S_IFREG | 0666));
}

TEST_CASE("unpack: times have nanoseconds, and may lie before 1970") {
  Target target;
  target.unpack(pax({{"mtime", "1234567890.123456789"}}, {.name = "file"}) + pax({{"mtime", "-1.5"}}, {.name = "folder/", .type = '5'}) +
                pax({{"mtime", "1234567890.5"}}, {.name = "link", .type = '2', .link = "file"}) +
                pax({{"mtime", "99999999999999999999.9999999999"}}, {.name = "far"}) + tar_end());
  CHECK(target.status("file")->st_mtim.tv_sec == 1234567890);
  CHECK(target.status("file")->st_mtim.tv_nsec == 123456789);
  CHECK(target.status("folder")->st_mtim.tv_sec == -2);
  CHECK(target.status("folder")->st_mtim.tv_nsec == 500000000);
  CHECK(target.status("link")->st_mtim.tv_nsec == 500000000);
}

TEST_CASE("unpack: a set-user-ID bit outlives the contents and the owner") {
  Target target;
  target.unpack(own({.name = "tool", .data = "text", .mode = 06755}) + tar_end());
  CHECK(target.mode("tool") == (S_IFREG | 06755));
}

TEST_CASE("unpack: a group that a folder hands down stays with the folder") {
  Target target;
  ::chmod(target.path().c_str(), 02755);
  target.unpack(own({.name = "given/", .type = '5', .mode = 02755}) + tar({.name = "given/below/", .type = '5', .mode = 0755}) +
                tar({.name = "missing/file"}) + tar_end());
  CHECK(target.mode("given") == (S_IFDIR | 02755));
  CHECK(target.mode("given/below") == (S_IFDIR | 0755));
  CHECK(target.mode("missing") == (S_IFDIR | 0755));
}

TEST_CASE("unpack: owners that cannot be had are counted") {
  Target target;
  const std::uint64_t me = ::getuid(), mine = ::getgid();
  const auto done = target.unpack(
      tar({.name = "mine", .uid = me, .gid = mine}) + tar({.name = "theirs", .mode = 06755, .uid = me + 1, .gid = mine}) +
      tar({.name = "folder/", .type = '5', .uid = me + 1, .gid = mine + 1}) + tar({.name = "link", .type = '2', .link = "x", .uid = me + 1}) +
      pax({{"uid", "-1"}}, {.name = "minus", .gid = mine}) + pax({{"uid", "4294967295"}, {"gid", "4294967295"}}, {.name = "ones", .mode = 06755}) +
      pax({{"uid", "99999999999999999999"}}, {.name = "huge", .gid = mine}) + tar_end());
  CHECK(done.owners == (me == 0 ? 3 : 6));  // root gives away what it likes
  CHECK(target.status("mine")->st_uid == me);
  CHECK(target.mode("theirs") == (S_IFREG | (me == 0 ? 06755 : 02755)));
  CHECK(target.mode("ones") == (S_IFREG | 0755));
  CHECK(target.status("ones")->st_uid == me);
  CHECK(target.status("ones")->st_gid == mine);
}

TEST_CASE("unpack: attributes of users are kept, those of kernels are not") {
  Target target;
  const std::string binary("a\0b", 3);
  const Pax attributes{{"SCHILY.xattr.user.note", binary},         {"SCHILY.xattr.user.overlay.opaque", "y"},
                       {"SCHILY.xattr.user.overlay.redirect", "/"}, {"SCHILY.xattr.trusted.overlay.opaque", "y"},
                       {"SCHILY.xattr.security.selinux", "label"},  {"SCHILY.xattr.system.posix_acl_access", "acl"},
                       {"SCHILY.xattr.user.overlays", "kept"}};
  const auto done = target.unpack(pax(attributes, {.name = "file", .mode = 0444, .uid = ::getuid(), .gid = ::getgid()}) + pax(attributes, {.name = "folder/", .type = '5', .mode = 0555, .uid = ::getuid(), .gid = ::getgid()}) +
                                  pax({{"SCHILY.xattr.user.note", "x"}}, {.name = "link", .type = '2', .link = "file"}) + tar_end());
  CHECK(done.xattrs == 5 + 5 + 1);
  for (const char* name : {"file", "folder"}) {
    CHECK(target.xattr(name, "user.note") == binary);
    CHECK(target.xattr(name, "user.overlays") == "kept");
    CHECK(!target.xattr(name, "user.overlay.opaque"));
    CHECK(!target.xattr(name, "user.overlay.redirect"));
    CHECK(::llistxattr((target.path() + "/" + name).c_str(), nullptr, 0) == sizeof "user.note" + sizeof "user.overlays");
  }
}

TEST_CASE("unpack: an attribute that the file system cannot hold is left out") {
  Target target;
  const auto done = target.unpack(pax({{"SCHILY.xattr.user." + std::string(251, 'n'), "x"}, {"SCHILY.xattr.user.big", std::string(100000, 'x')}},
                                      {.name = "file", .data = "text"}) + tar_end());
  CHECK(done.xattrs == 2);
  CHECK(target.text("file") == "text");
}

TEST_CASE("unpack: a file that calls itself sparse and has no hole is a file") {
  const std::string map = std::string("1\n0\n4\n") + std::string(506, '\0') + "data";
  const std::vector<std::string> archives{
      pax({{"GNU.sparse.size", "4"}, {"GNU.sparse.numblocks", "1"}, {"GNU.sparse.map", "0,4"}}, {.name = "whole", .data = "data"}),
      pax({{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", "whole"}, {"GNU.sparse.realsize", "4"}}, {.name = "GNUSparseFile.0/whole", .data = map})};
  for (const std::string& archive : archives) {
    const Target target;
    target.unpack(archive + tar_end());
    CHECK(target.text("whole") == "data");
  }
}

TEST_CASE("unpack: holes take no room") {
  constexpr std::uint64_t tera = std::uint64_t{1} << 40U;
  const auto check = [&](const std::string& bytes) {
    Target target;
    target.unpack(bytes + tar({.name = "after", .data = "text"}) + tar_end());
    REQUIRE(target.status("sparse"));
    CHECK(static_cast<std::uint64_t>(target.status("sparse")->st_size) == tera);
    CHECK(target.status("sparse")->st_blocks < 100);
    const int file = ::open((target.path() + "/sparse").c_str(), O_RDONLY | O_CLOEXEC);
    char piece[4]{};
    CHECK(::pread(file, piece, sizeof piece, static_cast<off_t>(tera / 2)) == sizeof piece);
    CHECK(std::string(piece, sizeof piece) == "data");
    ::close(file);
    CHECK(target.text("after") == "text");
  };
  std::string old = tar_header({.name = "sparse", .type = 'S', .magic = std::string("ustar  \0", 8)}, 4);
  old.replace(386, 12, std::string("\x80\0\0\0\0\0\0\x80\0\0\0\0", 12));  // one piece of four bytes at the half
  put_number(old, 398, 12, 4);
  old.replace(483, 12, std::string("\x80\0\0\0\0\0\1\0\0\0\0\0", 12));  // and the real size
  put_sum(old);
  check(old + padded("data"));
  const std::string map = padded(format("2\n{}\n4\n{}\n0\n", tera / 2, tera));
  check(pax({{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", "sparse"}, {"GNU.sparse.realsize", std::to_string(tera)}},
            {.name = "GNUSparseFile.0/sparse", .data = map + "data"}));
}
