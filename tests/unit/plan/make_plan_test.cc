#include <doctest/doctest.h>

#include <sched.h>

#include <algorithm>
#include <string>

#include "made.hh"
#include "snug/base/text.hh"
#include "snug/plan/plan.hh"

using namespace snug;
using namespace snug::plan;
using snug::test::plan_of;
using snug::test::refusal;

namespace {

Spec a_spec() {
  Spec spec;
  spec.rootfs = {Rootfs::Kind::directory, "/srv/root", "/srv/root"};
  spec.command = {"make", "all"};
  return spec;
}

HostFacts some_facts() {
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
  return facts;
}

}  // namespace

TEST_CASE("the same values give the same plan, and the walls come before the command") {
  const Plan plan = plan_of(a_spec(), some_facts());
  CHECK(plan == plan_of(a_spec(), some_facts()));
  CHECK(std::holds_alternative<Exec>(plan.steps.back().action));
  CHECK(plan.find<Exec>()->paths.front() == "/usr/local/sbin/make");
  CHECK(plan.notices.empty());
}

TEST_CASE("snug's own shell needs no shell of the root, and alone is lent tools") {
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  spec.command.clear();
  facts.rootfs.shells.clear();
  CHECK(refusal(spec, facts).find("has no shell") != std::string::npos);
  spec.own_shell = true;
  CHECK(std::get<RunShell>(plan_of(spec, facts).steps.back().action).words.empty());
  spec.own_shell = false;
  spec.command = {"make"};
  spec.tools = "/bin/busybox";
  CHECK(refusal(spec, facts).find("--tools") != std::string::npos);
}

TEST_CASE("nothing is attached before the pivot, nothing of the host is taken after it") {
  bool pivoted = false;
  for (const Step& step : plan_of(a_spec(), some_facts()).steps) {
    if (std::holds_alternative<PivotRoot>(step.action)) pivoted = true;
    if (std::holds_alternative<Attach>(step.action)) CHECK(pivoted);
    if (std::holds_alternative<TakeTree>(step.action) || std::holds_alternative<MakeFilesystem>(step.action)) CHECK(!pivoted);
  }
  CHECK(pivoted);
}

TEST_CASE("id maps: root, keep-id, one id") {
  Spec spec = a_spec();
  Plan plan = plan_of(spec, some_facts());
  CHECK(plan.find<WriteIdMaps>()->uids == std::vector<IdRange>{{{0}, {1000}, 1}, {{1}, {100000}, 65536}});
  spec.id_map.mode = IdMapChoice::Mode::keep_id;
  plan = plan_of(spec, some_facts());
  CHECK(plan.find<WriteIdMaps>()->uids ==
        std::vector<IdRange>{{{0}, {100000}, 1000}, {{1000}, {1000}, 1}, {{1001}, {101000}, 64536}});
  HostFacts poor = some_facts();
  poor.subuids.clear();
  plan = plan_of(spec, poor);
  CHECK(plan.find<WriteIdMaps>()->uids == std::vector<IdRange>{{{1000}, {1000}, 1}});
  CHECK(plan.find<WriteIdMaps>()->deny_setgroups);
  REQUIRE(plan.notices.size() == 1);
  CHECK(plan.notices[0].wall == "idmap");
  spec.require = {"idmap"};
  CHECK(refusal(spec, poor).starts_with("--require idmap"));
}

