#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sched.h>

#include "snug/plan/plan.hh"

using namespace snug;
using namespace snug::plan;

namespace {

std::string phrase(Action action, std::vector<Action> before = {}) {
  Plan plan;
  for (Action& maker : before) plan.steps.push_back({Actor::init, std::move(maker)});
  plan.steps.push_back({Actor::init, std::move(action)});
  return describe(plan, plan.steps.back());
}

}  // namespace

TEST_CASE("a mount is named by what made it") {
  CHECK(phrase(Attach{2, "/data"}, {TakeTree{2, "/srv", {.read_only = true}, {}}}) ==
        "bind '/srv' on '/data' (read-only)");
  CHECK(phrase(Attach{2, "/data"}, {TakeTree{1, "/other", {}, {}}, TakeTree{2, "/srv", {}, {}}}) ==
        "bind '/srv' on '/data'");
  CHECK(phrase(Attach{0, "/proc"}, {MakeFilesystem{0, "proc", {}, {}}}) == "mount the new proc on '/proc'");
  CHECK(phrase(Attach{4, "/etc/hosts"}, {MakeFiles{{{3, "passwd", ""}, {4, "hosts", ""}}}}) ==
        "bind our own hosts on '/etc/hosts'");
  CHECK(phrase(PivotRoot{1}, {MakeOverlay{1, {{"/srv/root", {}}}, {}, {}, {}}}) ==
        "make the overlay of '/srv/root' the root file system and let go of the host's");
  CHECK(phrase(Attach{9, "/x"}) == "mount mount 9 on '/x'");
}

TEST_CASE("layers of an overlay are named, those in other mounts too") {
  const MakeFilesystem memory{0, "tmpfs", {}, {}};
  const MakeOverlay veil{1, {{"/home", {}}, {"empty", 0}}, {}, {}, {}};
  CHECK(phrase(veil, {memory}) == "make an overlay over '/home', 'empty' in the new tmpfs");
  CHECK(phrase(MakeOverlay{2, {{".", 1}}, {}, {}, {}}, {memory, veil}) ==
        "make an overlay over the overlay of '/home'");
}

TEST_CASE("a login shell is named by its path, a command as it was typed") {
  CHECK(phrase(Exec{{"/bin/bash"}, {"-bash"}, {}}) == "run '/bin/bash'");
  CHECK(phrase(Exec{{"/bin/make", "/usr/bin/make"}, {"make", "all"}, {}}) == "run 'make'");
}

TEST_CASE("snug's own shell, and what it is lent") {
  CHECK(phrase(RunShell{}) == "become snug's own shell");
  CHECK(phrase(RunShell{.tools = "/bin/busybox"}) == "become snug's own shell, with the tools of '/bin/busybox'");
}

TEST_CASE("names of strangers are quoted and cannot act on a terminal") {
  CHECK(phrase(ChangeFolder{"/a\x1b[2J"}) == "change to the folder '/a\\x1b[2J'");
  CHECK(phrase(MakeLink{"/a\n", "b"}) == "link '/a\\n' to 'b'");
}

TEST_CASE("long lists are counted, short ones are named") {
  CHECK(phrase(MakeFolders{{{"upper0", 0755}, {"work0", 0700}}}) == "make the folders 'upper0', 'work0'");
  CHECK(phrase(MakeFolders{std::vector<MakeFolders::Folder>(6)}) == "make 6 folders for what is written");
  CHECK(phrase(SetCapabilities{{}, false}) == "drop all capabilities");
  CHECK(phrase(SetCapabilities{{CAP_CHOWN, CAP_KILL}, true}) == "drop all capabilities for ever but chown, kill");
  CHECK(phrase(SetCapabilities{{0, 1, 2, 3, 4}, false}) == "drop all but 5 capabilities");
}

TEST_CASE("numbers are written as users write them") {
  CHECK(phrase(SetLimits{{{"nofile", 7, 5, ~std::uint64_t{0}}}}) == "set the limits nofile 5:unlimited");
  CHECK(phrase(ResetProcess{027}) == "reset the signals and set the umask to 0027");
  CHECK(phrase(BecomeUser{{5}, {6}, {}}) == "become uid 5, gid 6");
  CHECK(phrase(BecomeUser{{5}, {6}, std::vector<ContainerId>{}}) == "become uid 5, gid 6 and leave all groups");
  CHECK(phrase(BecomeUser{{5}, {6}, std::vector<ContainerId>{{7}, {8}}}) == "become uid 5, gid 6, groups 7, 8");
  CHECK(describe_namespaces(CLONE_NEWUSER | CLONE_NEWNET | 0x80) == "user, network, time");
  CHECK(describe_capability(CAP_NET_ADMIN) == "net_admin");
  CHECK(describe_capability(63) == "63");
}
