#include <doctest/doctest.h>

#include <linux/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "made.hh"
#include "snug/base/text.hh"
#include "snug/plan/hints.hh"
#include "snug/plan/plan.hh"

using namespace snug;
using namespace snug::plan;

namespace {

Spec a_spec() {
  Spec spec;
  spec.rootfs = {Rootfs::Kind::directory, "/srv/root", "/srv/root"};
  spec.command = {"true"};
  spec.id_map.mode = IdMapChoice::Mode::single;
  spec.restraints.emulation = RootEmulation::off;
  return spec;
}

// As a_spec(), with what is done for root by default.
Spec with_root() {
  Spec spec = a_spec();
  spec.restraints.emulation = RootEmulation::automatic;
  return spec;
}

HostFacts some_facts() {
  HostFacts facts;
  facts.uid = facts.gid = {1000};
  facts.open_files_hard = 4096;
  facts.last_capability = 40;
  facts.unpacker = "/usr/libexec/snug/snug-layer";
  return facts;
}

Plan plan_of(const Spec& spec, const HostFacts& facts = some_facts()) { return snug::test::plan_of(spec, facts); }

bool has(const std::vector<std::string>& words, std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); }

bool opens(const Plan& plan, std::string_view part) {
  return std::any_of(plan.opened.begin(), plan.opened.end(), [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

template <typename Action>
std::size_t place_of(const Plan& plan) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(), [](const Step& step) { return std::holds_alternative<Action>(step.action); });
  REQUIRE(found != plan.steps.end());
  return static_cast<std::size_t>(found - plan.steps.begin());
}

}  // namespace

TEST_CASE("restraints come last: Landlock forbids mounts, and the filter what comes before it") {
  const Plan plan = plan_of(a_spec());
  CHECK(place_of<LoadFilter>(plan) == plan.steps.size() - 2);
  CHECK(place_of<EnforceLandlock>(plan) == plan.steps.size() - 3);
  CHECK(place_of<NoNewPrivileges>(plan) == plan.steps.size() - 4);
  CHECK(place_of<ForbidNamespaces>(plan) < place_of<PivotRoot>(plan));
  CHECK(place_of<MaskPaths>(plan) > place_of<PivotRoot>(plan));
  CHECK(plan.find<LoadFilter>()->name == "default");
  CHECK(plan.find<LoadFilter>()->program == make_filter({.capabilities = 1U << CAP_SYS_CHROOT}));
  CHECK(plan.opened.empty());
}

TEST_CASE("without no_new_privs they are loaded while there is a right to") {
  Spec spec = a_spec();
  spec.new_privileges = true;
  const Plan plan = plan_of(spec);
  CHECK(!plan.find<NoNewPrivileges>());
  const auto first = std::find_if(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    return step.actor == Actor::payload && std::holds_alternative<SetCapabilities>(step.action);
  });
  CHECK(static_cast<std::size_t>(first - plan.steps.begin()) == place_of<LoadFilter>(plan) + 1);
  CHECK(place_of<StartSession>(plan) < place_of<EnforceLandlock>(plan));  // 0, 1 and 2 are what they will be
}

TEST_CASE("--nested opens what containers inside need, and says so") {
  Spec spec = a_spec();
  spec.restraints.nested = true;
  const Plan plan = plan_of(spec);
  CHECK(!plan.find<ForbidNamespaces>());
  CHECK(!plan.find<MaskPaths>());
  CHECK(!plan.find<EnforceLandlock>());
  CHECK(plan.find<LoadFilter>()->name == "nested");
  CHECK(plan.find<LoadFilter>()->program == make_filter({.capabilities = 1U << CAP_SYS_CHROOT, .nested = true}));
  CHECK(opens(plan, "--nested"));
}