TEST_CASE("a tmpfs is of whom it was asked for, where he is mapped") {
  using Options = std::vector<std::pair<std::string, std::string>>;
  const auto options = [](std::optional<ContainerId> uid, std::optional<ContainerId> gid) {
    Spec spec = a_spec();
    spec.id_map.mode = IdMapChoice::Mode::keep_id;
    spec.volumes = {TmpfsVolume{.target = "/x", .mode = 0700, .uid = uid, .gid = gid}};
    const Plan plan = plan_of(spec, some_facts());
    for (const Step& step : plan.steps)
      if (const auto* made = std::get_if<MakeFilesystem>(&step.action); made && std::count(made->options.begin(), made->options.end(), Options::value_type{"mode", "0700"}))
        return made->options;
    return Options{};
  };
  CHECK(options({}, {}) == Options{{"mode", "0700"}, {"uid", "0"}, {"gid", "0"}});
  CHECK(options(ContainerId{7}, {}) == Options{{"mode", "0700"}, {"uid", "7"}, {"gid", "0"}});
  CHECK(options(ContainerId{1000}, ContainerId{8}) == Options{{"mode", "0700"}, {"uid", "1000"}, {"gid", "8"}});
  Spec spec = a_spec();
  spec.volumes = {TmpfsVolume{.target = "/x", .uid = ContainerId{1}, .gid = ContainerId{70000}}};
  CHECK(refusal(spec, some_facts()).starts_with("--tmpfs /x: gid 70000 is not mapped into the container"));
}

TEST_CASE("who has no line in the root's passwd and group gets one, called as out here where that is free") {
  const auto file = [](const Spec& spec, const HostFacts& facts, const std::string& name) {
    const Plan plan = plan_of(spec, facts);
    for (const MakeFiles::File& each : plan.find<MakeFiles>()->files)
      if (each.name == name) return each.content;
    return std::string();
  };
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  facts.rootfs.group = "root:x:0:\nstaff:x:50:me";
  facts.rootfs.groups = {{"root", 0, {}}, {"staff", 50, {"me"}}};
  CHECK(file(spec, facts, "passwd").empty());
  CHECK(file(spec, facts, "group").empty());
  spec.id_map.mode = IdMapChoice::Mode::keep_id;
  CHECK(file(spec, facts, "passwd") == "root:x:0:0:root:/root:/bin/sh\nme:x:1000:1000::/:/bin/bash\n");
  CHECK(file(spec, facts, "group") == "root:x:0:\nstaff:x:50:me\n1000:x:1000:\n");
  facts.group_name = "us";
  CHECK(file(spec, facts, "group") == "root:x:0:\nstaff:x:50:me\nus:x:1000:\n");
  facts.group_name = "staff";
  CHECK(file(spec, facts, "group") == "root:x:0:\nstaff:x:50:me\n1000:x:1000:\n");
  spec.id_map.keep_gid = ContainerId{50};
  CHECK(file(spec, facts, "group").empty());
  facts.rootfs.group.reset();  // not looked at
  facts.rootfs.groups.clear();
  CHECK(file(spec, facts, "group").empty());
  facts.rootfs.group = facts.rootfs.passwd = "";  // it has none
  facts.rootfs.accounts.clear();
  CHECK(file(spec, facts, "passwd") == "me:x:1000:50::/:/bin/bash\n");
  CHECK(file(spec, facts, "group") == "staff:x:50:\n");
  spec.id_map = {};
  spec.user = UserChoice{.user = "root", .group = "root"};
  CHECK(file(spec, facts, "passwd") == "root:x:0:0::/:/bin/bash\n");
  CHECK(file(spec, facts, "group") == "root:x:0:\n");
  spec.root_writes = RootWrites::kept;  // whoever fills it writes them himself
  CHECK(file(spec, facts, "passwd").empty());
  CHECK(file(spec, facts, "group").empty());
}

TEST_CASE("the maps alone are those of the plan") {
  Spec spec = a_spec();
  for (const auto mode : {IdMapChoice::Mode::root, IdMapChoice::Mode::keep_id, IdMapChoice::Mode::single}) {
    spec.id_map.mode = mode;
    const auto maps = make_id_maps(spec, some_facts());
    REQUIRE(std::holds_alternative<WriteIdMaps>(maps));
    CHECK(std::get<WriteIdMaps>(maps) == *plan_of(spec, some_facts()).find<WriteIdMaps>());
  }
  spec.namespaces.user = JoinNamespace{"/proc/1/ns/user"};
  CHECK(std::holds_alternative<Refusal>(make_id_maps(spec, some_facts())));
  CHECK(map_lines({{{0}, {1000}, 1}, {{1}, {100000}, 65536}}) == "0 1000 1\n1 100000 65536\n");
}

