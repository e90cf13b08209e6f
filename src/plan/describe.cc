#include <cap-ng.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <utility>

#include "snug/base/text.hh"
#include "snug/plan/plan.hh"

namespace snug::plan {
namespace {

std::string list(const auto& items, auto text_of) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + text_of(item);
  return text;
}

std::string made_by(const MakeOverlay& step) { return step.program.empty() ? "make an overlay" : "have fuse-overlayfs make an overlay"; }

std::string count(std::size_t number, std::string_view what) { return format("{} {}{}", number, what, number == 1 ? "" : "s"); }

std::string describe_flags(bool read_only) { return read_only ? " (read-only)" : ""; }

std::string describe_limit(std::uint64_t value) {
  return value == ~std::uint64_t{0} ? "unlimited" : format("{}", value);
}

/// What lies in a slot, by what put it there.
struct Mounted {
  std::string verb, name;
  bool read_only = false;
};

struct FindMounted {
  Slot slot;

  std::optional<Mounted> operator()(const TakeTree& made) const {
    if (made.slot != slot) return {};
    return Mounted{"bind", quoted(made.source), made.flags.read_only};
  }
  std::optional<Mounted> operator()(const MakeFilesystem& made) const {
    if (made.slot != slot) return {};
    return Mounted{"mount", "the new " + made.type, made.flags.read_only};
  }
  std::optional<Mounted> operator()(const MakeOverlay& made) const {
    if (made.slot != slot) return {};
    if (!made.image.empty()) return Mounted{"mount", "the image " + quoted(made.image), made.flags.read_only};
    const bool named = !made.lowers.empty() && !made.lowers.front().mount;
    return Mounted{"mount", named ? "the overlay of " + quoted(made.lowers.front().path) : "the overlay",
                   made.flags.read_only};
  }
  std::optional<Mounted> operator()(const MakeFiles& made) const {
    for (const MakeFiles::File& file : made.files)
      if (file.slot == slot) return Mounted{"bind", "our own " + file.name};
    return {};
  }
  template <typename Other>
  std::optional<Mounted> operator()(const Other&) const {
    return {};
  }
};

Mounted mounted_in(const Plan& plan, Slot slot) {
  for (const Step& step : plan.steps)
    if (auto found = std::visit(FindMounted{slot}, step.action)) return *found;
  return {"mount", format("mount {}", slot)};
}

// Each phrase is a verb and its object, and reads well after "cannot".
struct Phrase {
  const Plan& plan;

