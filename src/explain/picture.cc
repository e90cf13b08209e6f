// How the machine is told apart: processes that share all their namespaces are a group, unless these are all the reader's own. What may not be
// read is put beside what is known only where the kernel's rules leave no other place for it.

#include "snug/explain/picture.hh"

#include <algorithm>
#include <set>
#include <tuple>

#include "evidence.hh"
#include "group_words.hh"
#include "snug/base/text.hh"

namespace snug::explain {
namespace {

using plan::LiveProcess;
using plan::WallInodes;

/// The groups as they grow, and which processes have found their place.
class Sorting {
 public:
  explicit Sorting(const plan::Machine& machine) : machine_(machine) {
    for (const LiveProcess& each : machine.processes) by_number_[each.pid] = &each;
  }

  void place_readable() {
    struct Found {
      std::size_t group, count;
    };
    std::map<WallInodes, Found> known;
    const auto is_apart = [&](const LiveProcess& each) { return is_readable(each) && !has_ended(each) && each.walls != machine_.here; };
    for (const LiveProcess& each : machine_.processes)
      if (is_apart(each)) ++known.try_emplace(each.walls, Found{known.size(), 0}).first->second.count;
    groups_.resize(known.size());  // counted first: what grows is copied, and there may be thousands
    for (const auto& [walls, found] : known) {
      groups_[found.group].inodes = walls;
      groups_[found.group].members.reserve(found.count);
    }
    for (const LiveProcess& each : machine_.processes)
      if (is_apart(each)) place(each, known.find(each.walls)->second.group);
  }

  // Snug keeps what it runs itself closed to the reader, but wrote down which namespaces these are.
  void place_recorded(std::span<const Recorded> records) {
    for (const Recorded& record : records) {
      const auto init = by_number_.find(record.init);
      if (init == by_number_.end()) continue;
      const std::size_t group = group_of_record(record);
      groups_[group].record = record;
      if (!places_.count(record.init)) place(*init->second, group);
    }
  }

  // A process in a process namespace further in shares it with its parent, where that is as deep: fork(2) leads one down at most, and never up.
  void place_by_kinship() {
    for (bool grown = true; grown;) {
      grown = false;
      for (const LiveProcess& each : machine_.processes) {
        if (is_readable(each) || each.numbers.size() < 2 || places_.count(each.pid)) continue;
        if (const auto group = group_of_kin(each)) place(each, *group), grown = true;
      }
    }
  }

  // Where it was cannot be told any more; its parent was there, as a rule, and is who has not taken notice.
  void place_ended() {
    for (const LiveProcess& each : machine_.processes)
      if (const auto parent = places_.find(each.parent); has_ended(each) && parent != places_.end() && !places_.count(each.pid)) place(each, parent->second);
  }

  // What is left has walls, of which the process namespace alone can be seen.
  void place_closed() {
    std::map<std::string, std::size_t> known;
    for (const LiveProcess& each : machine_.processes) {
      if (is_readable(each) || each.numbers.size() < 2 || places_.count(each.pid)) continue;
      const auto evidence = container_of_cgroup(each.cgroup);
      const auto [at, is_new] = known.try_emplace(evidence ? evidence->maker + "/" + evidence->name : format("{}", oldest_as_deep(each)), groups_.size());
      if (is_new) groups_.emplace_back();
      place(each, at->second);
    }
  }

  [[nodiscard]] bool is_placed(pid_t pid) const { return places_.count(pid) != 0; }
  [[nodiscard]] const ByNumber& by_number() const { return by_number_; }
  [[nodiscard]] std::vector<Group>& groups() { return groups_; }

 private:
  void place(const LiveProcess& process, std::size_t group) {
    groups_[group].members.push_back(process);
    places_[process.pid] = group;
  }