TEST_CASE("snug's own shell starts without a mount for which the root has no folder, and says so; nothing else does") {
  const auto mounts_on = [](const Plan& plan, const std::string& path) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
      const auto* attach = std::get_if<Attach>(&step.action);
      const auto* link = std::get_if<MakeLink>(&step.action);
      return (attach && (attach->target == path || attach->target.starts_with(path + "/"))) || (link && link->path.starts_with(path + "/"));
    });
  };
  const std::vector<std::string> places{"/dev", "/proc", "/run", "/sys", "/tmp"};
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  facts.rootfs.blocked = places;
  facts.rootfs.terminal_entry.clear();
  for (const std::string& place : places) CHECK(mounts_on(plan_of(spec, facts), place));
  spec.own_shell = true;
  Plan plan = plan_of(spec, facts);
  REQUIRE(plan.notices.size() == 1);
  CHECK(plan.notices[0].text == "/proc, /sys, /dev, /run, /tmp are not mounted: the root file system has no folder there");
  for (const std::string& place : places) CHECK_MESSAGE(!mounts_on(plan, place), place);
  CHECK(plan.find<KeepNamespaces>());  // which are read through a /proc that nobody sees
  facts.rootfs.blocked.clear();
  facts.rootfs.absent = {"/proc"};
  CHECK(plan_of(spec, facts).notices.empty());  // it is made
  spec.root_writes = RootWrites::kept;
  plan = plan_of(spec, facts);
  REQUIRE(plan.notices.size() == 1);
  CHECK(plan.notices[0].text == "/proc is not mounted: the root file system has no folder there, and with --rw snug makes none");
  spec.require = {"mounts"};
  CHECK(refusal(spec, facts).starts_with("--require mounts: /proc is not mounted"));
}

TEST_CASE("snug-layer works in walls of its own, in the container's id map, with no more rights than it needs") {
  Spec spec = a_spec();
  spec.namespaces.network = HostNamespace{};
  spec.volumes = {BindVolume{.source = "/srv", .target = "/srv"}};
  HostFacts facts = some_facts();
  CHECK(std::get<Refusal>(make_unpack_plan(spec, facts)).message.starts_with("snug-layer"));
  facts.unpacker = "/usr/libexec/snug/snug-layer";
  const auto made = [](std::variant<Plan, Refusal> plan) { return std::get<Plan>(std::move(plan)); };
  const Plan tree = made(make_unpack_plan(spec, facts)), layer = made(make_unpack_plan(spec, facts, Unpack::layer));
  const Plan pack = made(make_pack_plan(spec, facts, Pack::layer, {{"/upper", {}}}, {"data"})),
             whole = made(make_pack_plan(spec, facts, Pack::tree, {{"/upper", {}}, {"/lower", {}}}));
  CHECK(tree.find<Exec>()->argv == std::vector<std::string>{"snug-layer", "tree"});
  CHECK(layer.find<Exec>()->argv == std::vector<std::string>{"snug-layer", "layer"});
  CHECK(pack.find<Exec>()->argv == std::vector<std::string>{"snug-layer", "pack", "data"});
  CHECK(whole.find<Exec>()->argv == std::vector<std::string>{"snug-layer", "pack-tree"});
  for (const Plan* plan : {&tree, &layer, &pack, &whole}) {
    CHECK((plan->find<Clone>()->flags & CLONE_NEWNET) != 0);
    CHECK(plan->find<WriteIdMaps>()->uids == plan_of(a_spec(), facts).find<WriteIdMaps>()->uids);
    CHECK(!plan->find<Attach>());
  }
  for (const Plan* plan : {&pack, &whole}) {
    CHECK(plan->find<MakeOverlay>()->flags.read_only);
    CHECK(!plan->find<MakeOverlay>()->upper);
    for (const Step& step : plan->steps)
      if (const auto* set = std::get_if<SetCapabilities>(&step.action); set && step.actor == Actor::payload) CHECK(set->kept.size() <= 1);
  }
}