  std::string operator()(const MakeFolders& step) const {
    if (step.folders.size() > 4) return format("make {} folders for what is written", step.folders.size());
    return "make the folders " + list(step.folders, [](const auto& folder) { return quoted(folder.path); });
  }
  std::string operator()(const MakeCgroup& step) const {
    const std::string where = step.manager.empty() ? "make a cgroup" : "make a cgroup in a scope of systemd's";
    if (step.settings.empty()) return where;
    return where + ", limited to " + list(step.settings, [](const CgroupSetting& setting) { return format("{} {}", setting.file, setting.value); });
  }
  std::string operator()(const JoinCgroup&) const { return "join the container's cgroup"; }
  std::string operator()(const MakeCgroupNamespace&) const { return "make the container's cgroup the root of what it sees of them"; }
  std::string operator()(const EnterNamespaces& step) const {
    const bool known = std::all_of(step.entries.begin(), step.entries.end(), [](const auto& entry) { return entry.inode != 0; });
    if (known) return "enter the container's namespaces: " + list(step.entries, [](const auto& entry) { return entry.kind; });
    return "enter " + list(step.entries, [](const auto& entry) {
             return format("the {} namespace {}", entry.kind, quoted(entry.path));
           });
  }
  std::string operator()(const Clone& step) const {
    if (step.flags == 0) return "start a process there";
    return "start a process in new namespaces: " + describe_namespaces(step.flags);
  }
  std::string operator()(const WriteIdMaps&) const { return "map the ids"; }
  std::string operator()(const BecomeUser& step) const {
    const std::string text = format("become uid {}, gid {}", step.uid.value, step.gid.value);
    if (!step.groups) return text;
    if (step.groups->empty()) return text + " and leave all groups";
    return text + ", groups " + list(*step.groups, [](ContainerId group) { return format("{}", group.value); });
  }
  std::string operator()(const KeepNamespaces&) const { return "hand the namespaces to the monitor, which keeps them"; }
  std::string operator()(const MakePrivate&) const { return "stop mounts from travelling between the host and here"; }
  std::string operator()(const MakeInterface& step) const { return format("make the interface {}", quoted(step.name)); }
  std::string operator()(const TuneNetwork&) const { return "set the sysctls of the network"; }
  std::string operator()(const ConfigureInterface& step) const {
    return format("give the interface {} {}", quoted(step.name), list(step.ways, [](const auto& way) { return way.address; }));
  }
  std::string operator()(const RestrictEgress& step) const {
    return step.rules.empty() ? "let nothing out" : format("let nothing out but to {}", list(step.rules, [](const std::string& rule) { return rule; }));
  }
  std::string operator()(const ServeNames& step) const { return "make the interface 'snug0', for questions for names to " + join(step.addresses, ", "); }
  std::string operator()(const OpenGate&) const {
    return plan.find<RestrictEgress>() ? "start the gate, which knows names" : "watch for the first question for a name, and start the gate then, which knows names";
  }
  std::string operator()(const OpenWayOut& step) const {
    const std::string& path = step.words.front();
    const std::string name = path.substr(path.rfind('/') + 1);
    return step.at_once ? format("start {}, which carries packets out and in", name) : format("watch for the first packet that wants out, and start {} then", name);
  }
  std::string operator()(const JoinNetwork& step) const {
    return format("join the network {} as {}, {}", quoted(step.network), step.interface, step.address4);
  }
  std::string operator()(const AwaitWayOut&) const {
    return plan.find<JoinNetwork>() ? "wait until the networks are ready" : "wait until pasta is ready";
  }
  std::string operator()(const TakeTree& step) const {
    return format("take {}{}{}", quoted(step.source), describe_flags(step.flags.read_only), step.beneath.empty() ? "" : format(", by no link below {}", quoted(step.beneath)));
  }
  std::string operator()(const MakeFilesystem& step) const {
    return format("make a new {} file system{}", step.type, describe_flags(step.flags.read_only));
  }
  std::string operator()(const MakeOverlay& step) const {
    if (!step.image.empty())
      return format("{} over {} of the image {}", made_by(step), count(step.lowers.size(), "layer"), quoted(step.image));
    return format("{} over ", made_by(step)) + list(step.lowers, [&](const Layer& layer) {
             if (!layer.mount) return quoted(layer.path);
             const std::string name = mounted_in(plan, *layer.mount).name;
             return layer.path == "." ? name : format("{} in {}", quoted(layer.path), name);
           });
  }
  std::string operator()(const StageMount& step) const {
    return format("set {} aside, where overlays can take it for a layer", mounted_in(plan, step.slot).name);
  }
  std::string operator()(const MakeFiles& step) const {
    return "write our own " + list(step.files, [](const auto& file) { return file.name; });
  }
  std::string operator()(const CarryTerminal& step) const { return format("teach the container the terminal {}", quoted(step.type)); }
  std::string operator()(const PivotRoot& step) const {
    return format("make {} the root file system and let go of the host's", mounted_in(plan, step.root).name);
  }
  std::string operator()(const Attach& step) const {
    const Mounted what = mounted_in(plan, step.slot);
    return format("{} {} on {}{}", what.verb, what.name, quoted(step.target), describe_flags(what.read_only));
  }
  std::string operator()(const MakeLink& step) const {
    return format("link {} to {}", quoted(step.path), quoted(step.link));
  }
  std::string operator()(const MakeFolder& step) const { return format("make the folder {}", quoted(step.path)); }
  std::string operator()(const PartFolder& step) const { return format("make the folder {} a mount of its own", quoted(step.path)); }
  std::string operator()(const SetMountFlags& step) const {
    return format("set the flags of the mount {}{}", quoted(step.target), describe_flags(step.flags.read_only));
  }
  std::string operator()(const ForbidNamespaces&) const { return "forbid user namespaces inside"; }
  std::string operator()(const MaskPaths& step) const {
    if (step.read_only.empty()) return format("cover {} where they are there", count(step.hidden.size(), "path"));
    return format("cover {} where they are there, and make {} read-only", count(step.hidden.size(), "path"), step.read_only.size());
  }
  std::string operator()(const SetHostname& step) const { return "set the host name to " + quoted(step.name); }
  std::string operator()(const BringUpLoopback&) const { return "bring the loopback interface up"; }
  std::string operator()(const OpenTerminal&) const { return "open a terminal of the container's own"; }
  std::string operator()(const JoinKeyring&) const { return "join a new session keyring"; }
  std::string operator()(const GuardInit& step) const {
    if (!step.dies_with_monitor) return "close the process to tracers";
    return "bind the first process to the monitor's life and close it to tracers";
  }
  std::string operator()(const ForkPayload& step) const { return step.parent == ForkPayload::Parent::gone ? "fork the payload and leave it to pid 1" : "fork the payload"; }
  std::string operator()(const StartSession& step) const {
    return step.terminal ? "become the foreground of the terminal" : "start a session";
  }
  std::string operator()(const SetLimits& step) const {
    return "set the limits " + list(step.limits, [](const ResourceLimit& limit) {
             return format("{} {}:{}", limit.name, describe_limit(limit.soft), describe_limit(limit.hard));
           });
  }
  std::string operator()(const ResetProcess& step) const {
    return format("reset the signals and set the umask to {:04o}", step.umask);
  }
  std::string operator()(const DieWithParent&) const { return "bind the process to the life of its parent"; }
  std::string operator()(const ChangeFolder& step) const { return "change to the folder " + quoted(step.path); }
  std::string operator()(const SetCapabilities& step) const {
    const std::string_view how = step.bounding_only ? " for ever" : "";
    if (step.kept.empty()) return format("drop all capabilities{}", how);
    if (step.kept.size() > 4) return format("drop all but {} capabilities{}", step.kept.size(), how);
    return format("drop all capabilities{} but {}", how, list(step.kept, describe_capability));
  }
  std::string operator()(const NoNewPrivileges&) const { return "forbid new privileges"; }
  std::string operator()(const RememberOwners&) const { return "have a process outside remember the owners of files"; }
  std::string operator()(const EnforceLandlock& step) const {
    switch (step.reach) {
      case EnforceLandlock::Reach::root: break;
      case EnforceLandlock::Reach::reading: return "let files be read, and nothing else be done with them (Landlock)";
      case EnforceLandlock::Reach::writing: return "let things be made and written below that folder, and nothing be read (Landlock)";
    }
    return "confine what can be opened to the root and what is open already (Landlock)";
  }
  std::string operator()(const LoadFilter& step) const {
    if (step.name == LoadFilter::root) return "answer in the kernel's place what root with one id cannot do";
    return format("load the filter of system calls {}", quoted(step.name));
  }
  std::string operator()(const CloseDescriptors& step) const { return format("close all descriptors but 0, 1 and 2{}", step.leaves_work ? ", and what the work is done by" : ""); }
  std::string operator()(const Exec& step) const {
    // A login shell's first word has a dash in front and names no file.
    return "run " + quoted(step.paths.size() == 1 ? step.paths.front() : step.argv.front());
  }
  std::string operator()(const RunShell& step) const {
    return "become snug's own shell" + (step.tools.empty() ? "" : ", with the tools of " + quoted(step.tools));
  }
  std::string operator()(const OpenTarget&) const { return "open the folder that is written below"; }
};

}  // namespace

