#include "snug/explain/picture.hh"

#include <doctest/doctest.h>

#include <algorithm>

#include "evidence.hh"
#include "golden.hh"
#include "group_words.hh"
#include "helper_lines.hh"
#include "machine_sample.hh"
#include "sheet.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"

using namespace snug;
using namespace snug::explain;
using namespace snug::test;

namespace {

const Group& group_of(const Picture& picture, std::string_view name) {
  const auto found = std::find_if(picture.groups.begin(), picture.groups.end(), [&](const Group& each) { return each.name == name; });
  REQUIRE(found != picture.groups.end());
  return *found;
}

const Helper& helper_of(const Picture& picture, pid_t pid) {
  const auto found = std::find_if(picture.helpers.begin(), picture.helpers.end(), [&](const Helper& each) { return each.process.pid == pid; });
  REQUIRE(found != picture.helpers.end());
  return *found;
}

std::string standing_of(const Group& group) {
  std::string text;
  for (const Standing each : group.walls) text += "o+.?"[static_cast<std::size_t>(each)];
  return text;
}

Picture gathered() {
  Picture picture = sample_picture();
  gather_alike(picture);
  return picture;
}

void check_golden(const std::string& name, const std::string& made) {
  const std::string wanted = golden(name, made);
  CHECK_MESSAGE(made == wanted, name << ": " << difference(made, wanted));
}

}  // namespace

TEST_CASE("the picture: groups are told apart by their namespaces, and named by evidence") {
  const Picture picture = sample_picture();
  CHECK(standing_of(group_of(picture, "web")) == "ooooooo.");
  CHECK(group_of(picture, "web").maker == "snug");
  CHECK(standing_of(group_of(picture, "db")) == "+oo+++o.");  // the pod's
  CHECK(group_of(picture, "db").maker == "podman");
  CHECK(group_of(picture, "db").partners[plan::net_wall] == std::vector<std::string>{"db-backup"});
  CHECK(standing_of(group_of(picture, "make")) == "ooo.....");
  CHECK(group_of(picture, "make").maker == "bubblewrap");
  CHECK(group_of(picture, "org.example.Draw").maker == "flatpak");
  CHECK(group_of(picture, "chromium renderer").maker == "browser");
  CHECK(standing_of(group_of(picture, "dbus-broker")) == ".o......");
  CHECK(group_of(picture, "dbus-broker").maker == "service");
  CHECK(picture.groups.front().name == "web");
}

TEST_CASE("the picture: what may not be read is never guessed") {
  const Picture picture = sample_picture();
  const Group& docker = group_of(picture, "aaaaaaaaaaaa");
  CHECK(docker.maker == "docker");
  CHECK(standing_of(docker) == "??o?????");  // the numbers tell of a process namespace
  CHECK(picture.closed == 2);
  // Snug's init is closed, but was written down, and its parent is the monitor.
  const Group& web = group_of(picture, "web");
  CHECK(web.members.size() == 12);
  CHECK(web.members[web.leader].pid == 101);
}

TEST_CASE("the picture: a closed process as deep as its child shares its process namespace, and is put there without a record") {
  const Picture picture = make_picture(sample_machine(), {});
  const Group& group = group_of(picture, "nginx");
  CHECK(group.members.size() == 12);
  CHECK(group.maker == "snug");
  CHECK(group.evidence == "snug 100, which started it");
}

TEST_CASE("the picture: engines and helpers stand beside, with what they are there for") {
  const Picture picture = sample_picture();
  CHECK(helper_of(picture, 100).role == "monitor of web");
  CHECK(helper_of(picture, 201).role == "watches db");
  CHECK(helper_of(picture, 205).role == "network of db");
  CHECK(helper_of(picture, 300).role == "waits for make");
  CHECK(helper_of(picture, 900).role == "draws this picture");
  CHECK(helper_of(picture, 205).serves_network);
  CHECK(std::none_of(picture.groups.begin(), picture.groups.end(), [](const Group& each) { return each.name == "pasta" || each.name == "conmon"; }));
}