TEST_CASE("users: digits are a number, names come from the root, both have to be mapped") {
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  facts.rootfs.accounts.push_back({"1000", 7, 7, "/", "/bin/sh"});
  spec.user = {{"1000", ""}};
  const Plan plan = plan_of(spec, facts);
  const auto last = std::find_if(plan.steps.rbegin(), plan.steps.rend(), [](const Step& s) { return std::holds_alternative<BecomeUser>(s.action); });
  CHECK(std::get<BecomeUser>(last->action).uid == ContainerId{1000});
  spec.user = {{"nobody", ""}};
  CHECK(refusal(spec, facts).find("no such name") != std::string::npos);
  spec.user = {{"70000", ""}};
  CHECK(refusal(spec, facts) == "uid 70000 is not mapped into the container");
  spec.user = {{"4294967296", ""}};
  CHECK(refusal(spec, facts).find("is not an id") != std::string::npos);
}

TEST_CASE("id maps: neither in the container nor on the host may two ranges meet, and somebody has to be in it") {
  Spec spec = a_spec();
  spec.id_map.mode = IdMapChoice::Mode::ranges;
  spec.id_map.uids = {{{0}, {1000}, 1}, {{0}, {100000}, 5}};
  CHECK(refusal(spec, some_facts()) == "--uidmap: the ranges at 0 and 0 overlap");
  spec.id_map.uids = {{{0}, {100000}, 10}, {{10}, {100009}, 1}};
  CHECK(refusal(spec, some_facts()) == "--uidmap: the ranges at 0 and 10 overlap on the host, from 100000 and from 100009 on");
  spec.id_map.uids = {{{1}, {100000}, 100}};
  CHECK(refusal(spec, some_facts()) == "neither uid 0 nor your own is mapped into the container");
  spec.user = {{"7", ""}};
  CHECK(refusal(spec, some_facts()).find("uid") == std::string::npos);
}

TEST_CASE("what is joined is named as it was typed, and what came along as what brought it") {
  Spec spec = a_spec();
  spec.id_map = {.mode = IdMapChoice::Mode::ranges, .uids = {{{0}, {1000}, 1}}, .gids = {{{0}, {1000}, 1}}};
  spec.namespaces.user = JoinNamespace{"/proc/3239/fd/11"};
  spec.namespaces.pid = JoinNamespace{"/proc/3239/fd/12", "base"};
  const std::vector<std::string> opened = plan_of(spec, some_facts()).opened;
  CHECK(opened.at(0) == "the user namespace of container:base, which comes along: shared with whoever lives there");
  CHECK(opened.at(1) == "--pid container:base: shared with whoever lives there");
  spec.namespaces.pid = NewNamespace{};
  CHECK(plan_of(spec, some_facts()).opened.at(0) == "--userns ns:/proc/3239/fd/11: shared with whoever lives there");
}

TEST_CASE("in the host's PID namespace snug ends what is left where the first process is its own, and tells where it does not") {
  Spec spec = a_spec();
  spec.namespaces.pid = HostNamespace{};
  for (const bool init : {true, false}) {
    spec.init = init;
    const Plan plan = plan_of(spec, some_facts());
    CHECK(plan.find<Clone>()->adopts == init);
    CHECK(plan.find<GuardInit>()->adopts == init);
    CHECK((join(plan.opened, "; ").find("goes on after it") == std::string::npos) == init);
  }
}

TEST_CASE("groups: the caller's are kept alone") {
  Spec spec = a_spec();
  spec.groups = {"5", "keep-groups"};
  CHECK(refusal(spec, some_facts()).starts_with("--group-add keep-groups: "));
  spec.groups = {"keep-groups"};
  CHECK(refusal(spec, some_facts()) == "a plan");
}