TEST_CASE("capabilities that are asked for open their calls, and Landlock does not stand in their way") {
  for (const char* capability : {"SYS_ADMIN", "SYS_PTRACE", "ALL", "NET_ADMIN"}) {
    Spec spec = a_spec();
    spec.cap_add = {capability};
    const Plan plan = plan_of(spec);
    CHECK((plan.find<EnforceLandlock>() != nullptr) == (std::string(capability) == "NET_ADMIN"));
    CHECK((plan.find<LoadFilter>()->program == plan_of(a_spec()).find<LoadFilter>()->program) == (std::string(capability) == "NET_ADMIN"));
  }
  Spec spec = a_spec();
  spec.cap_drop = {"ALL"};
  CHECK(plan_of(spec).find<LoadFilter>()->program == make_filter({}));
}

TEST_CASE("Landlock shuts what the host's namespaces leave open, where the kernel can") {
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  CHECK(*plan_of(spec, facts).find<EnforceLandlock>() == EnforceLandlock{7, false, false});
  spec.namespaces.network = HostNamespace{};
  CHECK(*plan_of(spec, facts).find<EnforceLandlock>() == EnforceLandlock{7, true, false});
  CHECK(!opens(plan_of(spec, facts), "abstract"));
  spec.namespaces.pid = HostNamespace{};
  CHECK(*plan_of(spec, facts).find<EnforceLandlock>() == EnforceLandlock{7, true, true});
  CHECK(!opens(plan_of(spec, facts), "signalled"));
  facts.landlock = 5;
  CHECK(*plan_of(spec, facts).find<EnforceLandlock>() == EnforceLandlock{5, false, false});
  CHECK(opens(plan_of(spec, facts), "abstract"));
  CHECK(opens(plan_of(spec, facts), "signalled"));
}

TEST_CASE("Landlock is preferred: without it there is a notice, or an error where it is required") {
  for (const int abi : {-ENOSYS, -EOPNOTSUPP, 1}) {
    HostFacts facts = some_facts();
    facts.landlock = abi;
    Spec spec = a_spec();
    const Plan plan = plan_of(spec, facts);
    CHECK(!plan.find<EnforceLandlock>());
    const auto notice = std::find_if(plan.notices.begin(), plan.notices.end(), [](const Notice& each) { return each.wall == "landlock"; });
    REQUIRE(notice != plan.notices.end());
    CHECK(!notice->text.ends_with(": "));
    spec.require = {"landlock"};
    CHECK(std::get<Refusal>(make_plan(spec, facts)).message.starts_with("--require landlock"));
    spec.restraints.landlock = false;
    CHECK(std::holds_alternative<Refusal>(make_plan(spec, facts)));
    spec.require.clear();
    CHECK(plan_of(spec, facts).notices.size() + 1 == plan.notices.size());
  }
}

TEST_CASE("that snug's own file could be written is told, for every container and who enters one, and can be refused") {
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  facts.open_program = "/home/me/bin/snug\n";
  const auto tells = [](const Plan& plan) {
    return std::count_if(plan.notices.begin(), plan.notices.end(), [](const Notice& notice) { return notice.wall == "program" && notice.text.starts_with("'/home/me/bin/snug\\n', which snug runs from, ") && !notice.once; });
  };
  CHECK(tells(plan_of(spec, facts)) == 1);
  const Living doors{{{"user", "/proc/7/fd/4", 41}}, {{{0}, {1000}, 1}}, {{{0}, {1000}, 1}}};
  CHECK(tells(std::get<Plan>(make_exec_plan(spec, facts, doors))) == 1);
  spec.require = {"program"};
  CHECK(std::holds_alternative<Refusal>(make_plan(spec, facts)));
  CHECK(std::holds_alternative<Refusal>(make_exec_plan(spec, facts, doors)));
  facts.open_program.reset();
  CHECK(std::holds_alternative<Plan>(make_plan(spec, facts)));
  spec.idle = true;
  spec.require.clear();
  facts.open_program = "/home/me/bin/snug\n";
  CHECK(tells(plan_of(spec, facts)) == 1);
  facts.open_program = "";
  CHECK(plan_of(spec, facts).notices.back().text.starts_with("the file that snug runs from is closed "));
}

