// The doctor's examination: each wall is raised for real, in a child that does nothing else, and the kernel's
// answer is put into words. errno values that lie are translated here, from the settings that make them lie.

#include "snug/probe/walls.hh"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "snug/sys/process.hh"

namespace snug::probe {
namespace {

using Verdict = Finding::Verdict;
constexpr int patience_ms = 5000;

std::string setting(const char* name) {
  std::string path = "/proc/sys/";
  for (const char* at = name; *at; ++at) path += *at == '.' ? '/' : *at;
  const auto text = sys::find_file_text(path.c_str());
  return text ? std::string(trimmed(*text)) : "";
}

int map_self(HostId uid, HostId gid) noexcept {
  static_cast<void>(sys::write_file(AT_FDCWD, "/proc/self/setgroups", "deny"));
  const std::string uids = format("0 {} 1", uid.value), gids = format("0 {} 1", gid.value);
  if (const int error = sys::write_file(AT_FDCWD, "/proc/self/uid_map", uids)) return error;
  return sys::write_file(AT_FDCWD, "/proc/self/gid_map", gids);
}

/// Runs `work` as root of new namespaces; gives its errno, or the errno of the clone, or ETIMEDOUT.
class Trial {
 public:
  explicit Trial(const plan::HostFacts& facts) : facts_(facts) {}

  int operator()(std::uint64_t flags, const std::function<int()>& work) const {
    const sys::Cloned child = sys::clone_process(flags);
    if (child.pid < 0) return errno;
    if (child.pid == 0) {
      int error = 0;
      if (flags & CLONE_NEWUSER) error = map_self(facts_.uid, facts_.gid);
      if (!error && (flags & CLONE_NEWNS)) error = sys::make_all_private();
      ::_exit(error ? error : work());
    }
    pollfd end{child.pidfd.get(), POLLIN, 0};
    const bool late = ::poll(&end, 1, patience_ms) == 0;
    if (late) static_cast<void>(sys::send_signal(child.pidfd.get(), SIGKILL));
    int status = 0;
    while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    return late ? ETIMEDOUT : WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
  }