TEST_CASE("the spine of the host's root is what lies above other mounts") {
  CHECK(host_spine({}) == std::vector<std::string>{"/"});
  CHECK(host_spine({{"/", "ext4", "/"}, {"/var/lib/x", "ext4", "/"}, {"/proc", "proc", "/"}, {"/home", "ext4", "/"}}) ==
        std::vector<std::string>{"/", "/var", "/var/lib"});
}

TEST_CASE("host: folders are overlaid, files and odd file systems are read-only and named") {
  Spec spec = a_spec();
  spec.rootfs = {Rootfs::Kind::host, "", "host"};
  HostFacts facts = some_facts();
  facts.mounts = {{"/", "ext4", "/"}, {"/boot/efi", "vfat", "/"}};
  facts.folders["/"] = {{"bin", FolderEntry::Kind::symlink, "usr/bin", 0777}, {"boot", FolderEntry::Kind::directory, "", 0755},
                        {"home", FolderEntry::Kind::directory, "", 0755}, {"swap", FolderEntry::Kind::file, "", 0600},
                        {"tmp", FolderEntry::Kind::directory, "", 01777}};
  facts.folders["/boot"] = {{"efi", FolderEntry::Kind::directory, "", 0700}};
  facts.rootfs.folders = {facts.current_folder};
  const Plan plan = plan_of(spec, facts);
  REQUIRE(plan.notices.size() == 1);
  CHECK(plan.notices[0].text == "read-only, because they cannot be overlaid: /boot/efi, /swap");
  // The store lies below /home: an overlay of a read-only overlay, since an upper may not lie below its own lower.
  const auto overlays = std::count_if(plan.steps.begin(), plan.steps.end(), [](const Step& s) { return std::holds_alternative<MakeOverlay>(s.action); });
  CHECK(overlays == 2);
  spec.root_writes = RootWrites::kept;
  CHECK(refusal(spec, facts).starts_with("--rw cannot be used with 'host'"));
}

TEST_CASE("host: what cannot be overlaid, for others are mounted below it unseen or two overlays lie there already, is read-only") {
  Spec spec = a_spec();
  spec.rootfs = {Rootfs::Kind::host, "", "host"};
  HostFacts facts = some_facts();
  facts.mounts = {{"/", "ext4", "/"}, {"/closed/mnt", "tmpfs", "/"}, {"/stack", "overlays", "/"}};
  facts.folders["/"] = {{"closed", FolderEntry::Kind::directory, "", 0710}, {"home", FolderEntry::Kind::directory, "", 0755}, {"stack", FolderEntry::Kind::directory, "", 0755}};
  CHECK(plan_of(spec, facts).notices.at(0).text == "read-only, because they cannot be overlaid: /closed, /stack");
  for (int number = 0; number < 20; ++number) facts.folders["/"].push_back({format("file{}", number), FolderEntry::Kind::file, "", 0644});
  CHECK(plan_of(spec, facts).notices.at(0).text.ends_with(" /file4, /file5 and 14 more, which 'snug plan' lists"));
}

