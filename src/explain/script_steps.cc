#include <sched.h>

#include <algorithm>
#include <array>

#include "script.hh"
#include "snug/base/text.hh"
#include "snug/plan/network.hh"

namespace snug::explain {
namespace {

using namespace plan;

std::string mount_options(const MountFlags& flags) {
  std::string names;
  for (const auto& [set, name] : {std::pair{flags.read_only, "ro"}, std::pair{flags.no_setuid, "nosuid"}, std::pair{flags.no_devices, "nodev"},
                                  std::pair{flags.no_exec, "noexec"}})
    if (set) names += (names.empty() ? "" : ",") + std::string(name);
  return names;
}

std::string flags_line(const MountFlags& flags, std::string_view place) {
  const std::string options = mount_options(flags);
  return options.empty() ? "" : format("flags {} {}{}", options, place, flags.recursive ? " -R" : "");
}

// As printf(1) writes it, whatever it is.
std::string write_line(const std::string& content, std::string_view place) {
  if (content.find('\0') == std::string::npos) return format("printf %s {} >{}", script_word(content), place);
  std::string octal;
  for (const char byte : content) octal += format("\\{:03o}", static_cast<unsigned char>(byte));
  return format("printf '{}' >{}", octal, place);
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// A name that begins with a dash would be an option, a relative one is below the container's folder.
std::string source_word(const std::string& path) { return path.starts_with('/') ? script_word(path) : script_word("../" + path); }

std::string layer_word(const Layer& layer) {
  if (!layer.mount) return layer.path.starts_with('/') ? script_word(layer.path) : script_word("../" + layer.path);
  return layer.path == "." ? format("\"$m{}\"", *layer.mount) : format("\"$m{}\"/{}", *layer.mount, script_word(layer.path));
}

std::string capability_words(const std::vector<int>& kept) {
  std::string words = "-all";
  for (const int number : kept) {
    const std::string name = describe_capability(number);
    words += name.find_first_not_of("0123456789") == std::string::npos ? ",+cap_" + name : ",+" + name;
  }
  return words;
}

std::string limit_word(std::uint64_t value) { return value == ~std::uint64_t{0} ? "unlimited" : format("{}", value); }

// Only a file system of the container's own gets places made in it.
struct IsOwn {
  Slot slot;
  bool operator()(const MakeFilesystem& step) const { return step.slot == slot; }
  bool operator()(const MakeOverlay& step) const { return step.slot == slot && (step.upper || step.lowers.size() > 1); }
  bool operator()(const TakeTree& step) const { return step.slot == slot && !step.source.starts_with('/'); }
  template <typename Other>
  bool operator()(const Other&) const {
    return false;
  }
};

struct ScriptOf {
  const Plan& plan;
  Actor actor;

  [[nodiscard]] bool is_own(Slot slot) const {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) { return std::visit(IsOwn{slot}, step.action); });
  }
  [[nodiscard]] bool is_file(Slot slot) const {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
      const auto* taken = std::get_if<TakeTree>(&step.action);
      return taken && taken->slot == slot && taken->device;
    });
  }

  ScriptStep operator()(const MakeFolders& step) const {
    ScriptStep script;
    for (const auto& folder : step.folders)
      script.lines.push_back(format("mkdir -m {:04o} -- {}", folder.mode, script_word("./" + folder.path)));
    return script;
  }
  // The words stand in front of unshare's.
  ScriptStep operator()(const EnterNamespaces& step) const {
    std::string words = "set -- nsenter --preserve-credentials";
    for (const auto& entry : step.entries) words += format(" {}", script_word(format("--{}={}", entry.kind, entry.path)));
    return {{words}};
  }
  ScriptStep operator()(const MakeCgroup& step) const {
    if (step.settings.empty()) return {{}, {"Not done: without limits the cgroup is there to be paused, and who is in it cannot remove it."}};
    return {{}, {"Not done: who is in a cgroup cannot remove it. 'systemd-run --user --scope' could run this script in one with such limits."}};
  }
  ScriptStep operator()(const JoinCgroup&) const { return {{}, {"Not done: the script makes a container, and visits none."}}; }
  ScriptStep operator()(const Clone& step) const {
    const std::uint64_t later = plan.find<MakeCgroupNamespace>() ? CLONE_NEWCGROUP : 0;
    return {{format("set -- \"$@\" unshare{} --fork --kill-child --propagation=unchanged", unshare_words(step.flags | later))}};
  }
  ScriptStep operator()(const MakeCgroupNamespace&) const { return {{}, {"unshare above has made it."}}; }
  ScriptStep operator()(const WriteIdMaps& step) const {
    if (step.newuidmap.empty()) {
      ScriptStep script;
      if (step.deny_setgroups) script.lines.push_back("echo deny >/proc/self/setgroups");
      script.lines.push_back(format("printf {} >/proc/self/uid_map", shell_quoted(map_lines(step.uids))));
      script.lines.push_back(format("printf {} >/proc/self/gid_map", shell_quoted(map_lines(step.gids))));
      return script;
    }
    const auto words = [](const std::string& program, const std::vector<IdRange>& map) {
      std::vector<std::string> list = map_words(program, map);
      list.front() = script_word(list.front()) + " \"$pid\"";
      return join(list, " ");
    };
    return {{"mkfifo pid go", "{", "  read -r pid <pid", "  word=no", format("  {} &&", words(step.newuidmap, step.uids)),
             format("    {} && word=go", words(step.newgidmap, step.gids)), "  echo \"$word\" >go", "  rm pid", "} &", "mapper=$!"}};
  }
  ScriptStep operator()(const BecomeUser& step) const {
    if (actor == Actor::init)
      return {{format("exec setpriv --reuid={} --regid={} --keep-groups sh ./inside", step.uid.value, step.gid.value)}};
    std::string groups = step.groups ? step.groups->empty() ? "--clear-groups" : "--groups=" : "--keep-groups";
    if (step.groups)
      for (std::size_t at = 0; at < step.groups->size(); ++at) groups += format("{}{}", at ? "," : "", (*step.groups)[at].value);
    return {{format("set -- \"$@\" --reuid={} --regid={} {}", step.uid.value, step.gid.value, groups)}};
  }
  ScriptStep operator()(const MakePrivate&) const { return {{"mount --make-rprivate /"}}; }
  ScriptStep operator()(const MakeInterface&) const { return {{}, {"Not done: a monitor has to hold its outer end. The script's network has a loopback interface alone."}}; }
  ScriptStep operator()(const TuneNetwork&) const { return {{}, {"Not done: it is for the interface."}}; }
  ScriptStep operator()(const ConfigureInterface&) const { return {{}, {"Not done: there is no such interface."}}; }
  ScriptStep operator()(const RestrictEgress& step) const {
    ScriptStep script;
    const auto rule = [&](std::string_view words) { script.lines.push_back(format("nft add rule inet snug output {}", words)); };
    script.lines = {"nft add table inet snug", "nft 'add chain inet snug output { type filter hook output priority 0; policy drop; }'"};
    for (const char* words : {"oif lo accept", "ct state established,related accept", "'icmpv6 type 133-136 accept'", "'icmpv6 type 143 accept'"}) rule(words);
    for (const std::string& text : step.rules) {
      const auto each = find_rule(text);
      if (!each || !each->name.empty()) {
        script.lacks.push_back(format("Not done: the rule {}, which is for the addresses of a name.", printable(text)));
        continue;
      }
      const std::string port = each->port ? format(" meta l4proto '{{ tcp, udp }}' th dport {}", each->port) : std::string();
      rule(format("{} daddr {}/{}{} accept", each->address.find(':') == std::string::npos ? "ip" : "ip6", each->address, each->prefix, port));
    }
    rule("meta l4proto tcp reject with tcp reset");
    rule("reject with icmpx admin-prohibited");
    return script;
  }
  ScriptStep operator()(const JoinNetwork& step) const {
    return {{}, {format("Not done: it takes the keeper of the networks, outside. With root: ip link add veth type veth peer {} netns $pid; ip link set veth master BRIDGE up;", step.interface),
                 format("  inside: ip address add {} dev {}; ip link set {} up", step.address4, step.interface, step.interface)}};
  }
  ScriptStep operator()(const ServeNames&) const { return {{}, {"Not done: there is nobody who would answer."}}; }
  ScriptStep operator()(const OpenGate&) const { return {{}, {"Not done: a process has to ask for names while the container runs."}}; }
  ScriptStep operator()(const OpenWayOut&) const { return {{}, {"Not done: there is no interface for pasta."}}; }
  ScriptStep operator()(const AwaitWayOut&) const { return {{}, {"Not done: nothing is opened."}}; }
  ScriptStep operator()(const TakeTree& step) const {
    const std::string source = source_word(step.source), mount = format("m{}", step.slot);
    ScriptStep script;
    if (step.device && step.device->number)
      script.lines.push_back(format("is_device {} {:x}:{:x}", source, *step.device->number >> 8U, *step.device->number & 0xffU));
    else if (step.device)
      script.lines.push_back(format("is_device {}", source));
    if (!step.beneath.empty()) script.lines.push_back(format("is_no_link {}", source));
    script.lines.push_back(format("take {} {} {}", mount, source, step.flags.recursive ? "--rbind" : "--bind"));
    if (std::string line = flags_line(step.flags, mount); !line.empty()) script.lines.push_back(std::move(line));
    return script;
  }
  ScriptStep operator()(const MakeFilesystem& step) const {
    MountFlags flags = step.flags;
    flags.read_only = false;  // of the mount alone, not of the file system: a line of its own
    std::string options = mount_options(flags);
    for (const auto& [key, value] : step.options) options += format("{}{}{}{}", options.empty() ? "" : ",", key, value.empty() ? "" : "=", value);
    const std::string mount = format("m{}", step.slot);
    ScriptStep script{{format("mkdir {0}; {0}={0}", mount), format("mount -t {} -o {} none {}", script_word(step.type), script_word(options.empty() ? "rw" : options), mount)}};
    if (step.flags.read_only) script.lines.push_back(flags_line(step.flags, mount));
    return script;
  }
  ScriptStep operator()(const MakeOverlay& step) const {
    const std::string mount = format("m{}", step.slot);
    MountFlags flags = step.flags;
    if (!step.upper && step.lowers.size() == 1) {
      flags.read_only = true;
      return {{format("take {} {} --bind", mount, layer_word(step.lowers[0])), flags_line(flags, mount)}};
    }
    ScriptStep script;
    std::string lowers;
    const auto link = [&](const Layer& layer, const std::string& name) {
      script.lines.push_back(format("ln -s -- {} {}", layer_word(layer), name));
      return name;
    };
    for (std::size_t at = 0; at < step.lowers.size(); ++at) lowers += format("{}{}", at ? ":" : "", link(step.lowers[at], format("l{}.{}", step.slot, at)));
    std::string options = "lowerdir=" + lowers;
    if (step.upper) {
      options += ",upperdir=" + link(*step.upper, format("u{}", step.slot));
      options += ",workdir=" + link(*step.work, format("w{}", step.slot));
      if (!step.kept) options += ",volatile";
    }
    options += ",userxattr";
    flags.read_only = false;
    if (const std::string more = mount_options(flags); !more.empty()) options += "," + more;
    script.lines.push_back(format("mkdir {0}; {0}={0}", mount));
    script.lines.push_back(format("mount -t overlay -o {} snug {}", options, mount));
    if (step.flags.read_only) script.lines.push_back(flags_line(step.flags, mount));
    return script;
  }
  ScriptStep operator()(const StageMount& step) const {
    ScriptStep script{{}, {"All that a script mounts is attached from the start."}};
    for (const std::string& folder : step.folders) script.lines.push_back(format("mkdir -m 0755 -- \"$m{}\"/{}", step.slot, script_word(folder)));
    return script;
  }
  ScriptStep operator()(const MakeFiles& step) const {
    ScriptStep script{{"mkdir files.d", "mount -t tmpfs -o nosuid,nodev,noexec none files.d"}};
    for (const auto& file : step.files) {
      const std::string name = script_word("files.d/" + file.name);
      script.lines.push_back(write_line(file.content, name));
      script.lines.push_back(format("take m{} {} --bind", file.slot, name));
    }
    return script;
  }
  ScriptStep operator()(const CarryTerminal& step) const {
    const std::string folder = format("{}/{}", terminfo_folder, step.type[0]);
    return {{format("follow {}", script_word(folder)), "[ -d \"$place\" ] || make folder \"$place\" || fail \"cannot be made\"", write_line(step.entry, format("\"$place\"/{}", script_word(step.type)))}};
  }
  // It comes at the end: until then the script needs the programs of the old root.
  ScriptStep operator()(const PivotRoot& step) const {
    ScriptStep script{{format("root=$PWD/$m{}", step.root)}};
    if (is_own(step.root)) script.lines.emplace_back("own \"$root\"");
    script.lacks.emplace_back("Done at the end, since until then the programs of the old root are needed: what is \"inside\" is below $root now.");
    return script;
  }
  ScriptStep operator()(const KeepNamespaces&) const { return {{}, {"Not done: there is no monitor to hand them to."}}; }
  ScriptStep operator()(const Attach& step) const {
    if (step.within)
      return {{format("place=\"$m{}\"/{}", *step.within, script_word(base_name(step.target))), format("{} \"$place\"", is_file(step.slot) ? "new_file" : "mkdir --"),
               format("attach m{}{}", step.slot, is_own(step.slot) ? " own" : "")}};
    const std::string_view missing = step.missing == Attach::Target::must_exist ? "must-exist" : "make";
    const std::string found = format("find_place {} m{} {}", script_word(step.target), step.slot, missing);
    const std::string attach = format("attach m{}{}", step.slot, is_own(step.slot) ? " own" : "");
    if (step.missing != Attach::Target::optional) return {{format("{} || fail {}", found, script_word("the root file system has no place for " + step.target)), attach}};
    return {{format("if {}; then {}; fi", found, attach)}};
  }
  ScriptStep operator()(const MakeLink& step) const {
    if (step.within) return {{format("ln -s -- {} \"$m{}\"/{}", script_word(step.link), *step.within, script_word(base_name(step.path)))}};
    const std::size_t slash = step.path.rfind('/');
    return {{format("follow {}", script_word(slash == 0 ? "/" : step.path.substr(0, slash))),
             format("make_link {} \"$place\"/{}", script_word(step.link), script_word(base_name(step.path)))}};
  }
  ScriptStep operator()(const MakeFolder& step) const {
    return {{format("follow {}", script_word(step.path)), format("if [ ! -d \"$place\" ]; then make folder \"$place\" || fail \"cannot be made\"; chmod {:04o} \"$place\"; fi", step.mode)}};
  }
  ScriptStep operator()(const PartFolder& step) const {
    return {{format("follow {}", script_word(step.path)), "[ -d \"$place\" ] || make folder \"$place\" || fail \"cannot be made\"", "part_folder"}};
  }
  ScriptStep operator()(const SetMountFlags& step) const {
    return {{format("follow {}", script_word(step.target)), flags_line(step.flags, "\"$place\"")}};
  }
  ScriptStep operator()(const ForbidNamespaces& step) const {
    return {{format("echo 0 >{}/sys/user/max_user_namespaces", step.proc ? format("\"$m{}\"", *step.proc) : "/proc")}};
  }
  ScriptStep operator()(const MaskPaths& step) const {
    ScriptStep script;
    const auto cover = [&](const std::string& path, const std::string& command) {
      const std::size_t star = path.find('*');
      if (star == std::string::npos) return script.lines.push_back(format("{} {}", command, script_word(path)));
      const std::string each = format("{}$at", script_word(path.substr(0, star)));
      script.lines.push_back(format("at=0; while follow {0}; [ -e \"$place\" ]; do {1} {0}{2}; at=$((at + 1)); done", each, command, script_word(path.substr(star + 1))));
    };
    for (const std::string& path : step.hidden) cover(path, format("hide \"$m{}\"", step.null));
    for (const std::string& path : step.read_only) cover(path, "protect");
    return script;
  }
  ScriptStep operator()(const SetHostname& step) const { return {{format("hostname {}", script_word(step.name))}}; }
  ScriptStep operator()(const BringUpLoopback&) const { return {{"ip link set lo up"}}; }
  ScriptStep operator()(const OpenTerminal&) const {
    return {{}, {"Not done: a terminal of the container's own needs a process outside that relays it. The command gets yours."}};
  }
  ScriptStep operator()(const JoinKeyring&) const { return {{}, {"Not done: only keyctl(1) of keyutils could."}}; }
  ScriptStep operator()(const GuardInit&) const {
    return {{}, {"unshare --kill-child binds it to the life of this script.", "Not done: no program closes a shell to tracers, prctl(PR_SET_DUMPABLE, 0)."}};
  }
  ScriptStep operator()(const ForkPayload&) const { return {{}, {"A shell is pid 1: it waits for the command, but passes no signals on."}}; }
  ScriptStep operator()(const StartSession& step) const {
    if (step.terminal) return {{"set --"}, {"Not done: without a terminal of its own the command stays in the session of yours."}};
    return {{"set -- setsid"}};
  }
  ScriptStep operator()(const SetLimits& step) const {
    std::string words = "set -- \"$@\" prlimit";
    for (const ResourceLimit& limit : step.limits) words += format(" --{}={}:{}", limit.name, limit_word(limit.soft), limit_word(limit.hard));
    return {{step.limits.empty() ? ":" : words}};
  }
  ScriptStep operator()(const ResetProcess& step) const { return {{format("umask {:04o}", step.umask), "set -- \"$@\" env --default-signal"}}; }
  ScriptStep operator()(const DieWithParent&) const { return {{"set -- \"$@\" --pdeathsig=KILL"}}; }
  ScriptStep operator()(const ChangeFolder& step) const { return {{format("folder={}", script_word(step.path))}}; }
  // What is dropped from the bounding set nobody gets by exec: root has just these then, and others have none.
  ScriptStep operator()(const SetCapabilities& step) const {
    if (step.bounding_only) return {{"set -- \"$@\" setpriv --bounding-set=" + capability_words(step.kept)}};
    if (actor == Actor::init) return {{}, {"Not done: a shell cannot lay down its own capabilities, and pid 1 is one."}};
    return {{"set -- \"$@\" --inh-caps=-all --ambient-caps=-all"}, {"exec(2) gives root what the bounding set has, and nobody else anything."}};
  }
  ScriptStep operator()(const NoNewPrivileges&) const { return {{"set -- \"$@\" --no-new-privs"}}; }
  ScriptStep operator()(const EnforceLandlock&) const { return {{}, {"Not done: setpriv(1) can from util-linux 2.41 on; the older ones have no word for it."}}; }
  ScriptStep operator()(const LoadFilter&) const { return {{}, {"Not done: no program of these loads a filter of system calls."}}; }
  ScriptStep operator()(const RememberOwners&) const { return {{}, {"Not done: it takes a process that answers while the container runs."}}; }
  ScriptStep operator()(const OpenTarget&) const { return {{}, {"Not done: it is no step of a container's start."}}; }
  ScriptStep operator()(const CloseDescriptors&) const {
    return {{}, {"Done at the end for those of this script. Not done for what you left open: a shell knows descriptors up to 9."}};
  }
  ScriptStep operator()(const Exec& step) const;
  ScriptStep operator()(const RunShell& step) const;
};

