#include <doctest/doctest.h>

#include <csignal>

#include "snug/plan/spec.hh"

namespace snug::plan {
namespace {

std::string name_of(Rootfs::Kind kind, const std::string& given, const std::string& path = {}) { return usual_name({.kind = kind, .path = path, .given = given}); }

TEST_CASE("a container that nobody named is called after its root") {
  using Kind = Rootfs::Kind;
  CHECK(name_of(Kind::host, "host") == "snug");
  CHECK(name_of(Kind::image, "debian") == "debian");
  CHECK(name_of(Kind::image, "quay.example:5000/team/web-app:1.2@sha256:00") == "web-app");
  CHECK(name_of(Kind::image, "localhost:5000/web") == "web");
  CHECK(name_of(Kind::directory, "./", "/home/me/rootfs/") == "rootfs");
  CHECK(name_of(Kind::directory, ".", "/home/me/my root!") == "myroot");
  CHECK(name_of(Kind::archive, "tar:x", "/a/base.tar.gz") == "base");
  CHECK(name_of(Kind::archive, "tar:x", "/a/base.tgz") == "base");
  CHECK(name_of(Kind::archive, "tar:x", "/a/.tar") == "tar");
  CHECK(name_of(Kind::directory, "/", "/\xc3\xa9") == "snug");
  CHECK(name_of(Kind::directory, "", "/-x") == "x");
  CHECK(name_of(Kind::directory, "", "/" + std::string(300, 'a')).size() == 40);
}

TEST_CASE("the signal that asks a container to end is the caller's, the image's, or TERM") {
  Spec spec;
  CHECK(stop_signal(spec) == SIGTERM);
  spec.notes.stop_signal = "SIGQUIT";
  CHECK(stop_signal(spec) == SIGQUIT);
  spec.stop_signal = "INT";
  CHECK(stop_signal(spec) == SIGINT);
  spec = {};
  spec.notes.stop_signal = "nonsense \x1b[31m";
  CHECK(stop_signal(spec) == SIGTERM);
}

TEST_CASE("what is detached stays, unless --rm; what is in the foreground goes, unless --rm=false") {
  CHECK_FALSE(is_kept({}));
  CHECK(is_kept({.detach = true}));
  CHECK_FALSE(is_kept({.detach = true, .remove = true}));
  CHECK(is_kept({.remove = false}));
}

}  // namespace
}  // namespace snug::plan
