#include "snug/explain/plan.hh"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <utility>

#include "every_step.hh"
#include "golden.hh"
#include "lesson.hh"

using namespace snug;
using namespace snug::plan;
using namespace snug::test;

namespace {

std::string name_of_alternative(const Action& action) { return std::string(explain::lesson_of({{}, action}).name); }

// The name of each alternative of Action, from the type alone.
template <std::size_t... Index>
std::vector<std::string> all_names(std::index_sequence<Index...>) {
  return {name_of_alternative(std::variant_alternative_t<Index, Action>{})...};
}

bool is_man_section(std::string_view man) {
  const std::size_t open = man.find('(');
  return open != std::string_view::npos && open > 1 && man.size() > open + 2 && man[open + 2] == ')' &&
         man[open + 1] >= '1' && man[open + 1] <= '8';
}

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

Plan plan_for(Spec spec) {
  HostFacts facts;
  facts.uid = facts.gid = {1000};
  facts.account = {"me", 1000, 1000, "/home/me", "/bin/zsh"};
  facts.subuids = facts.subgids = {{{100000}, 65536}};
  facts.newuidmap = "/usr/bin/newuidmap";
  facts.newgidmap = "/usr/bin/newgidmap";
  facts.store = "/home/me/.local/share/snug";
  facts.current_folder = "/home/me/work";
  facts.open_files_hard = 4096;
  facts.last_capability = 40;
  facts.rootfs.accounts = {{"root", 0, 0, "/root", "/bin/sh"}};
  facts.rootfs.passwd = "root:x:0:0:root:/root:/bin/sh\n";
  facts.rootfs.shells = {"/bin/bash"};
  spec.rootfs = {Rootfs::Kind::directory, "/srv/root", "/srv/root"};
  auto made = make_plan(spec, facts);
  REQUIRE(std::holds_alternative<Plan>(made));
  return std::get<Plan>(std::move(made));
}

}  // namespace

