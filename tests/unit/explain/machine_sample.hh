#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "snug/explain/picture.hh"

namespace snug::test {

constexpr plan::WallInodes host_walls{plan::first_user_namespace, 11, 12, 13, 14, 15, 16, 17};

/// Walls of one's own, numbered from `first` on, but for those of the host that `shared` names.
inline plan::WallInodes own_walls(std::uint64_t first, std::initializer_list<plan::Wall> shared = {}) {
  plan::WallInodes walls{};
  for (std::size_t wall = 0; wall < walls.size(); ++wall) walls[wall] = first + wall;
  for (const plan::Wall wall : shared) walls[wall] = host_walls[wall];
  return walls;
}

inline plan::LiveProcess process(pid_t pid, pid_t parent, std::string name, plan::WallInodes walls, std::vector<pid_t> inside = {}) {
  plan::LiveProcess made{.pid = pid, .parent = parent, .numbers = {pid}, .uid = 1000, .name = std::move(name), .walls = walls};
  made.numbers.insert(made.numbers.end(), inside.begin(), inside.end());
  return made;
}

inline plan::LiveProcess with_words(plan::LiveProcess made, std::vector<std::string> words, std::string cgroup = {}) {
  made.words = std::move(words);
  made.cgroup = std::move(cgroup);
  return made;
}

/// A machine on which there is one of each kind, and much that is hostile.
inline plan::Machine sample_machine() {
  const std::string id(64, 'a');
  plan::Machine machine{.kernel = "Linux 6.1.0-test", .host = "desk", .processors = 8, .reader = 900, .uid = 1000, .here = host_walls, .processes = {}, .kernel_threads = 90};
  auto& all = machine.processes;
  // Snug: what it runs itself is closed to the reader; the record names it.
  all.push_back(process(1, 0, "systemd", {}));
  all.push_back(with_words(process(100, 50, "snug", {}), {"snug"}));
  all.push_back(with_words(process(101, 100, "snug", {}, {1}), {"snug"}));
  all.push_back(with_words(process(102, 101, "nginx", own_walls(1000, {plan::time_wall}), {2}), {"/usr/sbin/nginx", "-g", "daemon off;"}));
  for (pid_t worker = 103; worker < 113; ++worker) all.push_back(with_words(process(worker, 102, "nginx", own_walls(1000, {plan::time_wall}), {worker - 100}), {"nginx: worker process"}));
  // Podman: two containers of a pod share three walls, and all of podman's its user namespace.
  plan::WallInodes pod = own_walls(2000, {plan::time_wall}), second = own_walls(2100, {plan::time_wall}), pause = host_walls;
  for (const plan::Wall wall : {plan::net_wall, plan::uts_wall, plan::ipc_wall}) second[wall] = pod[wall];
  second[plan::user_wall] = pause[plan::user_wall] = pod[plan::user_wall];
  pause[plan::mount_wall] = 2300;
  all.push_back(process(200, 1, "catatonit", pause));
  all.push_back(with_words(process(201, 1, "conmon", pause), {"/usr/bin/conmon", "-c", id, "-n", "db"}));
  all.push_back(with_words(process(202, 201, "postgres", pod, {1}), {"postgres", "-D", "/var/lib/postgresql/data"}, "/user.slice/libpod-" + id + ".scope"));
  all.push_back(with_words(process(203, 1, "conmon", pause), {"/usr/bin/conmon", "-c", id, "-n", "db-backup"}));
  all.push_back(with_words(process(204, 203, "cron", second, {1}), {"cron", "-f"}));
  all.push_back(with_words(process(205, 1, "pasta", own_walls(2500, {plan::net_wall, plan::pid_wall, plan::time_wall})), {"pasta", "--netns", "/proc/202/ns/net"}));
  // Bubblewrap, flatpak, a browser, a service; docker's container is another user's and closed.
  all.push_back(with_words(process(300, 50, "bwrap", host_walls), {"bwrap", "--unshare-pid", "make"}));
  all.push_back(with_words(process(301, 300, "bwrap", own_walls(3000, {plan::net_wall, plan::uts_wall, plan::ipc_wall, plan::cgroup_wall, plan::time_wall}), {1}), {"bwrap", "--unshare-pid", "make"}));
  all.push_back(with_words(process(302, 301, "make", own_walls(3000, {plan::net_wall, plan::uts_wall, plan::ipc_wall, plan::cgroup_wall, plan::time_wall}), {2}), {"make", "-j8"}));
  const std::string flatpak = "/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.example.Draw-31.scope";
  all.push_back(with_words(process(310, 1, "draw", own_walls(3100, {plan::net_wall, plan::time_wall}), {2}), {"/app/bin/draw"}, flatpak));
  for (pid_t tab = 320; tab < 323; ++tab)
    all.push_back(with_words(process(tab, 50, "chromium", own_walls(static_cast<std::uint64_t>(tab) * 100, {plan::mount_wall, plan::uts_wall, plan::ipc_wall, plan::cgroup_wall, plan::time_wall}), {1}),
                             {"/usr/lib/chromium/chromium", "--type=renderer"}));
  plan::WallInodes service = host_walls;
  service[plan::mount_wall] = 3300;
  all.push_back(with_words(process(330, 1, "dbus-broker", service), {"dbus-broker"}, "/system.slice/dbus\\x2dbroker.service"));
  all.push_back(with_words(process(340, 1, "redis-server", {}, {1}), {"redis-server *:6379"}, "/system.slice/docker-" + id + ".scope"));
  all.push_back(process(50, 1, "bash", host_walls));
  all.push_back(process(51, 50, "vim", host_walls));
  all.push_back(process(52, 50, "bash", host_walls));
  all.push_back(process(53, 1, "sshd", {}));
  // Names are anybody's to choose.
  all.push_back(with_words(process(400, 50, "\x1b[31m<b>&\"", own_walls(4000), {1}), {"/evil/\x1b]0;\a<script>", "\xff\xe2\x80\xae", "漢字漢字漢字漢字漢字漢字"}));
  all.push_back(with_words(process(900, 50, "snug", host_walls), {"snug", "walls"}));
  all.back().time = 3;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return machine;
}

inline std::vector<explain::Recorded> sample_records() {
  return {{.id = "0123456789ab", .name = "web", .image = "debian:12", .monitor = 100, .init = 101, .walls = own_walls(1000, {plan::time_wall}), .upper = "/home/me/.local/share/snug/containers/0123456789ab/upper"}};
}

/// What probe would read of nginx.
inline plan::Insides sample_insides() {
  using What = plan::LiveMount::What;
  return {.uids = std::vector<plan::IdRange>{{{0}, {1000}, 1}, {{1}, {100000}, 65536}},
          .gids = std::vector<plan::IdRange>{{{0}, {1000}, 1}, {{1}, {100000}, 65536}},
          .mounts = std::vector<plan::LiveMount>{{"/", "overlay", "none", "rw", "", What::unknown},
                                                 {"/proc", "proc", "proc", "rw,nosuid", "", What::unknown},
                                                 {"/dev", "tmpfs", "dev", "rw,nosuid", "", What::unknown},
                                                 {"/dev/null", "devtmpfs", "udev", "rw,nosuid", "/dev/null", What::device},
                                                 {"/dev/fuse", "devtmpfs", "udev", "rw,nosuid", "/dev/fuse", What::device},
                                                 {"/srv/www", "ext4", "/dev/sda1", "ro,nosuid", "/home/me/site", What::folder},
                                                 {"/srv/www/sub", "ext4", "/dev/sda2", "ro,nosuid", "/home/me/site/sub", What::folder},
                                                 {"/run/x\x1b.sock", "tmpfs", "tmpfs", "rw", "/run/user/1000/x\x1b.sock", What::socket},
                                                 {"/mnt", "fuse.sshfs", "far:", "rw", "", What::unknown}},
          .limits = std::vector<std::string>{"memory 512MB", "processes 100", "nofile 64:128"},
          .listeners = {"127.0.0.1:8080"}};
}

/// The picture of it, with the insides of the first group.
inline explain::Picture sample_picture() {
  explain::Picture picture = explain::make_picture(sample_machine(), sample_records());
  for (explain::Group& group : picture.groups) {
    if (group.name == "web") group.insides = sample_insides();
    else group.insides.emplace();
    if (group.maker != "docker" && group.name != "web") group.insides->limits.emplace();
    if (group.maker == "bubblewrap") group.insides->mounts = {{"/", "ext4", "/dev/sda1", "ro", "/", plan::LiveMount::What::folder}, {"/home", "ext4", "/dev/sda2", "rw", "/home", plan::LiveMount::What::folder}};
  }
  return picture;
}

}  // namespace snug::test