  std::size_t group_of_record(const Recorded& record) {
    if (const auto found = places_.find(record.init); found != places_.end()) return found->second;
    auto found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return group.inodes == record.walls; });
    constexpr auto mount = plan::mount_wall;
    if (found == groups_.end()) found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return group.inodes[mount] == record.walls[mount]; });
    if (found == groups_.end()) groups_.emplace_back().inodes = record.walls, found = groups_.end() - 1;
    return static_cast<std::size_t>(found - groups_.begin());
  }

  const LiveProcess* parent_of(const LiveProcess& process) const {
    const auto found = by_number_.find(process.parent);
    return found == by_number_.end() ? nullptr : found->second;
  }

  std::optional<std::size_t> group_of_kin(const LiveProcess& process) const {
    const auto group = [&](const LiveProcess& kin) -> std::optional<std::size_t> {
      const auto found = places_.find(kin.pid);
      return kin.numbers.size() == process.numbers.size() && found != places_.end() ? std::optional(found->second) : std::nullopt;
    };
    if (const LiveProcess* parent = parent_of(process))
      if (const auto found = group(*parent)) return found;
    for (const LiveProcess& each : machine_.processes)
      if (each.parent == process.pid)
        if (const auto found = group(each)) return found;
    return {};
  }

  pid_t oldest_as_deep(const LiveProcess& process) const {
    const LiveProcess* oldest = &process;
    for (const LiveProcess* parent = parent_of(*oldest); parent && parent->numbers.size() == process.numbers.size(); parent = parent_of(*oldest)) oldest = parent;
    return oldest->pid;
  }

  const plan::Machine& machine_;
  ByNumber by_number_;
  std::vector<Group> groups_;
  std::map<pid_t, std::size_t> places_;
};

void choose_leader(Group& group) {
  std::sort(group.members.begin(), group.members.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  std::set<pid_t> pids;
  for (const LiveProcess& each : group.members) pids.insert(each.pid);
  const auto is_first = [](const LiveProcess& each) { return each.numbers.size() > 1 && each.numbers.back() == 1 && !has_ended(each); };
  auto found = std::find_if(group.members.begin(), group.members.end(), is_first);
  if (found == group.members.end()) found = std::find_if(group.members.begin(), group.members.end(), [&](const LiveProcess& each) { return !pids.count(each.parent); });
  group.leader = found == group.members.end() ? 0 : static_cast<std::size_t>(found - group.members.begin());
}

// Those that help containers may have walls of their own, to be kept from harm. Who is pid 1 of a container is no such one.
bool helps_only(const Group& group) {
  return !group.record && std::all_of(group.members.begin(), group.members.end(), [](const LiveProcess& each) {
    const bool may_be_first = each.name.starts_with("pasta") || each.name.starts_with("passt");
    return !role_of(each).empty() && (each.numbers.size() < 2 || may_be_first);
  });
}

void judge_walls(Group& group, const std::vector<Group>& all, const WallInodes& here) {
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) {
    const std::uint64_t inode = group.inodes[wall];
    Standing& standing = group.walls[wall];
    if (inode == 0) {
      const bool is_deep = wall == plan::pid_wall && group.members[group.leader].numbers.size() > 1;
      standing = is_deep ? Standing::own : Standing::unknown;
      continue;
    }
    standing = inode == here[wall] ? Standing::hosts : Standing::own;
    if (standing == Standing::hosts) continue;
    for (const Group& other : all)
      if (&other != &group && other.inodes[wall] == inode) standing = Standing::shared, group.partners[wall].push_back(other.name);
  }
}

std::size_t rank_of(const Group& group) {
  if (group.maker == "snug") return group.record ? 0 : 1;
  if (group.maker == "service") return 6;
  if (group.maker == "browser" || group.maker == "application") return 5;
  if (group.maker == "flatpak" || group.maker == "snap" || group.maker == "bubblewrap") return 3;
  return group.maker.empty() || group.maker == "unshare" ? 4 : 2;
}

// Of each process that has one, its group.
using Homes = std::map<pid_t, const Group*>;