TEST_CASE("the picture: who carries the network of a container is found by its network namespace, and no box of its own") {
  plan::WallInodes pause = host_walls, box = own_walls(2000), port = host_walls;
  pause[plan::user_wall] = port[plan::user_wall] = box[plan::user_wall];
  pause[plan::mount_wall] = port[plan::mount_wall] = 2300;
  port[plan::net_wall] = box[plan::net_wall];
  plan::Machine machine{.kernel = "Linux", .host = "h", .here = host_walls, .processes = {}};
  machine.processes = {with_words(process(10, 1, "slirp4netns", pause), {"slirp4netns", "--netns-type=path", "/run/netns/a", "tap0"}), with_words(process(11, 1, "rootlessport", port), {"rootlessport"}),
                       with_words(process(12, 11, "exe", port), {"rootlessport-child"}), with_words(process(13, 1, "conmon", pause), {"conmon", "-n", "web"}),
                       with_words(process(14, 13, "nginx", box, {1}), {"nginx"})};
  machine.processes[0].network = box[plan::net_wall];
  const Picture picture = make_picture(machine, {});
  REQUIRE(picture.groups.size() == 1);
  CHECK(picture.groups[0].name == "web");
  CHECK(standing_of(picture.groups[0]) == "oooooooo");
  CHECK(helper_of(picture, 10).role == "network of web");
  CHECK(helper_of(picture, 11).role == "passes ports to web");
  CHECK(helper_of(picture, 12).role == "passes ports to web");
  CHECK(helper_of(picture, 12).name == "rootlessport");
  CHECK(helper_of(picture, 11).serves_network);
  machine.processes[2].words = {"else"};  // any program may be called exe
  CHECK(make_picture(machine, {}).groups.size() == 2);
}

TEST_CASE("the picture: who has ended stays where its parent is, and gets no box") {
  plan::WallInodes box = own_walls(2000), dead_in_box{}, dead_here{};
  for (const plan::Wall wall : {plan::user_wall, plan::pid_wall}) dead_in_box[wall] = box[wall], dead_here[wall] = host_walls[wall];
  plan::Machine machine{.kernel = "Linux", .host = "h", .here = host_walls, .processes = {}};
  machine.processes = {process(9, 5, "python3", dead_here), process(10, 1, "sh", host_walls), process(14, 10, "nginx", box, {1}), process(15, 14, "sleep", dead_in_box, {2})};
  const Picture picture = make_picture(machine, {});
  REQUIRE(picture.groups.size() == 1);
  CHECK(picture.groups[0].members.size() == 2);
  CHECK(picture.groups[0].leader == 0);
  CHECK(standing_of(picture.groups[0]) == "oooooooo");
  CHECK(picture.plain_count == 2);
  CHECK(picture.closed == 0);
}

TEST_CASE("the picture: pasta is called so, whatever variant runs") {
  plan::Machine machine{.kernel = "Linux", .host = "h", .here = host_walls, .processes = {with_words(process(7, 1, "passt.avx2", host_walls), {"/usr/bin/pasta", "--foreground"}), process(8, 1, "passt.avx2", host_walls)}};
  const Picture picture = make_picture(machine, {});
  CHECK(helper_of(picture, 7).name == "pasta");
  CHECK(helper_of(picture, 8).name == "passt");
}

TEST_CASE("the picture: a group is there for the first that is no wrapper") {
  const Picture picture = sample_picture();
  const Group& make = group_of(picture, "make");
  CHECK(make.members[make.leader].name == "bwrap");
  CHECK(make.members[payload_of(make)].name == "make");
  const Group& web = group_of(picture, "web");
  CHECK(web.members[payload_of(web)].name == "nginx");
}

TEST_CASE("mounts: what another one covers is told so, and is no door") {
  Group group = group_of(sample_picture(), "web");
  const auto says = [&](plan::LiveMount mount) { return origin_sentence(mount, group); };
  CHECK(says({.target = "/dev/shm", .type = "tmpfs"}) == "its own, made new");
  CHECK(says({.target = "/dev/shm", .type = "tmpfs", .origin = "/dev/shm", .covered = true}) == "from the same path out there; covered in here by another mount");
  CHECK(says({.target = "/dev/shm", .type = "tmpfs", .hidden_origin = "/dev/shm"}) == "the host's, from the same path out there, where another mount covers it");
  CHECK(says({.target = "/x", .type = "overlay", .covered = true}) == "its own, of layers; covered in here by another mount");
  group.record->lowers = {"/layers/b", "/layers/a"};
  CHECK(says({.target = "/", .type = "overlay"}) == "its own, of 2 layers; what is written goes to /home/me/.local/share/snug/containers/0123456789ab/upper");
  const std::size_t doors = doors_of(group).size();
  group.insides->mounts->push_back({.target = "/old", .type = "ext4", .origin = "/home/old", .covered = true});
  CHECK(doors_of(group).size() == doors);
  const std::string told = render_group(sample_picture(), group, group.members[1], {});
  CHECK(told.find("layers of its root, the topmost first\n  /layers/b\n  /layers/a\n") != std::string::npos);
}

