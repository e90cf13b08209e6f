#include <doctest/doctest.h>
#include <unistd.h>

#include "harness.hh"
#include "images.hh"
#include "snug/base/text.hh"

using namespace snug::test;

namespace {

Result mapped(const std::vector<std::string>& options, const std::string& script) {
  std::vector<std::string> words{program(), "run"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {small_root(), "sh", "-c", script});
  return run(words);
}

// " 65534" for each group that the caller is in beside his own: nobody's inside.
std::string other_groups() {
  return shell_output("own=$(id -g); for each in $(id -G); do [ $each = $own ] || printf ' 65534'; done");
}

}  // namespace

TEST_SUITE_BEGIN("ranges");

TEST_CASE("root: the caller is root inside, sub-ids are the rest") {
  const Result result = mapped({}, "id -u; cat /proc/self/uid_map | awk '{print $1, $3}'; touch /f && chown 5:50 /f && stat -c %u:%g /f");
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.out == "0\n0 1\n1 65536\n5:50\n");
  CHECK(result.err.empty());
}

TEST_CASE("keep-id: the caller keeps his ids, root is there too") {
  CHECK(mapped({"--userns", "keep-id"}, "id -u; id -g").out == snug::format("{}\n{}\n", ::getuid(), ::getgid()));
  CHECK(mapped({"--userns", "keep-id:uid=7,gid=8"}, "id -u; id -g; tail -n 1 /etc/passwd | cut -d: -f3").out == "7\n8\n7\n");
  const std::string id = shell_output("id -u; id -g; id -gn");
  CHECK(mapped({"--userns", "keep-id"}, "id -u; id -g; id -gn").out == id);
  CHECK(mapped({"--userns", "keep-id:uid=7,gid=5000"}, "id -g; id -gn; head -n 1 /etc/group").out == snug::format("5000\n{}root:x:0:\n", shell_output("id -gn")));
  CHECK(mapped({"--userns", "keep-id", "-u", "0"}, "id -u; touch /x && stat -c %u /x").out == "0\n0\n");
}

TEST_CASE("--user by name and number, with the groups of the root's own file") {
  CHECK(mapped({"-u", "worker"}, "id -u; id -g; id -G; echo $HOME").out == "5\n5\n5 50\n/home\n");
  CHECK(mapped({"-u", "1000"}, "id -u; grep CapEff /proc/self/status").out == "1000\nCapEff:\t0000000000000000\n");
  CHECK(mapped({"-u", "worker", "--group-add", "7"}, "id -G").out == "5 7 50\n");
  CHECK(mapped({"-u", "nobody-here"}, "true").code == 125);
  CHECK(mapped({"-u", "70000"}, "true").err.find("is not mapped") != std::string::npos);
  for (const char* wrong : {"01", "+1", "1 ", "4294967296", "-1"}) CHECK_MESSAGE(mapped({"-u", wrong}, "true").code == 125, wrong);
}

TEST_CASE("the caller's other groups go along as nobody's, and stay behind where a user or a group was named") {
  const std::string others = other_groups();
  if (others.empty()) return skip("this account is in no group but its own");
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--group-add", "keep-groups"}, {"--userns", "single"}})
    CHECK(mapped(options, "id -G").out == "0" + others + "\n");
  CHECK(mapped({"--userns", "keep-id"}, "id -G").out == snug::format("{}{}\n", ::getgid(), others));
  CHECK(mapped({"-u", "root"}, "id -G").out == "0\n");
  CHECK(mapped({"-u", "worker"}, "id -G").out == "5 50\n");
  CHECK(mapped({"--group-add", "7"}, "id -G").out == "0 7\n");
  CHECK(mapped({"--userns", "keep-id", "-u", "worker"}, "id -G").out == "5 50\n");
}

