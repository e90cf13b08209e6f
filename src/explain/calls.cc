#include <sched.h>

#include <array>

#include "lesson.hh"
#include "snug/base/text.hh"

namespace snug::explain {
namespace {

using namespace plan;
using Calls = std::vector<std::string>;

std::string text_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quoted(printable(word));
  return text;
}

std::string clone_flags(std::uint64_t flags) {
  static constexpr std::array<std::pair<std::uint64_t, const char*>, 8> names{{{CLONE_NEWUSER, "CLONE_NEWUSER"},
                                                                               {CLONE_NEWNS, "CLONE_NEWNS"},
                                                                               {CLONE_NEWPID, "CLONE_NEWPID"},
                                                                               {CLONE_NEWNET, "CLONE_NEWNET"},
                                                                               {CLONE_NEWUTS, "CLONE_NEWUTS"},
                                                                               {CLONE_NEWIPC, "CLONE_NEWIPC"},
                                                                               {CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
                                                                               {0x80 /* CLONE_NEWTIME */, "CLONE_NEWTIME"}}};
  std::string text;
  for (const auto& [flag, name] : names)
    if (flags & flag) text += (text.empty() ? "" : "|") + std::string(name);
  return text;
}

std::string attributes(const MountFlags& flags) {
  std::string text;
  const auto add = [&](bool set, const char* name) {
    if (set) text += (text.empty() ? "" : "|") + std::string(name);
  };
  add(flags.read_only, "MOUNT_ATTR_RDONLY");
  add(flags.no_setuid, "MOUNT_ATTR_NOSUID");
  add(flags.no_devices, "MOUNT_ATTR_NODEV");
  add(flags.no_exec, "MOUNT_ATTR_NOEXEC");
  return text.empty() ? "0" : text;
}

std::string map_lines(const std::vector<IdRange>& map, const char* separator) {
  std::string text;
  for (const IdRange& range : map)
    text += format("{}{} {} {}", text.empty() ? "" : separator, range.inside.value, range.outside.value, range.count);
  return text;
}

std::string layer_text(const Layer& layer) {
  return layer.mount ? format("mount {}:{}", *layer.mount, printable(layer.path)) : printable(layer.path);
}

struct CallsOf {
  Calls operator()(const MakeFolders& step) const {
    Calls calls;
    for (const auto& folder : step.folders) calls.push_back(format("mkdirat(CONTAINER, {}, {:04o})", quoted(folder.path), folder.mode));
    return calls;
  }
  Calls operator()(const EnterNamespaces& step) const {
    Calls calls;
    for (const auto& entry : step.entries) calls.push_back(format("setns(open({}), 0)", quoted(entry.path)));
    return calls;
  }
  Calls operator()(const Clone& step) const { return {format("clone3({})", clone_flags(step.flags))}; }
  Calls operator()(const WriteIdMaps& step) const {
    if (!step.newuidmap.empty())
      return {format("{} PID {}", step.newuidmap, map_lines(step.uids, " ")), format("{} PID {}", step.newgidmap, map_lines(step.gids, " "))};
    Calls calls;
    if (step.deny_setgroups) calls.push_back("write(/proc/self/setgroups, \"deny\")");
    calls.push_back(format("write(/proc/self/uid_map, \"{}\")", map_lines(step.uids, "\\n")));
    calls.push_back(format("write(/proc/self/gid_map, \"{}\")", map_lines(step.gids, "\\n")));
    return calls;
  }
  Calls operator()(const BecomeUser& step) const {
    Calls calls;
    if (step.groups) calls.push_back(format("setgroups({})", step.groups->size()));
    calls.push_back(format("setresgid({0}, {0}, {0})", step.gid.value));
    calls.push_back(format("setresuid({0}, {0}, {0})", step.uid.value));
    return calls;
  }
  Calls operator()(const MakePrivate&) const { return {"mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL)"}; }
  Calls operator()(const TakeTree& step) const {
    return {format("open_tree(AT_FDCWD, {}, OPEN_TREE_CLONE{})", quoted(step.source), step.flags.recursive ? "|AT_RECURSIVE" : ""),
            format("mount_setattr({}{})", attributes(step.flags), step.flags.recursive ? ", AT_RECURSIVE" : "")};
  }
  Calls operator()(const MakeFilesystem& step) const {
    Calls calls{format("fsopen(\"{}\")", step.type)};
    for (const auto& [key, value] : step.options) calls.push_back(format("fsconfig({}{}{})", key, value.empty() ? "" : "=", printable(value)));
    calls.push_back(format("fsmount({})", attributes(step.flags)));
    return calls;
  }
  Calls operator()(const MakeOverlay& step) const {
    Calls calls{"fsopen(\"overlay\")"};
    std::string lowers;
    for (const Layer& layer : step.lowers) lowers += (lowers.empty() ? "" : ":") + layer_text(layer);
    calls.push_back(format("fsconfig(lowerdir={})", lowers));
    if (step.upper) {
      calls.push_back(format("fsconfig(upperdir={})", layer_text(*step.upper)));
      calls.push_back(format("fsconfig(workdir={})", layer_text(*step.work)));
      calls.push_back("fsconfig(volatile)");
    }
    calls.push_back("fsconfig(userxattr)");
    calls.push_back(format("fsmount({})", attributes(step.flags)));
    return calls;
  }
  Calls operator()(const StageMount&) const { return {"move_mount(MOUNT, \"/\")"}; }
  Calls operator()(const MakeFiles&) const { return {"fsopen(\"tmpfs\")", "fsmount()", "write()", "open_tree(OPEN_TREE_CLONE)"}; }
  Calls operator()(const PivotRoot&) const {
    return {"move_mount(ROOT, \"/\")", "pivot_root(\".\", \".\")", "umount2(\".\", MNT_DETACH)", "chdir(\"/\")"};
  }
  Calls operator()(const Attach& step) const {
    return {format("openat2(ROOT, {}, RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS)", quoted(step.target)), "move_mount(MOUNT, TARGET)"};
  }
  Calls operator()(const MakeLink& step) const { return {format("symlinkat({}, ROOT, {})", quoted(step.link), quoted(step.path))}; }
  Calls operator()(const MakeFolder& step) const { return {format("mkdirat(ROOT, {}, {:04o})", quoted(step.path), step.mode)}; }
  Calls operator()(const SetMountFlags& step) const { return {format("mount_setattr({}, {})", quoted(step.target), attributes(step.flags))}; }
  Calls operator()(const SetHostname& step) const { return {format("sethostname({})", quoted(step.name))}; }
  Calls operator()(const BringUpLoopback&) const { return {"ioctl(SIOCSIFFLAGS, lo, IFF_UP)"}; }
  Calls operator()(const OpenTerminal&) const { return {"openat(DEVPTS, \"ptmx\")", "ioctl(TIOCGPTPEER)", "ioctl(TIOCSWINSZ)", "sendmsg(SCM_RIGHTS)"}; }
  Calls operator()(const JoinKeyring&) const { return {"keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL)"}; }
  Calls operator()(const GuardInit&) const { return {"setsid()", "prctl(PR_SET_PDEATHSIG, SIGKILL)", "prctl(PR_SET_DUMPABLE, 0)"}; }
  Calls operator()(const ForkPayload&) const { return {"clone(SIGCHLD)"}; }
  Calls operator()(const StartSession& step) const {
    if (step.terminal) return {"setpgid(0, 0)", "ioctl(TIOCSPGRP)", "dup2()"};
    return {"setsid()", "dup2()"};
  }
  Calls operator()(const SetLimits& step) const {
    Calls calls;
    for (const ResourceLimit& limit : step.limits) calls.push_back(format("setrlimit({}, {}:{})", limit.name, limit.soft, limit.hard));
    return calls;
  }
  Calls operator()(const ResetProcess& step) const { return {format("umask({:04o})", step.umask), "sigaction(*, SIG_DFL)", "sigprocmask(SIG_SETMASK, [])"}; }
  Calls operator()(const ChangeFolder& step) const { return {format("chdir({})", quoted(step.path)), "getcwd()"}; }
  Calls operator()(const SetCapabilities& step) const {
    if (step.bounding_only) return {"prctl(PR_CAPBSET_DROP, ...)"};
    return {"capset()"};
  }
  Calls operator()(const NoNewPrivileges&) const { return {"prctl(PR_SET_NO_NEW_PRIVS, 1)"}; }
  Calls operator()(const CloseDescriptors&) const { return {"close_range(3, ~0U, CLOSE_RANGE_CLOEXEC)"}; }
  Calls operator()(const Exec& step) const {
    Calls calls;
    for (const std::string& path : step.paths) calls.push_back(format("execve({}, [{}], ENV)", quoted(path), text_of(step.argv)));
    return calls;
  }
};

struct DetailsOf {
  Calls operator()(const Exec& step) const {
    Calls details;
    for (const std::string& variable : step.env) details.push_back("env " + shell_quoted(printable(variable)));
    return details;
  }
  Calls operator()(const MakeFiles& step) const {
    Calls details;
    for (const auto& file : step.files)
      if (file.name != "passwd")
        for (const std::string_view line : lines(file.content)) details.push_back(format("{}: {}", file.name, printable(line)));
    return details;
  }
  template <typename Other>
  Calls operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::vector<std::string> calls_of(const Action& action) { return std::visit(CallsOf{}, action); }
std::vector<std::string> details_of(const Action& action) { return std::visit(DetailsOf{}, action); }

}  // namespace snug::explain
