#include <doctest/doctest.h>

#include <linux/capability.h>

#include <algorithm>
#include <string>

#include "snug/plan/plan.hh"
#include "snug/plan/visit.hh"

using namespace snug;
using namespace snug::plan;

namespace {

Spec a_container() {
  Spec spec;
  spec.rootfs = {Rootfs::Kind::image, "", "debian"};
  spec.entrypoint = {"/entry"};
  spec.command = {"serve"};
  spec.env = {{"A", "image"}, {"B", "image"}};
  spec.workdir = "/srv";
  spec.name = "web";
  return spec;
}

HostFacts some_facts() {
  HostFacts facts;
  facts.uid = facts.gid = {1000};
  facts.account = {"me", 1000, 1000, "/home/me", "/bin/zsh"};
  facts.current_folder = "/home/me/work";
  facts.open_files_hard = 4096;
  facts.last_capability = 40;
  facts.rootfs.accounts = {{"root", 0, 0, "/root", "/bin/sh"}, {"web", 33, 33, "/var/www", "/bin/sh"}};
  facts.rootfs.groups = {{"adm", 4, {"web"}}};
  facts.rootfs.folders = {"/root", "/var/www"};
  facts.rootfs.living = true;
  return facts;
}

Living some_doors() {
  return {{{"user", "/proc/7/fd/5", 41}, {"mnt", "/proc/7/fd/6", 42}, {"pid", "/proc/7/fd/7", 43}},
          {{{0}, {1000}, 1}, {{1}, {100000}, 65536}},
          {{{0}, {1000}, 1}, {{1}, {100000}, 65536}}};
}

Spec wanted(std::vector<std::string> command) {
  Spec spec;
  spec.command = std::move(command);
  return spec;
}

Plan plan_of(const Spec& want, const HostFacts& facts = some_facts(), const Living& living = some_doors(), const Spec& container = a_container()) {
  auto made = make_exec_plan(visit_of(container, want), facts, living);
  REQUIRE_MESSAGE(std::holds_alternative<Plan>(made), std::get<Refusal>(made).message);
  return std::get<Plan>(std::move(made));
}

std::string refusal(const Spec& want) {
  const auto made = make_exec_plan(visit_of(a_container(), want), some_facts(), some_doors());
  return std::holds_alternative<Refusal>(made) ? std::get<Refusal>(made).message : "a plan";
}

std::vector<Action> restraints(const Plan& plan) {
  std::vector<Action> found;
  for (const Step& step : plan.steps)
    if (step.actor == Actor::payload && !std::holds_alternative<DieWithParent>(step.action) && !std::holds_alternative<Exec>(step.action) &&
        !std::holds_alternative<RunShell>(step.action))
      found.push_back(step.action);
  return found;
}

bool has(const std::vector<std::string>& words, const std::string& word) { return std::find(words.begin(), words.end(), word) != words.end(); }

}  // namespace

TEST_CASE("snug's own shell is under the restraints of any command, and gets its variables") {
  Spec shell = wanted({"-c", "ls"});
  shell.own_shell = true;
  shell.tools = "/bin/busybox";
  const Plan plan = plan_of(shell), command = plan_of(wanted({"make"}));
  CHECK((restraints(plan) == restraints(command)));
  CHECK(!plan.find<Exec>());
  CHECK((std::get<RunShell>(plan.steps.back().action) == RunShell{{"-c", "ls"}, command.find<Exec>()->env, "/bin/busybox"}));
}

TEST_CASE("who enters has the restraints that the container's own command has") {
  Spec spec = a_container();
  HostFacts facts = some_facts();
  facts.subuids = facts.subgids = {{{100000}, 65536}};
  facts.newuidmap = facts.newgidmap = "/usr/bin/newuidmap";
  facts.rootfs.living = false;
  spec.rootfs.layers = {"/layers/a/root"};
  for (const bool changed : {false, true}) {
    if (changed) {
      spec.user = UserChoice{"web", "", false};
      spec.cap_drop = {"ALL"};
      spec.limits = {{"nproc", 6, 10, 20}};
      spec.new_privileges = true;
    }
    auto run = make_plan(spec, facts);
    REQUIRE(std::holds_alternative<Plan>(run));
    CHECK(restraints(std::get<Plan>(run)) == restraints(plan_of(wanted({"true"}), some_facts(), some_doors(), spec)));
  }
}

