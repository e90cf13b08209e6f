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

TEST_CASE("host: what is mounted below the place of a volume is left out, and the volume is all that is there, also where a link leads to it") {
  Scratch scratch;
  for (const char* each : {"/place/x/y", "/mine/x/y", "/empty"}) fs::create_directories(scratch.path() + each);
  fs::create_symlink("place", scratch.path() + "/link");
  scratch.write("mine/x/y/mine", "");
  const auto seen = [&](const std::string& options, const std::string& listed) {
    const Result result = run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                               "mount -t tmpfs machine place/x/y && touch place/x/y/theirs && exec " + program() + " run --userns single " + options + " host ls -A " + listed},
                              {.folder = scratch.path()});
    return result.code == 0 ? result.out : result.err;  // beside the notices of this machine
  };
  const std::string place = scratch.path() + "/place";
  CHECK(seen("", place + "/x/y") == "theirs\n");
  CHECK(seen("-v ./mine:" + place, place + "/x/y") == "mine\n");
  CHECK(seen("-v ./mine:" + scratch.path() + "/link", place + "/x/y") == "mine\n");
  CHECK(seen("-v ./empty:" + place, place).empty());
  CHECK(seen("--tmpfs " + place, place).empty());
  CHECK(seen("--read-only --tmpfs " + place, place).empty());
}

TEST_CASE("host: a tmpfs above what snug keeps is empty, and the same folder shown by a volume keeps it hidden") {
  Scratch home;
  const auto seen = [&](const std::string& option, const std::string& value) {
    const Result result = run({program(), "run", "--userns", "single", option, value, "host", "sh", "-c", "cd \"$1\" && find . -mindepth 1", "sh", home.path()},
                              {.env = {"XDG_DATA_HOME=" + home.path() + "/data"}});
    return result.code == 0 ? result.out : result.err;
  };
  fs::create_directories(home.path() + "/data/snug/kept");
  CHECK(seen("--tmpfs", home.path()).empty());
  CHECK(seen("-v", home.path() + ":" + home.path()) == "./data\n./data/snug\n");
  const Scratch other;
  fs::create_symlink(home.path(), other.path() + "/link");
  CHECK(seen("-v", other.path() + "/link:" + home.path()) == "./data\n./data/snug\n");
}

TEST_CASE("host: a home below /tmp, which is the container's own, is not inside unless a volume brings it there") {
  Scratch home("/tmp");
  const std::string notice = "notice: your home '" + home.path() + "' is not inside, where /tmp is not the host's";
  const auto start = [&](const std::vector<std::string>& options) {
    std::vector<std::string> words{"env", "HOME=" + home.path(), program(), "run", "--userns", "single"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"host", "sh", "-c", "pwd; echo $HOME; cd && touch here && ls here"});
    return run(words, {.folder = home.path()});
  };
  const Result without = start({});
  CHECK_MESSAGE(without.out == "/\n/\nhere\n", without.err);
  CHECK_MESSAGE(without.err.find(notice + "; -v \"$HOME:$HOME\" shows it, to be changed for good\n") != std::string::npos, without.err);
  for (const std::string& volume : {home.path() + ":" + home.path(), std::string("/tmp:/tmp")}) {
    const Result with = start({"-v", volume});
    CHECK_MESSAGE(with.out == home.path() + "\n" + home.path() + "\nhere\n", with.err);
    CHECK_MESSAGE(with.err.find("your home") == std::string::npos, with.err);
    CHECK(fs::remove(home.path() + "/here"));
  }
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

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("host: starts in a folder of somebody else's that lies in one of the caller's") {
  Scratch scratch;
  const std::string theirs = scratch.path() + "/mine/theirs";
  fs::create_directories(theirs);
  REQUIRE(run({"unshare", "--user", "--map-root-user", "--map-auto", "chown", "5", theirs}).code == 0);
  CHECK(run({program(), "run", "--userns", "single", "host", "pwd"}, {.folder = theirs}).out == theirs + "\n");
}