TEST_CASE("the limit of user namespaces cannot be required where root inside may raise it") {
  HostFacts facts = some_facts();
  facts.last_capability = 40;
  const auto is_refused = [&](std::vector<std::string> added, std::vector<std::string> dropped, std::vector<std::string> unmasked) {
    Spec spec = a_spec();
    spec.cap_add = std::move(added);
    spec.cap_drop = std::move(dropped);
    spec.restraints.unmask = std::move(unmasked);
    CHECK(plan_of(spec, facts).find<ForbidNamespaces>());
    spec.require = {"nesting"};
    return snug::test::refusal(spec, facts).starts_with("--require nesting: ");
  };
  CHECK(is_refused({"ALL"}, {}, {}));
  CHECK(is_refused({"SYS_RESOURCE"}, {}, {"/proc/sys"}));
  CHECK(is_refused({"SYS_RESOURCE", "SYS_ADMIN"}, {}, {}));
  CHECK(!is_refused({"SYS_RESOURCE"}, {}, {}));
  CHECK(!is_refused({"ALL"}, {"SYS_RESOURCE"}, {"ALL"}));
  CHECK(!is_refused({"SYS_ADMIN"}, {}, {"/proc/sys"}));
}

TEST_CASE("each restraint that is left out is among what was opened") {
  const auto opened = [](auto choose) {
    Spec spec = a_spec();
    choose(spec);
    return plan_of(spec).opened;
  };
  using Sentences = std::vector<std::string>;
  CHECK(opened([](Spec&) {}).empty());
  CHECK(opened([](Spec& spec) { spec.restraints.landlock = false; }) == Sentences{"Landlock is left out: landlock=off"});
  CHECK(opened([](Spec& spec) { spec.new_privileges = true; }) == Sentences{"no-new-privileges=false: set-user-ID programs raise privileges, within the mapped ids"});
  CHECK(opened([](Spec& spec) { spec.limits = {{"core", RLIMIT_CORE, 0, ~std::uint64_t{0}}}; }) == Sentences{"--ulimit core: a crash inside may start the host's core handler, as the host's root"});
  CHECK(opened([](Spec& spec) { spec.limits = {{"core", RLIMIT_CORE, 9, 9}, {"core", RLIMIT_CORE, 0, 0}}; }).empty());
  CHECK(opened([](Spec& spec) { spec.limits = {{"core", RLIMIT_CORE, 0, 0}, {"nofile", RLIMIT_NOFILE, 99, 99}}; }).empty());
  CHECK(opened([](Spec& spec) { spec.cap_add = {"SYS_PTRACE"}; }).back() == "Landlock is left out: it would forbid what the capability is for");
  CHECK(opened([](Spec& spec) { spec.restraints.nested = true; }).size() == 1);
}

TEST_CASE("user namespaces stay forbidden by the filter alone where nothing can be written, with a notice") {
  Spec spec = a_spec();
  spec.namespaces.pid = HostNamespace{};
  HostFacts facts = some_facts();
  CHECK(!plan_of(spec, facts).find<ForbidNamespaces>()->proc);
  facts.sysctls_read_only = true;
  const Plan plan = plan_of(spec, facts);
  CHECK(!plan.find<ForbidNamespaces>());
  const auto says = [](const Plan& told, std::string_view text) {
    return std::any_of(told.notices.begin(), told.notices.end(), [&](const Notice& notice) { return notice.wall == "nesting" && notice.text.starts_with(text) && !notice.remedy.empty(); });
  };
  CHECK(says(plan, "only the filter of system calls keeps user namespaces from being made inside: /proc/sys is read-only here"));
  spec.restraints.filter.kind = FilterChoice::Kind::none;
  CHECK(says(plan_of(spec, facts), "nothing keeps user namespaces from being made inside: "));
  spec.restraints.filter.kind = FilterChoice::Kind::usual;
  spec.require = {"nesting"};
  CHECK(std::holds_alternative<Refusal>(make_plan(spec, facts)));
  spec = a_spec();
  spec.namespaces.user = JoinNamespace{"/proc/7/ns/user"};  // not ours to change
  CHECK(!plan_of(spec).find<ForbidNamespaces>());
}

