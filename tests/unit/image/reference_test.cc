#include "snug/image/reference.hh"

#include <doctest/doctest.h>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

using namespace snug;
using namespace snug::image;

namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

std::string whole(std::string_view text) {
  try {
    return render_reference(parse_reference(text));
  } catch (const UsageError& error) {
    return error.message();
  }
}

}  // namespace

TEST_CASE("names are completed by docker's rules") {
  CHECK(whole("debian") == "docker.io/library/debian:latest");
  CHECK(whole("debian:12") == "docker.io/library/debian:12");
  CHECK(whole("me/tool") == "docker.io/me/tool:latest");
  CHECK(whole("docker.io/debian") == "docker.io/library/debian:latest");
  CHECK(whole("index.docker.io/library/debian") == "docker.io/library/debian:latest");
  CHECK(whole("localhost/a") == "localhost/a:latest");
  CHECK(whole("localhost:5000/a/b__c:v1.0-x") == "localhost:5000/a/b__c:v1.0-x");
  CHECK(whole("[::1]:5000/a") == "[::1]:5000/a:latest");
  CHECK(whole("[::1]/a") == "[::1]/a:latest");
  CHECK(whole("quay.io/a/b/c@" + digest) == "quay.io/a/b/c@" + digest);
  CHECK(whole("debian:12@" + digest) == "docker.io/library/debian:12@" + digest);
  CHECK(parse_reference("debian").short_name);
  CHECK_FALSE(parse_reference("docker.io/debian").short_name);
}

TEST_CASE("what is no name is refused, and the part that is wrong is said") {
  CHECK(whole("") == "'' is no name of an image: it is empty");
  CHECK(whole("Debian") == "'Debian' is no name of an image: it has capital letters, and a repository must be in small ones");
  CHECK(whole("a//b") == "'a//b' is no name of an image: '' is no part of one");
  CHECK(whole("a/../b") == "'a/../b' is no name of an image: '..' is no part of one");
  CHECK(whole("a___b") == "'a___b' is no name of an image: 'a___b' is no part of one");
  CHECK(whole("a:") == "'a:' is no name of an image: '' is no tag");
  CHECK(whole("a:-x") == "'a:-x' is no name of an image: '-x' is no tag");
  CHECK(whole("a:" + std::string(129, 'x')).find("is no tag") != std::string::npos);
  CHECK(whole(std::string(256, 'x')).find("longer than 255") != std::string::npos);
  CHECK(whole("a@sha256:12").find("is no digest") != std::string::npos);
  CHECK(whole("a@sha256:" + std::string(64, 'A')).find("is no digest") != std::string::npos);
  CHECK(whole("host:99999/a").find("is no host") != std::string::npos);
  CHECK(whole("-h.x/a").find("is no host") != std::string::npos);
  CHECK(whole("a\x1b[1m") == "'a\\x1b[1m' is no name of an image: 'a\\x1b[1m' is no part of one");
}

TEST_CASE("people see the short name") {
  CHECK(familiar_name(parse_reference("debian:12")) == "debian:12");
  CHECK(familiar_name(parse_reference("me/tool"), false) == "me/tool");
  CHECK(familiar_name(parse_reference("docker.io/library/a/b")) == "library/a/b:latest");
  CHECK(familiar_name(parse_reference("quay.io/a@" + digest)) == "quay.io/a@" + digest);
}

TEST_CASE("a digest is safe as the name of a file") {
  CHECK(parse_digest(digest)->text() == digest);
  CHECK(parse_digest("sha512:" + std::string(128, '0')));
  for (const std::string_view bad : {"", "sha256", "sha256:", "sha256:../../../etc/passwd", "md5:d41d8cd98f00b204e9800998ecf8427e"}) CHECK_FALSE(parse_digest(bad));
  CHECK_FALSE(parse_digest("sha256:" + std::string(63, 'a')));
  CHECK_FALSE(parse_digest("sha256:" + std::string(63, 'a') + "/"));
}
