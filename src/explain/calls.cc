#include <linux/capability.h>

#include <algorithm>

#include "lesson.hh"
#include "snug/base/text.hh"
#include "snug/plan/notation.hh"
#include "snug/plan/visit.hh"

namespace snug::explain {
namespace {

bool is_ipv6(const std::string& address) { return address.find(':') != std::string::npos; }

using namespace plan;
using Calls = std::vector<std::string>;

std::string text(std::string_view value) { return c_quoted(value); }

std::string list(const auto& items, std::string_view separator, auto text_of) {
  std::string joined;
  for (const auto& item : items) {
    if (!joined.empty()) joined += separator;
    joined += text_of(item);
  }
  return joined;
}

std::string attributes(const MountFlags& flags) {
  return mount_attributes((flags.read_only ? 1U : 0U) | (flags.no_setuid ? 2U : 0U) | (flags.no_devices ? 4U : 0U) | (flags.no_exec ? 8U : 0U));
}

std::string_view recursive(const MountFlags& flags) { return flags.recursive ? "|AT_RECURSIVE" : ""; }

std::string map_text(const std::vector<IdRange>& map, std::string_view separator) {
  return list(map, separator, [](const IdRange& range) {
    return format("{} {} {}", range.inside.value, range.outside.value, range.count);
  });
}

std::string device_text(const DeviceNode& device) {
  if (!device.number) return "S_IFCHR or S_IFBLK";
  return format("S_IFCHR, makedev({}, {})", *device.number >> 8U, *device.number & 0xffU);
}

std::string layer_text(const Layer& layer) {
  if (!layer.mount) return printable(layer.path);
  return layer.path == "." ? format("m{}", *layer.mount) : format("m{}/{}", *layer.mount, printable(layer.path));
}

// The options of fuse-overlayfs.
std::string layers_text(const MakeOverlay& step) {
  std::string text = format("lowerdir={}", list(step.lowers, ":", layer_text));
  if (step.upper) text += format(",upperdir={},workdir={}{}", layer_text(*step.upper), layer_text(*step.work), step.kept ? "" : ",fsync=0");
  return text;
}

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Calls confining_work(const EnforceLandlock& step) {
  const bool reading = step.reach == EnforceLandlock::Reach::reading;
  return {format("landlock_create_ruleset({{all of ABI {}, scoped={}}})", step.abi, step.shut_sockets ? "LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET|LANDLOCK_SCOPE_SIGNAL" : "0"),
          reading ? "landlock_add_rule(PATH_BENEATH, \"/\", READ_FILE|READ_DIR)" : "landlock_add_rule(PATH_BENEATH, TARGET, what makes, writes and replaces)", "landlock_restrict_self(RULESET, 0)"};
}

struct CallsOf {
  const Plan& plan;

  [[nodiscard]] bool is_device(Slot slot) const {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
      const auto* taken = std::get_if<TakeTree>(&step.action);
      return taken && taken->slot == slot && taken->device;
    });
  }

