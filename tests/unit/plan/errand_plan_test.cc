#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "snug/plan/visit.hh"

using namespace snug;
using namespace snug::plan;

namespace {

Living a_container(std::vector<IdRange> map) {
  return {{{"user", "/proc/7/fd/4", 41}, {"mnt", "/proc/7/fd/5", 42}, {"pid", "/proc/7/fd/6", 43}, {"net", "/proc/7/fd/8", 44}}, map, map};
}

const std::vector<IdRange> ranges{{{0}, {1000}, 1}, {{1}, {100000}, 65536}}, one{{{0}, {1000}, 1}}, kept{{{1000}, {1000}, 1}};

std::string phrases(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) text += (step.actor == Actor::errand ? describe(plan, step) : "not its own") + "\n";
  return text;
}

HostFacts caller() {
  HostFacts facts;
  facts.uid = {1000};
  facts.gid = {1000};
  return facts;
}

}  // namespace

TEST_CASE("errand: who reads a container's files enters it, lays down what it does not need, and is shut in before its work") {
  const Living living = a_container(ranges);
  CHECK(phrases(make_errand_plan(ErrandWork::read, caller(), &living)) ==
        "start a session\n"
        "enter the container's namespaces: user, mnt\n"
        "become uid 0, gid 0 and leave all groups\n"
        "drop all but 5 capabilities for ever\n"
        "drop all but 5 capabilities\n"
        "close the process to tracers\n"
        "close all descriptors but 0, 1 and 2, and what the work is done by\n"
        "join a new session keyring\n"
        "set the limits core 1:1\n"
        "forbid new privileges\n"
        "let files be read, and nothing else be done with them (Landlock)\n"
        "load the filter of system calls 'default'\n"
        "load the filter of system calls 'copying'\n");
}

TEST_CASE("errand: who writes into a container looks for the folder behind the filters, and writes below it alone") {
  const Living living = a_container(ranges);
  const Plan plan = make_errand_plan(ErrandWork::write, caller(), &living);
  const std::string text = phrases(plan);
  CHECK(text.ends_with("forbid new privileges\n"
                       "load the filter of system calls 'default'\n"
                       "load the filter of system calls 'copying'\n"
                       "open the folder that is written below\n"
                       "let things be made and written below that folder, and nothing be read (Landlock)\n"));
  CHECK(*plan.find<EnforceLandlock>() == EnforceLandlock{7, true, true, EnforceLandlock::Reach::writing});
  CHECK(plan.find<SetCapabilities>()->bounding_only);
  CHECK(plan.find<SetCapabilities>()->kept == std::vector<int>{CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP});
  CHECK(plan.find<LoadFilter>()->program == make_filter({}));
  CHECK(std::get<LoadFilter>(plan.steps[plan.steps.size() - 3].action).program == make_copying_filter());
}

TEST_CASE("errand: outside it enters nothing, and ends with who sent it") {
  CHECK(phrases(make_errand_plan(ErrandWork::read, caller(), nullptr)) ==
        "bind the process to the life of its parent\n"
        "close all descriptors but 0, 1 and 2, and what the work is done by\n"
        "set the limits core 1:1\n"
        "forbid new privileges\n"
        "let files be read, and nothing else be done with them (Landlock)\n"
        "load the filter of system calls 'default'\n"
        "load the filter of system calls 'copying'\n");
  CHECK(phrases(make_errand_plan(ErrandWork::write, caller(), nullptr)) ==
        "bind the process to the life of its parent\n"
        "close all descriptors but 0, 1 and 2, and what the work is done by\n"
        "open the folder that is written below\n"
        "start a session\n"
        "close all descriptors but 0, 1 and 2, and what the work is done by\n"
        "set the limits core 1:1\n"
        "forbid new privileges\n"
        "let things be made and written below that folder, and nothing be read (Landlock)\n"
        "load the filter of system calls 'default'\n"
        "load the filter of system calls 'copying'\n");
}

TEST_CASE("errand: it becomes root where root is mapped, else the caller, else whoever is, and leaves groups where that is allowed") {
  const auto becomes = [](Living living, bool sets_groups) {
    living.sets_groups = sets_groups;
    return *make_errand_plan(ErrandWork::read, caller(), &living).find<BecomeUser>();
  };
  const std::vector<ContainerId> none;
  CHECK(becomes(a_container(ranges), true) == BecomeUser{{0}, {0}, none});
  CHECK(becomes(a_container(ranges), false) == BecomeUser{{0}, {0}, {}});
  CHECK(becomes(a_container(one), false) == BecomeUser{{0}, {0}, {}});
  CHECK(becomes(a_container(one), true) == BecomeUser{{0}, {0}, none});
  CHECK(becomes(a_container(kept), false) == BecomeUser{{1000}, {1000}, {}});
  CHECK(becomes(a_container({{{5}, {100000}, 10}}), true) == BecomeUser{{5}, {5}, none});
}

TEST_CASE("errand: a kernel without Landlock has none, and an old one no scopes") {
  HostFacts facts = caller();
  facts.landlock = -38;
  for (const ErrandWork work : {ErrandWork::read, ErrandWork::write}) {
    CHECK(!make_errand_plan(work, facts, nullptr).find<EnforceLandlock>());
    CHECK(make_errand_plan(work, facts, nullptr).find<LoadFilter>());
  }
  facts.landlock = 5;
  CHECK(*make_errand_plan(ErrandWork::read, facts, nullptr).find<EnforceLandlock>() == EnforceLandlock{5, false, false, EnforceLandlock::Reach::reading});
  facts.core_hard = 0;
  CHECK(make_errand_plan(ErrandWork::read, facts, nullptr).find<SetLimits>()->limits == std::vector<ResourceLimit>{{"core", RLIMIT_CORE, 0, 0}});
}