TEST_CASE("Landlock is told of those that snug has a record of") {
  Group group = group_of(sample_picture(), "web");
  CHECK(landlock_sentence(group) == "not in force");
  group.record->landlock = plan::EnforceLandlock{6, true, false};
  CHECK(landlock_sentence(group) == "in force, ABI 6: what is opened lies below its root, or is open already as 0, 1 or 2; abstract sockets of others are shut");
  group.record.reset();
  CHECK(landlock_sentence(group) == "not known: the kernel tells nobody whether it is in force");
}

TEST_CASE("the filter has its name where snug has a record of it, and what it is to user namespaces is told with their limit") {
  Group group = group_of(sample_picture(), "web");
  plan::LiveProcess member = group.members[1];
  member.seccomp = 2, member.filters = 2;
  CHECK(seccomp_sentence(member, group) == "2 filters, run by the kernel itself");
  CHECK(nesting_sentence(group) == "not readable");
  group.record->filter = "default + root";
  group.insides->user_namespaces = 0;
  CHECK(seccomp_sentence(member, group) == "2 filters, run by the kernel itself; what runs in the container is under: default + root");
  CHECK(nesting_sentence(group) == "none can be made: the kernel's limit in there is 0");
  group.insides->user_namespaces = 70;
  CHECK(nesting_sentence(group) == "can be made, as far as a filter lets them: the kernel's limit in there is 70");
  group.record->filter_shuts = true;
  CHECK(nesting_sentence(group) == "only the filter of system calls keeps them from being made: the kernel's limit in there is 70");
  group.record.reset();
  CHECK(seccomp_sentence(member, group) == "2 filters, run by the kernel itself");
}

TEST_CASE("the picture: helpers that do the same are put together before any other is left out") {
  plan::Machine machine{.kernel = "Linux", .host = "h", .here = host_walls, .processes = {}};
  std::vector<Recorded> records;
  for (pid_t pid = 100; pid < 180; pid += 10) {
    machine.processes.push_back(process(pid, 1, "snug", host_walls));
    machine.processes.back().time = 10;
    machine.processes.push_back(process(pid + 1, pid, "sleep", own_walls(static_cast<std::uint64_t>(pid) * 100), {1}));
    machine.processes.push_back(with_words(process(pid + 2, 1, "passt.avx2", host_walls), {"/usr/bin/pasta", "--netns", format("/proc/{}/ns/net", pid + 1)}));
    records.push_back({.id = format("{}", pid), .name = format("box{}", pid), .image = {}, .monitor = pid, .init = pid + 1, .walls = machine.processes[machine.processes.size() - 2].walls, .upper = {}});
  }
  for (pid_t pid = 900; pid < 904; ++pid) machine.processes.push_back(process(pid, 1, "slirp4netns", host_walls));
  machine.processes.push_back(process(990, 1, "conmon", host_walls));
  const Picture picture = make_picture(machine, records);
  REQUIRE(picture.helpers.size() == 21);
  const auto told = [&](std::size_t most) {
    std::string text;
    const auto all = helper_lines(picture, most);
    for (const HelperLine& each : all) text += format("{} {} {}: {}; ", each.pid, each.name, each.count, each.role);
    return text + format("{}", count_untold(picture, all));
  };
  CHECK(told(21).find(" 2: ") == std::string::npos);
  CHECK(told(14) == "0 snug 8: monitor of box100, box110 and 6 more; 102 pasta 1: network of box100; 112 pasta 1: network of box110; 122 pasta 1: network of box120; "
                    "132 pasta 1: network of box130; 142 pasta 1: network of box140; 152 pasta 1: network of box150; 162 pasta 1: network of box160; "
                    "172 pasta 1: network of box170; 900 slirp4netns 1: network of a container; 901 slirp4netns 1: network of a container; "
                    "902 slirp4netns 1: network of a container; 903 slirp4netns 1: network of a container; 990 conmon 1: watches a container; 0");
  CHECK(told(12) == "0 snug 8: monitor of box100, box110 and 6 more; 0 pasta 8: network of box100, box110 and 6 more; 900 slirp4netns 1: network of a container; "
                    "901 slirp4netns 1: network of a container; 902 slirp4netns 1: network of a container; 903 slirp4netns 1: network of a container; "
                    "990 conmon 1: watches a container; 0");
  CHECK(told(4) == "0 snug 8: monitor of box100, box110 and 6 more; 0 pasta 8: network of box100, box110 and 6 more; 0 slirp4netns 4: network of a container; 990 conmon 1: watches a container; 0");
  CHECK(told(3) == "0 snug 8: monitor of box100, box110 and 6 more; 0 pasta 8: network of box100, box110 and 6 more; 5");
  CHECK(helper_lines(picture, 4)[0].time == 80);
  const std::string drawn = render_picture(picture, {.width = 100});
  CHECK(drawn.find("snug ×8  monitor of box100, box110 and 6 more") != std::string::npos);
  CHECK(drawn.find("of their kind") == std::string::npos);
  CHECK(render_picture_svg(picture).find("conmon  watches a container") != std::string::npos);
}