TEST_CASE("files of sub-ids leave nothing behind") {
  const auto before = traces();
  CHECK(mapped({}, "mkdir -p /d/e && touch /d/e/f && chown -R 5:5 /d && chmod 0 /d/e /d").code == 0);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("a tmpfs belongs to an id inside") {
  for (const char* owner : {"root", "keep-id"})
    CHECK(mapped({"--userns", owner, "--tmpfs", "/m:uid=1000,gid=7,mode=700"}, "stat -c %u:%g:%a /m").out == "1000:7:700\n");
  CHECK(mapped({"--userns", "keep-id", "--tmpfs", "/m:uid=1000"}, "stat -c %u:%g /m").out == "1000:0\n");
  CHECK(run({program(), "plan", "--verify", "--tmpfs", "/m:uid=1000,gid=7", small_root(), "true"}).code == 0);
}

TEST_CASE("too few descriptors are no fault of newuidmap's") {
  for (const char* limit : {"5", "8", "10", "13"}) {
    const Result result = run({"/bin/sh", "-c", snug::format("ulimit -Sn {}; exec {} run {} true", limit, program(), small_root())});
    CHECK_MESSAGE(result.code == 125, result.err);
    CHECK_MESSAGE(has(result.err, "Too many open files (EMFILE)"), result.err);
    CHECK_MESSAGE(has(result.err, snug::format("  hint:  ulimit -n is {}: no more files can be open at once; ulimit -n ", limit)), result.err);
    CHECK_MESSAGE(!has(result.err, "newuidmap allows"), result.err);
  }
}

TEST_CASE("explicit maps") {
  const std::string self = snug::format("{}", ::getuid());
  CHECK(mapped({"--uidmap", "0:" + self + ":1", "--gidmap", "0:" + snug::format("{}", ::getgid()) + ":1"}, "wc -l </proc/self/uid_map").out == "1\n");
  CHECK(mapped({"--uidmap", "0:0:1"}, "true").code == 125);
}

TEST_CASE("without newuidmap one id is mapped, with a notice, or the start refused") {
  const auto without = [](const std::string& options) {
    return run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "for helper in newuidmap newgidmap; do mount --bind /dev/null $(command -v $helper); done; " + program() + " run " + options + " " + small_root() + " wc -l /proc/self/uid_map"});
  };
  const Result one = without("--network none");
  CHECK(one.out == "1 /proc/self/uid_map\n");
  CHECK_MESSAGE(one.err.find("notice: only one id is mapped") != std::string::npos, one.err);
  CHECK_MESSAGE(one.err.find("newuidmap") != std::string::npos, one.err);
  CHECK(without("--network none --require idmap").code == 125);
  CHECK(without("--network none --userns single").err.find("one id") == std::string::npos);
}

// newgidmap(1) that gives nobody but oneself has setgroups(2) denied.
TEST_CASE("many users and no group but one's own: whoever is chosen, groups are left as they are") {
  const std::string first = run({"/bin/sh", "-c", "sed -n \"s/^$(id -un):\\([0-9]*\\):.*/\\1/p\" /etc/subuid | head -n 1 | tr -d '\\n'"}).out;
  const std::vector<std::string> map{"--uidmap", snug::format("0:{}:1", ::getuid()), "--uidmap", "1:" + first + ":9", "--gidmap", snug::format("0:{}:1", ::getgid())};
  std::vector<std::string> chosen{"--user", "5:0"};
  chosen.insert(chosen.end(), map.begin(), map.end());
  const Result other = mapped(chosen, "id -u; cat /proc/self/setgroups");
  CHECK_MESSAGE(other.out == "5\ndeny\n", other.err);
  CHECK(mapped(map, "id -u").out == "0\n");
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("single");

TEST_CASE("without sub-ids one id is mapped, and a notice says what would change that") {
  const Result result = mapped({}, "id -u; wc -l </proc/self/uid_map; cat /proc/self/setgroups");
  CHECK(result.code == 0);
  CHECK(result.out == "0\n1\ndeny\n");
  CHECK(result.err.find("notice: only one id is mapped") != std::string::npos);
  CHECK(result.err.find("usermod --add-subuids") != std::string::npos);
  CHECK(mapped({"--userns", "single"}, "true").err.empty());
}

TEST_CASE("--require idmap turns the notice into an error") {
  const Result result = mapped({"--require", "idmap"}, "true");
  CHECK(result.code == 125);
  CHECK(result.err.find("--require idmap") != std::string::npos);
}

TEST_CASE("with one id the caller's other groups go along, whatever was named, and a notice says so") {
  const std::string others = other_groups();
  if (others.empty()) return skip("this account is in no group but its own");
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"-u", "root"}, {"--group-add", "keep-groups"}})
    CHECK(mapped(options, "id -G").out == "0" + others + "\n");
  const Result added = mapped({"--group-add", "0"}, "id -G");
  CHECK(added.out == "0" + others + "\n");
  CHECK_MESSAGE(has(added.err, "notice: groups cannot be set where no group but one is mapped; the caller's stay in force"), added.err);
  CHECK(mapped({"--group-add", "0", "--require", "groups"}, "true").code == 125);
}

TEST_CASE("keep-id works with one id") {
  CHECK(mapped({"--userns", "keep-id"}, "id -u; grep CapEff /proc/self/status").out ==
        snug::format("{}\nCapEff:\t0000000000000000\n", ::getuid()));
}

TEST_CASE("a user that is not mapped is refused in one message") {
  const Result result = mapped({"--userns", "single", "-u", "5"}, "true");
  CHECK(result.code == 125);
  CHECK(result.err.find("snug: uid 5 is not mapped into the container") != std::string::npos);
}