// The command's own environment is set at the end, so that no program of the host heeds it; a shell of the host's, which waits
// until the old root is gone, keeps only what is a name to it.
ScriptStep ScriptOf::operator()(const Exec& step) const {
  std::string words = "set -- \"$@\" env -i --";
  const auto has = [&](std::string_view name) {
    return std::any_of(step.env.begin(), step.env.end(), [&](const std::string& variable) { return variable.starts_with(name); });
  };
  for (const std::string& variable : step.env) words += " \\\n  " + script_word(variable);
  std::string unset;
  for (const std::string_view name : {"PWD", "OLDPWD"})
    if (!has(format("{}=", name))) unset += format(" {}", name);
  ScriptStep script{{words, format("set -- \"$@\" /bin/sh -c \"${{last}}{}\" sh \"$folder\"", unset.empty() ? "" : format("unset{}; ", unset) + "exec \\\"\\$@\\\"")}};
  const bool login = !step.argv.empty() && step.argv.front().starts_with('-');
  std::string command = "set -- \"$@\"";
  command += " " + script_word(step.paths.size() == 1 || login ? step.paths.front() : step.argv.front());
  if (login) command += " -l";
  for (std::size_t at = 1; at < step.argv.size(); ++at) command += " " + script_word(step.argv[at]);
  script.lines.push_back(command);
  if (login) script.lacks.push_back(format("A shell cannot choose the first word of a command: -l stands for {}.", printable(step.argv.front())));
  script.lacks.emplace_back("Variables whose names are none to a shell are lost.");
  return script;
}