Homes find_homes(const std::vector<Group>& groups) {
  Homes homes;
  for (const Group& group : groups)
    for (const LiveProcess& each : group.members) homes.emplace(each.pid, &group);
  return homes;
}

void find_outer(Group& group, const Homes& homes, const ByNumber& processes) {
  pid_t pid = group.members[group.leader].parent;
  for (std::size_t steps = 0; steps < 64 && group.within.empty(); ++steps) {
    const auto home = homes.find(pid);
    if (home != homes.end() && home->second != &group) group.within = home->second->name;
    const auto found = processes.find(pid);
    if (found == processes.end()) return;
    pid = found->second->parent;
  }
}

std::optional<std::size_t> group_with(const std::vector<Group>& groups, pid_t pid) {
  for (std::size_t at = 0; at < groups.size(); ++at)
    for (const LiveProcess& each : groups[at].members)
      if (each.pid == pid) return at;
  return {};
}

// The group whose network namespace a helper names, or is in itself.
std::optional<std::size_t> joined_by(const LiveProcess& helper, const Picture& picture) {
  const std::uint64_t network = helper.network ? helper.network : helper.walls[plan::net_wall];
  const auto same = [&](const Group& group) { return group.inodes[plan::net_wall] == network; };
  const auto found = std::find_if(picture.groups.begin(), picture.groups.end(), same);
  if (network == 0 || network == picture.here[plan::net_wall] || found == picture.groups.end()) return {};
  return static_cast<std::size_t>(found - picture.groups.begin());
}

// The group that a helper is there for: its child, its parent's, or one whose process it was told of.
std::optional<std::size_t> served_by(const LiveProcess& helper, const Picture& picture) {
  for (std::size_t at = 0; at < picture.groups.size(); ++at) {
    const Group& group = picture.groups[at];
    if (group.record && group.record->monitor == helper.pid) return at;
    for (const LiveProcess& each : group.members)
      if (each.parent == helper.pid) return at;
  }
  for (const std::string& word : helper.words) {
    const std::size_t digit = word.starts_with("/proc/") ? 6 : 0;
    const std::string_view number = std::string_view(word).substr(digit, word.find('/', digit) == std::string::npos ? std::string::npos : word.find('/', digit) - digit);
    if (const auto pid = parse_number(number); pid && *pid > 1 && *pid < (std::uint64_t{1} << 22U))
      if (const auto found = group_with(picture.groups, static_cast<pid_t>(*pid))) return found;
  }
  for (std::size_t at = 0; at < picture.groups.size(); ++at)
    if (picture.groups[at].record && picture.groups[at].record->monitor == helper.parent) return at;
  return joined_by(helper, picture);
}

bool needs_object(std::string_view role) { return role == "watches" || role.ends_with(" of") || role.ends_with(" for") || role.ends_with(" to"); }

void add_helper(Picture& picture, const LiveProcess& process, pid_t reader) {
  Helper helper{.process = process, .name = program_name(process), .does = std::string(role_of(process)), .role = {}, .of = served_by(process, picture),
                .serves_network = serves_network(process), .here = picture.here};
  if (process.pid == reader) helper.does = "draws this picture";
  else if (helper.of && picture.groups[*helper.of].record && picture.groups[*helper.of].record->monitor == process.pid) helper.does = "monitor of";
  picture.helpers.push_back(std::move(helper));
}

// Of two halves of one helper, such as rootlessport's, one may stand where nothing tells whom it is there for: the one that it started tells.
void settle_roles(Picture& picture) {
  for (Helper& helper : picture.helpers) {
    const auto is_half = [&](const Helper& other) { return other.of && other.does == helper.does && other.process.parent == helper.process.pid; };
    if (const auto half = std::find_if(picture.helpers.begin(), picture.helpers.end(), is_half); !helper.of && half != picture.helpers.end()) helper.of = half->of;
    helper.role = helper.does;
    if (needs_object(helper.does)) helper.role += helper.of ? " " + picture.groups[*helper.of].name : helper.process.name == "snug" ? " a command" : " a container";
  }
}