TEST_CASE("what docker hides and makes read-only is, all of it and in whatever order") {
  // Docker's lists, by heart: a path that is left out there is missed here.
  const std::vector<std::string> hidden{"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                                        "/proc/timer_stats", "/sys/devices/system/cpu/cpu*/thermal_throttle", "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux"};
  const std::vector<std::string> read_only{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  const auto sorted = [](std::vector<std::string> paths) {
    std::sort(paths.begin(), paths.end());
    return paths;
  };
  const MaskPaths masks = *plan_of(a_spec()).find<MaskPaths>();
  CHECK(join(sorted(masks.hidden), " ") == join(hidden, " "));
  CHECK(join(sorted(masks.read_only), " ") == join(read_only, " "));
}

TEST_CASE("paths are masked but for those that are asked for, and for volumes") {
  Spec spec = a_spec();
  MaskPaths masks = masks_of(spec);
  CHECK(has(masks.hidden, "/proc/kcore"));
  CHECK(has(masks.read_only, "/proc/sys"));
  spec.restraints.unmask = {"/proc/kcore", "/sys"};
  spec.restraints.mask = {"/etc/secret"};
  masks = masks_of(spec);
  CHECK(!has(masks.hidden, "/proc/kcore"));
  CHECK(!has(masks.hidden, "/sys/firmware"));
  CHECK(has(masks.hidden, "/proc/keys"));
  CHECK(has(masks.hidden, "/etc/secret"));
  spec.restraints = {};
  spec.volumes = {BindVolume{"/srv", "/proc/sys/fs"}, TmpfsVolume{"/proc/keys", {}, {}}};
  masks = masks_of(spec);
  CHECK(!has(masks.read_only, "/proc/sys"));
  CHECK(!has(masks.hidden, "/proc/keys"));
  CHECK(has(masks.hidden, "/proc/kcore"));
  spec = a_spec();
  for (const char* wrong : {"/nonsense", "/proc/sys/kernel", "/proc/key"}) {
    spec.restraints.unmask = {"/proc/keys", wrong};
    const auto made = make_plan(spec, some_facts());
    REQUIRE(std::holds_alternative<Refusal>(made));
    CHECK(std::get<Refusal>(made).message == std::string("--security-opt unmask=") + wrong + ": nothing masks that");
    CHECK(std::get<Refusal>(made).hint.starts_with("ALL, or one of /proc/acpi, "));
    CHECK(std::get<Refusal>(made).hint.ends_with(", /proc/sys, /proc/sysrq-trigger"));
  }
  spec.restraints.unmask = {"ALL"};
  CHECK(!plan_of(spec).find<MaskPaths>());
}

TEST_CASE("what is another file for each process cannot be masked") {
  Spec spec = a_spec();
  for (const char* wrong : {"/proc/self", "/proc/self/net", "/proc/thread-self/comm", "/proc/net", "/proc/net/tcp", "/proc/mounts", "/dev/stdin"}) {
    spec.restraints.mask = {"/etc/secret", wrong};
    CHECK(snug::test::refusal(spec, some_facts()).starts_with(std::string("--security-opt mask=") + wrong + ": it leads into /proc/self"));
  }
  for (const char* wrong : {"/", "/proc/*", "/proc/*/maps", "/proc/1*/maps", "/proc/irq/*/*"}) {
    spec.restraints.mask = {wrong};
    CHECK(snug::test::refusal(spec, some_facts()).starts_with(std::string("--security-opt mask=") + wrong + ": "));
  }
  spec.restraints.mask = {"/proc/selfish", "/proc/meminfo", "/proc/irq/*/smp_affinity", "/srv/disk*/key"};
  CHECK(plan_of(spec).find<MaskPaths>());
}

TEST_CASE("with --nested a path that was named is masked, and no other") {
  Spec spec = a_spec();
  spec.restraints.nested = true;
  CHECK(!plan_of(spec).find<MaskPaths>());
  spec.restraints.mask = {"/proc/meminfo"};
  const Plan plan = plan_of(spec);
  REQUIRE(plan.find<MaskPaths>());
  CHECK(plan.find<MaskPaths>()->hidden == std::vector<std::string>{"/proc/meminfo"});
  CHECK(plan.find<MaskPaths>()->read_only.empty());
}

TEST_CASE("the cover of files is the container's own /dev/null") {
  const Plan plan = plan_of(a_spec());
  const Slot null = plan.find<MaskPaths>()->null;
  CHECK(std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
    const auto* taken = std::get_if<TakeTree>(&step.action);
    return taken && taken->slot == null && taken->source == "/dev/null" && taken->device == DeviceNode{0x103};
  }));
}