TEST_CASE("a plan with every step is written as the golden file has it") {
  const std::string text = explain::render_plan(every_step());
  const std::string left = difference(text, golden("plan-every-step.txt", text));
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("what comes before the plan is told, and its own plan stands in front") {
  const Plan plan = every_step();
  const std::string text = explain::render_plan(plan, &plan, "the root is copied");
  CHECK(text == "FIRST: the root is copied.\n\n" + explain::render_plan(plan) + "\nTHEN: the container.\n\n" + explain::render_plan(plan));
}

TEST_CASE("the same plan as JSON") {
  const std::string text = explain::render_plan_json(every_step());
  const std::string left = difference(text, golden("plan-every-step.json", text));
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("the plan of an ordinary run is written as the golden file has it") {
  Spec spec;
  spec.command = {"make", "all"};
  const std::string text = explain::render_plan(plan_for(spec));
  const std::string left = difference(text, golden("plan-ordinary.txt", text));
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("no kind of step is without a name, a reason, a man section, a phrase and fields") {
  const auto names = all_names(std::make_index_sequence<std::variant_size_v<Action>>());
  CHECK(std::set(names.begin(), names.end()).size() == std::variant_size_v<Action>);
  const Plan plan = every_step();
  std::set<std::string> seen;
  for (const Step& step : plan.steps) {
    const explain::Lesson lesson = explain::lesson_of(step);
    seen.insert(std::string(lesson.name));
    CHECK_MESSAGE(lesson.why.size() > 10, lesson.name);
    CHECK_MESSAGE(is_man_section(lesson.man), lesson.name);
    CHECK_MESSAGE(!describe(plan, step).empty(), lesson.name);
    CHECK_MESSAGE(!explain::calls_of(plan, step).empty(), lesson.name);
  }
  CHECK_MESSAGE(seen == std::set(names.begin(), names.end()), "every_step() lacks a kind of step");
  CHECK(count(explain::render_plan_json(plan), "\"fields\": {") == plan.steps.size());
}

TEST_CASE("lines of an ordinary plan fit 100 columns") {
  Spec spec;
  spec.command = {"make"};
  spec.cap_add = {"ALL"};
  const std::string text = explain::render_plan(plan_for(spec));
  for (const std::string_view line : lines(text)) CHECK_MESSAGE(line.size() <= 100, line);
}

TEST_CASE("what strangers wrote cannot act on the terminal") {
  const std::string text = explain::render_plan(every_step()), json = explain::render_plan_json(every_step());
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(json.find('\x1b') == std::string::npos);
  CHECK(text.find("a\\x1b[31mb") != std::string::npos);
}

// An option that changes the plan and leaves its print as it was would be hidden from the reader.
TEST_CASE("each option changes what is printed") {
  Spec plain;
  plain.command = {"make"};
  const std::string before = explain::render_plan(plan_for(plain));
  const std::map<std::string, void (*)(Spec&)> options{
      {"env", [](Spec& s) { s.env = {{"A", "b"}}; }},
      {"hostname", [](Spec& s) { s.hostname = "box"; }},
      {"workdir", [](Spec& s) { s.workdir = "/w"; }},
      {"user", [](Spec& s) { s.user = UserChoice{"5", "6"}; }},
      {"group-add", [](Spec& s) { s.groups = {"27"}; }},
      {"cap-add", [](Spec& s) { s.cap_add = {"NET_RAW"}; }},
      {"cap-drop", [](Spec& s) { s.cap_drop = {"CHOWN"}; }},
      {"ulimit", [](Spec& s) { s.limits = {{"cpu", RLIMIT_CPU, 5, 6}}; }},
      {"add-host", [](Spec& s) { s.hosts = {{"db", "10.0.0.1"}}; }},
      {"dns", [](Spec& s) { s.dns = {"9.9.9.9"}; }},
      {"shm-size", [](Spec& s) { s.shm_size = 4096; }},
      {"tty", [](Spec& s) { s.terminal = Terminal::always; }},
      {"no-init", [](Spec& s) { s.init = false; }},
      {"no-new-privileges", [](Spec& s) { s.new_privileges = true; }},
      {"read-only", [](Spec& s) { s.root_writes = RootWrites::refused; }},
      {"rw", [](Spec& s) { s.root_writes = RootWrites::kept; }},
      {"userns single", [](Spec& s) { s.id_map.mode = IdMapChoice::Mode::single; }},
      {"userns keep-id", [](Spec& s) { s.id_map.mode = IdMapChoice::Mode::keep_id; }},
      {"nested", [](Spec& s) { s.restraints.nested = true; }},
      {"allow-32bit", [](Spec& s) { s.restraints.foreign = true; }},
      {"seccomp", [](Spec& s) { s.restraints.filter.kind = FilterChoice::Kind::none; }},
      {"seccomp FILE", [](Spec& s) { s.restraints.filter = {FilterChoice::Kind::profile, "/p", ""}; }},
      {"landlock", [](Spec& s) { s.restraints.landlock = false; }},
      {"mask", [](Spec& s) { s.restraints.mask = {"/srv"}; }},
      {"unmask", [](Spec& s) { s.restraints.unmask = {"/proc/keys"}; }},
      {"network", [](Spec& s) { s.namespaces.network = HostNamespace{}; }},
      {"timens", [](Spec& s) { s.namespaces.time = NewNamespace{}; }},
      {"uts ns:", [](Spec& s) { s.namespaces.uts = JoinNamespace{"/proc/7/ns/uts"}; }},
      {"volume", [](Spec& s) { s.volumes = {BindVolume{"/srv", "/srv"}}; }},
      {"volume :ro", [](Spec& s) { s.volumes = {BindVolume{"/srv", "/srv", true}}; }},
      {"tmpfs", [](Spec& s) { s.volumes = {TmpfsVolume{"/t", {}, {}}}; }},
      {"tmpfs uid=", [](Spec& s) { s.volumes = {TmpfsVolume{.target = "/t", .uid = ContainerId{5}}}; }},
      {"tmpfs gid=", [](Spec& s) { s.volumes = {TmpfsVolume{.target = "/t", .gid = ContainerId{5}}}; }},
      {"device", [](Spec& s) { s.devices = {{"/dev/fuse", "/dev/fuse"}}; }},
      {"entrypoint", [](Spec& s) { s.entrypoint = std::vector<std::string>{"nice"}; }},
  };
  std::map<std::string, std::string> printed{{before, "nothing"}};
  for (const auto& [name, set] : options) {
    Spec spec = plain;
    set(spec);
    const auto [same, is_new] = printed.emplace(explain::render_plan(plan_for(spec)), name);
    CHECK_MESSAGE(is_new, name << " is printed as " << same->second);
  }
}

TEST_CASE("a terminal that the container must not have is named") {
  Plan plan = every_step();
  plan.terminal = false;
  const std::string without = explain::render_plan(plan);
  plan.null_input = true;
  CHECK(explain::render_plan(plan) != without);
  CHECK(explain::render_plan(plan).find("/dev/null stands for it") != std::string::npos);
}

TEST_CASE("the log has number, time and phrase") {
  CHECK(explain::render_verbose_line(every_step(), 10, 12'999) ==
        " 11     12 us  stop mounts from travelling between the host and here\n");
}
