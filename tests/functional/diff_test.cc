#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "containers.hh"
#include "snug/base/text.hh"

using namespace snug::test;
using snug::format;
namespace fs = std::filesystem;

TEST_SUITE_BEGIN("any");

TEST_CASE("diff lists what was added, changed and deleted, while the container runs and afterwards") {
  const Containers store;
  const std::string script = "mkdir /new; echo x >/new/file; echo more >>/etc/group; rm /etc/passwd; rm -r /home; echo >\"$(printf '/new/odd\\n\\033')\"; touch /done; exec sleep 1000";
  shell_output(format("mkdir -p {0}/root/home/me {0}/root/etc {0}/root/keep/sub; cp -a {1}/. {0}/root/; touch {0}/root/etc/passwd {0}/root/etc/group", store.folder(), small_root()));
  REQUIRE(store.snug({"run", "-d", "--userns", "single", "--name", "d", "-v", store.folder() + ":/made/for/it", store.folder() + "/root", "sh", "-c", script}).code == 0);
  REQUIRE(eventually([&] { return fs::exists(store.upper("d") + "/done"); }));
  const std::string expected = "A /done\nC /etc\nC /etc/group\nD /etc/passwd\nD /home\nA /new\nA /new/file\nA /new/odd\\n\\x1b\n";
  CHECK(store.snug({"diff", "d"}).out == expected);
  REQUIRE(store.snug({"stop", "-t", "0", "d"}).code == 0);
  CHECK(store.snug({"diff", "d"}).out == expected);
  for (const std::string& root : {store.folder() + "/root", std::string("host")}) {
    REQUIRE(store.snug({"create", "--userns", "single", "--name", "not-yet", root, "true"}).code == 0);
    const Result nothing = store.snug({"diff", "not-yet"});
    CHECK(nothing.code == 0);
    CHECK(nothing.out + nothing.err == "");
    if (root != "host") {
      REQUIRE(store.snug({"cp", store.folder() + "/root/etc/group", "not-yet:/copied"}).code == 0);
      CHECK(store.snug({"diff", "not-yet"}).out == "A /copied\n");
    }
    REQUIRE(store.snug({"rm", "not-yet"}).code == 0);
  }
  const std::string json = store.snug({"diff", "--format", "json", "d"}).out;
  CHECK(has(json, "\"deleted\": [\n    \"/etc/passwd\",\n    \"/home\"\n  ]"));
  CHECK(store.snug({"diff", "--json", "d"}).out == json);
}

TEST_CASE("diff of a folder that was removed and made anew tells what it lacks") {
  const Containers store;
  shell_output(format("cp -a {1}/. {0}/root; mkdir -p {0}/root/data/deep; echo >{0}/root/data/deep/f; echo >{0}/root/data/both", store.folder(), small_root()));
  REQUIRE(store.snug({"run", "--rm=false", "--userns", "single", "--name", "o", store.folder() + "/root", "sh", "-c", "rm -r /data; mkdir /data; echo x >/data/both; echo y >/data/fresh"}).code == 0);
  CHECK(store.snug({"diff", "o"}).out == "C /data\nC /data/both\nD /data/deep\nA /data/fresh\n");
}

TEST_CASE("diff of an untouched container is empty, and one that cannot be compared is told why") {
  const Containers store;
  REQUIRE(store.snug({"create", "--userns", "single", "--name", "u", small_root(), "true"}).code == 0);
  CHECK(store.snug({"start", "u"}).code == 0);
  CHECK(store.snug({"wait", "u"}).out == "0\n");
  const Result same = store.snug({"diff", "u"});
  CHECK_MESSAGE(same.out.empty(), same.out);
  CHECK(same.code == 0);
  shell_output(format("cp -a {1}/. {0}/root", store.folder(), small_root()));
  REQUIRE(store.snug({"create", "--userns", "single", "--name", "w", "--rw", store.folder() + "/root", "true"}).code == 0);
  CHECK(has(store.snug({"diff", "w"}).err, "what that was before is not known"));
  CHECK(has(store.snug({"diff", "nobody"}).err, "there is no container 'nobody'"));
  CHECK(store.snug({"diff", "--format", "yaml", "u"}).code == 125);
}

TEST_CASE("diff tells what a container on this machine's root would have changed") {
  const Containers store;
  const Result made = store.snug({"run", "--rm=false", "--userns", "single", "--name", "h", "host", "sh", "-c", format("echo x >{0}/new; rm {0}/old", store.folder() + "/here")});
  CHECK(made.code != 0);  // there is no such folder yet
  shell_output(format("mkdir {0}/here; touch {0}/here/old", store.folder()));
  REQUIRE(store.snug({"start", "h"}).code == 0);
  REQUIRE(store.snug({"wait", "h"}).out == "0\n");
  const std::string out = store.snug({"diff", "h"}).out;
  CHECK_MESSAGE(has(out, format("A {}/here/new\nD {}/here/old\n", store.folder(), store.folder())), out);
  CHECK(fs::exists(store.folder() + "/here/old"));
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("diff of a folder that was made anew in one that is closed to the caller") {
  const Containers store;
  shell_output(format("cp -a {1}/. {0}/root", store.folder(), small_root()));
  REQUIRE(store.snug({"run", "--rw", store.folder() + "/root", "sh", "-c", "mkdir -p /d/sub; touch /d/sub/f; chown 5 /d /d/sub; chmod 700 /d /d/sub"}).code == 0);
  REQUIRE(store.snug({"run", "--rm=false", "--name", "o", store.folder() + "/root", "sh", "-c", "rm -r /d/sub; mkdir /d/sub; touch /d/sub/g"}).code == 0);
  const Result told = store.snug({"diff", "o"});
  CHECK_MESSAGE(told.out == "C /d\nC /d/sub\nD /d/sub/f\nA /d/sub/g\n", told.err);
}

TEST_SUITE_END();