  Calls operator()(const MakeFolders& step) const {
    Calls calls;
    for (const auto& folder : step.folders)
      for (const auto& call : {format("mkdirat(CONTAINER, {}, 0700)", text(folder.path)), format("fchmodat(CONTAINER, {}, {:04o})", text(folder.path), folder.mode)})
        calls.push_back(call);
    return calls;
  }
  Calls operator()(const MakeCgroup& step) const {
    Calls calls;
    const std::string parent = step.manager.empty() ? text(step.parent) : "SCOPE";
    if (!step.manager.empty()) {
      calls.push_back(format("connect(SYSTEMD, {})", text(step.manager)));
      calls.push_back("sendto(SYSTEMD, StartTransientUnit(\"snug-ID.scope\", {Delegate=true, PIDs=[SELF]}))");
    }
    calls.push_back(format("mkdirat({}, \"snug-outside\", 0700) where it is missing", parent));
    calls.push_back(format("mkdirat({}, \"snug-ID\", 0700)", parent));
    const std::string file = step.manager.empty() ? text(step.parent + "/cgroup.subtree_control") : "SCOPE/cgroup.subtree_control";
    for (const std::string& name : step.controllers) calls.push_back(format("write({}, \"+{}\") where it is not on yet", file, name));
    for (const CgroupSetting& setting : step.settings) calls.push_back(format("write(CGROUP/{}, {})", setting.file, text(setting.value)));
    calls.push_back("write(CGROUP/cgroup.max.depth, \"32\")");
    calls.push_back("write(CGROUP/cgroup.max.descendants, \"1000\")");
    for (const std::string& name : step.controllers) calls.push_back(format("write(CGROUP/cgroup.subtree_control, \"+{}\")", name));
    calls.push_back("mkdirat(CGROUP, \"container\", 0755)");
    for (const CgroupSetting& setting : step.settings) calls.push_back(format("write(CGROUP/container/{}, {})", setting.file, text(setting.value)));
    return calls;
  }
  Calls operator()(const JoinCgroup& step) const { return {format("write({}, \"0\")", text(step.path + "/container/cgroup.procs"))}; }
  Calls operator()(const MakeCgroupNamespace&) const { return {"unshare(CLONE_NEWCGROUP)"}; }
  Calls operator()(const EnterNamespaces& step) const {
    Calls calls{lends_memory(plan) ? "vfork()" : "fork()", "prctl(PR_SET_PDEATHSIG, SIGKILL)", "prctl(PR_SET_DUMPABLE, 0)", "close_range(3, ~0U, 0) around the doors, and what the next steps need"};
    for (const auto& entry : step.entries) calls.push_back(format("setns(open({}), {})", text(entry.path), clone_flags(namespace_flag(entry.kind))));
    return calls;
  }
  // Who has entered namespaces clones a sibling, which is then a child of the monitor like any other.
  Calls operator()(const Clone& step) const {
    Calls calls;
    if (step.adopts) calls.emplace_back("prctl(PR_SET_CHILD_SUBREAPER, 1)");
    const bool sibling = plan.find<EnterNamespaces>();
    calls.push_back(lends_memory(plan) ? "clone(CLONE_PARENT|CLONE_VM|CLONE_VFORK)" : format("clone3({{flags={}{}{}{}, exit_signal={}}})", clone_flags(step.flags), step.flags ? "|" : "",
                   plan.find<MakeCgroup>() ? "CLONE_INTO_CGROUP|" : "", sibling ? "CLONE_PARENT" : "CLONE_PIDFD", sibling ? "0" : "SIGCHLD"));
    calls.emplace_back("close_range(3, ~0U, 0) around what the next steps need");
    return calls;
  }
  Calls operator()(const WriteIdMaps& step) const {
    if (!step.newuidmap.empty())
      return {format("{} PID {}", printable(step.newuidmap), map_text(step.uids, " ")),
              format("{} PID {}", printable(step.newgidmap), map_text(step.gids, " "))};
    Calls calls;
    if (step.deny_setgroups) calls.push_back("write(/proc/self/setgroups, \"deny\")");
    calls.push_back(format("write(/proc/self/uid_map, \"{}\")", map_text(step.uids, "\\n")));
    calls.push_back(format("write(/proc/self/gid_map, \"{}\")", map_text(step.gids, "\\n")));
    return calls;
  }
  Calls operator()(const BecomeUser& step) const {
    Calls calls;
    if (step.groups)
      calls.push_back(format("setgroups({}, [{}])", step.groups->size(),
                             list(*step.groups, ", ", [](ContainerId group) { return format("{}", group.value); })));
    calls.push_back(format("setresgid({0}, {0}, {0})", step.gid.value));
    calls.push_back(format("setresuid({0}, {0}, {0})", step.uid.value));
    return calls;
  }
  Calls operator()(const KeepNamespaces& step) const {
    Calls calls;
    for (const std::string& kind : step.kinds)
      if (kind != KeepNamespaces::root) calls.push_back(format("openat(m{}, {})", step.proc, text("self/ns/" + kind)));
    calls.push_back("sendmsg(REPORT, SCM_RIGHTS)");
    return calls;
  }
  Calls operator()(const MakePrivate&) const { return {"mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL)"}; }
  Calls operator()(const MakeInterface& step) const {
    const std::string bytes = list(step.hardware, ":", [](std::uint8_t byte) { return format("{:02x}", byte); });
    return {"openat(AT_FDCWD, \"/dev/net/tun\", O_RDWR) = TAP", format("ioctl(TUNSETIFF, {{{}, IFF_TAP|IFF_NO_PI}})", text(step.name)),
            "ioctl(TUNSETPERSIST, 1)", "ioctl(TUNATTACHFILTER)", format("ioctl(SIOCSIFHWADDR, {})", bytes), format("ioctl(SIOCSIFMTU, {})", step.mtu), "sendmsg(REPORT, SCM_RIGHTS)"};
  }
  Calls operator()(const TuneNetwork& step) const {
    Calls calls;
    for (const auto& [name, value] : step.settings) calls.push_back(format("write(/proc/sys/net/{}, {}) where it can be written", name, text(value)));
    return calls;
  }
  Calls operator()(const ConfigureInterface& step) const {
    Calls calls;
    for (const auto& way : step.ways) calls.push_back(format("sendto(NETLINK, {{RTM_NEWADDR, {}/{}}})", way.address, way.prefix));
    calls.push_back(format("ioctl(SIOCSIFFLAGS, {{{}, IFF_UP}})", text(step.name)));
    for (const auto& [address, prefix] : step.held) calls.push_back(format("sendto(NETLINK, {{RTM_NEWROUTE, local {}/{}}})", address, prefix));
    for (const auto& way : step.ways) calls.push_back(format("sendto(NETLINK, {{RTM_NEWROUTE, default via {}}})", way.gateway));
    return calls;
  }
  Calls operator()(const RestrictEgress&) const {
    return {"write(/proc/sys/net/netfilter/nf_conntrack_tcp_loose, \"0\") where it can be written", "sendto(NETLINK, {NFT_MSG_NEWTABLE, inet snug})", "sendto(NETLINK, {NFULNL_MSG_CONFIG})", "sendmsg(REPORT, SCM_RIGHTS)"};
  }
  Calls operator()(const ServeNames& step) const {
    Calls calls{"openat(AT_FDCWD, \"/dev/net/tun\", O_RDWR) = TUN", "ioctl(TUNSETIFF, {\"snug0\", IFF_TUN|IFF_NO_PI})", "ioctl(TUNSETPERSIST, 1)"};
    if (std::none_of(step.addresses.begin(), step.addresses.end(), is_ipv6)) calls.emplace_back("write(/proc/sys/net/ipv6/conf/snug0/disable_ipv6, \"1\") where it can be written");
    calls.insert(calls.end(), {"sendto(NETLINK, {RTM_NEWADDR, 169.254.1.3/32})", "ioctl(SIOCSIFFLAGS, {\"snug0\", IFF_UP})"});
    for (const std::string& server : step.addresses)
      calls.push_back(is_ipv6(server) ? format("sendto(NETLINK, {{RTM_NEWROUTE, {}/128}}) where there is IPv6", server) : format("sendto(NETLINK, {{RTM_NEWROUTE, {}/32}})", server));
    calls.emplace_back("sendmsg(REPORT, SCM_RIGHTS)");
    return calls;
  }
  // What the keeper does in turn, which owns the container's namespaces as the caller does.
  Calls operator()(const JoinNetwork& step) const {
    Calls calls{"connect(KEEPER)", "sendmsg(KEEPER)"};
    const auto keeper = [&](std::string call) { calls.push_back(std::move(call) + " by the keeper, where nobody traces it"); };
    keeper(format("sendto(ROUTES, {{RTM_NEWLINK, veth, {} in NET}})", text(step.interface)));
    for (const std::string& address : {step.address4, step.address6})
      if (!address.empty()) keeper(format("sendto(NETLINK, {{RTM_NEWADDR, {}}})", address));
    keeper(format("ioctl(SIOCSIFFLAGS, {{{}, IFF_UP}})", text(step.interface)));
    return calls;
  }
  // The first process becomes the gate; the second makes its end of the line and ends.
  Calls operator()(const OpenGate& step) const {
    Calls calls{"clone3({flags=CLONE_PIDFD, exit_signal=SIGCHLD})", "clone3({flags=CLONE_NEWUSER|CLONE_NEWNET|CLONE_PIDFD, exit_signal=SIGCHLD})",
                "write(/proc/sys/net/ipv4/ip_forward, \"0\")", "openat(AT_FDCWD, \"/dev/net/tun\", O_RDWR) = TUN", "ioctl(TUNSETIFF, {\"line\", IFF_TUN|IFF_NO_PI})", "ioctl(TUNSETPERSIST, 1)", "ioctl(SIOCSIFFLAGS, {\"line\", IFF_UP})"};
    for (const std::string& server : step.addresses) {
      calls.push_back(format("sendto(NETLINK, {{RTM_NEWADDR, {}/{}}})", server, is_ipv6(server) ? 128 : 32));
      calls.emplace_back("sendto(NETLINK, {RTM_NEWROUTE, default})");
    }
    for (const char* call : {"prctl(PR_SET_PDEATHSIG, SIGKILL)", "prctl(PR_SET_DUMPABLE, 0)", "chdir(\"/\")", "setrlimit(RLIMIT_DATA)", "setrlimit(RLIMIT_FSIZE)", "setrlimit(RLIMIT_NOFILE)",
                             "setrlimit(RLIMIT_CORE)", "prctl(PR_SET_NO_NEW_PRIVS, 1)", "landlock_restrict_self(RULESET, 0)", "seccomp(SECCOMP_SET_MODE_FILTER, 0, FILTER)"})
      calls.emplace_back(call);
    for (std::string& call : calls) call += " where a name is asked for, or rules are kept";
    for (const char* call : {"openat(CONTAINER, \"denied\", O_CREAT|O_RDWR)", "sendto(NETLINK, {NFT_MSG_DELSETELEM})", "sendto(NETLINK, {NFT_MSG_DELRULE})"}) calls.push_back(format("{} where rules are kept", call));
    return calls;
  }
  // The first process stands in both namespaces, for pasta to find them by its number, PID; the second becomes pasta.
  Calls operator()(const OpenWayOut& step) const {
    Calls calls{"clone3({flags=CLONE_PIDFD, exit_signal=SIGCHLD})", "prctl(PR_SET_PDEATHSIG, SIGKILL)", "close_range(3, ~0U, 0) around the doors", "setns(USER, CLONE_NEWUSER)", "setns(NET, CLONE_NEWNET)",
                "clone3({flags=CLONE_PIDFD, exit_signal=SIGCHLD})", "prctl(PR_SET_PDEATHSIG, SIGKILL)",
                printable(join(step.words, " "))};
    for (std::string& call : calls)
      if (!step.at_once) call += " where something is sent";
    return calls;
  }
  Calls operator()(const AwaitWayOut&) const { return {"read(OPEN)"}; }
  Calls operator()(const TakeTree& step) const {
    Calls calls;
    if (step.device) {
      calls.push_back(format("openat(AT_FDCWD, {}, O_PATH) = NODE", text(step.source)));
      calls.push_back(format("fstat(NODE) = {{{}}}", device_text(*step.device)));
      calls.push_back(format("open_tree(NODE, \"\", AT_EMPTY_PATH|OPEN_TREE_CLONE) = m{}", step.slot));
    } else if (!step.beneath.empty()) {
      calls.push_back(format("openat(AT_FDCWD, {}, O_PATH|O_DIRECTORY) = FOLDER", text(step.beneath)));
      calls.push_back(format("openat2(FOLDER, {}, {{O_PATH, RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS}}) = NODE", text(step.rest())));
      calls.push_back(format("open_tree(NODE, \"\", AT_EMPTY_PATH|OPEN_TREE_CLONE{}) = m{}", recursive(step.flags), step.slot));
    } else {
      calls.push_back(format("open_tree({}, {}, OPEN_TREE_CLONE{}) = m{}", step.source.starts_with('/') ? "AT_FDCWD" : "CONTAINER",
                             text(step.source), recursive(step.flags), step.slot));
    }
    calls.push_back(format("mount_setattr(m{}, \"\", AT_EMPTY_PATH{}, {})", step.slot, recursive(step.flags),
                           attributes(step.flags)));
    return calls;
  }
  Calls operator()(const MakeFilesystem& step) const {
    Calls calls{format("fsopen({})", text(step.type))};
    for (const auto& [key, value] : step.options)
      calls.push_back(format("fsconfig({}{}{})", key, value.empty() ? "" : "=", printable(value)));
    calls.push_back(format("fsmount({}) = m{}", attributes(step.flags), step.slot));
    return calls;
  }
  Calls operator()(const MakeOverlay& step) const {
    if (!step.program.empty())
      return {"openat(AT_FDCWD, \"/dev/fuse\", O_RDWR) = DEVICE", "fsopen(\"fuse\")",
              "fsconfig(source=fuse-overlayfs)", "fsconfig(fd=DEVICE)", "fsconfig(rootmode=40000)", "fsconfig(user_id=EUID)", "fsconfig(group_id=EGID)",
              "fsconfig(default_permissions)", "fsconfig(allow_other)", format("fsmount({}) = m{}", attributes(step.flags), step.slot),
              "sendmsg(REPORT, SCM_RIGHTS)",
              format("outside, in the user namespace: execve({}, [-f -o {} /dev/fd/DEVICE])", text(step.program), layers_text(step))};
    if (!step.upper && step.lowers.size() == 1) {  // the kernel takes no overlay of one folder
      MountFlags flags = step.flags;
      flags.read_only = true;
      return {format("open_tree({}, \"\", AT_EMPTY_PATH|OPEN_TREE_CLONE) = m{}", layer_text(step.lowers[0]), step.slot),
              format("mount_setattr(m{}, \"\", AT_EMPTY_PATH, {})", step.slot, attributes(flags))};
    }
    Calls calls{"fsopen(\"overlay\")", "fsconfig(source=snug)"};
    constexpr std::size_t most = 13;  // runtime/overlay.cc: as many as fit into one string
    if (step.lowers.size() <= most) calls.push_back(format("fsconfig(lowerdir={})", list(step.lowers, ":", layer_text)));
    else
      for (const Layer& lower : step.lowers) calls.push_back(format("fsconfig(lowerdir+={})", layer_text(lower)));
    if (step.upper) {
      calls.push_back(format("fsconfig(upperdir={})", layer_text(*step.upper)));
      calls.push_back(format("fsconfig(workdir={})", layer_text(*step.work)));
      if (!step.kept) calls.push_back("fsconfig(volatile)");
    }
    calls.push_back("fsconfig(userxattr)");
    calls.push_back(format("fsmount({}) = m{}", attributes(step.flags), step.slot));
    return calls;
  }
  Calls operator()(const StageMount& step) const {
    Calls calls;
    for (const std::string& folder : step.folders)
      calls.push_back(format("mkdirat(m{}, {}, 0755)", step.slot, text(folder)));
    calls.push_back(format("move_mount(m{}, \"/\")", step.slot));
    return calls;
  }
  Calls operator()(const MakeFiles& step) const {
    Calls calls{"fsopen(\"tmpfs\")", "fsmount(MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC)",
                "move_mount(TMPFS, \"/\")"};
    for (const auto& file : step.files) {
      calls.push_back(format("openat(TMPFS, {}, O_CREAT|O_EXCL)", text(file.name)));
      calls.push_back(format("write({} bytes)", file.content.size()));
      calls.push_back(format("open_tree(TMPFS, {}, OPEN_TREE_CLONE) = m{}", text(file.name), file.slot));
    }
    return calls;
  }
  Calls operator()(const CarryTerminal& step) const {
    Calls calls;
    const std::string name = text(step.type);
    for (const auto& call : {std::string("mkdirat(RUN, \"terminfo\", 0755)"), format("mkdirat(TERMINFO, {}, 0755)", text(step.type.substr(0, 1))), format("unlinkat(FOLDER, {}, 0)", name),
                             format("openat(FOLDER, {}, O_CREAT|O_EXCL)", name), format("write({} bytes)", step.entry.size())})
      calls.push_back(call + " where /run is memory of the container's own");
    return calls;
  }
  Calls operator()(const PivotRoot& step) const {
    return {format("move_mount(m{}, \"/\")", step.root), format("fchdir(m{})", step.root), "pivot_root(\".\", \".\")",
            "umount2(\".\", MNT_DETACH) for each mount above", "chdir(\"/\")"};
  }
  Calls operator()(const Attach& step) const {
    if (step.within) {
      const std::string name = text(last_name(step.target));
      return {is_device(step.slot) ? format("openat(m{}, {}, O_CREAT|O_EXCL)", *step.within, name)
                                   : format("mkdirat(m{}, {}, 0755)", *step.within, name),
              format("move_mount(m{}, TARGET)", step.slot)};
    }
    Calls calls{format("openat2(ROOT, {}, RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS)", text(step.target))};
    if (step.missing != Attach::Target::must_exist) calls.emplace_back("mkdirat() or openat(O_CREAT|O_EXCL) where it is missing");
    calls.push_back(format("move_mount(m{}, TARGET){}", step.slot, step.missing == Attach::Target::optional ? " where there is one then" : ""));
    return calls;
  }
  Calls operator()(const MakeLink& step) const {
    if (step.within)
      return {format("symlinkat({}, m{}, {})", text(step.link), *step.within, text(last_name(step.path)))};
    return {format("symlinkat({}, ROOT, {})", text(step.link), text(step.path))};
  }
  Calls operator()(const MakeFolder& step) const {
    return {format("openat2(ROOT, {}, RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS)", text(step.path)),
            format("mkdirat(ROOT, {}, {:04o}) where it is missing", text(step.path), step.mode)};
  }
  Calls operator()(const PartFolder& step) const {
    return {format("openat2(ROOT, {}, RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS)", text(step.path)),
            "mkdirat() where it is missing", "open_tree(TARGET, \"\", AT_EMPTY_PATH|OPEN_TREE_CLONE) where it is no mount",
            "move_mount(COPY, TARGET) where it is no mount"};
  }
  Calls operator()(const SetMountFlags& step) const {
    return {format("openat2(ROOT, {}, RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS)", text(step.target)),
            format("mount_setattr(TARGET, \"\", AT_EMPTY_PATH{}, {})", recursive(step.flags), attributes(step.flags))};
  }
  Calls operator()(const ForbidNamespaces& step) const {
    return {format("write({}/sys/user/max_user_namespaces, \"0\")", step.proc ? format("m{}", *step.proc) : "/proc")};
  }
  Calls operator()(const MaskPaths& step) const {
    Calls calls;
    if (!step.hidden.empty())
      for (const std::string& call : {std::string("fsopen(\"tmpfs\") where a folder is hidden"), std::string("fsconfig(mode=0555) where a folder is hidden"),
                                      std::string("fsconfig(size=4096) where a folder is hidden"),
                                      format("fsmount({}) where a folder is hidden", attributes({true, true, true, true, false})),
                                      std::string("open_tree(EMPTY, \"\", AT_EMPTY_PATH|OPEN_TREE_CLONE) for each other folder"),
                                      format("open_tree(m{}, \"\", AT_EMPTY_PATH|OPEN_TREE_CLONE) for each file", step.null),
                                      std::string("move_mount(COVER, TARGET) for each that is there")})
        calls.push_back(call);
    if (!step.read_only.empty())
      for (const char* call : {"open_tree(TARGET, \"\", AT_EMPTY_PATH|OPEN_TREE_CLONE|AT_RECURSIVE) for each that is there",
                               "mount_setattr(COPY, \"\", AT_EMPTY_PATH|AT_RECURSIVE, MOUNT_ATTR_RDONLY) for each that is there", "move_mount(COPY, TARGET) for each that is there"})
        calls.emplace_back(call);
    return calls;
  }
  Calls operator()(const SetHostname& step) const { return {format("sethostname({})", text(step.name))}; }
  Calls operator()(const BringUpLoopback&) const {
    return {"socket(AF_INET, SOCK_DGRAM)", "ioctl(SIOCSIFFLAGS, {\"lo\", IFF_UP})"};
  }
  Calls operator()(const OpenTerminal& step) const {
    return {step.devpts ? format("openat(m{}, \"ptmx\", O_RDWR|O_NOCTTY)", *step.devpts)
                        : "openat2(ROOT, \"dev/pts/ptmx\", RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS)",
            "ioctl(TIOCSPTLCK, 0)", "ioctl(TIOCGPTPEER)",
            "ioctl(TIOCSWINSZ) where the caller has one", "sendmsg(MONITOR, SCM_RIGHTS)"};
  }
  Calls operator()(const JoinKeyring&) const { return {"keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL)"}; }
  Calls operator()(const GuardInit& step) const {
    Calls calls{"setsid()"};
    if (step.adopts) calls.emplace_back("prctl(PR_SET_CHILD_SUBREAPER, 1)");
    if (step.dies_with_monitor) calls.emplace_back(step.adopts ? "prctl(PR_SET_PDEATHSIG, SIGTERM)" : "prctl(PR_SET_PDEATHSIG, SIGKILL)");
    calls.emplace_back("prctl(PR_SET_DUMPABLE, 0)");
    return calls;
  }
  Calls operator()(const ForkPayload&) const {
    const char* fork = plan.find<RunShell>() ? "fork()" : "vfork()";  // a shell goes on in memory of its own
    if (plan.terminal) return {"ioctl(TERMINAL, TIOCSCTTY)", fork};
    return {fork};
  }
  // Without pid 1 of snug's own, the payload leads the session that the guard has made.
  Calls operator()(const StartSession& step) const {
    if (!step.terminal) return plan.init ? Calls{"setsid()"} : Calls{};
    if (!plan.init) return {"ioctl(TERMINAL, TIOCSCTTY)", "dup2(TERMINAL)"};
    return {"setpgid(0, 0)", "ioctl(TERMINAL, TIOCSPGRP)", "dup2(TERMINAL)"};
  }
  Calls operator()(const SetLimits& step) const {
    Calls calls;
    for (const ResourceLimit& limit : step.limits)
      calls.push_back(format("setrlimit(RLIMIT_{}, {{{}, {}}})", capital(limit.name), limit_text(limit.soft),
                             limit_text(limit.hard)));
    return calls;
  }
  Calls operator()(const ResetProcess& step) const {
    return {format("umask({:04o})", step.umask), "rt_sigaction(1..64, SIG_DFL)", "rt_sigprocmask(SIG_SETMASK, [])"};
  }
  Calls operator()(const DieWithParent&) const { return {"prctl(PR_SET_PDEATHSIG, SIGKILL)"}; }
  Calls operator()(const ChangeFolder& step) const { return {format("chdir({})", text(step.path)), "getcwd()"}; }
  Calls operator()(const SetCapabilities& step) const {
    if (!step.bounding_only)
      return {format("capset({{effective=permitted={}, inheritable=0}})", capability_set(step.kept))};
    return {step.kept.empty() ? "prctl(PR_CAPBSET_DROP) for each" : "prctl(PR_CAPBSET_DROP) for each other"};
  }
  Calls operator()(const NoNewPrivileges&) const { return {"prctl(PR_SET_NO_NEW_PRIVS, 1)"}; }
  Calls operator()(const EnforceLandlock& step) const {
    if (step.reach != EnforceLandlock::Reach::root) return confining_work(step);
    const std::string_view scopes = step.shut_sockets ? step.shut_signals ? "LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET|LANDLOCK_SCOPE_SIGNAL" : "LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET"
                                    : step.shut_signals ? "LANDLOCK_SCOPE_SIGNAL" : "0";
    return {format("landlock_create_ruleset({{all of ABI {}, scoped={}}})", step.abi, scopes), "landlock_add_rule(PATH_BENEATH, \"/\", all)",
            "landlock_add_rule(PATH_BENEATH, STREAM, as it is open) for each of 0, 1, 2", "landlock_restrict_self(RULESET, 0)"};
  }
  Calls operator()(const LoadFilter& step) const { return {format("seccomp(SECCOMP_SET_MODE_FILTER, 0, {{{} instructions}})", step.program.size())}; }
  Calls operator()(const RememberOwners& step) const {
    Calls calls{format("seccomp(SECCOMP_SET_MODE_FILTER, NEW_LISTENER|WAIT_KILLABLE_RECV, {{{} instructions}})", step.program.size()), "sendmsg(REPORT, SCM_RIGHTS)"};
    const auto outer = [&](std::string_view call) { calls.push_back(format("{}{}", outside, call)); };
    for (const char* call : {"clone3({flags=CLONE_PIDFD, exit_signal=SIGCHLD})", "prctl(PR_SET_DUMPABLE, 0)", "close_range(3, ~0U, 0) around what it serves with", "setns(USER, CLONE_NEWUSER)", "setns(MOUNTS, CLONE_NEWNS)",
                             "setgroups(0, []) where it may", "setresgid(0, 0, 0)", "setresuid(0, 0, 0)", "fchdir(PROC)"})
      outer(call);
    outer(format("capset({{effective=permitted={}, inheritable=0}})", capability_set({CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SYS_CHROOT, CAP_SYS_PTRACE})));
    outer("prctl(PR_SET_DUMPABLE, 0)");
    if (step.dies_with_monitor) outer("prctl(PR_SET_PDEATHSIG, SIGKILL)");
    for (const char* call : {"prctl(PR_SET_NO_NEW_PRIVS, 1)", "seccomp(SECCOMP_SET_MODE_FILTER, 0, FILTER)"}) outer(call);
    return calls;
  }
  Calls operator()(const CloseDescriptors& step) const {
    if (step.leaves_work) return {"close_range(3, ~0U, 0) around the answer, the stream and the folder that is written below"};
    return {"fstat(0..2) != S_IFDIR", "close_range(3, ~0U, 0) around the report to the monitor, which exec closes"};
  }
  Calls operator()(const OpenTarget&) const { return {"openat2(ROOT, TARGET, O_PATH|O_DIRECTORY)"}; }
  Calls operator()(const Exec& step) const {
    Calls calls;
    if (step.from_host)
      return {format("execveat(open({}), \"\", [{}], ENV, AT_EMPTY_PATH)", text(step.paths.front()), list(step.argv, ", ", text))};
    for (const std::string& path : step.paths)
      calls.push_back(format("execve({}, [{}], ENV)", text(path), list(step.argv, ", ", text)));
    return calls;
  }
  Calls operator()(const RunShell& step) const {
    Calls calls;
    if (!step.tools.empty()) calls = {format("memfd_create() with the bytes of {}", text(step.tools)), "fcntl(F_ADD_SEALS, F_SEAL_WRITE|F_SEAL_GROW|F_SEAL_SHRINK|F_SEAL_SEAL)"};
    calls.emplace_back("prctl(PR_SET_NAME, \"snug-shell\")");
    calls.emplace_back("close(REPORT)");
    return calls;
  }
};

}  // namespace

std::vector<std::string> calls_of(const Plan& plan, const Step& step) { return std::visit(CallsOf{plan}, step.action); }

}  // namespace snug::explain
