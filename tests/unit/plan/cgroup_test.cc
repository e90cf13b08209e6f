#include <doctest/doctest.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

#include "snug/base/text.hh"
#include "snug/plan/hints.hh"
#include "snug/plan/plan.hh"

namespace snug::plan {
namespace {

using Place = CgroupFacts::Place;

HostFacts ordinary() {
  HostFacts facts;
  facts.uid = facts.gid = {1000};
  facts.account = {"alice", 1000, 1000, "/home/alice", "/bin/bash"};
  facts.hostname = "house";
  facts.current_folder = "/";
  facts.store = "/home/alice/.local/share/snug";
  facts.open_files_hard = 4096;
  facts.last_capability = 40;
  facts.rootfs.shells = {"/bin/sh"};
  return facts;
}

Spec box() {
  Spec spec;
  spec.rootfs = {Rootfs::Kind::directory, "/srv/box", "./box"};
  spec.command = {"true"};
  spec.id_map.mode = IdMapChoice::Mode::single;
  return spec;
}

CgroupFacts by_manager(std::vector<std::string> controllers) {
  CgroupFacts facts;
  facts.place = Place::manager;
  facts.root = "/sys/fs/cgroup";
  facts.manager = "/run/user/1000/systemd/private";
  facts.controllers = std::move(controllers);
  facts.systemd = true;
  return facts;
}

CgroupFacts by_caller(std::vector<std::string> controllers) {
  CgroupFacts facts;
  facts.place = Place::own;
  facts.root = "/sys/fs/cgroup";
  facts.parent = "/sys/fs/cgroup/job";
  facts.controllers = std::move(controllers);
  return facts;
}

Plan made(const Spec& spec, const HostFacts& facts) {
  auto plan = make_plan(spec, facts);
  const auto* refusal = std::get_if<Refusal>(&plan);
  REQUIRE_MESSAGE(!refusal, (refusal ? refusal->message : ""));
  return std::get<Plan>(std::move(plan));
}

std::string settings_text(const std::vector<CgroupSetting>& settings) {
  std::string text;
  for (const CgroupSetting& setting : settings) text += setting.file + "=" + setting.value + ";";
  return text;
}

std::string rlimit_text(const Plan& plan) {
  std::string text;
  for (const ResourceLimit& limit : plan.find<SetLimits>()->limits)
    if (limit.number == RLIMIT_DATA || limit.number == RLIMIT_NPROC) text += limit.name + "=" + std::to_string(limit.hard) + ";";
  return text;
}

std::string notice_text(const Plan& plan) {
  std::string text;
  for (const Notice& notice : plan.notices)
    if (notice.wall == "limits") text += notice.text;
  return text;
}

TEST_CASE("limits are what the kernel's files take") {
  Resources all;
  all.memory = 100U << 20U;
  all.cpus = 1500;
  all.cpuset = "0-1";
  all.pids = 50;
  all.io_weight = 300;
  CHECK(settings_text(cgroup_settings(all)) ==
        "memory.max=104857600;memory.swap.max=104857600;cpu.max=150000 100000;cpuset.cpus=0-1;pids.max=50;io.weight=300;");
  all.memory_swap = 150U << 20U;
  CHECK(settings_text(cgroup_settings(all)).find("memory.swap.max=52428800;") != std::string::npos);
  all.memory_swap = no_limit;
  CHECK(settings_text(cgroup_settings(all)).find("memory.swap.max=max;") != std::string::npos);
  all.memory = all.pids = all.cpus = no_limit;
  CHECK(settings_text(cgroup_settings(all)) == "memory.max=max;memory.swap.max=max;cpu.max=max 100000;cpuset.cpus=0-1;pids.max=max;io.weight=300;");
  CHECK(settings_text(cgroup_settings({})).empty());
  CHECK(settings_text(cgroup_settings({}, true)) == "memory.max=max;memory.swap.max=max;cpu.max=max 100000;cpuset.cpus=;pids.max=max;io.weight=100;");
}

TEST_CASE("limits that contradict each other are refused") {
  Resources resources;
  CHECK_FALSE(check_resources(resources));
  resources.memory_swap = 10U << 20U;
  CHECK(check_resources(resources));
  resources.memory = 20U << 20U;
  CHECK(check_resources(resources));
  resources.memory = 10U << 20U;
  CHECK_FALSE(check_resources(resources));
}

TEST_CASE("an update changes what it names") {
  Resources before, wanted;
  before.memory = 1;
  before.pids = 2;
  before.cpuset = "0";
  wanted.pids = 3;
  Resources after = before;
  after.pids = 3;
  CHECK(merge(before, wanted) == after);
}

TEST_CASE("a start without limits has no step for them") {
  HostFacts facts = ordinary();
  facts.cgroups = by_manager({"memory", "pids"});
  const Plan plan = made(box(), facts);
  CHECK_FALSE(plan.find<MakeCgroup>());
  CHECK_FALSE(plan.find<MakeCgroupNamespace>());
  CHECK((plan.find<Clone>()->flags & CLONE_NEWCGROUP) != 0);
  CHECK(rlimit_text(plan).empty());
}

TEST_CASE("limits that no cgroup holds are listed, with what is done in their place") {
  HostFacts facts = ordinary();
  Spec spec = box();
  spec.resources.memory = 64U << 20U;
  spec.resources.cpus = 500;
  spec.resources.pids = 20;
  const auto text = [&](const std::vector<std::string>& controllers) {
    std::string told;
    for (const MissingLimit& each : missing_limits(spec, controllers)) told += format("{} {};", each.option, each.instead);
    return told;
  };
  CHECK(text({}) == "--memory holds for each process by itself;--cpus ;--pids-limit holds for each user inside by itself;");
  CHECK(text({"memory", "pids"}) == "--cpus ;");
  CHECK(text({"memory", "pids", "cpu"}).empty());
  // What was asked for as a limit of each process is that, and stands in for nothing.
  spec.limits = {{"nproc", RLIMIT_NPROC, 100, 100}};
  CHECK(text({"memory"}) == "--cpus ;--pids-limit ;");
  CHECK(rlimit_text(made(spec, facts)) == "data=67108864;nproc=100;");
  CHECK(notice_text(made(spec, facts)).starts_with("--memory holds for each process by itself, --cpus, --pids-limit are not in force: "));
}

TEST_CASE("swap that the kernel does not count is not limited, and that is said unless nobody minds") {
  HostFacts facts = ordinary();
  facts.cgroups = by_caller({"memory"});
  facts.cgroups.accounts_swap = false;
  Spec spec = box();
  CHECK(notice_text(made(spec, facts)).empty());
  spec.resources.memory = 64U << 20U;
  CHECK(notice_text(made(spec, facts)) == "--memory-swap is not in force: this kernel does not count swap");
  spec.require = {"limits"};
  CHECK(std::holds_alternative<Refusal>(make_plan(spec, facts)));
  spec.require.clear();
  spec.resources.cpus = 500;  // which cannot be had for another reason
  for (const char* told : {"--cpus is not in force: ", "--memory-swap is not in force: this kernel does not count swap"}) CHECK(notice_text(made(spec, facts)).find(told) != std::string::npos);
  spec.resources.cpus.reset();
  spec.resources.memory_swap = no_limit;
  CHECK(notice_text(made(spec, facts)).empty());
}

TEST_CASE("what stays has a cgroup where it takes no systemd") {
  HostFacts facts = ordinary();
  Spec spec = box();
  spec.detach = true;
  facts.cgroups = by_caller({"memory", "pids", "cpu"});
  const Plan plan = made(spec, facts);
  REQUIRE(plan.find<MakeCgroup>());
  CHECK(plan.find<MakeCgroup>()->controllers.empty());  // nothing has to be changed for it
  CHECK(plan.find<MakeCgroup>()->settings.empty());
  facts.cgroups = by_manager({"memory", "pids"});
  CHECK_FALSE(made(spec, facts).find<MakeCgroup>());
}

TEST_CASE("the cgroup is made before the first process, which has it for a root") {
  HostFacts facts = ordinary();
  facts.cgroups = by_manager({"memory", "pids", "cpu", "io"});
  Spec spec = box();
  spec.resources.memory = 64U << 20U;
  spec.resources.io_weight = 200;
  const Plan plan = made(spec, facts);
  const auto* make = plan.find<MakeCgroup>();
  REQUIRE(make);
  CHECK(make->manager == facts.cgroups.manager);
  CHECK(make->parent.empty());
  CHECK(make->controllers == std::vector<std::string>{"memory", "pids", "io"});
  CHECK(settings_text(make->settings) == "memory.max=67108864;memory.swap.max=67108864;io.weight=200;");
  CHECK((plan.find<Clone>()->flags & CLONE_NEWCGROUP) == 0);
  const auto place = [&](auto is) { return std::find_if(plan.steps.begin(), plan.steps.end(), [&](const Step& step) { return is(step.action); }) - plan.steps.begin(); };
  const auto of_cgroup = place([](const Action& action) { return std::holds_alternative<MakeCgroup>(action); });
  const auto of_clone = place([](const Action& action) { return std::holds_alternative<Clone>(action); });
  const auto of_namespace = place([](const Action& action) { return std::holds_alternative<MakeCgroupNamespace>(action); });
  const auto of_mount = place([](const Action& action) {
    const auto* made = std::get_if<MakeFilesystem>(&action);
    return made && made->type == "cgroup2";
  });
  CHECK(of_cgroup < of_clone);
  CHECK(of_clone < of_namespace);
  CHECK(of_namespace < of_mount);
  CHECK(notice_text(plan).empty());
  spec.namespaces.cgroup = HostNamespace{};
  CHECK_FALSE(made(spec, facts).find<MakeCgroupNamespace>());
}

TEST_CASE("what no cgroup limits the limits of processes do as far as they can, and it is said") {
  HostFacts facts = ordinary();
  facts.cgroups.root = "/sys/fs/cgroup";
  facts.cgroups.parent = "/sys/fs/cgroup/job";
  Spec spec = box();
  spec.resources.memory = 64U << 20U;
  spec.resources.pids = 20;
  spec.resources.cpus = 500;
  const Plan plan = made(spec, facts);
  CHECK_FALSE(plan.find<MakeCgroup>());
  CHECK(rlimit_text(plan) == "data=67108864;nproc=20;");
  CHECK(notice_text(plan) == "--memory holds for each process by itself, --pids-limit holds for each user inside by itself, --cpus is not in force: "
                             "the cgroup '/sys/fs/cgroup/job' is not yours to write");
  SUBCASE("a controller that is missing is told alone") {
    facts.cgroups = by_manager({"memory", "pids"});
    const Plan some = made(spec, facts);
    CHECK(settings_text(some.find<MakeCgroup>()->settings) == "memory.max=67108864;memory.swap.max=67108864;pids.max=20;");
    CHECK(rlimit_text(some).empty());
    CHECK(notice_text(some) == "--cpus is not in force: the systemd of your own is not given cpu");
  }
  SUBCASE("--require limits refuses") {
    spec.require = {"limits"};
    const auto refused = make_plan(spec, facts);
    REQUIRE(std::holds_alternative<Refusal>(refused));
    CHECK(std::get<Refusal>(refused).message.starts_with("--require limits: --memory holds"));
    facts.cgroups = by_caller({"memory", "pids", "cpu"});
    CHECK(std::holds_alternative<Plan>(make_plan(spec, facts)));
  }
  SUBCASE("no limit is none") {
    spec.resources = {};
    spec.resources.memory = spec.resources.pids = no_limit;
    CHECK(rlimit_text(made(spec, facts)).empty());
    CHECK(notice_text(made(spec, facts)).empty());
  }
}

TEST_CASE("who enters joins the cgroup, and has the limits that stand in for it") {
  HostFacts facts = ordinary();
  Spec spec = box();
  spec.resources.memory = 64U << 20U;
  spec.resources.pids = 20;
  Living living{.namespaces = {{"user", "/proc/7/fd/3", 1}}, .uids = {{{0}, {1000}, 1}}, .gids = {{{0}, {1000}, 1}}, .cgroup = "/sys/fs/cgroup/job/snug-1", .controllers = {"memory"}};
  const auto made = make_exec_plan(spec, facts, living);
  REQUIRE(std::holds_alternative<Plan>(made));
  const Plan& plan = std::get<Plan>(made);
  REQUIRE(plan.find<JoinCgroup>());
  CHECK(plan.find<JoinCgroup>()->path == living.cgroup);
  CHECK(std::holds_alternative<JoinCgroup>(plan.steps.front().action));
  CHECK(rlimit_text(plan) == "nproc=20;");
  living.cgroup.clear();
  CHECK_FALSE(std::get<Plan>(make_exec_plan(spec, facts, living)).find<JoinCgroup>());
}

TEST_CASE("each reason for missing limits has its remedy") {
  HostFacts host = ordinary();
  const std::vector<std::string> wanted{"memory", "cpu"};
  CHECK(find_missing_limits(host, wanted)->ask == "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
  host.cgroups.systemd = true;
  CHECK(find_missing_limits(host, wanted)->ask.find("systemd.unified_cgroup_hierarchy=1") != std::string::npos);
  host.cgroups.root = "/sys/fs/cgroup/unified";
  CHECK(find_missing_limits(host, wanted)->cause.find("cgroup v2 has no memory, cpu here") == 0);
  host.cgroups.root = host.cgroups.parent = "/sys/fs/cgroup";
  CHECK(find_missing_limits(host, wanted)->ask == "loginctl enable-linger alice");
  host.cgroups = by_manager({"memory"});
  CHECK(find_missing_limits(host, wanted)->ask.find("Delegate=cpu cpuset io memory pids") != std::string::npos);
  host.cgroups = by_caller({"memory", "cpu"});
  CHECK_FALSE(find_missing_limits(host, wanted));
}

}  // namespace
}  // namespace snug::plan