TEST_CASE("a profile takes the place of the list; terminals stay shut, and unconfined is a word") {
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  facts.profile = {7, 8};
  spec.restraints.filter = {FilterChoice::Kind::profile, "/my.json", "{}"};
  Plan plan = plan_of(spec, facts);
  CHECK(std::get<LoadFilter>(plan.steps[place_of<LoadFilter>(plan)].action) == LoadFilter{"terminals", make_terminal_filter()});
  CHECK(std::get<LoadFilter>(plan.steps[place_of<LoadFilter>(plan) + 1].action) == LoadFilter{"/my.json", {7, 8}});
  CHECK(opens(plan, "/my.json"));
  spec.restraints.filter = {FilterChoice::Kind::none};
  plan = plan_of(spec, facts);
  CHECK(!plan.find<LoadFilter>());
  CHECK(opens(plan, "seccomp=unconfined"));
}

TEST_CASE("snug-layer works under the same restraints, whatever the container was allowed") {
  Spec spec = a_spec();
  spec.restraints = {.filter = {FilterChoice::Kind::none}, .landlock = false, .nested = true};
  for (const auto& made : {make_unpack_plan(spec, some_facts()), make_rewrite_plan(spec, some_facts())}) {
    const Plan& plan = std::get<Plan>(made);
    CHECK(plan.find<LoadFilter>()->name == "default");
    CHECK(plan.find<EnforceLandlock>());
    CHECK(place_of<LoadFilter>(plan) == plan.steps.size() - 2);
  }
}