TEST_CASE("the namespaces are entered before anything else, and no new ones are made") {
  const Plan plan = plan_of(wanted({"true"}));
  CHECK(std::get<EnterNamespaces>(plan.steps[0].action).entries == some_doors().namespaces);
  CHECK(std::get<Clone>(plan.steps[1].action).flags == 0);
  CHECK(!plan.find<PivotRoot>());
  CHECK(plan.find<JoinKeyring>());
  CHECK(plan.find<DieWithParent>());
  CHECK(!plan.init);
}

TEST_CASE("the environment is the container's, and what is added; the entrypoint is not run again") {
  Spec want = wanted({"true", "x"});
  want.env = {{"B", "mine"}, {"C", "mine"}};
  const Plan plan = plan_of(want);
  const Exec& exec = *plan.find<Exec>();
  CHECK(exec.argv == std::vector<std::string>{"true", "x"});
  CHECK(has(exec.env, "A=image"));
  CHECK(has(exec.env, "B=mine"));
  CHECK(has(exec.env, "C=mine"));
  CHECK(has(exec.env, "HOSTNAME=web"));
  CHECK(!std::any_of(exec.env.begin(), exec.env.end(), [](const std::string& one) { return one.starts_with("TERM="); }));
}

TEST_CASE("user, groups and folder: the container's unless others are asked for") {
  CHECK(plan_of(wanted({"true"})).find<ChangeFolder>()->path == "/srv");
  Spec want = wanted({"true"});
  want.user = UserChoice{"web", "", false};
  want.workdir = "/var";
  const Plan plan = plan_of(want);
  CHECK(plan.find<ChangeFolder>()->path == "/var");
  CHECK(has(plan.find<Exec>()->env, "HOME=/var/www"));
  const auto become = std::find_if(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    return step.actor == Actor::payload && std::holds_alternative<BecomeUser>(step.action);
  });
  REQUIRE(become != plan.steps.end());
  CHECK(std::get<BecomeUser>(become->action) == BecomeUser{{33}, {33}, std::vector<ContainerId>{{4}}});
  want.user = UserChoice{"nobody-here", "", false};
  CHECK(refusal(want).find("no such name") != std::string::npos);
  want.user = UserChoice{"70000", "", false};
  CHECK(refusal(want).find("not mapped") != std::string::npos);
}

TEST_CASE("in the background it is left to pid 1, and dies neither with the monitor nor with its parent") {
  Spec want = wanted({"true"});
  want.detach = true;
  want.terminal = Terminal::always;
  const Plan plan = plan_of(want);
  CHECK(!plan.terminal);
  CHECK(!plan.find<DieWithParent>());
  CHECK(!plan.find<GuardInit>()->dies_with_monitor);
  CHECK(plan.find<ForkPayload>()->parent == ForkPayload::Parent::gone);
  Spec shared = a_container();
  shared.namespaces.pid = HostNamespace{};
  CHECK(std::holds_alternative<Refusal>(make_exec_plan(visit_of(shared, want), some_facts(), some_doors())));
}

TEST_CASE("at a terminal the parent stays, with memory of its own and no more rights than it needs") {
  Spec want = wanted({"true"});
  CHECK(lends_memory(plan_of(want)));
  want.terminal = Terminal::always;
  const Plan plan = plan_of(want);
  CHECK(plan.find<ForkPayload>()->parent == ForkPayload::Parent::leader);
  CHECK(plan.init);
  CHECK(!lends_memory(plan));
  CHECK(std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) { return step.actor == Actor::init && step.action == Action(SetCapabilities{{CAP_KILL}, false}); }));
  want.own_shell = true;
  want.terminal = Terminal::never;
  CHECK(!lends_memory(plan_of(want)));
}

TEST_CASE("a terminal is opened in the devpts that is there") {
  Spec want = wanted({"true"});
  want.terminal = Terminal::always;
  const Plan plan = plan_of(want);
  REQUIRE(plan.find<OpenTerminal>());
  CHECK(!plan.find<OpenTerminal>()->devpts);
  CHECK(has(plan.find<Exec>()->env, "TERM=xterm"));
}

