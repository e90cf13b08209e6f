#include <algorithm>
#include <limits>

#include "draft.hh"
#include "snug/base/text.hh"
#include "snug/plan/hints.hh"

namespace snug::plan {
namespace {

std::uint64_t total(const std::vector<SubIdRange>& ranges) {
  std::uint64_t sum = 0;
  for (const SubIdRange& range : ranges) sum += range.count;
  return sum;
}

// Hands out sub-ids from the front of the ranges, as lines of a map.
class SubIds {
 public:
  explicit SubIds(const std::vector<SubIdRange>& ranges) : ranges_(ranges) {}

  void map(std::vector<IdRange>& lines, std::uint64_t inside, std::uint64_t wanted) {
    while (wanted > 0 && !ranges_.empty()) {
      SubIdRange& front = ranges_.front();
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(front.count, wanted));
      lines.push_back({{static_cast<std::uint32_t>(inside)}, front.first, count});
      front.first.value += count;
      front.count -= count;
      if (front.count == 0) ranges_.erase(ranges_.begin());
      inside += count;
      wanted -= count;
    }
  }

 private:
  std::vector<SubIdRange> ranges_;
};

// The caller's id stands at `self`, the sub-ids fill what is below and above it.
std::vector<IdRange> map_around(ContainerId self, HostId caller, const std::vector<SubIdRange>& sub_ids) {
  SubIds rest(sub_ids);
  std::vector<IdRange> lines;
  rest.map(lines, 0, self.value);
  lines.push_back({self, caller, 1});
  rest.map(lines, std::uint64_t{self.value} + 1, total(sub_ids));
  return lines;
}

std::string remedy(Explanation explanation) {
  explanation.cause.clear();
  return render_hint(explanation);
}

Verdict check_explicit(const std::vector<IdRange>& map, std::string_view option) {
  for (const IdRange& a : map) {
    if (a.count == 0 || std::uint64_t{a.inside.value} + a.count > std::numeric_limits<std::uint32_t>::max() ||
        std::uint64_t{a.outside.value} + a.count > std::numeric_limits<std::uint32_t>::max())
      return Refusal{format("{}: the range at {} is empty or too long", option, a.inside.value), {}};
    for (const IdRange& b : map) {
      if (&a == &b) continue;
      if (a.inside.value < b.inside.value + b.count && b.inside.value < a.inside.value + a.count)
        return Refusal{format("{}: the ranges at {} and {} overlap", option, a.inside.value, b.inside.value), {}};
      if (a.outside.value < b.outside.value + b.count && b.outside.value < a.outside.value + a.count)
        return Refusal{format("{}: the ranges at {} and {} overlap on the host, from {} and from {} on", option, a.inside.value, b.inside.value, a.outside.value, b.outside.value), {}};
    }
  }
  return {};
}

const IdRange* find_outside(const std::vector<IdRange>& map, HostId id) {
  for (const IdRange& range : map)
    if (id >= range.outside && id.value - range.outside.value < range.count) return &range;
  return nullptr;
}

ContainerId inside_of(const std::vector<IdRange>& map, HostId id) {
  const IdRange* range = find_outside(map, id);
  return range ? ContainerId{range->inside.value + (id.value - range->outside.value)} : ContainerId{overflow_id};
}

bool is_one_line(const std::vector<IdRange>& map, HostId id) {
  return map.size() == 1 && map[0].count == 1 && map[0].outside == id;
}

Verdict plan_explicit(Draft& draft) {
  const IdMapChoice& choice = draft.spec.id_map;
  IdMaps& maps = draft.maps;
  maps.uids = choice.uids.empty() ? choice.gids : choice.uids;
  maps.gids = choice.gids.empty() ? choice.uids : choice.gids;
  if (Verdict refused = check_explicit(maps.uids, "--uidmap")) return refused;
  if (Verdict refused = check_explicit(maps.gids, "--gidmap")) return refused;
  maps.helpers = !is_one_line(maps.uids, draft.facts.uid) || !is_one_line(maps.gids, draft.facts.gid);
  if (!maps.helpers) return {};
  if (const auto missing = find_missing_ranges(draft.facts); missing && draft.facts.newuidmap.empty())
    return Refusal{format("--uidmap: {}", missing->cause), remedy(*missing)};
  return {};
}

void plan_around_caller(Draft& draft) {
  const IdMapChoice& choice = draft.spec.id_map;
  const HostFacts& facts = draft.facts;
  const bool keep = choice.mode == IdMapChoice::Mode::keep_id;
  const ContainerId uid = keep ? choice.keep_uid.value_or(ContainerId{facts.uid.value}) : ContainerId{0};
  const ContainerId gid = keep ? choice.keep_gid.value_or(ContainerId{facts.gid.value}) : ContainerId{0};
  IdMaps& maps = draft.maps;
  maps.helpers = choice.mode != IdMapChoice::Mode::single && !find_missing_ranges(facts);
  if (maps.helpers) {
    maps.uids = map_around(uid, facts.uid, facts.subuids);
    maps.gids = map_around(gid, facts.gid, facts.subgids);
    return;
  }
  maps.uids = {{uid, facts.uid, 1}};
  maps.gids = {{gid, facts.gid, 1}};
}

}  // namespace

