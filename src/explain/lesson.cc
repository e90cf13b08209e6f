#include "lesson.hh"

#include <array>

namespace snug::explain {
namespace {

using namespace plan;

struct FilesystemReason {
  std::string_view type, why;
};
constexpr std::array<FilesystemReason, 6> filesystem_reasons{{
    {"tmpfs", "empty, in memory, and gone with the container"},
    {"proc", "it shows the processes of this PID namespace and no others"},
    {"sysfs", "it shows this network namespace's devices; read-only, for it tunes the kernel"},
    {"cgroup2", "it shows this cgroup namespace, whose root is the container's own cgroup"},
    {"devpts", "terminals that are opened inside are numbered and seen inside only"},
    {"mqueue", "message queues of this IPC namespace"},
}};

std::string_view reason_for(std::string_view type) {
  for (const FilesystemReason& reason : filesystem_reasons)
    if (reason.type == type) return reason.why;
  return "a new one of the container's own, never the host's";
}

// A table in the form of overloads: an action without a lesson does not compile.
struct Lessons {
  Actor actor;

  Lesson operator()(const MakeFolders&) const {
    return {"make_folders", "what the container writes goes here, and away with it", "mount(8), overlay"};
  }
  Lesson operator()(const MakeCgroup& step) const {
    if (step.settings.empty()) return {"make_cgroup", "the container can be paused as a whole, and is accounted as one", "cgroups(7)"};
    return {"make_cgroup", "the limits hold for all processes together, in a cgroup above the one that the container sees", "cgroups(7)"};
  }
  Lesson operator()(const JoinCgroup&) const { return {"join_cgroup", "the container's limits are the newcomer's, too", "cgroups(7)"}; }
  Lesson operator()(const MakeCgroupNamespace&) const {
    return {"make_cgroup_namespace", "/sys/fs/cgroup and /proc/self/cgroup show the container's own and nothing above", "cgroup_namespaces(7)"};
  }
  Lesson operator()(const EnterNamespaces&) const {
    if (actor == Actor::errand) return {"enter_namespaces", "the container's files are found as it sees them, and no path leads out of its root", "setns(2)"};
    return {"enter_namespaces", "you asked to share these walls", "setns(2)"};
  }
  Lesson operator()(const Clone&) const {
    return {"clone", "the walls: from here on the process sees its own of each", "namespaces(7)"};
  }
  Lesson operator()(const WriteIdMaps&) const {
    return {"write_id_maps", "ids inside get a meaning outside; without one, nothing can be owned",
            "user_namespaces(7)"};
  }
  Lesson operator()(const BecomeUser&) const {
    if (actor == Actor::payload) return {"become_user", "whom the command runs as", "credentials(7)"};
    return {"become_user", "the map gave ids; this takes them", "credentials(7)"};
  }
  Lesson operator()(const KeepNamespaces&) const {
    return {"keep_namespaces", "doors for those who enter later: pid 1 itself will be closed to all", "setns(2)"};
  }
  Lesson operator()(const MakePrivate&) const {
    return {"make_private", "nothing that is mounted in here appears on the host", "mount_namespaces(7)"};
  }
  Lesson operator()(const MakeInterface&) const {
    return {"make_interface", "the kernel has an interface to send by before anybody drives it, and nobody waits", "tun(4)"};
  }
  Lesson operator()(const TuneNetwork&) const {
    return {"tune_network", "what is sent before pasta is there waits for the gateway's answer, asked for often; and ping works", "arp(7)"};
  }
  Lesson operator()(const ConfigureInterface&) const {
    return {"configure_interface", "the host's own addresses: from outside, what the container sends is the host's", "rtnetlink(7)"};
  }
  Lesson operator()(const RestrictEgress&) const {
    return {"restrict_egress", "the kernel drops what nobody allowed; of what was allowed nothing sits in the path", "nft(8)"};
  }
  Lesson operator()(const ServeNames&) const {
    return {"serve_names", "a name server that is always there, whichever the host has at that moment; no port of the container's own is taken", "tun(4)"};
  }
  Lesson operator()(const OpenGate&) const {
    return {"open_gate", "names are asked for outside, by an ordinary process of yours; what rules allow is let out before whoever asked has it", "snug-network(7)"};
  }
  Lesson operator()(const OpenWayOut&) const {
    return {"open_way_out", "an ordinary process that makes of packets sockets of yours, and opens nothing else", "pasta(1)"};
  }
  Lesson operator()(const JoinNetwork&) const {
    return {"join_network", "a cable into a bridge of yours: only who owns both user namespaces can lay it, so a process outside does", "veth(4)"};
  }
  Lesson operator()(const AwaitWayOut&) const {
    return {"await_way_out", "the command finds its ports open, and a port that cannot be had is an error", "snug-network(7)"};
  }
  Lesson operator()(const TakeTree& step) const {
    if (step.device) return {"take_tree", "the host's node, because only the machine's root can make one", "null(4)"};
    if (!step.beneath.empty()) return {"take_tree", "the container can write on the way to it, and a link there would lead to what it likes", "openat2(2)"};
    return {"take_tree", "held by descriptor before the old root goes: no path can be swapped later", "open_tree(2)"};
  }
  Lesson operator()(const MakeFilesystem& step) const {
    return {"make_filesystem", reason_for(step.type), "fsopen(2)"};
  }
  Lesson operator()(const MakeOverlay& step) const {
    if (!step.program.empty())
      return {"make_overlay", "copy on write by a program that nobody inside sees: the lower folder stays as it is", "fuse-overlayfs(1)"};
    if (!step.upper)
      return {"make_overlay", "a veil: the kernel takes no folder for a lower that the upper lies in",
              "mount(8), overlay"};
    return {"make_overlay", "copy on write: the lower folder stays as it is", "mount(8), overlay"};
  }
  Lesson operator()(const StageMount&) const {
    return {"stage_mount", "layers of an overlay must lie in a mount that is attached", "move_mount(2)"};
  }
  Lesson operator()(const MakeFiles&) const {
    return {"make_files", "they cover the root's own, which are not changed", "tmpfs(5)"};
  }
  Lesson operator()(const CarryTerminal&) const {
    return {"carry_terminal", "its root does not know this terminal, and what draws on it would have to guess", "terminfo(5)"};
  }
  Lesson operator()(const PivotRoot&) const {
    return {"pivot_root", "from here on no path leads to the host's files", "pivot_root(2)"};
  }
  Lesson operator()(const Attach& step) const {
    if (step.within) return {"attach", "a file system that nobody else has seen: no path can lead astray", "move_mount(2)"};
    switch (step.missing) {
      case Attach::Target::must_exist:
        return {"attach", "found below the new root, whatever links lie there; it has to exist", "openat2(2)"};
      case Attach::Target::make:
        return {"attach", "found below the new root, whatever links lie there; made if missing", "openat2(2)"};
      case Attach::Target::optional:
        return {"attach", "found below the new root; left out where it is missing and cannot be made", "openat2(2)"};
    }
    return {};
  }
  Lesson operator()(const MakeLink&) const { return {"make_link", "programs look for it there", "symlink(7)"}; }
  Lesson operator()(const MakeFolder&) const {
    return {"make_folder", "made where it is missing, and never on the host's side of a bind", "mkdir(2)"};
  }
  Lesson operator()(const PartFolder&) const {
    return {"part_folder", "the image means to write there, whatever becomes of the rest of the root", "move_mount(2)"};
  }
  Lesson operator()(const SetMountFlags&) const {
    return {"set_mount_flags", "you asked for a root that cannot be written", "mount_setattr(2)"};
  }
  Lesson operator()(const ForbidNamespaces&) const {
    return {"forbid_namespaces", "root of one has all capabilities in it, and the kernel behind them", "namespaces(7)"};
  }
  Lesson operator()(const MaskPaths&) const {
    return {"mask_paths", "what tells of the host, or acts on the machine; no programs need it", "proc(5)"};
  }
  Lesson operator()(const SetHostname&) const {
    return {"set_hostname", "seen in this UTS namespace alone", "uts_namespaces(7)"};
  }
  Lesson operator()(const BringUpLoopback&) const {
    return {"bring_up_loopback", "a new network namespace has this interface only, and it is down",
            "network_namespaces(7)"};
  }
  Lesson operator()(const OpenTerminal&) const {
    return {"open_terminal", "the host's terminal stays out of reach: nothing inside can type into it", "pty(7)"};
  }
  Lesson operator()(const JoinKeyring&) const {
    return {"join_keyring", "the keys of your session stay yours", "session-keyring(7)"};
  }
  Lesson operator()(const GuardInit& step) const {
    if (!step.dies_with_monitor) return {"guard_init", "nobody inside can trace it before it is the command", "prctl(2)"};
    if (step.adopts) return {"guard_init", "with no PID namespace the kernel ends nothing else: this process ends what is left, before it dies with the monitor", "prctl(2)"};
    return {"guard_init", "kill the monitor and the kernel ends all this; nobody inside can trace pid 1",
            "prctl(2)"};
  }
  Lesson operator()(const ForkPayload& step) const {
    switch (step.parent) {
      case ForkPayload::Parent::gone: return {"fork_payload", "it runs in the background: the container's pid 1 reaps it", "pid_namespaces(7)"};
      case ForkPayload::Parent::leader: return {"fork_payload", "the parent stays to lead the session of the terminal, in which Ctrl-Z stops nobody without one, and sleeps", "setpgid(2)"};
      case ForkPayload::Parent::init: break;
    }
    return {"fork_payload", "pid 1 stays to reap orphans and to pass signals on, and sleeps", "pid_namespaces(7)"};
  }
  Lesson operator()(const StartSession& step) const {
    if (step.terminal) return {"start_session", "job control: Ctrl-C and Ctrl-Z reach the command", "credentials(7)"};
    return {"start_session", "signals of the outer terminal do not reach it", "setsid(2)"};
  }
  Lesson operator()(const SetLimits&) const {
    return {"set_limits", "a core dump would start the host's core handler, as the host's root", "getrlimit(2)"};
  }
  Lesson operator()(const ResetProcess&) const {
    return {"reset_process", "nothing of the caller's habits is inherited", "signal(7)"};
  }
  Lesson operator()(const DieWithParent&) const {
    return {"die_with_parent", "no pid 1 of snug's takes it along here; after the change of user, which would undo it",
            "prctl(2)"};
  }
  Lesson operator()(const ChangeFolder&) const { return {"change_folder", "where the command starts", "chdir(2)"}; }
  Lesson operator()(const SetCapabilities& step) const {
    if (step.bounding_only)
      return {"set_capabilities", "no program that is started from here on can gain any other", "capabilities(7)"};
    if (actor == Actor::init)
      return {"set_capabilities", "all that is left to do here is to reap and to pass signals on",
              "capabilities(7)"};
    return {"set_capabilities", actor == Actor::errand ? "what files take, and no more" : "the command may do what its work needs, and no more", "capabilities(7)"};
  }
  Lesson operator()(const NoNewPrivileges&) const {
    return {"no_new_privileges", "set-user-ID programs raise nothing", "prctl(2)"};
  }
  Lesson operator()(const EnforceLandlock& step) const {
    if (step.reach != EnforceLandlock::Reach::root) return {"enforce_landlock", "whatever is in the files, who copies them does nothing else", "landlock(7)"};
    return {"enforce_landlock", "should a path or descriptor lead out of the root, it opens nothing", "landlock(7)"};
  }
  Lesson operator()(const LoadFilter& step) const {
    if (step.name == LoadFilter::root) return {"load_filter", "root, with no ids but its own, is told that it has given files away and become others", "seccomp(2)"};
    if (step.answers_root()) return {"load_filter", "most holes of kernels were behind calls that programs hardly ever make; root with one id is told that it has given files away", "seccomp(2)"};
    return {"load_filter", "most holes of kernels were behind calls that programs hardly ever make", "seccomp(2)"};
  }
  Lesson operator()(const RememberOwners&) const {
    return {"remember_owners", "root, with no ids but its own, finds files with the owners that it has given them", "seccomp_unotify(2)"};
  }
  Lesson operator()(const OpenTarget&) const { return {"open_target", "from here on all is shut but the way below it", "openat2(2)"}; }
  Lesson operator()(const CloseDescriptors&) const {
    if (actor == Actor::errand) return {"close_descriptors", "nothing of the caller's is open in it, nor locked by it", "close_range(2)"};
    return {"close_descriptors", "nothing leads to the host, not even while exec looks for the command",
            "close_range(2)"};
  }
  Lesson operator()(const Exec& step) const {
    if (step.from_host)
      return {"exec", "opened before the host's root went, and static: nothing of this root is read to run it", "execveat(2)"};
    return {"exec", "the command, straight on the kernel", "execve(2)"};
  }
  Lesson operator()(const RunShell&) const {
    return {"run_shell", "this process is the shell from here on: no file of this root is needed, and none of the host's is executed", "snug-debug(1)"};
  }
};

}  // namespace

Lesson lesson_of(const Step& step) { return std::visit(Lessons{step.actor}, step.action); }

std::string_view describe_streams(const Plan& plan) {
  if (const auto* exec = plan.find<Exec>(); exec && exec->from_host) return "the archive, and two pipes to the monitor: what was done, and what is wrong";
  if (plan.detached) return plan.terminal ? "a terminal of the container's own, which its monitor keeps for those who attach" : "pipes to its monitor, which keeps what is printed and has those who attach share them";
  if (plan.terminal) return "a terminal of the container's own, which the monitor relays";
  if (plan.null_input) return "the caller's, but for input: it is a terminal, and /dev/null stands for it (see -i)";
  return "the caller's; a terminal among them is relayed by the monitor";
}

}  // namespace snug::explain
