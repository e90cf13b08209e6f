#include <algorithm>
#include <set>

#include "group_words.hh"
#include "sheet.hh"
#include "snug/base/json.hh"
#include "snug/base/utf8.hh"

namespace snug::explain {
namespace {

/// One thing that two processes have in common, or not.
struct Point {
  enum class Verdict { apart, same, unknown };
  Verdict verdict = Verdict::unknown;
  std::string what, left, right;
};

using Verdict = Point::Verdict;

Verdict verdict_of(bool known, bool same) { return !known ? Verdict::unknown : same ? Verdict::same : Verdict::apart; }

std::string map_text(const std::optional<std::vector<plan::IdRange>>& map) {
  if (!map) return "not readable";
  std::vector<std::string> parts;
  for (const plan::IdRange& range : *map) parts.push_back(format("{}:{}:{}", range.inside.value, range.outside.value, range.count));
  return parts.empty() ? "none" : join(parts, " ");
}

Point map_point(std::string_view what, const std::optional<std::vector<plan::IdRange>>& left, const std::optional<std::vector<plan::IdRange>>& right) {
  return {verdict_of(left && right, left == right), std::string(what), map_text(left), map_text(right)};
}

const plan::LiveMount* root_of(const Side& side) {
  if (!side.insides.mounts) return nullptr;
  const auto found = std::find_if(side.insides.mounts->rbegin(), side.insides.mounts->rend(), [](const plan::LiveMount& each) { return each.target == "/"; });
  return found == side.insides.mounts->rend() ? nullptr : &*found;
}

// Two roots are one where both are seen at the same place of this machine.
Point root_point(const Side& left, const Side& right) {
  const plan::LiveMount *a = root_of(left), *b = root_of(right);
  const auto text = [](const plan::LiveMount* root) { return !root ? std::string("not readable") : root->origin.empty() ? format("{}, its own", root->type) : root->origin + " out here"; };
  const bool one_table = left.process.walls[plan::mount_wall] != 0 && left.process.walls[plan::mount_wall] == right.process.walls[plan::mount_wall];
  return {verdict_of((a && b) || one_table, one_table || (a && b && !a->origin.empty() && a->origin == b->origin)), "root", text(a), text(b)};
}

std::string capability_text(std::uint64_t set) {
  const auto names = capability_names(set);
  return names.empty() ? "none" : names.size() > 6 ? format("{} of them", names.size()) : join(names, " ");
}

Point text_point(std::string_view what, std::string left, std::string right) { return {verdict_of(true, left == right), std::string(what), std::move(left), std::move(right)}; }

std::string limits_text(const plan::Insides& insides) { return !insides.limits ? "not readable" : insides.limits->empty() ? "none seen" : join(*insides.limits, ", "); }

std::vector<Point> points_of(const Side& left, const Side& right) {
  std::vector<Point> points;
  const plan::LiveProcess &a = left.process, &b = right.process;
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) {
    const auto text = [wall](const plan::LiveProcess& each) { return each.walls[wall] ? format("{}", each.walls[wall]) : "not readable"; };
    points.push_back({verdict_of(a.walls[wall] && b.walls[wall], a.walls[wall] == b.walls[wall]), format("{} namespace", plan::wall_names[wall]), text(a), text(b)});
    // Numbers of different depths cannot be of one process namespace.
    if (wall == plan::pid_wall && points.back().verdict == Verdict::unknown && a.numbers.size() != b.numbers.size()) points.back().verdict = Verdict::apart;
  }
  points.push_back(map_point("uid map", left.insides.uids, right.insides.uids));
  points.push_back(map_point("gid map", left.insides.gids, right.insides.gids));
  points.push_back(text_point("user out here", format("{}", a.uid), format("{}", b.uid)));
  points.push_back(root_point(left, right));
  points.push_back({verdict_of(true, a.effective == b.effective), "capabilities", capability_text(a.effective), capability_text(b.effective)});
  points.push_back({verdict_of(true, a.bounding == b.bounding), "capabilities at most", capability_text(a.bounding), capability_text(b.bounding)});
  points.push_back(text_point("no new privileges", a.no_new_privileges ? "set" : "not set", b.no_new_privileges ? "set" : "not set"));
  points.push_back(text_point("seccomp filters", a.seccomp == 2 ? format("{}", a.filters) : a.seccomp == 1 ? "strict" : "none", b.seccomp == 2 ? format("{}", b.filters) : b.seccomp == 1 ? "strict" : "none"));
  points.push_back(text_point("cgroup", a.cgroup.empty() ? "not readable" : a.cgroup, b.cgroup.empty() ? "not readable" : b.cgroup));
  if (a.cgroup.empty() || b.cgroup.empty()) points.back().verdict = Verdict::unknown;
  points.push_back({verdict_of(left.insides.limits && right.insides.limits, left.insides.limits == right.insides.limits), "limits", limits_text(left.insides), limits_text(right.insides)});
  return points;
}

bool is_whole(const plan::LiveMount& mount) { return mount.origin.empty() || mount.covered || mount.type == "proc" || mount.type == "sysfs" || mount.type.starts_with("cgroup") || mount.what == plan::LiveMount::What::device; }

bool is_seen_by(const Side& side, std::string_view place) {
  return std::any_of(side.insides.mounts->begin(), side.insides.mounts->end(), [&](const plan::LiveMount& each) {
    return !is_whole(each) && (each.origin == "/" || each.origin == place || (place.starts_with(each.origin) && place.substr(each.origin.size()).starts_with('/')));
  });
}

// Through which folders, files and sockets of this machine the two can reach each other.
std::vector<std::string> meeting_places(const Side& left, const Side& right) {
  if (!left.insides.mounts || !right.insides.mounts) return {};
  std::set<std::string> places;
  for (const auto& [one, other] : {std::pair(&left, &right), std::pair(&right, &left)})
    for (const plan::LiveMount& each : *one->insides.mounts)
      if (!is_whole(each) && is_seen_by(*other, each.origin)) places.insert(each.origin);
  return {places.begin(), places.end()};
}

std::vector<std::string> common_networks(const Side& left, const Side& right) {
  std::vector<std::string> common;
  for (const std::string& each : left.networks)
    if (std::find(right.networks.begin(), right.networks.end(), each) != right.networks.end()) common.push_back(each);
  return common;
}

constexpr std::array<std::string_view, plan::wall_count> meanings{
    "the same ids, and the same rights over what both own", "the same mounts",  "each sees and can signal the other's processes", "the same interfaces: they meet on the loopback, and at abstract sockets",
    "the same host name",                                   "shared memory and message queues of System V and POSIX", "the same view of cgroups", "the same clocks"};

std::string_view word_of(Verdict verdict) { return verdict == Verdict::apart ? "apart" : verdict == Verdict::same ? "same" : "?"; }

}  // namespace