const IdRange* find_range(const std::vector<IdRange>& map, ContainerId id) {
  for (const IdRange& range : map)
    if (id >= range.inside && id.value - range.inside.value < range.count) return &range;
  return nullptr;
}

ContainerId root_or(ContainerId caller, const std::vector<IdRange>& map) {
  for (const ContainerId id : {ContainerId{0}, caller})
    if (find_range(map, id)) return id;
  return map.empty() ? ContainerId{0} : map.front().inside;
}

void find_caller(IdMaps& maps, const HostFacts& facts) {
  maps.caller_uid = inside_of(maps.uids, facts.uid);
  maps.caller_gid = inside_of(maps.gids, facts.gid);
  // Set up as the caller, who may walk to his own folders; as a sub-id one may not, where a folder on the way is
  // closed to others and belongs to a group that is not mapped.
  const bool mapped = find_outside(maps.uids, facts.uid) && find_outside(maps.gids, facts.gid);
  maps.setup_uid = mapped ? maps.caller_uid : maps.uids[0].inside;
  maps.setup_gid = mapped ? maps.caller_gid : maps.gids[0].inside;
}

WriteIdMaps id_maps_of(const Draft& draft) {
  const IdMaps& maps = draft.maps;
  WriteIdMaps write{maps.uids, maps.gids, {}, {}, !maps.helpers};
  if (maps.helpers) write.newuidmap = draft.facts.newuidmap, write.newgidmap = draft.facts.newgidmap;
  return write;
}

std::variant<WriteIdMaps, Refusal> make_id_maps(const Spec& spec, const HostFacts& facts) {
  if (std::holds_alternative<JoinNamespace>(spec.namespaces.user) && spec.id_map.mode != IdMapChoice::Mode::ranges)
    return Refusal{"--userns ns: an image's layers are unpacked for one id map, and that of a joined namespace is not known",
                   "leave it out, or run the image where the namespace was made"};
  Draft draft(spec, facts);
  if (Verdict refused = plan_id_maps(draft)) return *std::move(refused);
  return id_maps_of(draft);
}

std::string map_lines(const std::vector<IdRange>& map) {
  std::string text;
  for (const IdRange& range : map) text += format("{} {} {}\n", range.inside.value, range.outside.value, range.count);
  return text;
}

Verdict plan_id_maps(Draft& draft) {
  const HostFacts& facts = draft.facts;
  IdMaps& maps = draft.maps;
  if (is_host(draft.spec.namespaces.user)) {
    if (!facts.privileged)
      return Refusal{"--userns host: without a user namespace of its own no wall can be raised by an ordinary user",
                     "leave --userns out, or run as root"};
    constexpr std::uint32_t all = std::numeric_limits<std::uint32_t>::max();
    maps.uids = maps.gids = {{{0}, {0}, all}};
  } else if (!is_new(draft.spec.namespaces.user)) {
    // Somebody else wrote the map of a namespace that is joined. Where it is not known the ids in it are taken as they come.
    if (draft.spec.id_map.mode == IdMapChoice::Mode::ranges) {
      if (Verdict refused = plan_explicit(draft)) return refused;
      find_caller(maps, facts);
      return {};
    }
    constexpr std::uint32_t all = std::numeric_limits<std::uint32_t>::max();
    maps.uids = maps.gids = {{{0}, {0}, all}};
    maps.caller_uid = maps.caller_gid = {0};
    return {};
  } else if (draft.spec.id_map.mode == IdMapChoice::Mode::ranges) {
    if (Verdict refused = plan_explicit(draft)) return refused;
  } else {
    plan_around_caller(draft);
  }
  // In a map that an ordinary user wrote setgroups(2) is denied (user_namespaces(7)), and so it is by newgidmap(1) in one of his own group alone.
  if (is_new(draft.spec.namespaces.user)) maps.sets_groups = maps.helpers && !is_one_line(maps.gids, facts.gid);
  find_caller(maps, facts);
  return {};
}

Verdict tell_one_id(Draft& draft) {
  const IdMapChoice::Mode mode = draft.spec.id_map.mode;
  if (!is_new(draft.spec.namespaces.user) || mode == IdMapChoice::Mode::single || mode == IdMapChoice::Mode::ranges) return {};
  const auto missing = find_missing_ranges(draft.facts);
  if (!missing) return {};
  const char* answered = remembers_owners(draft) ? "; the owners that files were to have are remembered (--emulate-root)"
                         : emulates_root(draft)  ? "; chown, apt and the like are answered as if they could (--emulate-root)"
                                                 : "";
  draft.notice("idmap", format("only one id is mapped, so programs inside cannot change owners or users{}: {}", answered, missing->cause), remedy(*missing));
  return {};
}

}  // namespace snug::plan