TEST_CASE("root with one id is told what it wants to hear, where that helps and nobody has asked for the kernel's own answers") {
  const auto emulates = [](const Plan& plan) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
      const auto* filter = std::get_if<LoadFilter>(&step.action);
      return filter && filter->answers_root();
    });
  };
  const auto of = [&](auto change) {
    Spec spec = with_root();
    change(spec);
    return emulates(plan_of(spec));
  };
  const Plan plan = plan_of(with_root());
  CHECK(emulates(plan));
  CHECK(*plan.find<LoadFilter>() == LoadFilter{"default + root", make_filter({.capabilities = 1U << CAP_SYS_CHROOT, .lone_root = true})});
  CHECK(place_of<LoadFilter>(plan) == plan.steps.size() - 2);
  Spec profiled = with_root();
  profiled.restraints = {.filter = {FilterChoice::Kind::none}, .emulation = RootEmulation::stateless};
  CHECK(*plan_of(profiled).find<LoadFilter>() == LoadFilter{"root", make_root_filter()});
  CHECK(!of([](Spec& spec) { spec.restraints.emulation = RootEmulation::off; }));
  CHECK(!of([](Spec& spec) { spec.restraints.nested = true; }));
  CHECK(!of([](Spec& spec) { spec.restraints.filter.kind = FilterChoice::Kind::none; }));
  CHECK(!of([](Spec& spec) { spec.root_writes = RootWrites::refused; }));
  CHECK(!of([](Spec& spec) { spec.new_privileges = true; }));
  CHECK(!of([](Spec& spec) { spec.id_map.mode = IdMapChoice::Mode::keep_id; }));
  CHECK(of([](Spec& spec) { spec.restraints.nested = true, spec.restraints.emulation = RootEmulation::stateless; }));
  Spec many = with_root();
  many.id_map = {.mode = IdMapChoice::Mode::ranges, .uids = {{{0}, {1000}, 1}, {{1}, {100000}, 9}}, .gids = {{{0}, {1000}, 1}}};
  many.restraints.emulation = RootEmulation::stateless;
  HostFacts helped = some_facts();
  helped.newuidmap = helped.newgidmap = "/usr/bin/newuidmap";
  helped.subuids = helped.subgids = {{{100000}, 65536}};
  const auto tells = [&] {
    const Plan made = plan_of(many, helped);
    return emulates(made) && std::any_of(made.notices.begin(), made.notices.end(), [](const Notice& notice) { return notice.text.starts_with("--emulate-root static: "); });
  };
  CHECK(tells());
  many.id_map.uids = {{{0}, {1000}, 1}};
  many.id_map.gids = {{{0}, {1000}, 1}, {{1}, {100000}, 9}};
  CHECK(!tells());
  many.restraints.emulation = RootEmulation::automatic;
  CHECK(emulates(plan_of(many, helped)));
  Spec both = with_root();
  both.restraints.emulation = RootEmulation::stateless;
  both.new_privileges = true;
  CHECK(std::holds_alternative<Refusal>(make_plan(both, some_facts())));

  HostFacts ranges = some_facts();
  ranges.subuids = ranges.subgids = {{{100000}, 65536}};
  ranges.newuidmap = "/usr/bin/newuidmap", ranges.newgidmap = "/usr/bin/newgidmap";
  Spec wide = with_root();
  wide.id_map.mode = IdMapChoice::Mode::root;
  CHECK(!emulates(plan_of(wide, ranges)));
}

TEST_CASE("the plan tells what those are under who run in it, also where no command does") {
  const auto held = [](auto change) {
    Spec spec = with_root();
    change(spec);
    const Confinement confinement = plan_of(spec).confinement;
    spec.idle = true;
    CHECK(plan_of(spec).confinement == confinement);
    return confinement;
  };
  const Confinement usual = held([](Spec&) {});
  CHECK(usual.filter == "default + root");
  CHECK(usual.emulation == RootEmulation::stateless);
  CHECK(usual.capabilities.size() == 11);
  CHECK(usual.limits == plan_of(with_root()).find<SetLimits>()->limits);
  const auto says = [&](auto change, std::string_view filter, RootEmulation emulation) {
    const Confinement confinement = held(change);
    CHECK(confinement.filter == filter);
    CHECK(confinement.emulation == emulation);
  };
  says([](Spec& spec) { spec.restraints.emulation = RootEmulation::off; }, "default", RootEmulation::off);
  says([](Spec& spec) { spec.restraints.emulation = RootEmulation::remembered; }, "default + owners", RootEmulation::remembered);
  says([](Spec& spec) { spec.restraints.filter.kind = FilterChoice::Kind::none; }, "unconfined", RootEmulation::off);
  says([](Spec& spec) { spec.restraints = {.filter = {FilterChoice::Kind::none}, .emulation = RootEmulation::stateless}; }, "unconfined + root", RootEmulation::stateless);
  says([](Spec& spec) { spec.restraints.nested = true; }, "nested", RootEmulation::off);
  says([](Spec& spec) { spec.restraints.nested = true, spec.restraints.emulation = RootEmulation::stateless; }, "nested + root", RootEmulation::stateless);
  const Confinement other = held([](Spec& spec) { spec.id_map.mode = IdMapChoice::Mode::keep_id; });
  CHECK(other.filter == "default");
  CHECK(other.emulation == RootEmulation::off);
  CHECK(other.capabilities.empty());
}