TEST_CASE("the picture: who only calls itself a helper, and is pid 1 of a container, gets its box") {
  plan::Machine machine{.kernel = "Linux", .host = "h", .here = host_walls, .processes = {process(7, 1, "conmon", own_walls(100), {1})}};
  CHECK(make_picture(machine, {}).groups.size() == 1);
  machine.processes[0].numbers = {7};
  CHECK(make_picture(machine, {}).helpers.size() == 1);
}

TEST_CASE("the picture: groups that look alike are drawn as one, and counted") {
  const Picture picture = gathered();
  CHECK(group_of(picture, "chromium renderer").alike == 3);
  CHECK(helper_of(picture, 300).of);
  CHECK(picture.groups[*helper_of(picture, 300).of].name == "make");
}

TEST_CASE("the picture: a door more keeps a group apart from those that look alike") {
  Picture picture = sample_picture();
  std::vector<Group*> tabs;
  for (Group& group : picture.groups)
    if (group.name == "chromium renderer") tabs.push_back(&group);
  REQUIRE(tabs.size() == 3);
  tabs[1]->insides.emplace().listeners = {"127.0.0.1:8080"};
  gather_alike(picture);
  std::vector<std::size_t> alike;
  for (const Group& group : picture.groups)
    if (group.name == "chromium renderer") alike.push_back(group.alike);
  CHECK(alike == std::vector<std::size_t>{2, 1});
}

TEST_CASE("the picture: a process without walls can be asked for, too") {
  const plan::Machine machine = sample_machine();
  const Picture picture = sample_picture();
  const auto vim = find_group(picture, machine, 51);
  REQUIRE(vim);
  CHECK(standing_of(*vim) == "........");
  CHECK(find_group(picture, machine, 104)->name == "web");
  CHECK(!find_group(picture, machine, 12345));
}

TEST_CASE("evidence: what cgroups tell, and what they do not") {
  const std::string id(64, 'b');
  const auto name = [](std::string_view path) {
    const auto found = container_of_cgroup(path);
    return found ? found->maker + " " + found->name : "";
  };
  CHECK(name("/system.slice/docker-" + id + ".scope") == "docker bbbbbbbbbbbb");
  CHECK(name("/docker/" + id) == "docker bbbbbbbbbbbb");
  CHECK(name("/kubepods/besteffort/pod1-2/" + id) == "kubernetes bbbbbbbbbbbb");
  CHECK(name("/user.slice/libpod-" + id + ".scope/container") == "podman bbbbbbbbbbbb");
  CHECK(name("/user.slice/libpod-conmon-" + id + ".scope").empty());
  CHECK(name("/lxc.payload.box/init.scope") == "lxc box");
  CHECK(name("/machine.slice/systemd-nspawn@deb\\x2d12.service/payload") == "nspawn deb-12");
  CHECK(name("/snap.firefox.firefox-1.scope") == "snap firefox");
  CHECK(name("/docker/short").empty());
  CHECK(name("/").empty());
  CHECK(unit_of_cgroup("/app.slice/app-gnome-org.gnome.Maps-77.scope")->name == "org.gnome.Maps");
  CHECK(unit_of_cgroup("/app.slice/app-org.kde.konsole@3a.service")->name == "org.kde.konsole");
  CHECK(!unit_of_cgroup("/user.slice/user@1000.service/init.scope"));
}

TEST_CASE("drawings are what the golden files say") {
  const Picture picture = gathered();
  check_golden("walls.txt", render_picture(picture, {}));
  check_golden("walls-narrow.txt", render_picture(picture, {.width = 40}));
  check_golden("walls-wide.txt", render_picture(picture, {.width = 132, .inodes = true}));
  check_golden("walls-ascii.txt", render_picture(picture, {.unicode = false}));
  check_golden("walls.svg", render_picture_svg(picture));
  check_golden("walls.dot", render_picture_dot(picture));
  check_golden("walls.json", render_picture_json(sample_picture()));
}