TEST_CASE("a terminal that the root does not know is carried into a root of the container's own") {
  HostFacts facts = some_facts();
  facts.terminal = {true, true, true, "xterm-kitty"};
  Spec quiet = wanted({"true"});
  quiet.detach = true;
  CHECK(!plan_of(wanted({"true"}), facts).find<CarryTerminal>());
  facts.rootfs.terminal_unknown = true;
  facts.rootfs.terminal_entry = "entry";
  const Plan plan = plan_of(wanted({"true"}), facts);
  REQUIRE(plan.find<CarryTerminal>());
  CHECK(*plan.find<CarryTerminal>() == CarryTerminal{"xterm-kitty", "entry"});
  CHECK(has(plan.find<Exec>()->env, "TERMINFO=/run/terminfo"));
  CHECK(!plan_of(quiet, facts).find<CarryTerminal>());  // it gets no terminal

  const auto is_carried = [&](const Spec& container) {
    const auto made = make_exec_plan(visit_of(container, wanted({"true"})), facts, some_doors());
    return std::get<plan::Plan>(made).find<CarryTerminal>() != nullptr;
  };
  Spec container = a_container();
  container.volumes = {TmpfsVolume{.target = "/run"}};
  CHECK(is_carried(container));
  container.volumes = {TmpfsVolume{.target = "/run", .read_only = true}};
  CHECK_FALSE(is_carried(container));
  container.volumes = {BindVolume{.source = "/run", .target = "/run"}};
  CHECK_FALSE(is_carried(container));
}

TEST_CASE("one mapped id: groups are left as they are, for they cannot be set") {
  Living doors = some_doors();
  doors.uids = doors.gids = {{{0}, {1000}, 1}};
  doors.sets_groups = false;
  const Plan plan = plan_of(wanted({"true"}), some_facts(), doors);
  for (const Step& step : plan.steps)
    if (const auto* become = std::get_if<BecomeUser>(&step.action)) CHECK(!become->groups);
  CHECK(plan.notices.empty());
}

TEST_CASE("many mapped ids, of a namespace in which groups cannot be set: they are left as they are, whoever is chosen") {
  Living doors = some_doors();
  for (const bool allowed : {true, false}) {
    doors.sets_groups = allowed;
    Spec visit = wanted({"true"});
    visit.user = UserChoice{"33", {}};
    const Plan plan = plan_of(visit, some_facts(), doors);
    const auto last = std::find_if(plan.steps.rbegin(), plan.steps.rend(), [](const Step& step) { return std::holds_alternative<BecomeUser>(step.action); });
    CHECK(std::get<BecomeUser>(last->action).uid == ContainerId{33});
    CHECK(std::get<BecomeUser>(last->action).groups.has_value() == allowed);
  }
}

TEST_CASE("an idle container has pid 1 and no command, and no terminal either") {
  Spec spec = a_container();
  spec.idle = true;
  spec.terminal = Terminal::always;
  spec.rootfs.layers = {"/layers/a/root"};
  HostFacts facts = some_facts();
  facts.rootfs.living = false;
  const auto made = make_plan(spec, facts);
  REQUIRE(std::holds_alternative<Plan>(made));
  const Plan& plan = std::get<Plan>(made);
  CHECK(!plan.find<Exec>());
  CHECK(!plan.find<ForkPayload>());
  CHECK(!plan.terminal);
  CHECK(std::none_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) { return step.actor == Actor::payload; }));
  CHECK(std::get<SetCapabilities>(plan.steps.back().action) == SetCapabilities{{CAP_KILL}, false});
}

TEST_CASE("what is kept for those who enter: what is not the host's, and the root") {
  Spec spec = a_container();
  spec.rootfs.layers = {"/layers/a/root"};
  HostFacts facts = some_facts();
  facts.rootfs.living = false;
  auto made = make_plan(spec, facts);
  CHECK(std::get<Plan>(made).find<KeepNamespaces>()->kinds == std::vector<std::string>{"user", "mnt", "cgroup", "ipc", "uts", "net", "pid", "root"});
  spec.namespaces.network = HostNamespace{};
  spec.namespaces.pid = JoinNamespace{"/proc/9/ns/pid"};
  made = make_plan(spec, facts);
  CHECK(std::get<Plan>(made).find<KeepNamespaces>()->kinds == std::vector<std::string>{"user", "mnt", "cgroup", "ipc", "uts", "pid", "root"});
}