TEST_CASE("the filter shuts user namespaces unless it is opened for those who make them") {
  CHECK(filter_shuts_namespaces(a_spec()));
  for (const char* capability : {"SYS_ADMIN", "ALL", "NET_ADMIN"}) {
    Spec spec = a_spec();
    spec.cap_add = {capability};
    CHECK(filter_shuts_namespaces(spec) == (std::string(capability) == "NET_ADMIN"));
  }
  for (const auto change : std::initializer_list<void (*)(Spec&)>{[](Spec& each) { each.restraints.nested = true; }, [](Spec& each) { each.restraints.filter.kind = FilterChoice::Kind::none; },
                                                                  [](Spec& each) { each.restraints.filter.kind = FilterChoice::Kind::profile; }}) {
    Spec open = a_spec();
    change(open);
    CHECK_FALSE(filter_shuts_namespaces(open));
  }
}

TEST_CASE("root with one id has owners remembered where that is asked for, by one filter before all others") {
  Spec spec = with_root();
  spec.restraints.emulation = RootEmulation::remembered;
  const Plan plan = plan_of(spec);
  CHECK(*plan.find<RememberOwners>() == RememberOwners{make_owner_filter(), true});
  CHECK(place_of<RememberOwners>(plan) < place_of<LoadFilter>(plan));
  CHECK(place_of<NoNewPrivileges>(plan) < place_of<RememberOwners>(plan));
  CHECK(*plan.find<LoadFilter>() == LoadFilter{"default", make_filter({.capabilities = 1U << CAP_SYS_CHROOT})});
  for (const auto change : std::initializer_list<void (*)(Spec&)>{[](Spec& each) { each.restraints.nested = true; }, [](Spec& each) { each.new_privileges = true; }, [](Spec& each) { each.cap_add = {"SYS_ADMIN"}; },
                                                                  [](Spec& each) { each.id_map.mode = IdMapChoice::Mode::keep_id; }}) {
    Spec wrong = spec;
    change(wrong);
    CHECK(std::holds_alternative<Refusal>(make_plan(wrong, some_facts())));
  }
  HostFacts ranges = some_facts();
  ranges.subuids = ranges.subgids = {{{100000}, 65536}};
  ranges.newuidmap = "/usr/bin/newuidmap", ranges.newgidmap = "/usr/bin/newgidmap";
  Spec wide = spec;
  wide.id_map.mode = IdMapChoice::Mode::root;
  CHECK(std::get<Refusal>(make_plan(wide, ranges)).message.find("more ids than one") != std::string::npos);
  CHECK(explain_failure(RememberOwners{}, EBUSY, some_facts(), {}).cause.find("listens") != std::string::npos);
  CHECK(explain_failure(RememberOwners{}, EINVAL, some_facts(), {}).you_can.find("static") != std::string::npos);
}

TEST_CASE("apt is told not to look, where there is one and its settings are the container's own") {
  const auto has_setting = [](const Plan& plan) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
      const auto* attach = std::get_if<Attach>(&step.action);
      return attach && attach->target == "/etc/apt/apt.conf.d/zz-snug";
    });
  };
  HostFacts debian = some_facts();
  debian.rootfs.folders = {apt_settings};
  CHECK(has_setting(plan_of(with_root(), debian)));
  CHECK(!has_setting(plan_of(with_root())));
  Spec off = with_root();
  off.restraints.emulation = RootEmulation::off;
  CHECK(!has_setting(plan_of(off, debian)));
}

TEST_CASE("hints: why a restraint cannot be had, and what to do about it") {
  const auto explain = [](const Action& action, int error) { return explain_failure(action, error, some_facts(), {}); };
  CHECK(explain(LoadFilter{"default", {}}, EINVAL).you_can.find("seccomp=unconfined") != std::string::npos);
  CHECK(explain(LoadFilter{"/my.json", {}}, EINVAL).cause.find("that profile") != std::string::npos);
  CHECK(explain(EnforceLandlock{}, EOPNOTSUPP).ask.find("lsm=") != std::string::npos);
  CHECK(explain(ForbidNamespaces{}, EROFS).you_can.find("--nested") != std::string::npos);
  CHECK(explain(ForbidNamespaces{}, EROFS).ask.find("unmask=ALL") != std::string::npos);
}