TEST_CASE("host: in the place of a volume there is nothing of the machine's, and what snug keeps is covered where a volume may show it") {
  Spec spec = a_spec();
  spec.rootfs = {Rootfs::Kind::host, "", "host"};
  HostFacts facts = some_facts();
  facts.mounts = {{"/", "ext4", "/"}, {"/mnt/x/y", "ext4", "/"}};
  facts.folders["/"] = {{"home", FolderEntry::Kind::directory, "", 0755}, {"mnt", FolderEntry::Kind::directory, "", 0755}};
  facts.folders["/mnt"] = {{"x", FolderEntry::Kind::directory, "", 0755}};
  facts.folders["/mnt/x"] = {{"file", FolderEntry::Kind::file, "", 0644}, {"y", FolderEntry::Kind::directory, "", 0755}};
  const auto targets = [&](const Volume& volume) {
    spec.volumes = {volume};
    std::string text;
    for (const Step& step : plan_of(spec, facts).steps)
      if (const auto* attach = std::get_if<Attach>(&step.action); attach && (attach->target.starts_with("/mnt") || attach->target.starts_with("/home"))) text += attach->target + " ";
    return text;
  };
  CHECK(targets(BindVolume{"/srv", "/srv"}) == "/home /mnt/x/file /mnt/x/y /home/me/.local/share/snug ");
  CHECK(targets(BindVolume{"/srv", "/mnt"}) == "/home /mnt /home/me/.local/share/snug ");
  CHECK(targets(BindVolume{"/srv", "/mnt/x/y"}) == "/home /mnt/x/file /mnt/x/y /home/me/.local/share/snug ");
  CHECK(targets(TmpfsVolume{"/home/me", {}, {}}) == "/home /mnt/x/file /mnt/x/y /home/me ");
  CHECK(targets(BindVolume{"/srv", "/home"}) == "/mnt/x/file /mnt/x/y /home /home/me/.local/share/snug ");  // where there is such a folder: /srv may be a link
  CHECK(targets(BindVolume{"/home/me", "/home/me"}) == "/home /mnt/x/file /mnt/x/y /home/me /home/me/.local/share/snug ");
  // Where a link leads there nobody knows: what is mounted later covers what stands below.
  CHECK(targets(BindVolume{"/srv", "/mnt/x"}).ends_with("/mnt/x /home/me/.local/share/snug "));
}

TEST_CASE("what no step shows is among the terms: how it ends, what is kept, labels and what is required") {
  Spec spec = a_spec();
  CHECK(plan_of(spec, some_facts()).terms == std::vector<std::string>{"it goes away when it has ended"});
  spec.detach = true;
  spec.restart = {Restart::When::on_failure, 3};
  spec.stop_signal = "INT", spec.stop_timeout = 5;
  spec.labels = {{"team", "a"}};
  spec.require = {"landlock"};
  CHECK(plan_of(spec, some_facts()).terms ==
        std::vector<std::string>{"it stays when it has ended, until 'snug rm'", "its monitor starts it anew when it has failed, 3 times at most", "what it prints is kept, in a file of 16777216 bytes",
                                 "'snug stop' sends it SIGINT, and SIGKILL 5 seconds later", "label team=a", "it does not start without landlock"});
}

TEST_CASE("a kernel that is too old is refused before anything is tried") {
  HostFacts facts = some_facts();
  facts.sets_mount_attributes = false;
  CHECK(refusal(a_spec(), facts).find("mount_setattr(2)") != std::string::npos);
}

TEST_CASE("storage: writes are kept in memory where the disk cannot hold them, and what memory cannot do is told") {
  HostFacts facts = some_facts();
  facts.store_takes_upper = false;
  CHECK(plan_of(a_spec(), facts).notices.size() == 1);
  facts.memory_takes_upper = false;
  CHECK(plan_of(a_spec(), facts).notices.back().text.find("cannot be removed (EIO)") != std::string::npos);
  facts.store_takes_upper = true;  // a data folder on a tmpfs
  CHECK(plan_of(a_spec(), facts).notices.size() == 1);
  Spec spec = a_spec();
  spec.require = {"storage"};
  CHECK(refusal(spec, facts).find("--require storage") == 0);
  spec.root_writes = RootWrites::refused;  // nothing is written that could be removed
  CHECK(plan_of(spec, facts).notices.empty());
}

