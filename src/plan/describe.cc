#include <cap-ng.h>
#include <sched.h>

#include <array>
#include <utility>

#include "snug/base/text.hh"
#include "snug/plan/plan.hh"

namespace snug::plan {
namespace {

std::string list(std::size_t count, auto item) {
  std::string text;
  for (std::size_t at = 0; at < count; ++at) text += (at ? ", " : "") + item(at);
  return text;
}

std::string describe_flags(const MountFlags& flags) { return flags.read_only ? " (read-only)" : ""; }

std::string describe_map(const std::vector<IdRange>& map) {
  return list(map.size(), [&](std::size_t at) {
    const IdRange& range = map[at];
    if (range.count == 1) return format("{} is {} outside", range.inside.value, range.outside.value);
    return format("{}-{} are {}-{} outside", range.inside.value, range.inside.value + (range.count - 1),
                  range.outside.value, range.outside.value + (range.count - 1));
  });
}

std::string capability_names(const std::vector<int>& kept) {
  return list(kept.size(), [&](std::size_t at) {
    const char* name = capng_capability_to_name(static_cast<unsigned>(kept[at]));
    return name ? std::string(name) : format("{}", kept[at]);
  });
}

std::string limit_value(std::uint64_t value) { return value == ~std::uint64_t{0} ? "unlimited" : format("{}", value); }

// After "cannot": each phrase is a verb and its object.
struct Phrase {
  std::string operator()(const MakeFolders& step) const {
    return "make the folders " + list(step.folders.size(), [&](std::size_t at) { return step.folders[at].path; });
  }
  std::string operator()(const EnterNamespaces& step) const {
    return "enter " + list(step.entries.size(), [&](std::size_t at) {
             return format("the {} namespace {}", step.entries[at].kind, quoted(step.entries[at].path));
           });
  }
  std::string operator()(const Clone& step) const { return "start a process in new namespaces: " + describe_namespaces(step.flags); }
  std::string operator()(const WriteIdMaps& step) const {
    return format("map the ids: uid {}; gid {}", describe_map(step.uids), describe_map(step.gids));
  }
  std::string operator()(const BecomeUser& step) const {
    std::string text = format("become uid {}, gid {}", step.uid.value, step.gid.value);
    if (!step.groups) return text;
    if (step.groups->empty()) return text + " and leave all groups";
    return text + ", groups " + list(step.groups->size(), [&](std::size_t at) { return format("{}", (*step.groups)[at].value); });
  }
  std::string operator()(const MakePrivate&) const { return "stop mounts from travelling between the host and here"; }
  std::string operator()(const TakeTree& step) const {
    return format("take {}{}", quoted(step.source), describe_flags(step.flags));
  }
  std::string operator()(const MakeFilesystem& step) const {
    return format("make a new {} file system{}", step.type, describe_flags(step.flags));
  }
  std::string operator()(const MakeOverlay& step) const {
    return format("make an overlay over {}", list(step.lowers.size(), [&](std::size_t at) {
                    const Layer& layer = step.lowers[at];
                    return layer.mount ? format("mount {}", *layer.mount) : quoted(layer.path);
                  }));
  }
  std::string operator()(const StageMount&) const { return "set a mount aside, where overlays can take it for a layer"; }
  std::string operator()(const MakeFiles& step) const {
    return "write " + list(step.files.size(), [&](std::size_t at) { return step.files[at].name; });
  }
  std::string operator()(const PivotRoot&) const { return "make it the root file system and let go of the host's"; }
  std::string operator()(const Attach& step) const { return format("attach a mount on {}", quoted(step.target)); }
  std::string operator()(const MakeLink& step) const { return format("link {} to {}", quoted(step.path), quoted(step.link)); }
  std::string operator()(const MakeFolder& step) const { return format("make the folder {}", quoted(step.path)); }
  std::string operator()(const SetMountFlags& step) const {
    return format("set the flags of the mount {}{}", quoted(step.target), describe_flags(step.flags));
  }
  std::string operator()(const SetHostname& step) const { return format("set the host name to {}", quoted(step.name)); }
  std::string operator()(const BringUpLoopback&) const { return "bring the loopback interface up"; }
  std::string operator()(const OpenTerminal&) const { return "open a terminal of the container's own"; }
  std::string operator()(const JoinKeyring&) const { return "join a new session keyring"; }
  std::string operator()(const GuardInit&) const { return "die with the monitor, and close pid 1 to tracers"; }
  std::string operator()(const ForkPayload&) const { return "fork the payload"; }
  std::string operator()(const StartSession& step) const {
    return step.terminal ? "become the foreground of the terminal" : "start a session";
  }
  std::string operator()(const SetLimits& step) const {
    return "set limits: " + list(step.limits.size(), [&](std::size_t at) {
             const ResourceLimit& limit = step.limits[at];
             return format("{} {}:{}", limit.name, limit_value(limit.soft), limit_value(limit.hard));
           });
  }
  std::string operator()(const ResetProcess& step) const {
    return format("reset signals, and the umask to {:04o}", step.umask);
  }
  std::string operator()(const ChangeFolder& step) const { return format("change to the folder {}", quoted(step.path)); }
  std::string operator()(const SetCapabilities& step) const {
    const std::string what = step.bounding_only ? "ever to be had" : "held";
    if (step.kept.empty()) return format("drop all capabilities {}", what);
    return format("drop the capabilities {} but {}", what, capability_names(step.kept));
  }
  std::string operator()(const NoNewPrivileges&) const { return "forbid new privileges"; }
  std::string operator()(const CloseDescriptors&) const { return "close all descriptors but 0, 1 and 2"; }
  std::string operator()(const Exec& step) const { return format("run {}", quoted(step.argv.front())); }
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

std::string describe(const Action& action) { return std::visit(Phrase{}, action); }

// What is attached was made by an earlier step, and says more than the slot it lies in.
std::string describe(const Plan& plan, const Step& step) {
  const auto* attach = std::get_if<Attach>(&step.action);
  if (!attach) return describe(step.action);
  for (const Step& maker : plan.steps) {
    if (const auto* tree = std::get_if<TakeTree>(&maker.action); tree && tree->slot == attach->slot)
      return format("bind {} on {}{}", quoted(tree->source), quoted(attach->target), describe_flags(tree->flags));
    if (const auto* made = std::get_if<MakeFilesystem>(&maker.action); made && made->slot == attach->slot)
      return format("mount {} on {}{}", made->type, quoted(attach->target), describe_flags(made->flags));
    if (const auto* overlay = std::get_if<MakeOverlay>(&maker.action); overlay && overlay->slot == attach->slot)
      return format("mount the overlay on {}", quoted(attach->target));
    if (const auto* files = std::get_if<MakeFiles>(&maker.action))
      for (const auto& file : files->files)
        if (file.slot == attach->slot) return format("bind our own {} on {}", file.name, quoted(attach->target));
  }
  return describe(step.action);
}

}  // namespace snug::plan
