#include <doctest/doctest.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "snug/base/error.hh"
#include "unpacking.hh"

using namespace snug;
using namespace snug::test;

namespace {

Member file(const std::string& name, const std::string& data = "new") { return {.name = name, .data = data}; }
Member folder(const std::string& name, unsigned mode = 0755) { return {.name = name, .type = '5', .mode = mode}; }
Member soft_link(const std::string& name, const std::string& to) { return {.name = name, .type = '2', .link = to}; }

std::string archive(const std::vector<Member>& members) {
  std::string bytes;
  for (const Member& member : members) bytes += tar(member);
  return bytes + tar_end();
}

bool is_whiteout(const Target& target, const std::string& name) {
  const auto status = target.status(name);
  return status && S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

bool is_opaque(const Target& target, const std::string& name) { return target.xattr(name, "user.overlay.opaque") == "y"; }

// Each order of the members.
template <typename Check>
void in_each_order(std::vector<Member> members, Check check) {
  const auto before = [](const Member& a, const Member& b) { return a.name < b.name; };
  std::sort(members.begin(), members.end(), before);
  do {
    Target target;
    target.unpack_layer(archive(members));
    check(target);
  } while (std::next_permutation(members.begin(), members.end(), before));
}

}  // namespace

TEST_CASE("layer: whiteouts and opaque folders become overlayfs's") {
  Target target;
  const auto done = target.unpack_layer(archive({folder("d"), file("d/.wh..wh..opq", ""), file("d/x"), file(".wh.gone", ""), file("deep/er/.wh.gone", ""),
                                                 {.name = ".wh.device", .type = '3'}, {.name = ".wh.link", .type = '2', .link = "x"}}));
  CHECK(done.marks == 4);
  CHECK(done.devices == 0);
  CHECK(is_opaque(target, "d"));
  CHECK(target.text("d/x") == "new");
  CHECK(is_whiteout(target, "gone"));
  CHECK(is_whiteout(target, "link"));
  CHECK(is_whiteout(target, "deep/er/gone"));
  CHECK(!is_opaque(target, "deep"));
  CHECK(target.names() == std::vector<std::string>{"d", "d/x", "deep", "deep/er", "deep/er/gone", "gone", "link"});
}

TEST_CASE("layer: what it brings stands, wherever the whiteout comes") {
  in_each_order({file(".wh.x", ""), file("x", "1")}, [](const Target& target) { CHECK(target.text("x") == "1"); });
  in_each_order({file(".wh.x", ""), soft_link("x", "y"), file("z")}, [](const Target& target) { CHECK(target.link("x") == "y"); });
  in_each_order({file(".wh.d", ""), folder("d", 0750), file("d/x")}, [](const Target& target) {
    CHECK(target.text("d/x") == "new");
    CHECK(target.mode("d") == (S_IFDIR | 0750));
    CHECK(is_opaque(target, "d"));  // what the layers below have in it is gone
  });
  in_each_order({file(".wh.d", ""), file("d/e/x")}, [](const Target& target) {
    CHECK(target.text("d/e/x") == "new");
    CHECK(target.mode("d") == (S_IFDIR | 0755));
    CHECK(is_opaque(target, "d"));
    CHECK(!is_opaque(target, "d/e"));
  });
  in_each_order({file("d/.wh..wh..opq", ""), folder("d"), file("d/x"), file("d/.wh.y", "")}, [](const Target& target) {
    CHECK(is_opaque(target, "d"));
    CHECK(target.names() == std::vector<std::string>{"d", "d/x"});  // the kernel would show the whiteout, and hides nothing by it
  });
}

TEST_CASE("layer: the root may be opaque, but not hidden") {
  Target target;
  target.unpack_layer(archive({file(".wh..wh..opq", ""), file(".wh.x", "")}));
  CHECK(is_opaque(target, ""));
  CHECK(target.names().empty());
}

TEST_CASE("layer: whiteouts of no name are refused") {
  for (const char* name : {".wh.", ".wh..", ".wh...", "a/.wh.", "a/.wh..", "./.wh..."}) {
    Target target;
    const std::string message = target.layer_refusal(archive({file(name, "")}));
    CHECK(message.starts_with("the whiteout '"));
    CHECK(message.ends_with("' hides no name"));
    CHECK(target.names().empty());
  }
  for (const char* name : {"../.wh.canary", "a/../../outside/.wh.canary", "../outside/.wh..wh..opq"}) {
    Target target;
    CHECK(target.layer_refusal(archive({file(name, "")})) == format("'{}' has '..' in its name", name));
  }
  Target target;
  CHECK(target.layer_refusal(archive({file(".wh.d", ""), file(".wh.d/x")})) == "'.wh.d/x' lies in what is a whiteout");
  CHECK(target.layer_refusal(archive({file("f"), file("f/.wh.x")})) == "cannot open the folder 'f': Not a directory (ENOTDIR)");
}

TEST_CASE("layer: aufs's own files are left out") {
  Target target;
  CHECK(target.unpack_layer(archive({file(".wh..wh.aufs"), folder(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.orph/.wh.x"), file("x")})).marks == 0);
  CHECK(target.names() == std::vector<std::string>{"x"});
}

TEST_CASE("layer: whiteouts and opaque marks stay below the root, also through links") {
  for (const bool absolute : {false, true}) {
    Target target;
    const std::string out = absolute ? target.outside() : "../outside";
    CHECK(target.layer_refusal(archive({soft_link("way", out), file("way/.wh.canary", "")})) == "cannot open the folder 'way': No such file or directory (ENOENT)");
    CHECK(target.layer_refusal(archive({soft_link("way", out), file("way/.wh..wh..opq", "")})) == "cannot open the folder 'way': No such file or directory (ENOENT)");
    CHECK(target.canary_lives());
  }
  Target target;
  target.unpack_layer(archive({folder("d"), soft_link("way", "/d"), file("way/.wh.x", ""), soft_link("canary", target.outside() + "/canary"), file(".wh.canary", "")}));
  CHECK(is_whiteout(target, "d/x"));
  CHECK(target.link("canary") == target.outside() + "/canary");
  CHECK(target.canary_lives());
}

TEST_CASE("layer: a whiteout is nothing to link to") {
  Target target;
  CHECK(target.layer_refusal(archive({file(".wh.x", ""), {.name = "y", .type = '1', .link = "x"}})) == "cannot link 'y' to 'x': No such file or directory (ENOENT)");
}

TEST_CASE("layer: a folder takes the place of a link, as other programs do it") {
  Target target;
  target.unpack_layer(archive({folder("usr"), soft_link("bin", "usr"), folder("bin", 0700), file("bin/x")}));
  CHECK(target.mode("bin") == (S_IFDIR | 0700));
  CHECK(!target.status("usr/x"));
}

TEST_CASE("layer: devices of the archive never become whiteouts, and its attributes never overlayfs's or snug's") {
  Target target;
  const auto done = target.unpack_layer(tar({.name = "x", .type = '3'}) + pax({{"SCHILY.xattr.user.overlay.opaque", "y"}, {"SCHILY.xattr.user.snug.owner", "0:0"}},
                                                                              {.name = "d/", .type = '5'}) + tar_end());
  CHECK(done.devices == 1);
  CHECK(done.xattrs == 2);
  CHECK(target.names() == std::vector<std::string>{"d", "x"});
  CHECK(target.mode("x") == (S_IFREG | 0644));
  CHECK(!is_opaque(target, "d"));
}

TEST_CASE("layer: an owner that cannot be had is kept") {
  Target target;
  const Pax all_ones{{"uid", "4294967295"}, {"gid", "4294967295"}};
  const auto done = target.unpack_layer(pax(all_ones, {.name = "file", .mode = 0644}) + pax(all_ones, {.name = "tool", .mode = 04755}) +
                                        pax(all_ones, {.name = "folder/", .type = '5', .mode = 0700}) + pax(all_ones, {.name = "link", .type = '2', .link = "x"}) +
                                        pax({{"uid", "-1"}}, {.name = "shut", .mode = 0}) + tar_end());
  CHECK(done.owners == 5);
  CHECK(target.xattr("file", "user.snug.owner") == "4294967295:4294967295");
  CHECK(target.xattr("tool", "user.snug.owner") == "4294967295:4294967295:4755");
  CHECK(target.mode("tool") == (S_IFREG | 0755));
  CHECK(target.xattr("folder", "user.snug.owner") == "4294967295:4294967295");
  CHECK(target.mode("shut") == S_IFREG);
}

TEST_CASE("layer: modes are the archive's, whatever the umask and the folder") {
  for (const mode_t mask : {0U, 077U}) {
    Target target;
    ::chmod(target.path().c_str(), 02755);
    const mode_t before = ::umask(mask);
    const std::uint64_t me = ::getuid(), mine = ::getgid();
    target.unpack_layer(tar({.name = "open", .mode = 0666, .uid = me, .gid = mine}) + tar({.name = "shut", .data = "text", .mode = 0, .uid = me, .gid = mine}) +
                        tar({.name = "tool", .mode = 06755, .uid = me, .gid = mine}) + tar({.name = "d/x", .mode = 0640, .uid = me, .gid = mine}) + tar_end());
    ::umask(before);
    CHECK(target.mode("open") == (S_IFREG | 0666));
    CHECK(target.mode("shut") == S_IFREG);
    CHECK(target.mode("tool") == (S_IFREG | 06755));
    CHECK(target.mode("d") == (S_IFDIR | 0755));
    CHECK(target.mode("d/x") == (S_IFREG | 0640));
    CHECK(target.status("open")->st_mtim.tv_sec == 1000000000);
  }
}

TEST_CASE("layer: the stream is read to its end, and may be empty") {
  Target target;
  // More than a pipe holds: whoever writes it would wait for ever.
  CHECK(target.unpack_pipe(archive({file("x")}) + std::string(300000, 'x'), layer::Form::layer).entries == 1);
  CHECK(target.text("x") == "new");
  CHECK(target.unpack_layer("").entries == 0);
  CHECK(target.unpack_layer(tar_end()).entries == 0);
}

TEST_CASE("layer: it is plain, or no archive") {
  Target target;
  CHECK(target.layer_refusal(compressed(archive({file("x")}), "gzip")).starts_with("it is no tar archive"));
  CHECK(target.layer_refusal("no archive, but text").starts_with("it is no tar archive"));
  CHECK(target.layer_refusal(archive({file("x", std::string(5000, 'x'))}).substr(0, 3000)) == "it is damaged in 'x': Truncated tar archive");
}
