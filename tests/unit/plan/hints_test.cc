#include "snug/plan/hints.hh"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/resource.h>

#include <cerrno>
#include <string>

using namespace snug;
using namespace snug::plan;

namespace {

constexpr std::uint64_t ordinary =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;

RefusalFacts with(const std::string& name, const std::string& value) {
  RefusalFacts facts;
  facts.settings = {{"user.max_user_namespaces", "1000"}, {"user.max_net_namespaces", "1000"}};
  facts.settings[name] = value;
  return facts;
}

Explanation explain(const Action& action, int error, const RefusalFacts& facts = {}, const HostFacts& host = {}) {
  return explain_failure(action, error, host, facts);
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("clone: the setting that says no is named with its value, and what sets it") {
  CHECK(explain(Clone{ordinary}, ENOSPC, with("user.max_net_namespaces", "0")) ==
        Explanation{"user.max_net_namespaces = 0", "use snug run --network host, which does without",
                    "sysctl -w user.max_net_namespaces=65536"});
  CHECK(explain(Clone{ordinary}, ENOSPC, with("user.max_user_namespaces", "0")) ==
        Explanation{"user.max_user_namespaces = 0", "", "sysctl -w user.max_user_namespaces=65536"});
  RefusalFacts two = with("user.max_net_namespaces", "0");
  two.settings["user.max_uts_namespaces"] = "0";
  CHECK(explain(Clone{ordinary}, ENOSPC, two) ==
        Explanation{"user.max_net_namespaces = 0, user.max_uts_namespaces = 0",
                    "use snug run --network host --uts host, which does without",
                    "sysctl -w user.max_net_namespaces=65536 user.max_uts_namespaces=65536"});
  // One that is not asked for does not matter.
  CHECK(has(explain(Clone{CLONE_NEWUSER | CLONE_NEWNS}, ENOSPC, with("user.max_net_namespaces", "0")).cause,
            "nested too deep (32)"));
  CHECK(
      has(explain(Clone{ordinary}, ENOSPC, with("user.max_net_namespaces", "7")).cause, "user.max_net_namespaces = 7"));
}

TEST_CASE("keyring: the kernel counts keys, and each container has one") {
  const Explanation explained = explain(JoinKeyring{}, EDQUOT, with("kernel.keys.maxkeys", "200"));
  CHECK(has(explained.cause, "kernel.keys.maxkeys = 200"));
  CHECK(explained.ask == "sysctl -w kernel.keys.maxkeys=2000");
  CHECK(explain(JoinKeyring{}, EPERM) == Explanation{});
}

TEST_CASE("clone: who refuses user namespaces") {
  for (const int error : {EPERM, EACCES}) {
    CHECK(explain(Clone{ordinary}, error, with("kernel.unprivileged_userns_clone", "0")).ask ==
          "sysctl -w kernel.unprivileged_userns_clone=1");
    CHECK(has(explain(Clone{ordinary}, error, with("kernel.unprivileged_userns_clone", "0")).cause,
              "kernel.unprivileged_userns_clone = 0"));
    CHECK(explain(Clone{ordinary}, error, with("kernel.apparmor_restrict_unprivileged_userns", "1")).ask ==
          "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
    CHECK(has(explain(Clone{ordinary}, error, with("kernel.unprivileged_userns_clone", "1")).cause, "chroot"));
    RefusalFacts filtered;
    filtered.filtered = true;
    CHECK(has(explain(Clone{ordinary}, error, filtered).cause, "seccomp filter"));
    CHECK(explain(Clone{CLONE_NEWNS}, error) == Explanation{});
  }
  RefusalFacts filtered;
  filtered.filtered = true;
  CHECK(has(explain(Clone{ordinary}, ENOSYS, filtered).ask, "seccomp=unconfined"));  // docker hides clone3
}

TEST_CASE("clone: what the kernel was built without, and no more processes") {
  CHECK(explain(Clone{CLONE_NEWUSER | CLONE_NEWIPC}, EINVAL) ==
        Explanation{"this kernel was built without ipc namespaces", "use snug run --ipc host, which does without",
                    "boot a kernel of the distribution"});
  CHECK(explain(Clone{CLONE_NEWUSER}, EINVAL).cause == "this kernel was built without user namespaces");
  CHECK(explain(Clone{ordinary}, EINVAL).you_can == "ask snug doctor, which tries each alone");
  RefusalFacts facts;
  facts.processes = ProcessLimit{3, 3};
  HostFacts host;
  host.account.name = "me";
  CHECK(has(explain(Clone{ordinary}, EAGAIN, facts, host).cause, "ulimit -u is 3"));
  CHECK(has(explain(Clone{ordinary}, EAGAIN, facts, host).ask, "echo me - nproc"));
  facts.processes->hard = 100;
  CHECK(explain(ForkPayload{}, EAGAIN, facts, host).you_can == "ulimit -u 100");
  CHECK(explain(ForkPayload{}, EAGAIN, facts, host).ask.empty());
  CHECK(has(explain(Clone{ordinary}, EAGAIN).cause, "pids.max"));
  facts.open_files = ProcessLimit{5, 5};
  CHECK(explain(MakePrivate{}, EMFILE, facts) == Explanation{"ulimit -n is 5: no more files can be open at once", "", "echo '* - nofile 4096' >/etc/security/limits.d/snug.conf"});
  facts.open_files->hard = 99;
  CHECK(explain(MakePrivate{}, EMFILE, facts).you_can == "ulimit -n 99");
}

TEST_CASE("AppArmor's restriction shows when the new namespace is used for the first time") {
  const RefusalFacts restricted = with("kernel.apparmor_restrict_unprivileged_userns", "1");
  for (const Action& action : {Action(WriteIdMaps{}), Action(BecomeUser{}), Action(MakePrivate{})}) {
    CHECK(has(explain(action, EPERM, restricted).cause, "AppArmor"));
    CHECK(!has(explain(action, EPERM, with("kernel.apparmor_restrict_unprivileged_userns", "0")).cause, "AppArmor"));
    CHECK(!has(explain(action, EINVAL, restricted).cause, "AppArmor"));
  }
  CHECK(has(explain(MakePrivate{}, EACCES).ask, "apparmor=unconfined"));
  RefusalFacts filtered;
  filtered.filtered = true;
  CHECK(has(explain(MakePrivate{}, EPERM, filtered).cause, "seccomp filter refuses mounts"));
}

TEST_CASE("id maps: whom the helpers obey") {
  const WriteIdMaps step{.newuidmap = "/usr/bin/newuidmap"};
  CHECK(has(explain(step, EPERM).cause, "/etc/subuid"));
  RefusalFacts facts;
  facts.sub_id_service = "sss";
  CHECK(has(explain(step, EPERM, facts).cause, "'sss'"));
  facts.no_new_privileges = true;
  CHECK(has(explain(step, EPERM, facts).cause, "no_new_privs"));
  CHECK(explain(step, EPERM, facts).you_can == "use snug run --userns single, which needs no helper");
}

TEST_CASE("mounts: what covers /proc and /sys is named") {
  RefusalFacts facts;
  facts.covered = {"/proc/kcore"};
  CHECK(has(explain(MakeFilesystem{.type = "proc"}, EPERM, facts).cause, "'/proc/kcore' is covered by another mount"));
  CHECK(has(explain(MakeFilesystem{.type = "sysfs"}, EPERM, facts).cause, "/sys is not there in full"));
  facts.covered.push_back("/proc/keys");
  CHECK(has(explain(MakeFilesystem{.type = "proc"}, EPERM, facts).cause,
            "'/proc/kcore' and more below /proc are covered"));
  CHECK(explain(MakeFilesystem{.type = "proc"}, EPERM, facts).you_can ==
        "use snug run --pid host, which shows /proc as it is");
  CHECK(explain(MakeFilesystem{.type = "tmpfs"}, EPERM) == Explanation{});
  facts.filtered = true;
  CHECK(has(explain(MakeFilesystem{.type = "tmpfs"}, EPERM, facts).cause, "seccomp filter"));
  CHECK(explain(MakeFilesystem{.type = "mqueue"}, ENODEV).cause ==
        "this kernel was built without the file system mqueue");
}

TEST_CASE("overlays: too old, not there, no place to write, no folder for it") {
  HostFacts host;
  host.store = "/home/me/.local/share/snug";
  const MakeOverlay on_disk{.lowers = {{"/etc", {}}}, .upper = Layer{"upper0", {}}},
      in_memory{.lowers = {{"/etc", {}}}, .upper = Layer{"upper0", 1U}};
  CHECK(has(explain(on_disk, EPERM, {}, host).ask, "5.11"));
  CHECK(explain(on_disk, ENODEV, {}, host).ask == "modprobe overlay");
  CHECK(has(explain(on_disk, ENOSPC, {}, host).cause, "'/home/me/.local/share/snug'"));
  CHECK(has(explain(on_disk, EINVAL, {}, host).cause, "other mounts below it"));
  CHECK(has(explain(on_disk, EINVAL, {}, host).you_can, "--storage-driver copy"));
  host.mounts = {{"/", "ext4", "/"}};  // of the machine's own root, which nothing copies
  CHECK(explain(on_disk, EINVAL, {}, host).you_can == "");
  host.store_type = "NFS";
  host.store_takes_upper = false;
  CHECK(explain(on_disk, EINVAL, {}, host) ==
        Explanation{"'/home/me/.local/share/snug' lies on NFS, which is not known to take what overlays write",
                    "set XDG_DATA_HOME to a folder on a local disk (ext4, xfs, btrfs)", ""});
  CHECK(has(explain(in_memory, EINVAL, {}, host).cause, "other mounts below it"));
}

TEST_CASE("targets, folders, limits and commands") {
  CHECK(has(explain(Attach{0, "/d"}, EXDEV).cause, "'/d' is not there, and would be made on the host's side"));
  CHECK(has(explain(Attach{0, "/tmp", Attach::Target::must_exist}, ENOENT).cause, "has no '/tmp', and with --rw"));
  CHECK(has(explain(Attach{0, "/sys/fs/cgroup", Attach::Target::must_exist}, ENOENT).cause, "links in the root file system lead elsewhere"));
  for (const int error : {ENOENT, EROFS})
    for (const Action& action : {Action(Attach{0, "/proc/x"}), Action(MakeFolder{"/proc/x"})}) CHECK(has(explain(action, error).cause, "'/proc/x' is not there, and nothing can be made"));
  CHECK(has(explain(TakeTree{.source = "/", .flags = {}}, EINVAL).you_can, "bind-recursive=enabled"));
  CHECK(explain(TakeTree{.source = "/", .flags = {.recursive = true}}, EINVAL) == Explanation{});
  CHECK(has(explain(TakeTree{.source = "/a/b", .beneath = "/a"}, ELOOP).cause, "a link lies on the way to it, below '/a'"));
  CHECK(explain(TakeTree{.source = "/a/b"}, ELOOP) == Explanation{});
  for (const int error : {EACCES, EPERM, EOVERFLOW}) CHECK(has(explain(MakeFolder{"/d"}, error).cause, "not mapped"));
  CHECK(has(explain(Attach{0, "/d"}, ENOTDIR).cause, "a file on a file"));
  CHECK(has(explain(EnterNamespaces{}, ESTALE).cause, "has ended"));
  CHECK(explain(EnterNamespaces{{{"user", "/proc/7/fd/5", 41}}}, EPERM) == Explanation{});
  CHECK(has(explain(EnterNamespaces{{{"user", "/proc/7/fd/5", 41}}}, ENOENT).cause, "has ended"));
  CHECK(has(explain(Clone{}, ENOMEM).cause, "going away"));
  CHECK(has(explain(OpenTerminal{}, ENODEV).cause, "ptmx"));
  const EnterNamespaces network{{{"net", "/x", 0}}}, user{{{"user", "/x", 0}}};
  CHECK(has(explain(network, EPERM).you_can, "--userns ns:"));
  CHECK(explain(user, EPERM).you_can.empty());
  CHECK(explain(network, EINVAL) == Explanation{"it is no namespace of that kind", "", ""});
  CHECK(has(explain(user, EINVAL).cause, "that you are in anyway"));
  CHECK(has(explain(ChangeFolder{"/d"}, ENOENT).cause, "-w"));
  CHECK(has(explain(SetLimits{}, EPERM).cause, "ulimit -H"));
  CHECK(has(explain(SetLimits{{{"core", RLIMIT_CORE, 1, 1}, {"nofile", RLIMIT_NOFILE, 99, 99}}}, EPERM).cause, "nofile"));
  CHECK(has(explain(Exec{.paths = {"/x"}}, ENOENT).cause, "interpreter"));
  CHECK(has(explain(Exec{.paths = {"/x", "/y"}}, ENOENT).cause, "PATH"));
  HostFacts bare;
  bare.rootfs.shellless = true;
  for (const Exec& exec : {Exec{.paths = {"/x"}}, Exec{.paths = {"/x", "/y"}}}) {
    CHECK(explain(exec, ENOENT).you_can == "");
    CHECK(has(explain(exec, ENOENT, {}, bare).you_can, "'snug debug', or --shell builtin"));
    CHECK(explain(exec, EACCES, {}, bare).you_can == "");
  }
  CHECK(has(explain(Exec{.paths = {"/etc"}, .argv = {"/etc"}}, EACCES).cause, "no folder, with an x"));
  CHECK(explain(Exec{.paths = {"/bin/"}, .argv = {""}}, EACCES).cause == "the command is an empty word");
  CHECK(explain(Exec{.paths = {"/x"}}, EPERM) == Explanation{});
  HostFacts profiled;
  profiled.profile = {6};
  for (const int refused : {EPERM, EACCES}) CHECK(has(explain(Exec{.paths = {"/x"}}, refused, {}, profiled).cause, "the profile that --security-opt seccomp names "));
  RefusalFacts limited;
  limited.open_files = ProcessLimit{2, 2};
  CHECK(has(explain(EnforceLandlock{}, EMFILE, limited).cause, "ulimit -n is 2"));
  limited.chosen_open_files = true;
  CHECK(explain(EnforceLandlock{}, EMFILE, limited).cause.starts_with("--ulimit nofile=2 is in force"));
  HostFacts unmapped;
  unmapped.uid = {1000};
  RefusalFacts without;
  CHECK(explain(MakeOverlay{.upper = Layer{"upper0", {}}}, EACCES, without, unmapped) == Explanation{});
  without.caller_unmapped = true;
  CHECK(explain(MakeOverlay{.upper = Layer{"upper0", {}}}, EACCES, without, unmapped).you_can == "map yourself as well, such as --uidmap 0:1000:1");
  CHECK(has(explain(Exec{}, ENOEXEC).cause, "architecture"));
  CHECK(has(explain(Exec{}, E2BIG).cause, "too large"));
  CHECK(has(explain(MakeFolders{}, ENOSPC).cause, "the disk is full"));
}

TEST_CASE("filters: what around this refuses them, and the option only where it would help") {
  constexpr const char* option = "use snug run --security-opt seccomp=unconfined, which leaves every system call open";
  RefusalFacts filtered, settled;
  filtered.filtered = settled.settled = true;
  for (const int error : {ENOSYS, EINVAL}) {
    CHECK(explain(LoadFilter{"default", {}}, error) == Explanation{"this kernel was built without filters of system calls", option, "boot a kernel of the distribution"});
    CHECK(explain(LoadFilter{"default", {}}, error, settled) == Explanation{"this kernel was built without filters of system calls", "", "boot a kernel of the distribution"});
    CHECK(explain(LoadFilter{"default", {}}, error, filtered) == Explanation{"a filter around this refuses further ones", option, ""});
    CHECK(explain(RememberOwners{}, error, filtered).cause == "a filter around this refuses further ones");
  }
  CHECK(explain(LoadFilter{"default", {}}, EPERM) == Explanation{"a filter around this refuses further ones", option, ""});
  CHECK(explain(LoadFilter{"default", {}}, EPERM, settled) == Explanation{"a filter around this refuses further ones", "", ""});
  CHECK(explain(LoadFilter{"/etc/p.json", {}}, EINVAL, filtered).cause == "the kernel does not take what that profile became");
  CHECK(explain(LoadFilter{"default", {}}, ENOMEM, filtered) == Explanation{});
  CHECK(explain(RememberOwners{}, EBUSY, settled).you_can.empty());
}

TEST_CASE("walls that are always the same are not left out by an option of run") {
  RefusalFacts facts = with("user.max_net_namespaces", "0");
  facts.settled = true;
  CHECK(explain(Clone{ordinary}, ENOSPC, facts) == Explanation{"user.max_net_namespaces = 0", "", "sysctl -w user.max_net_namespaces=65536"});
  CHECK(explain(Clone{CLONE_NEWUSER | CLONE_NEWIPC}, EINVAL, facts).you_can.empty());
  CHECK(explain(MakeOverlay{}, ENODEV, facts) == Explanation{"this kernel has no overlay file system", "", "modprobe overlay"});
  for (const Action& action : {Action(MakeInterface{}), Action(ConfigureInterface{}), Action(JoinNetwork{}), Action(MakeFilesystem{0, "proc"}), Action(ForbidNamespaces{})})
    for (const int error : {EPERM, ENODEV, EROFS}) CHECK(explain(action, error, facts).you_can.empty());
  // But for that one, which is what unpacks with one id, too.
  CHECK(explain(WriteIdMaps{.newuidmap = "/usr/bin/newuidmap"}, EPERM, facts).you_can == "use snug run --userns single, which needs no helper");
}

TEST_CASE("where nothing true is known, nothing is said") {
  for (const int error : {EIO, EFAULT, EBUSY})
    for (const Action& action :
         {Action(Clone{ordinary}), Action(MakePrivate{}), Action(MakeOverlay{}), Action(Exec{}), Action(PivotRoot{})})
      CHECK(explain(action, error) == Explanation{});
  CHECK(explain(MakePrivate{}, EINVAL) == Explanation{});
  CHECK(render_hint({}).empty());
}

TEST_CASE("a hint is one line of what is known") {
  CHECK(render_hint({"cause", "do", "this"}) == "cause; do; ask an administrator: this");
  CHECK(render_hint({"", "", "this"}) == "ask an administrator: this");
}

TEST_CASE("what a range of ids lacks") {
  HostFacts host;
  host.uid = {1000};
  CHECK(find_missing_ranges(host)->ask == "apt-get install uidmap");
  host.map_helpers_powerless = true;
  CHECK(has(find_missing_ranges(host)->cause, "no right"));
  host.newuidmap = "/usr/bin/newuidmap";
  host.newgidmap = "/usr/bin/newgidmap";
  CHECK(find_missing_ranges(host)->cause == "/etc/subuid has no line for '1000'");
  CHECK(find_missing_ranges(host)->ask == "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 1000");
  host.sub_id_service = "sss";
  CHECK(has(find_missing_ranges(host)->cause, "'sss'"));
  CHECK(!has(find_missing_ranges(host)->ask, "usermod"));
  host.subuids = host.subgids = {{{100000}, 65536}};
  CHECK(!find_missing_ranges(host));
}
