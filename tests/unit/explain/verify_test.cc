#include "snug/explain/verify.hh"

#include <doctest/doctest.h>

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

#include "expected.hh"

using namespace snug;
using namespace snug::plan;

namespace {

Plan small_plan() {
  Plan plan;
  plan.slots = 2;
  const auto add = [&](Actor actor, Action action) { plan.steps.push_back({actor, std::move(action)}); };
  add(Actor::monitor, Clone{CLONE_NEWUSER | CLONE_NEWNS});
  add(Actor::init, WriteIdMaps{{{{0}, {1000}, 1}}, {{{0}, {1000}, 1}}, "", "", true});
  add(Actor::init, MakeFilesystem{0, "tmpfs", {{"mode", "0755"}}, {}});
  add(Actor::init, MakeFilesystem{1, "proc", {}, {.no_exec = true}});
  add(Actor::init, PivotRoot{0});
  add(Actor::init, Attach{1, "/proc", Attach::Target::make});
  add(Actor::init, ForkPayload{});
  add(Actor::payload, SetLimits{{{"core", RLIMIT_CORE, 1, 1}}});
  add(Actor::payload, SetCapabilities{{CAP_KILL}, true});
  add(Actor::payload, NoNewPrivileges{});
  add(Actor::payload, ChangeFolder{"/w"});
  add(Actor::payload, Exec{{"/bin/a", "/usr/bin/a", "/sbin/a"}, {"a"}, {}});
  return plan;
}

// As a tracer sees it where all goes well.
Seen small_run() {
  Seen seen;
  const auto monitor = Actor::monitor, init = Actor::init, payload = Actor::payload;
  seen.calls = {{monitor, "clone3", {"{flags=CLONE_NEWUSER|CLONE_NEWNS|CLONE_PIDFD, exit_signal=SIGCHLD}"}, true, 7},
                {init, "umask", {"0000"}, false, 0},
                {init, "write", {"/proc/self/setgroups", "\"deny\""}, true, 4},
                {init, "write", {"/proc/self/uid_map", "\"0 1000 1\""}, true, 8},
                {init, "write", {"/proc/self/gid_map", "\"0 1000 1\""}, true, 8},
                {init, "fsopen", {"\"tmpfs\""}, true, 5},
                {init, "fsconfig", {"mode=0755"}, true, 0},
                {init, "fsmount", {"MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV"}, true, 6},
                {init, "fsopen", {"\"proc\""}, true, 5},
                {init, "fsmount", {"MOUNT_ATTR_NODEV|MOUNT_ATTR_NOSUID|MOUNT_ATTR_NOEXEC"}, true, 8},
                {init, "move_mount", {"#6</>", "#9</>"}, true, 0},
                {init, "fchdir", {"#6</>"}, true, 0},
                {init, "pivot_root", {"\".\"", "\".\""}, true, 0},
                {init, "umount2", {"\".\"", "MNT_DETACH"}, true, 0},
                {init, "umount2", {"\".\"", "MNT_DETACH"}, true, 0},
                {init, "chdir", {"\"/\""}, true, 0},
                {init, "openat2", {"#9</>", "\"/proc\"", "RESOLVE_NO_MAGICLINKS|RESOLVE_IN_ROOT"}, false, -2},
                {init, "mkdirat", {"#9</>", "\"proc\"", "0755"}, true, 0},
                {init, "move_mount", {"#8</>", "#10</proc>"}, true, 0},
                {init, "vfork", {}, true, 9},
                {payload, "setrlimit", {"RLIMIT_CORE", "?"}, true, 0},
                {payload, "prctl", {"PR_CAPBSET_DROP", "0"}, true, 0},
                {payload, "prctl", {"PR_CAPBSET_DROP", "1"}, true, 0},
                {payload, "prctl", {"PR_SET_NO_NEW_PRIVS", "1"}, true, 0},
                {payload, "chdir", {"?"}, true, 0},
                {payload, "getcwd", {}, false, 3},
                {payload, "execve", {"?", "?", "ENV"}, true, -2},
                {payload, "execve", {"?", "?", "ENV"}, true, 0}};
  seen.process = {"Name:\ta\nCapInh:\t0000000000000000\nCapBnd:\t0000000000000020\nNoNewPrivs:\t1\n",
                  "         0       1000          1\n", "         0       1000          1\n",
                  "Limit                     Soft Limit           Hard Limit           Units     \n"
                  "Max cpu time              unlimited            unlimited            seconds   \n"
                  "Max file size             unlimited            unlimited            bytes     \n"
                  "Max data size             unlimited            unlimited            bytes     \n"
                  "Max stack size            8388608              unlimited            bytes     \n"
                  "Max core file size        1                    1                    bytes     \n",
                  "/w", {"user", "mnt"}};
  return seen;
}

std::size_t position(const Seen& seen, std::string_view name) {
  return static_cast<std::size_t>(std::find_if(seen.calls.begin(), seen.calls.end(), [&](const SeenCall& call) { return call.name == name; }) - seen.calls.begin());
}

bool tells(const explain::Verification& result, std::string_view words) { return result.text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("a run that is as planned has no fault") {
  const auto result = explain::verify(small_plan(), small_run());
  CHECK_MESSAGE(result.faults == 0, result.text);
  CHECK(tells(result, "12 steps, 28 calls: all as planned"));
  CHECK(tells(result, "6 arguments were closed to the tracer"));
}

TEST_CASE("each call that builds walls is missed when it is left out") {
  const Seen whole = small_run();
  for (std::size_t at = 0; at < whole.calls.size(); ++at) {
    const SeenCall& call = whole.calls[at];
    // What comes as often as it takes, and the first try of a search.
    if (call.name == "umask" || call.name == "umount2" || call.name == "mkdirat" || call.arguments == std::vector<std::string>{"PR_CAPBSET_DROP", "0"} ||
        call.arguments == std::vector<std::string>{"PR_CAPBSET_DROP", "1"} || call.result == -2)
      continue;
    Seen seen = whole;
    seen.calls.erase(seen.calls.begin() + static_cast<std::ptrdiff_t>(at));
    CHECK_MESSAGE(explain::verify(small_plan(), seen).faults > 0, call.name << " " << at);
  }
}

TEST_CASE("what no step has is told, with who did it") {
  Seen seen = small_run();
  seen.calls.insert(seen.calls.begin() + 12, {Actor::init, "mount", {"\"/etc\"", "\"/mnt\"", "NULL", "MS_BIND", "NULL"}, true, 0});
  const auto result = explain::verify(small_plan(), seen);
  CHECK(result.faults == 1);
  CHECK_MESSAGE(tells(result, "mount(\"/etc\", \"/mnt\", NULL, MS_BIND, NULL), which no step has: by the first process, after step 5"), result.text);
}

TEST_CASE("an argument that is another, a call that failed, and one that comes too late") {
  Seen other = small_run();
  other.calls[position(other, "fsmount")].arguments = {"MOUNT_ATTR_NODEV"};
  CHECK(tells(explain::verify(small_plan(), other), "not seen: fsmount(MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV) = m0"));

  Seen failed = small_run();
  failed.calls[position(failed, "pivot_root")].result = -1;
  CHECK(tells(explain::verify(small_plan(), failed), "failed: pivot_root(\".\", \".\") = Operation not permitted (EPERM)"));

  Seen swapped = small_run();
  std::swap(swapped.calls[position(swapped, "vfork")], swapped.calls[position(swapped, "pivot_root")]);
  CHECK(tells(explain::verify(small_plan(), swapped), "too late, after step 7"));

  Seen wrong_mount = small_run();
  wrong_mount.calls[18].arguments[0] = "#6</>";
  CHECK(tells(explain::verify(small_plan(), wrong_mount), "not seen: move_mount(m1, TARGET)"));
}

TEST_CASE("what the kernel says of the command counts, where the tracer saw nothing") {
  const auto broken = [](auto change) {
    Seen seen = small_run();
    change(seen.process);
    return explain::verify(small_plan(), seen).faults;
  };
  CHECK(broken([](SeenProcess&) {}) == 0);
  CHECK(broken([](SeenProcess& process) { process.folder = "/x"; }) == 1);
  CHECK(broken([](SeenProcess& process) { process.uid_map = "0 1001 1\n"; }) == 1);
  CHECK(broken([](SeenProcess& process) { process.own_namespaces.pop_back(); }) == 1);
  CHECK(broken([](SeenProcess& process) { process.own_namespaces.emplace_back("net"); }) == 1);
  CHECK(broken([](SeenProcess& process) { process.status = "CapBnd:\t0000000000000021\nNoNewPrivs:\t0\n"; }) == 2);
  CHECK(broken([](SeenProcess& process) { process.limits = ""; }) == 1);
}

TEST_CASE("limits and restraints: each of their calls is held against the plan") {
  Plan plan;
  plan.slots = 1;
  const auto add = [&](Actor actor, Action action) { plan.steps.push_back({actor, std::move(action)}); };
  add(Actor::monitor, MakeCgroup{"/sys/fs/cgroup/mine", "", {"memory"}, {{"memory.max", "4096"}}});
  add(Actor::monitor, Clone{CLONE_NEWUSER});
  add(Actor::init, MakeCgroupNamespace{});
  add(Actor::init, MakeFilesystem{0, "proc", {}, {}});
  add(Actor::init, ForbidNamespaces{0});
  add(Actor::payload, EnforceLandlock{6, false, true});
  add(Actor::payload, LoadFilter{"default", {1, 2, 3}});
  add(Actor::payload, Exec{{"/bin/a"}, {"a"}, {}});
  Seen whole;
  const auto monitor = Actor::monitor, init = Actor::init;
  whole.calls = {{monitor, "mkdirat", {"#4</sys/fs/cgroup/mine>", "\"snug-0123456789ab\"", "0700"}, true, 0},
                 {monitor, "write", {"\"/sys/fs/cgroup/mine/cgroup.subtree_control\"", "\"+memory\""}, true, 7},
                 {monitor, "write", {"CGROUP/memory.max", "\"4096\""}, true, 4},
                 {monitor, "write", {"CGROUP/cgroup.max.depth", "\"32\""}, true, 2},
                 {monitor, "write", {"CGROUP/cgroup.max.descendants", "\"1000\""}, true, 4},
                 {monitor, "write", {"CGROUP/cgroup.subtree_control", "\"+memory\""}, true, 7},
                 {monitor, "mkdirat", {"#5</sys/fs/cgroup/mine/snug-0123456789ab>", "\"container\"", "0755"}, true, 0},
                 {monitor, "write", {"CGROUP/container/memory.max", "\"4096\""}, true, 4},
                 {monitor, "clone3", {"{flags=CLONE_NEWUSER|CLONE_INTO_CGROUP|CLONE_PIDFD, exit_signal=SIGCHLD}"}, true, 7},
                 {init, "unshare", {"CLONE_NEWCGROUP"}, true, 0},
                 {init, "fsopen", {"\"proc\""}, true, 5},
                 {init, "fsmount", {"MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV"}, true, 6},
                 {init, "write", {"/sys/user/max_user_namespaces", "\"0\""}, true, 1},
                 {init, "landlock_create_ruleset", {}, false, 3},
                 {init, "landlock_add_rule", {}, false, 0},
                 {init, "landlock_restrict_self", {"#3<>", "0"}, true, 0},
                 {init, "seccomp", {"SECCOMP_SET_MODE_FILTER", "0", "{3 instructions}"}, true, 0},
                 {init, "execve", {"\"/bin/a\"", "[\"a\"]", "ENV"}, true, 0}};
  whole.process.status = "Seccomp:\t2\n";
  whole.process.own_namespaces = {"user", "cgroup"};
  const auto result = explain::verify(plan, whole);
  CHECK_MESSAGE(result.faults == 0, result.text);
  for (std::size_t at = 0; at < whole.calls.size(); ++at) {
    if (at == 1) continue;  // another container may have done it
    Seen seen = whole;
    seen.calls.erase(seen.calls.begin() + static_cast<std::ptrdiff_t>(at));
    CHECK_MESSAGE(explain::verify(plan, seen).faults > 0, whole.calls[at].name << " " << at);
    if (whole.calls[at].arguments.empty() || at == 11) continue;
    seen = whole;
    seen.calls[at].arguments.back() = "\"other\"";
    CHECK_MESSAGE(explain::verify(plan, seen).faults > 0, whole.calls[at].name << " " << at << " with another argument");
  }
  Seen open = whole;
  open.process.status = "Seccomp:\t0\n";
  CHECK(tells(explain::verify(plan, open), "filter of system calls"));
}

TEST_CASE("what the gate does comes when it comes: behind later steps, too") {
  Plan plan = small_plan();
  plan.steps.insert(plan.steps.begin(), {Actor::monitor, OpenGate{}});
  OpenWayOut way_out;
  way_out.at_once = true;
  way_out.words = {"/usr/bin/pasta", "PID"};
  plan.steps.push_back({Actor::monitor, std::move(way_out)});
  Seen seen = small_run();
  const auto add = [&](std::string name, std::vector<std::string> arguments) { seen.calls.push_back({Actor::monitor, std::move(name), std::move(arguments), true, 7}); };
  for (int each = 0; each < 2; ++each) {
    add("clone3", {"{flags=CLONE_PIDFD, exit_signal=SIGCHLD}"});
    add("prctl", {"PR_SET_PDEATHSIG", "SIGKILL"});
    if (each == 0) add("setns", {"#4<>", "CLONE_NEWUSER"}), add("setns", {"#5<>", "CLONE_NEWNET"});
  }
  add("run", {"/usr/bin/pasta PID"});
  add("openat", {"#29</c>", "\"denied\"", "O_CREAT|O_RDWR"});
  add("clone3", {"{flags=CLONE_NEWUSER|CLONE_NEWNET|CLONE_PIDFD, exit_signal=SIGCHLD}"});
  const explain::Verification found = explain::verify(plan, seen);
  CHECK_MESSAGE(found.faults == 0, found.text);
  add("openat", {"#29</c>", "\"other\"", "O_CREAT|O_RDWR"});
  CHECK(explain::verify(plan, seen).faults == 1);
}

TEST_CASE("calls of the listing are taken apart") {
  const explain::Expected bound = explain::parse_call(R"(open_tree(AT_FDCWD, "/a, (b\"", OPEN_TREE_CLONE|AT_RECURSIVE) = m12)");
  CHECK(bound.names == std::vector<std::string>{"open_tree"});
  CHECK(bound.arguments == std::vector<std::string>{"AT_FDCWD", R"("/a, (b\"")", "OPEN_TREE_CLONE|AT_RECURSIVE"});
  CHECK(bound.binds == "m12");
  CHECK(explain::parse_call("/usr/bin/newuidmap PID 0 1000 1").names == std::vector<std::string>{"run"});
  CHECK(explain::parse_call("prctl(PR_CAPBSET_DROP) for each other").optional);
  CHECK(explain::parse_call("sendto(NETLINK, {NFT_MSG_DELRULE}) where rules are kept").awaited);
  CHECK_FALSE(explain::parse_call("mkdirat(ROOT, \"/x\", 0755) where it is missing").awaited);
  CHECK(explain::parse_call("umount2(\".\", MNT_DETACH) for each mount above").repeated);
  CHECK(explain::parse_call("mkdirat() or openat(O_CREAT) where it is missing").names == std::vector<std::string>{"mkdirat", "openat"});
  CHECK(explain::parse_call("clone3({flags=A|B, exit_signal=SIGCHLD})").arguments.size() == 1);
}
