#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "harness.hh"

using namespace snug::test;
namespace fs = std::filesystem;

TEST_SUITE_BEGIN("any");

TEST_CASE("host: this machine's root, and nothing that is done to it stays") {
  Scratch scratch;
  scratch.write("mine", "before");
  const auto before = snapshot(scratch.path());
  const Result result = run({program(), "run", "--userns", "single", "host", "sh", "-c",
                             "cat mine && rm -rf mine && mkdir made && echo x >made/x && touch /opt/new && ls; ls /opt/new"},
                            {.folder = scratch.path()});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.out == "beforemade\n/opt/new\n");
  CHECK(snapshot(scratch.path()) == before);
  CHECK(!fs::exists("/opt/new"));
}

TEST_CASE("host is the default, and what snug keeps is hidden in it") {
  const Result result = run({program(), "run", "--userns", "single", "host", "sh", "-c", "ls -A ~/.local/share/snug"});
  CHECK(result.code == 0);
  CHECK(result.out.empty());
  CHECK(run({program(), "plan", "--userns", "single"}).out == run({program(), "plan", "--userns", "single", "host"}).out);
}

TEST_CASE("host cannot be written through") {
  const Result result = run({program(), "run", "--rw", "host", "true"});
  CHECK(result.code == 125);
  CHECK(result.err.find("-v \"$PWD:$PWD\"") != std::string::npos);
}

TEST_CASE("host: a door that was opened stays open") {
  Scratch scratch;
  const Result result = run({program(), "run", "--userns", "single", "-v", scratch.path() + ":" + scratch.path(), "host", "sh", "-c", "echo kept >made"},
                            {.folder = scratch.path()});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(fs::exists(scratch.path() + "/made"));
}

TEST_CASE("host: the whole home can be wiped, and is as it was") {
  Scratch home, store;
  home.write(".profile", "mine");
  fs::create_directories(home.path() + "/a/b");
  home.write("a/b/c", "deep");
  const auto before = snapshot(home.path());
  const Result result = run({program(), "run", "--userns", "single", "-e", "HOME=" + home.path(), "host", "sh", "-c", "cd && rm -rf .profile a && ls -A"},
                            {.env = {"XDG_DATA_HOME=" + store.path()}});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.out.empty());
  CHECK_MESSAGE(snapshot(home.path()) == before, difference(before, snapshot(home.path())));
}
