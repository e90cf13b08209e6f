#include "verify_process.hh"

#include <sched.h>

#include <algorithm>
#include <optional>

#include "snug/base/text.hh"
#include "snug/plan/limits.hh"

namespace snug::explain {
namespace {

using namespace plan;

// Blanks of any number are one.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char each : text) {
    const char plain = each == '\t' ? ' ' : each;
    if (plain == ' ' && (out.empty() || out.back() == ' ' || out.back() == '\n')) continue;
    out += plain;
  }
  return out;
}

// The value of "Name:\tvalue".
std::string field(std::string_view status, std::string_view name) {
  for (const std::string_view line : lines(status))
    if (line.starts_with(name) && line.substr(name.size(), 1) == ":") return std::string(trimmed(squeezed(line.substr(name.size() + 1))));
  return "";
}

std::uint32_t outside_of(const std::vector<IdRange>& map, std::uint32_t id) {
  for (const IdRange& range : map)
    if (id >= range.inside.value && id - range.inside.value < range.count) return range.outside.value + (id - range.inside.value);
  return id;
}

std::string mask_of(const std::vector<int>& numbers) {
  std::uint64_t mask = 0;
  for (const int number : numbers) mask |= std::uint64_t{1} << static_cast<unsigned>(number);
  return format("{:016x}", mask);
}

std::string limit_word(std::uint64_t value) { return value == ~std::uint64_t{0} ? "unlimited" : format("{}", value); }

class Findings {
 public:
  Findings(const Plan& wanted, const SeenProcess& found) : plan_(wanted), seen_(found) {}

  std::vector<Finding> all() {
    namespaces();
    ids();
    capabilities();
    limits();
    if (plan_.find<NoNewPrivileges>()) hold("no new privileges", field(seen_.status, "NoNewPrivs"), "1");
    if (plan_.find<LoadFilter>()) hold("filter of system calls", field(seen_.status, "Seccomp"), "2");
    if (const auto* change = plan_.find<ChangeFolder>()) hold("folder " + quoted(change->path), seen_.folder, change->path);
    return std::move(findings_);
  }

 private:
  void hold(std::string what, const std::string& found, const std::string& wanted) {
    const std::string fault = found == wanted ? "" : format("is {}, not {}", quoted(found), quoted(wanted));
    findings_.push_back({std::move(what), fault});
  }

  // Those that are joined are others than the caller's, too, or not: nobody planned that.
  void namespaces() {
    const auto* clone = plan_.find<Clone>();
    const auto* enter = plan_.find<EnterNamespaces>();
    for (const auto& [flag, kind] : {std::pair<std::uint64_t, const char*>{CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mnt"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "net"},
                                     {CLONE_NEWUTS, "uts"}, {CLONE_NEWIPC, "ipc"}, {CLONE_NEWCGROUP, "cgroup"}, {0x80, "time"}}) {
      const bool joined = enter && std::any_of(enter->entries.begin(), enter->entries.end(), [&](const auto& entry) { return entry.kind == kind; });
      const bool own = std::find(seen_.own_namespaces.begin(), seen_.own_namespaces.end(), kind) != seen_.own_namespaces.end();
      const bool planned = clone && (clone->flags & flag || (flag == CLONE_NEWCGROUP && plan_.find<MakeCgroupNamespace>()));
      if (!joined && clone) hold(format("{} namespace", kind), own ? "its own" : "the caller's", planned ? "its own" : "the caller's");
    }
  }

  void ids() {
    const auto* write = plan_.find<WriteIdMaps>();
    const std::vector<IdRange> none, &uids = write ? write->uids : none, &gids = write ? write->gids : none;
    if (write) {
      hold("uid map", squeezed(seen_.uid_map), squeezed(kernel_map(uids)));
      hold("gid map", squeezed(seen_.gid_map), squeezed(kernel_map(gids)));
    }
    const BecomeUser* last = nullptr;
    for (const Step& step : plan_.steps)
      if (const auto* become = std::get_if<BecomeUser>(&step.action)) last = become;
    // Of a user namespace that is joined nobody here knows the map.
    if (!last || (!write && plan_.find<EnterNamespaces>())) return;
    const std::uint32_t uid = outside_of(uids, last->uid.value), gid = outside_of(gids, last->gid.value);
    hold(format("uid {}", last->uid.value), field(seen_.status, "Uid"), format("{0} {0} {0} {0}", uid));
    hold(format("gid {}", last->gid.value), field(seen_.status, "Gid"), format("{0} {0} {0} {0}", gid));
    if (!last->groups) return;
    std::vector<std::uint32_t> groups;
    for (const ContainerId group : *last->groups) groups.push_back(outside_of(gids, group.value));
    std::sort(groups.begin(), groups.end());
    std::string text;
    for (const std::uint32_t group : groups) text += format("{}{}", text.empty() ? "" : " ", group);
    hold("groups", field(seen_.status, "Groups"), text);
  }

  // The kernel shows the lines sorted where there are many.
  static std::string kernel_map(std::vector<IdRange> map) {
    if (map.size() > 5) std::sort(map.begin(), map.end(), [](const IdRange& a, const IdRange& b) { return a.inside.value < b.inside.value; });
    return map_lines(map);
  }

  void capabilities() {
    std::optional<std::vector<int>> bounding, kept;
    for (const Step& step : plan_.steps)
      if (const auto* set = std::get_if<SetCapabilities>(&step.action); set && step.actor == Actor::payload)
        (set->bounding_only ? bounding : kept) = set->kept;
    if (bounding) hold("capabilities that can be had", field(seen_.status, "CapBnd"), mask_of(*bounding));
    if (!kept) return;
    for (const char* set : {"CapPrm", "CapEff"}) hold(format("capabilities, {}", set), field(seen_.status, set), mask_of(*kept));
    for (const char* set : {"CapInh", "CapAmb"}) hold(format("capabilities, {}", set), field(seen_.status, set), mask_of({}));
  }

  void limits() {
    const auto* set = plan_.find<SetLimits>();
    const auto text = [](const ResourceLimit& limit) { return limit_word(limit.soft) + " " + limit_word(limit.hard); };
    const auto all = parse_limits(seen_.limits);
    for (const ResourceLimit& limit : set ? set->limits : std::vector<ResourceLimit>{}) {
      const auto found = std::find_if(all.begin(), all.end(), [&](const ResourceLimit& each) { return each.number == limit.number; });
      hold("limit " + limit.name, found == all.end() ? "" : text(*found), text(limit));
    }
  }

  const Plan& plan_;
  const SeenProcess& seen_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> findings_of(const Plan& plan, const SeenProcess& seen) { return Findings(plan, seen).all(); }

}  // namespace snug::explain