TEST_CASE("the command starts in a folder that is inside, and so is its home") {
  struct Start {
    const char* home;
    const char* here;
    std::vector<Volume> volumes;
    const char* folder;
    const char* home_inside;
  };
  for (const Start& start : {Start{"/home/me", "/home/me/work", {}, "/home/me/work", "/home/me"},
                             Start{"/home/me", "/tmp/x", {}, "/home/me", "/home/me"},
                             Start{"/home/me", "/tmp", {}, "/tmp", "/home/me"},
                             Start{"/home/me", "/home/me/.local/share/snug/containers", {}, "/home/me", "/home/me"},
                             Start{"/run/me", "/run/me", {}, "/", "/"},
                             Start{"/dev/shm/me", "/dev/shm/me/x", {}, "/", "/"},
                             Start{"/tmp/me", "/tmp/me/x", {BindVolume{"/tmp", "/tmp"}}, "/tmp/me/x", "/tmp/me"},
                             Start{"/tmp/me", "/tmp/me/x", {BindVolume{"/srv", "/tmp"}}, "/", "/"},
                             Start{"/tmp/me", "/tmp/me/x", {BindVolume{"/srv", "/tmp/me"}}, "/tmp/me", "/tmp/me"},
                             Start{"/tmp/me", "/tmp/me/x", {TmpfsVolume{"/tmp/me/y", {}, {}}}, "/tmp/me", "/tmp/me"}}) {
    Spec spec = a_spec();
    spec.rootfs = {Rootfs::Kind::host, "", "host"};
    spec.volumes = start.volumes;
    HostFacts facts = some_facts();
    facts.account.home = start.home;
    facts.current_folder = start.here;
    facts.rootfs.folders = {start.home, start.here};
    const Plan plan = plan_of(spec, facts);
    CHECK(plan.find<ChangeFolder>()->path == start.folder);
    const std::vector<std::string>& env = plan.find<Exec>()->env;
    CHECK(std::count(env.begin(), env.end(), "HOME=" + std::string(start.home_inside)) == 1);
    const auto told = [&](std::string_view text) { return std::any_of(plan.notices.begin(), plan.notices.end(), [&](const Notice& notice) { return notice.text.find(text) != std::string::npos; }); };
    CHECK(told("your home") == (std::string(start.home) != start.home_inside));
    CHECK(told(format("the current folder '{}' is not inside: what runs there starts in '{}'", start.here, start.folder)) == (std::string(start.here) != start.folder));
    spec.workdir = "/srv";
    CHECK(plan_of(spec, facts).notices.size() == (told("your home") ? 1 : 0));
  }
}

TEST_CASE("root is root where the root file system has no accounts, with a home that is there") {
  const auto told = [](const std::vector<std::string>& folders, bool keep_id) {
    Spec spec = a_spec();
    if (keep_id) spec.id_map.mode = IdMapChoice::Mode::keep_id;
    HostFacts facts = some_facts();
    facts.rootfs.accounts.clear();
    facts.rootfs.folders = folders;
    const Plan plan = plan_of(spec, facts);
    std::string text;
    for (const std::string& each : plan.find<Exec>()->env)
      if (each.starts_with("HOME=") || each.starts_with("USER=") || each.starts_with("LOGNAME=")) text += each + " ";
    return text;
  };
  const std::string home = some_facts().account.home, name = some_facts().account.name;
  CHECK(told({}, false) == "HOME=/ USER=root LOGNAME=root ");
  CHECK(told({"/root", home}, false) == "HOME=/root USER=root LOGNAME=root ");
  CHECK(told({home}, true) == format("HOME={0} USER={1} LOGNAME={1} ", home, name));
  CHECK(told({"/root"}, true) == format("HOME=/ USER={0} LOGNAME={0} ", name));
}

TEST_CASE("an account of the root file system whose home the container covers starts in /") {
  Spec spec = a_spec();
  spec.command.clear();
  spec.user = {{"daemon", ""}};
  HostFacts facts = some_facts();
  facts.rootfs.accounts.push_back({"daemon", 1, 1, "/run/daemon", "/bin/sh"});
  facts.rootfs.folders = {"/run/daemon"};
  const Plan plan = plan_of(spec, facts);
  CHECK(plan.find<ChangeFolder>()->path == "/");
  CHECK(plan.notices.empty());
}