TEST_CASE("of one group all is told as the golden files say") {
  const Picture picture = sample_picture();
  const Group& web = group_of(picture, "web");
  plan::LiveProcess member = web.members[1];
  member.effective = member.bounding = 0xa80425fbU;
  member.no_new_privileges = true;
  check_golden("walls-group.txt", render_group(picture, web, member, {.inodes = true}));
  check_golden("walls-group.json", render_group_json(picture, web, member));
}

TEST_CASE("a comparison tells line by line what separates two processes, as the golden file says") {
  const plan::Machine machine = sample_machine();
  const Picture picture = sample_picture();
  const Side web{"web", group_of(picture, "web").members[1], sample_insides()}, db{"db", group_of(picture, "db").members[0], {}};
  check_golden("walls-compare.txt", render_comparison(web, db, {}));
  check_golden("walls-compare.json", render_comparison_json(web, db));
  Side mail = web, other = db;
  mail.networks = {"inner", "shop"}, other.networks = {"shop"};
  CHECK(render_comparison(mail, other, {}).find("  door     both are on the network shop\n") != std::string::npos);
  CHECK(render_comparison(web, other, {}).find("both are on") == std::string::npos);
  mail.process.cgroup = "/" + std::string(60, 'c');
  CHECK(render_comparison(mail, db, {.width = 200}).find(std::string(60, 'c')) != std::string::npos);
  CHECK(render_comparison(mail, db, {}).find(std::string(60, 'c')) == std::string::npos);
  const std::string same = render_comparison(web, web, {});
  CHECK(same.find("apart") == std::string::npos);
  CHECK(same.find("0 of 8 walls stand between them") != std::string::npos);
}

TEST_CASE("every line of a drawing is as wide as the terminal at most, and all boxes close") {
  const Picture picture = gathered();
  for (std::size_t width = 40; width <= 200; width += 7) {
    for (const bool unicode : {true, false}) {
      const std::string text = render_picture(picture, {.width = width, .unicode = unicode});
      for (const std::string_view line : lines(text)) CHECK_MESSAGE(display_width(line) <= width, width << ": " << line);
      CHECK((unicode || std::all_of(text.begin(), text.end(), [](char each) { return each == '\n' || (each >= ' ' && each <= '~'); })));
    }
  }
}

TEST_CASE("nothing that strangers wrote acts on a terminal, ends a string or opens a tag") {
  const Picture picture = gathered();
  const Group& evil = *std::find_if(picture.groups.begin(), picture.groups.end(), [](const Group& each) { return each.members.front().pid == 400; });
  const std::vector<std::string> drawn{render_picture(picture, {}), render_picture_json(picture), render_picture_svg(picture), render_picture_dot(picture),
                                       render_group(picture, evil, evil.members[0], {}), render_comparison({"\x1b", evil.members[0], {}}, {"b", evil.members[0], {}}, {})};
  for (const std::string& text : drawn) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\a') == std::string::npos);
    CHECK(text.find("\xe2\x80\xae") == std::string::npos);
    CHECK(is_utf8(text));
  }
  CHECK(drawn[2].find("<script>") == std::string::npos);
  CHECK(drawn[2].find("<b>") == std::string::npos);
}

TEST_CASE("colours are used where they are wanted, and nowhere else") {
  const Picture picture = gathered();
  CHECK(render_picture(picture, {.colour = true}).find("\x1b[") != std::string::npos);
  CHECK(render_picture(picture, {}).find('\x1b') == std::string::npos);
}

TEST_CASE("id maps are read as sentences") {
  CHECK(id_sentences("uid", {{{0}, {1000}, 1}, {{1}, {100000}, 65536}}) ==
        std::vector<std::string>{"root in here is uid 1000 out there", "uids 1 to 65536 in here are 100000 to 165535 out there"});
  CHECK(id_sentences("gid", {{{0}, {0}, 4294967295U}}) == std::vector<std::string>{"every gid is the same in here and out there"});
  CHECK(id_sentences("uid", {{{1000}, {1000}, 1}}) == std::vector<std::string>{"uid 1000 in here is 1000 out there"});
  CHECK(id_sentences("uid", {}) == std::vector<std::string>{"no uid is mapped: everything belongs to nobody"});
}