std::string render_comparison(const Side& left, const Side& right, const Style& style) {
  const std::vector<Point> points = points_of(left, right);
  std::size_t first = display_width(drawable(left.name, style)), second = display_width(drawable(right.name, style)), parted = 0, unread = 0;
  for (const Point& each : points) first = std::max(first, display_width(drawable(each.left, style))), second = std::max(second, display_width(drawable(each.right, style)));
  const std::size_t label = 22, room = std::max<std::size_t>(style.width, 60), both = room - label - 9;
  first = std::min(first, std::max(both / 2, both - std::min(second, both)));  // what one does not need the other may have
  const auto row_of = [&](Piece word, std::string_view what, std::string_view one, std::string_view other) {
    Row row = fitted({std::move(word)}, 7, style);
    for (Piece& piece : fitted({{std::string(what), Ink::strong}}, label, style)) row.push_back(std::move(piece));
    for (Piece& piece : fitted({{drawable(one, style)}}, first, style)) row.push_back(std::move(piece));
    row.push_back({"  " + drawable(other, style)});
    return width_of(row) > room ? fitted(std::move(row), room, style) : row;
  };
  std::vector<Row> rows{row_of({""}, "", left.name, right.name)};
  for (const Point& each : points) {
    const Ink ink = each.verdict == Verdict::apart ? Ink::own : each.verdict == Verdict::same ? Ink::shared : Ink::unknown;
    rows.push_back(row_of({std::string(word_of(each.verdict)), ink}, each.what, each.left, each.right));
  }
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) parted += points[wall].verdict == Verdict::apart, unread += points[wall].verdict == Verdict::unknown;
  rows.push_back({});
  rows.push_back({{format("{} of {} walls stand between them{}.", parted, plan::wall_count, unread ? format("; of {} nobody may know", unread) : ""), Ink::strong}});
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall)
    if (points[wall].verdict == Verdict::same) rows.push_back({{"  no wall  ", Ink::shared}, {format("{}: {}", plan::wall_names[wall], meanings[wall])}});
  if (points[plan::mount_wall].verdict == Verdict::apart)
    for (const std::string& place : meeting_places(left, right)) rows.push_back({{"  door     ", Ink::door}, {format("both see {} of this machine", drawable(place, style))}});
  if (points[plan::net_wall].verdict == Verdict::apart)
    for (const std::string& network : common_networks(left, right)) rows.push_back({{"  door     ", Ink::door}, {format("both are on the network {}", drawable(network, style))}});
  return render_rows(rows, style);
}

std::string render_comparison_json(const Side& left, const Side& right) {
  Json points = Json::array(), places = Json::array();
  for (const Point& each : points_of(left, right))
    points.push_back({{"what", each.what}, {"verdict", each.verdict == Verdict::unknown ? Json() : Json(std::string(word_of(each.verdict)))}, {"left", printable(each.left)}, {"right", printable(each.right)}});
  for (const std::string& place : meeting_places(left, right)) places.push_back(printable(place));
  return render_json({{"left", printable(left.name)}, {"right", printable(right.name)}, {"points", std::move(points)}, {"bothSee", std::move(places)}, {"bothOn", common_networks(left, right)}});
}

}  // namespace snug::explain