void place_plain(Picture& picture, const plan::Machine& machine, const Sorting& sorting) {
  std::map<std::string, std::size_t> counts;
  for (const LiveProcess& each : machine.processes) {
    if (each.tracer != 0) ++picture.traced;
    if (sorting.is_placed(each.pid)) continue;
    if (!role_of(each).empty() || each.pid == machine.reader) {
      add_helper(picture, each, machine.reader);
    } else if (!is_readable(each)) {
      ++picture.closed;
    } else {
      ++counts[each.name];
      ++picture.plain_count;
    }
  }
  picture.plain.assign(counts.begin(), counts.end());
  std::stable_sort(picture.plain.begin(), picture.plain.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
}

}  // namespace

Picture make_picture(const plan::Machine& machine, std::span<const Recorded> records) {
  Sorting sorting(machine);
  sorting.place_readable();
  sorting.place_recorded(records);
  sorting.place_by_kinship();
  sorting.place_closed();
  sorting.place_ended();
  Picture picture{.kernel = machine.kernel, .host = machine.host, .processors = machine.processors, .ticks = machine.ticks, .kernel_threads = machine.kernel_threads,
                  .here = machine.here, .from_within = machine.here[plan::user_wall] != plan::first_user_namespace};
  std::vector<LiveProcess> helpers;
  picture.groups.reserve(sorting.groups().size());
  for (Group& group : sorting.groups()) {
    choose_leader(group);
    if (helps_only(group)) {
      helpers.insert(helpers.end(), group.members.begin(), group.members.end());
      continue;
    }
    Evidence evidence = name_group(group, sorting.by_number());
    group.name = std::move(evidence.name);
    group.maker = std::move(evidence.maker);
    group.evidence = std::move(evidence.source);
    picture.groups.push_back(std::move(group));
  }
  const Homes homes = find_homes(picture.groups);
  for (Group& group : picture.groups) {
    judge_walls(group, picture.groups, machine.here);
    find_outer(group, homes, sorting.by_number());
  }
  std::stable_sort(picture.groups.begin(), picture.groups.end(), [](const Group& a, const Group& b) {
    return std::tuple(rank_of(a), a.members[a.leader].pid) < std::tuple(rank_of(b), b.members[b.leader].pid);
  });
  for (const LiveProcess& each : helpers) add_helper(picture, each, machine.reader);
  place_plain(picture, machine, sorting);
  settle_roles(picture);
  std::stable_sort(picture.helpers.begin(), picture.helpers.end(), [](const Helper& a, const Helper& b) { return a.process.pid < b.process.pid; });
  return picture;
}

std::optional<Group> find_group(const Picture& picture, const plan::Machine& machine, pid_t pid) {
  if (const auto found = group_with(picture.groups, pid)) return picture.groups[*found];
  const auto process = std::find_if(machine.processes.begin(), machine.processes.end(), [pid](const LiveProcess& each) { return each.pid == pid; });
  if (process == machine.processes.end()) return {};
  Group group{.name = process->name, .maker = {}, .evidence = "its own name", .inodes = process->walls};
  group.members.push_back(*process);
  judge_walls(group, {}, picture.here);
  return group;
}

void gather_alike(Picture& picture) {
  std::vector<Group> kept;
  std::vector<std::size_t> places;
  for (Group& group : picture.groups) {
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const Group& other) {
      return !group.record && !other.record && other.name == group.name && other.maker == group.maker && other.walls == group.walls &&
             doors_of(other) == doors_of(group) && limits_sentence(other) == limits_sentence(group);
    });
    places.push_back(static_cast<std::size_t>(same - kept.begin()));
    if (same == kept.end()) kept.push_back(std::move(group));
    else ++same->alike;
  }
  picture.groups = std::move(kept);
  for (Helper& helper : picture.helpers)
    if (helper.of) helper.of = places[*helper.of];
}

}  // namespace snug::explain