// A command is done as it stands, a script as one.
ScriptStep ScriptOf::operator()(const RunShell& step) const {
  Exec shell{{"/bin/sh"}, {"sh"}, step.env};
  if (!step.words.empty() && step.words[0] != "-c") shell.argv.insert(shell.argv.end(), {"-c", "\"$@\"", "sh"});
  shell.argv.insert(shell.argv.end(), step.words.begin(), step.words.end());
  ScriptStep script = (*this)(shell);
  script.lacks.insert(script.lacks.begin(), "Not done: snug's own shell is in no file that a script could start. A shell of the root file system stands for it.");
  return script;
}

}  // namespace

std::string unshare_words(std::uint64_t flags) {
  static constexpr std::array<std::pair<std::uint64_t, const char*>, 8> names{{{CLONE_NEWUSER, "user --keep-caps"}, {CLONE_NEWNS, "mount"},
      {CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "net"}, {CLONE_NEWUTS, "uts"}, {CLONE_NEWIPC, "ipc"}, {CLONE_NEWCGROUP, "cgroup"}, {0x80, "time"}}};
  std::string words;
  for (const auto& [flag, name] : names)
    if (flags & flag) words += format(" --{}", name);
  return words;
}

ScriptStep script_of(const Plan& plan, const Step& step) { return std::visit(ScriptOf{plan, step.actor}, step.action); }

}  // namespace snug::explain