std::string describe_namespaces(std::uint64_t flags) {
  static constexpr std::array<std::pair<std::uint64_t, const char*>, 8> names{{{CLONE_NEWUSER, "user"},
                                                                               {CLONE_NEWNS, "mount"},
                                                                               {CLONE_NEWPID, "pid"},
                                                                               {CLONE_NEWNET, "network"},
                                                                               {CLONE_NEWUTS, "uts"},
                                                                               {CLONE_NEWIPC, "ipc"},
                                                                               {CLONE_NEWCGROUP, "cgroup"},
                                                                               {0x80 /* CLONE_NEWTIME */, "time"}}};
  std::string text;
  for (const auto& [flag, name] : names)
    if (flags & flag) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::vector<std::string> map_words(const std::string& program, const std::vector<IdRange>& map) {
  std::vector<std::string> words{program};
  for (const IdRange& range : map)
    for (const std::uint32_t number : {range.inside.value, range.outside.value, range.count})
      words.push_back(format("{}", number));
  return words;
}

std::string describe_capability(int number) {
  const char* name = capng_capability_to_name(static_cast<unsigned>(number));
  return name ? name : format("{}", number);
}

std::string describe(const Plan& plan, const Step& step) { return std::visit(Phrase{plan}, step.action); }

}  // namespace snug::plan
