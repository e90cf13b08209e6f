#include <sched.h>

#include <array>

#include "draft.hh"
#include "snug/base/text.hh"

namespace snug::plan {
namespace {

struct Wall {
  const char* option;
  const char* kind;
  NamespaceChoice Namespaces::*choice;
  std::uint64_t flag;
  const char* opened;  ///< what the host's namespace lets through
};

// In the order in which namespaces of others are entered: the user namespace gives the right to enter the rest.
constexpr std::array<Wall, 7> walls{{
    {"--userns", "user", &Namespaces::user, CLONE_NEWUSER, "ids inside are the host's ids; root inside is root"},
    {"--cgroupns", "cgroup", &Namespaces::cgroup, CLONE_NEWCGROUP, "the container sees the host's cgroup paths"},
    {"--ipc", "ipc", &Namespaces::ipc, CLONE_NEWIPC, "System V IPC, message queues and /dev/shm are the host's"},
    {"--uts", "uts", &Namespaces::uts, CLONE_NEWUTS, "the host name is the host's"},
    {"--network", "net", &Namespaces::network, CLONE_NEWNET,
     "the container uses the host's network, its loopback included"},
    {"--pid", "pid", &Namespaces::pid, CLONE_NEWPID, "the container sees the host's processes"},
    {"--timens", "time", &Namespaces::time, 0x80 /* CLONE_NEWTIME */, ""},
}};

// The user namespace comes along with any other of a container's.
std::string describe_joined(const Spec& spec, const Wall& wall, const JoinNamespace& join) {
  std::string bringer = spec.network.container;
  for (const Wall& each : walls)
    if (const auto* other = std::get_if<JoinNamespace>(&(spec.namespaces.*each.choice)); other && bringer.empty()) bringer = other->container;
  if (join.container.empty() && !bringer.empty()) return format("the user namespace of container:{}, which comes along: shared with whoever lives there", bringer);
  return format("{} {}: shared with whoever lives there", wall.option, join.container.empty() ? "ns:" + printable(join.path) : "container:" + join.container);
}

}  // namespace

std::uint64_t namespace_flag(std::string_view kind) {
  for (const Wall& wall : walls)
    if (kind == wall.kind) return wall.flag;
  return kind == "mnt" ? CLONE_NEWNS : 0;
}

bool adopts_orphans(const Spec& spec) { return is_host(spec.namespaces.pid) && (spec.init || spec.idle); }

std::string hostname_of(const Draft& draft) {
  const NamespaceChoice& uts = draft.spec.namespaces.uts;
  const auto* join = std::get_if<JoinNamespace>(&uts);
  if (is_new(uts)) return own_hostname(draft.spec);
  return join && join->container.empty() ? std::string() : draft.facts.hostname;
}

std::vector<std::string> kinds_of(const Namespaces& namespaces) {
  std::vector<std::string> kinds;
  for (const Wall& wall : walls) {
    if (!is_host(namespaces.*wall.choice)) kinds.emplace_back(wall.kind);
    if (wall.flag == CLONE_NEWUSER) kinds.emplace_back("mnt");
  }
  return kinds;
}

Verdict plan_namespaces(Draft& draft) {
  EnterNamespaces enter;
  Clone clone{CLONE_NEWNS, adopts_orphans(draft.spec)};
  for (const Wall& wall : walls) {
    const NamespaceChoice& choice = draft.spec.namespaces.*wall.choice;
    if (is_new(choice)) {
      clone.flags |= wall.flag;
    } else if (const auto* join = std::get_if<JoinNamespace>(&choice)) {
      enter.entries.push_back({wall.kind, join->path});
      draft.plan.opened.push_back(describe_joined(draft.spec, wall, *join));
    } else if (*wall.opened) {
      const bool left = wall.flag == CLONE_NEWPID && !adopts_orphans(draft.spec);
      draft.plan.opened.push_back(format("{} host: {}{}", wall.option, wall.opened, left ? ", and with --no-init what its command leaves running goes on after it" : ""));
    }
  }
  // The new namespace would begin at the monitor's cgroup.
  const bool own_cgroup = draft.plan.find<MakeCgroup>() && (clone.flags & CLONE_NEWCGROUP);
  if (own_cgroup) clone.flags &= ~std::uint64_t{CLONE_NEWCGROUP};
  if (!enter.entries.empty()) draft.monitor(std::move(enter));
  draft.monitor(clone);

  const IdMaps& maps = draft.maps;
  if (is_new(draft.spec.namespaces.user)) {
    WriteIdMaps write = id_maps_of(draft);
    // One id of one's own needs no helper: the init process writes it itself, and nobody waits for anybody.
    maps.helpers ? draft.monitor(std::move(write)) : draft.init(std::move(write));
  }
  draft.init(BecomeUser{maps.setup_uid, maps.setup_gid, {}});
  if (own_cgroup) draft.init(MakeCgroupNamespace{});
  draft.init(MakePrivate{});
  return {};
}

}  // namespace snug::plan