TEST_CASE("doors are named, and every step has words") {
  Spec spec = a_spec();
  spec.namespaces.network = HostNamespace{};
  spec.volumes.push_back(BindVolume{.source = "/data", .target = "/mnt", .read_only = true});
  const Plan plan = plan_of(spec, some_facts());
  CHECK(plan.opened.size() == 2);
  for (const Step& step : plan.steps) CHECK(!describe(plan, step).empty());
  CHECK((plan.find<Clone>()->flags & 0x40000000U) == 0);  // CLONE_NEWNET
}

TEST_CASE("a shell at a terminal is told where it is, by what its own files leave in place") {
  const auto has = [](const Plan& plan, const std::string& variable) {
    const auto& env = plan.find<Exec>()->env;
    return std::find(env.begin(), env.end(), variable) != env.end();
  };
  Spec spec = a_spec();
  spec.command.clear();
  spec.name = "web";
  HostFacts facts = some_facts();
  facts.terminal = {true, true, true, "xterm-kitty"};
  CHECK(has(plan_of(spec, facts), "SNUG_CONTAINER=web"));
  CHECK(has(plan_of(spec, facts), "PS1=web:$PWD# "));
  CHECK_FALSE(has(plan_of(spec, facts), "debian_chroot=web"));
  spec.hostname = "other";
  CHECK(has(plan_of(spec, facts), "debian_chroot=web"));
  facts.rootfs.shells = {"/usr/bin/fish"};
  CHECK_FALSE(has(plan_of(spec, facts), "PS1=web:$PWD# "));
  spec.env = {{"SNUG_CONTAINER", "mine"}};
  CHECK(has(plan_of(spec, facts), "SNUG_CONTAINER=mine"));
}

TEST_CASE("an entry of terminfo that the root lacks is carried in, also where the command has no terminal itself") {
  HostFacts facts = some_facts();
  facts.terminal = {true, true, true, "xterm-kitty"};
  facts.rootfs.terminal_entry = std::string("\x1a\x01\0\xff", 4);
  const auto carried = [&](const Spec& spec) {
    const Plan plan = plan_of(spec, facts);
    const auto* step = plan.find<CarryTerminal>();
    CHECK(std::count(plan.find<Exec>()->env.begin(), plan.find<Exec>()->env.end(), "TERMINFO=/run/terminfo") == (step && plan.terminal));
    return step ? *step : CarryTerminal();
  };
  CHECK(carried(a_spec()) == CarryTerminal{"xterm-kitty", facts.rootfs.terminal_entry});
  Spec spec = a_spec();
  spec.detach = true;
  CHECK(carried(spec).type == "xterm-kitty");
  spec.volumes = {TmpfsVolume{.target = "/run"}};
  CHECK(carried(spec).type == "xterm-kitty");
  spec.volumes = {BindVolume{.source = "/run", .target = "/run"}};
  CHECK(carried(spec).type.empty());
  facts.rootfs.terminal_entry.clear();
  CHECK(carried(a_spec()).type.empty());
}

TEST_CASE("without sub-ids a notice tells what one id means, and that root is answered all the same where it is") {
  HostFacts facts = some_facts();
  facts.subuids = facts.subgids = {};
  Spec spec = a_spec();
  const auto notice = [&] {
    const Plan plan = plan_of(spec, facts);
    return plan.notices.empty() ? std::string() : plan.notices[0].wall + ": " + plan.notices[0].text;
  };
  CHECK(notice() == "idmap: only one id is mapped, so programs inside cannot change owners or users; chown, apt and the like are answered as if they could "
                    "(--emulate-root): /etc/subuid has no line for 'me'");
  spec.restraints.emulation = RootEmulation::off;
  CHECK(notice() == "idmap: only one id is mapped, so programs inside cannot change owners or users: /etc/subuid has no line for 'me'");
  spec.id_map.mode = IdMapChoice::Mode::single;
  CHECK(notice() == "");
}