 private:
  const plan::HostFacts& facts_;
};

int make(const char* type) {
  const sys::Fd filesystem = sys::open_filesystem(type);
  if (!filesystem) return errno;
  const sys::Fd mount = sys::make_mount(filesystem.get(), 0);
  return mount ? 0 : errno;
}

// --- namespaces ------------------------------------------------------------------------------------------------

Finding refused_namespace(std::string name, const std::string& kind, int error) {
  Finding finding{.name = std::move(name), .verdict = Verdict::missing};
  finding.detail = errno_text(error);
  const std::string limit = format("user.max_{}_namespaces", kind);
  if (error == ENOSPC) {
    const std::string value = setting(limit.c_str());
    finding.detail = value == "0" ? format("{} = 0", limit)
                                  : format("a limit is reached ({} = {}) or namespaces are nested too deep", limit, value);
    finding.ask = format("sysctl -w {}=65536", limit);
  } else if (error == EPERM && kind == "user") {
    if (setting("kernel.unprivileged_userns_clone") == "0") {
      finding.detail = "kernel.unprivileged_userns_clone = 0";
      finding.ask = "sysctl -w kernel.unprivileged_userns_clone=1";
    } else if (setting("kernel.apparmor_restrict_unprivileged_userns") == "1") {
      finding.detail = "AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)";
      finding.ask = "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for snug with 'userns,'";
    } else {
      finding.detail = "refused by a filter or a security module, as in many outer containers (EPERM)";
      finding.ask = "start the outer container so that it allows user namespaces (docker: --security-opt seccomp=unconfined)";
    }
  } else if (error == EINVAL) {
    finding.detail = "this kernel was built without it (EINVAL)";
    finding.ask = "boot a kernel of the distribution";
  }
  return finding;
}

void examine_namespaces(const Trial& trial, std::vector<Finding>& findings) {
  struct Wall {
    const char* name;
    const char* kind;
    std::uint64_t flag;
    bool needed;
  };
  constexpr std::array<Wall, 8> walls{{{"user namespace", "user", CLONE_NEWUSER, true},
                                       {"mount namespace", "mnt", CLONE_NEWNS, true},
                                       {"pid namespace", "pid", CLONE_NEWPID, true},
                                       {"network namespace", "net", CLONE_NEWNET, true},
                                       {"uts namespace", "uts", CLONE_NEWUTS, true},
                                       {"ipc namespace", "ipc", CLONE_NEWIPC, true},
                                       {"cgroup namespace", "cgroup", CLONE_NEWCGROUP, true},
                                       {"time namespace", "time", 0x80 /* CLONE_NEWTIME */, false}}};
  for (const Wall& wall : walls) {
    const int error = trial(CLONE_NEWUSER | wall.flag, [] { return 0; });
    Finding finding = error ? refused_namespace(wall.name, wall.kind, error) : Finding{.name = wall.name};
    finding.needed = wall.needed;
    findings.push_back(std::move(finding));
    if (error && wall.flag == CLONE_NEWUSER) return;  // the others need it, and would only repeat it
  }
}

// --- mounts ----------------------------------------------------------------------------------------------------

void examine_mounts(const Trial& trial, std::vector<Finding>& findings) {
  struct Kind {
    const char* type;
    std::uint64_t flags;
    const char* cause;
    const char* ask;
  };
  constexpr std::uint64_t base = CLONE_NEWUSER | CLONE_NEWNS;
  constexpr std::array<Kind, 6> kinds{
      {{"tmpfs", base, "", ""},
       {"proc", base | CLONE_NEWPID, "part of /proc is covered here, as outer containers do",
        "start the outer container with an uncovered /proc (podman: --security-opt unmask=ALL)"},
       {"sysfs", base | CLONE_NEWNET, "part of /sys is covered here, as outer containers do",
        "start the outer container with an uncovered /sys (podman: --security-opt unmask=ALL)"},
       {"devpts", base, "", ""},
       {"mqueue", base | CLONE_NEWIPC, "", ""},
       {"cgroup2", base | CLONE_NEWCGROUP, "", ""}}};
  for (const Kind& kind : kinds) {
    const int error = trial(kind.flags, [&] { return make(kind.type); });
    Finding finding{.name = format("{} mount", kind.type), .needed = true};
    if (error) {
      finding.verdict = Verdict::missing;
      finding.detail = error == EPERM && *kind.cause ? kind.cause : errno_text(error);
      if (error == EPERM) finding.ask = kind.ask;
    }
    findings.push_back(std::move(finding));
  }
}

// An overlay with upper and work in a tmpfs of the trial's own, over a folder of the host.
int mount_overlay() {
  const sys::Fd memory = sys::open_filesystem("tmpfs");
  if (!memory) return errno;
  const sys::Fd scratch = sys::make_mount(memory.get(), 0);
  const sys::Fd root = sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  if (!scratch || !root) return errno;
  if (const int error = sys::attach_mount(scratch.get(), root.get())) return error;
  for (const char* name : {"lower", "upper", "work"})
    if (::mkdirat(scratch.get(), name, 0755) != 0) return errno;
  const sys::Fd filesystem = sys::open_filesystem("overlay");
  if (!filesystem) return errno;
  for (const char* name : {"lower", "upper", "work"}) {
    const std::string path = format("/proc/self/fd/{}/{}", scratch.get(), name);
    if (const int error = sys::set_option(filesystem.get(), format("{}dir", name).c_str(), path.c_str())) return error;
  }
  if (const int error = sys::set_option(filesystem.get(), "userxattr", "")) return error;
  const sys::Fd mount = sys::make_mount(filesystem.get(), 0);
  return mount ? 0 : errno;
}

void examine_overlay(const Trial& trial, const plan::HostFacts& facts, std::vector<Finding>& findings) {
  const int error = trial(CLONE_NEWUSER | CLONE_NEWNS, mount_overlay);
  Finding finding{.name = "overlay mount", .needed = true};
  if (error) {
    finding.verdict = Verdict::missing;
    finding.detail = error == ENODEV   ? "this kernel has no overlay file system (ENODEV)"
                     : error == EPERM  ? "this kernel refuses overlays in user namespaces: they came with Linux 5.11 (EPERM)"
                                       : errno_text(error);
    finding.you_can = "snug run --rw FOLDER needs no overlay";
    finding.ask = error == ENODEV ? "modprobe overlay" : "boot Linux 5.11 or newer";
  }
  findings.push_back(std::move(finding));
  Finding store{.name = "data folder", .detail = facts.store};
  if (!facts.store_takes_upper) {
    store.verdict = Verdict::missing;
    store.detail += " lies on a file system that cannot hold writes of containers (NFS, overlay, FUSE, …); they are kept in memory";
    store.you_can = "set XDG_DATA_HOME to a folder on a local disk";
  }
  findings.push_back(std::move(store));
}

// --- ids -------------------------------------------------------------------------------------------------------

void examine_ids(const plan::HostFacts& facts, std::vector<Finding>& findings) {
  const std::string user = facts.account.name.empty() ? format("{}", facts.uid.value) : facts.account.name;
  Finding helper{.name = "newuidmap, newgidmap", .detail = facts.newuidmap};
  if (facts.newuidmap.empty() || facts.newgidmap.empty()) {
    helper.verdict = Verdict::missing;
    const bool there = ::access("/usr/bin/newuidmap", F_OK) == 0;
    helper.detail = there ? "installed, but without the right to write maps here: only one id is mapped"
                          : "not installed: only one id is mapped";
    if (!there) helper.ask = "apt-get install uidmap";
  }
  findings.push_back(std::move(helper));
  Finding ranges{.name = "sub-ids"};
  if (facts.subuids.empty() || facts.subgids.empty()) {
    ranges.verdict = Verdict::missing;
    ranges.detail = format("{} has no line for {}: only one id is mapped", facts.subuids.empty() ? "/etc/subuid" : "/etc/subgid", user);
    ranges.ask = format("usermod --add-subuids {0}-{1} --add-subgids {0}-{1} {2}", facts.next_sub_id,
                        facts.next_sub_id + 65535, shell_quoted(user));
  } else {
    ranges.detail = format("uids from {} ({}), gids from {} ({})", facts.subuids[0].first.value, facts.subuids[0].count,
                           facts.subgids[0].first.value, facts.subgids[0].count);
  }
  findings.push_back(std::move(ranges));
}

// --- restraints ------------------------------------------------------------------------------------------------

void examine_restraints(const Trial& trial, std::vector<Finding>& findings) {
  const auto add = [&](const char* name, int error, std::string detail) {
    findings.push_back({.name = name, .verdict = error ? Verdict::missing : Verdict::works,
                        .detail = error ? errno_text(error) : std::move(detail)});
  };
  add("no_new_privs", trial(0, [] { return sys::set_no_new_privileges(); }), "");
  add("seccomp filters", trial(0, [] {
        const std::uint32_t action = SECCOMP_RET_ERRNO;
        return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ? 0 : errno;
      }), "not used yet");
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  add("Landlock", abi < 0 ? errno : 0, format("ABI {}; not used yet", abi));
  if (const std::string value = setting("dev.tty.legacy_tiocsti"); value != "0")
    findings.push_back({.name = "TIOCSTI", .verdict = Verdict::informs,
                        .detail = "the kernel lets programs type into their terminal; containers have one of their own",
                        .ask = "sysctl -w dev.tty.legacy_tiocsti=0"});
}

void examine_cgroups(std::vector<Finding>& findings) {
  Finding finding{.name = "cgroup v2 delegation", .verdict = Verdict::missing};
  struct statfs status {};
  if (::statfs("/sys/fs/cgroup", &status) != 0 || static_cast<std::uint32_t>(status.f_type) != 0x63677270U) {
    finding.detail = "this machine's cgroups are v1 or hybrid: no limits can be set by an ordinary user";
    finding.ask = "boot with systemd.unified_cgroup_hierarchy=1";
  } else {
    std::string own = "/sys/fs/cgroup";
    const std::string groups = sys::find_file_text("/proc/self/cgroup").value_or("");
    for (const std::string_view line : lines(groups))
      if (line.starts_with("0::")) own += line.substr(3);
    const bool writable = ::access((own + "/cgroup.procs").c_str(), W_OK) == 0;
    finding.verdict = writable ? Verdict::works : Verdict::missing;
    finding.detail = writable ? own : format("{} is not yours to write: limits cannot be set", own);
    if (!writable) finding.you_can = "systemd-run --user --scope -p Delegate=yes snug run …";
  }
  findings.push_back(std::move(finding));
}

// --- helpers ---------------------------------------------------------------------------------------------------

void examine_helpers(std::vector<Finding>& findings) {
  struct Program {
    const char* name;
    const char* path;
    const char* package;
  };
  for (const Program& program : {Program{"pasta", "/usr/bin/pasta", "passt"}, Program{"slirp4netns", "/usr/bin/slirp4netns", "slirp4netns"},
                                 Program{"mmdebstrap", "/usr/bin/mmdebstrap", "mmdebstrap"}}) {
    const bool there = ::access(program.path, X_OK) == 0;
    findings.push_back({.name = program.name, .verdict = there ? Verdict::works : Verdict::missing,
                        .detail = there ? program.path : "not installed",
                        .ask = there ? "" : format("apt-get install {}", program.package)});
  }
  for (const char* device : {"/dev/net/tun", "/dev/fuse"}) {
    const sys::Fd fd = sys::try_open(AT_FDCWD, device, O_RDWR);
    const int error = fd ? 0 : errno;
    findings.push_back({.name = device, .verdict = error ? Verdict::missing : Verdict::works,
                        .detail = error ? errno_text(error) : "",
                        .ask = error == EACCES ? format("chmod 666 {}", device) : ""});
  }
}

}  // namespace

std::vector<Finding> examine(const plan::HostFacts& facts) {
  std::vector<Finding> findings;
  utsname name{};
  if (::uname(&name) == 0)
    findings.push_back({.name = "kernel", .verdict = Verdict::informs, .detail = format("{} {}", name.sysname, name.release)});
  const Trial trial(facts);
  examine_namespaces(trial, findings);
  if (findings.back().name != "user namespace") {
    examine_mounts(trial, findings);
    examine_overlay(trial, facts, findings);
  }
  examine_ids(facts, findings);
  examine_restraints(trial, findings);
  examine_cgroups(findings);
  examine_helpers(findings);
  return findings;
}

}  // namespace snug::probe
