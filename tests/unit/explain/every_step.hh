#pragma once

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include "snug/plan/plan.hh"

namespace snug::test {

/// A plan that has every action at least once, with every field set: what the golden files hold is all there is.
inline plan::Plan every_step() {
  using namespace plan;
  constexpr std::uint64_t unlimited = ~std::uint64_t{0};
  const std::vector<IdRange> map{{{0}, {1000}, 1}, {{1}, {100000}, 65536}};
  Plan plan;
  plan.terminal = true;
  plan.slots = 11;
  const auto add = [&](Actor actor, Action action) { plan.steps.push_back({actor, std::move(action)}); };

  add(Actor::monitor, MakeFolders{{{"upper0", 0755}, {"work0", 0700}}});
  add(Actor::monitor, MakeCgroup{"", "/run/user/1000/systemd/private", {"memory", "pids"}, {{"memory.max", "67108864"}, {"pids.max", "50"}}});
  add(Actor::monitor, MakeCgroup{"/sys/fs/cgroup/job", "", {}, {}});
  add(Actor::monitor, JoinCgroup{"/sys/fs/cgroup/job/snug-1", "/run/user/1000/systemd/private"});
  add(Actor::monitor, EnterNamespaces{{{"user", "/proc/7/ns/user"}, {"net", "/proc/7/ns/net", 4026531840}}});
  add(Actor::monitor, Clone{CLONE_NEWNS | CLONE_NEWPID | 0x80});
  add(Actor::monitor, WriteIdMaps{map, map, "/usr/bin/newuidmap", "/usr/bin/newgidmap", true});
  add(Actor::init, WriteIdMaps{{map[0]}, {map[0]}, "", "", true});
  add(Actor::init, BecomeUser{{0}, {0}, {}});
  add(Actor::init, MakeCgroupNamespace{});
  add(Actor::init, MakePrivate{});
  add(Actor::init, MakeInterface{"eth0", {2, 0, 0, 0, 0, 0xab}, 65520});
  add(Actor::init, TuneNetwork{{{"ipv4/ping_group_range", "0 65536"}}});
  add(Actor::init, ConfigureInterface{"eth0", {{"192.0.2.7", 24, "192.0.2.1"}, {"2001:db8::7", 64, "fe80::1"}}, {{"127.0.0.0", 8}, {"::1", 128}}});
  add(Actor::init, MakeFilesystem{0, "tmpfs", {{"mode", "0700"}, {"noswap", ""}}, {.read_only = true}});
  add(Actor::init, StageMount{0, {"empty0"}});
  add(Actor::init, MakeOverlay{1, {{"/srv/a \"root\"", {}}, {"empty0", 0}}, {}, {}, {.read_only = true}});
  add(Actor::init, MakeOverlay{10, {{"/layers/b/root", {}}, {"/layers/a/root", {}}}, Layer{"upper1", {}}, Layer{"work1", {}}, {}, "debian:\x1b[31m12"});
  add(Actor::init, StageMount{1, {}});
  add(Actor::init, MakeOverlay{2, {{".", 1}}, Layer{"upper0", {}}, Layer{"work0", {}}, {.no_setuid = false}});
  add(Actor::init, TakeTree{3, "/dev/null", {.no_devices = false, .no_exec = true}, DeviceNode{1 << 8 | 3}});
  add(Actor::init, TakeTree{9, "/dev/fuse", {.no_devices = false, .no_exec = true}, DeviceNode{}});
  add(Actor::init, TakeTree{4, "/srv/data", {.read_only = true, .recursive = true}, {}});
  add(Actor::init, TakeTree{4, "/srv/data/x", {.recursive = true}, {}, "/srv/data"});
  add(Actor::init, TakeTree{4, "root", {}, {}});
  add(Actor::init, MakeFilesystem{5, "devpts", {{"gid", "5"}}, {.no_devices = false}});
  add(Actor::init, MakeFilesystem{6, "proc", {}, {.no_exec = true}});
  add(Actor::init, MakeFiles{{{7, "hosts", "127.0.0.1 localhost\n10.0.0.1 db\n"},
                              {8, "passwd", "root:x:0:0::/:\nme:x:1:1::/:\n"}}});
  add(Actor::init, CarryTerminal{"xterm-kitty", std::string("\x1a\x01\0\xff", 4)});
  add(Actor::init, PivotRoot{2});
  add(Actor::init, KeepNamespaces{6, {"user", "mnt", "pid", "root"}});
  add(Actor::init, Attach{3, "/dev/null", Attach::Target::make, 0});
  add(Actor::init, Attach{4, "/data", Attach::Target::must_exist});
  add(Actor::init, Attach{9, "/dev/fuse", Attach::Target::make});
  add(Actor::init, Attach{6, "/proc", Attach::Target::make});
  add(Actor::init, Attach{7, "/etc/hosts", Attach::Target::optional});
  add(Actor::init, MakeLink{"/dev/fd", "/proc/self/fd", 0});
  add(Actor::init, MakeLink{"/bin", "usr/bin"});
  add(Actor::init, MakeFolder{"/w", 0755});
  add(Actor::init, PartFolder{"/var/lib/db"});
  add(Actor::init, SetMountFlags{"/", {.read_only = true, .recursive = true}});
  add(Actor::init, ForbidNamespaces{6});
  add(Actor::init, ForbidNamespaces{});
  add(Actor::init, MaskPaths{{"/proc/kcore", "/sys/firmware"}, {"/proc/sys"}, 3});
  add(Actor::init, SetHostname{"box"});
  add(Actor::init, BringUpLoopback{});
  add(Actor::init, RestrictEgress{{"*.example.org:443", "10.0.0.0/8", "[2001:db8::]:443"}});
  add(Actor::init, RestrictEgress{});
  add(Actor::init, ServeNames{{"169.254.1.1", "fd73:6e75:67::53"}});
  add(Actor::monitor, OpenGate{{"169.254.1.1", "fd73:6e75:67::53"}, {"192.0.2.53"}, false});
  add(Actor::monitor, JoinNetwork{"/data/networks", "back", "eth1", "02:73:0a:59:00:02", "10.89.0.2/24", "fd01::2/64",
                                  {"web", "www"}});
  add(Actor::monitor, OpenWayOut{"eth0", {"/usr/bin/pasta", "-t", "none", "PID"}, false, true});
  add(Actor::monitor, OpenWayOut{"eth0", {"/usr/bin/pasta", "-t", "127.0.0.1/8080:80", "PID"}, true, false});
  add(Actor::init, AwaitWayOut{});
  add(Actor::init, OpenTerminal{5});
  add(Actor::init, JoinKeyring{});
  add(Actor::init, GuardInit{});
  add(Actor::init, ForkPayload{});
  add(Actor::init, SetCapabilities{{CAP_KILL}, false});
  add(Actor::monitor, EnterNamespaces{{{"user", "/proc/7/fd/4", 4026531837}}});
  add(Actor::monitor, Clone{});
  add(Actor::init, OpenTerminal{});
  add(Actor::init, GuardInit{true, true});
  add(Actor::init, GuardInit{false});
  add(Actor::init, ForkPayload{ForkPayload::Parent::leader});
  add(Actor::init, ForkPayload{ForkPayload::Parent::gone});
  add(Actor::payload, StartSession{true});
  add(Actor::payload, SetLimits{{{"core", RLIMIT_CORE, 1, 1}, {"nofile", RLIMIT_NOFILE, 1024, unlimited}}});
  add(Actor::payload, ResetProcess{022});
  add(Actor::payload, SetCapabilities{{CAP_CHOWN, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_NET_RAW}, true});
  add(Actor::payload, BecomeUser{{5}, {6}, std::vector<ContainerId>{{27}, {100}}});
  add(Actor::payload, SetCapabilities{{}, false});
  add(Actor::payload, DieWithParent{});
  add(Actor::payload, CloseDescriptors{});
  add(Actor::payload, ChangeFolder{"/w"});
  add(Actor::payload, NoNewPrivileges{});
  add(Actor::payload, RememberOwners{{0x0000000000000006, 0x7fc0000000000006}, false});
  add(Actor::payload, EnforceLandlock{7, true, true});
  add(Actor::payload, LoadFilter{"default", {0x0000000000000006, 0x7fff000000000006}});
  add(Actor::payload, Exec{{"/bin/make", "/usr/bin/make"}, {"make", "a\x1b[31mb"}, {"PATH=/bin:/usr/bin", "A=b c"}});
  add(Actor::payload, Exec{{"/usr/libexec/snug/snug-layer"}, {"snug-layer"}, {}, true});
  add(Actor::payload, RunShell{{"ls", "a\x1b[31mb"}, {"PATH=/bin"}, "/bin/busybox"});
  add(Actor::errand, CloseDescriptors{true});
  add(Actor::errand, OpenTarget{});
  add(Actor::errand, EnforceLandlock{5, false, false, EnforceLandlock::Reach::reading});
  add(Actor::errand, EnforceLandlock{7, true, true, EnforceLandlock::Reach::writing});
  plan.notices = {{"idmap", "only one id is mapped", "apt install uidmap"}};
  plan.opened = {"/data is the host's /srv/data, read-only"};
  return plan;
}

}  // namespace snug::test
