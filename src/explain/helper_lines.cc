#include "helper_lines.hh"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "snug/base/text.hh"

namespace snug::explain {
namespace {

/// Those that do the same, in their order.
struct Kind {
  std::string name, does, walls;
  std::vector<const Helper*> helpers;
  bool folded = false;
};

// Walls of its own do not put a helper into a container.
std::string own_walls_of(const Helper& helper) {
  std::string text;
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall)
    if (helper.process.walls[wall] && helper.process.walls[wall] != helper.here[wall]) text += format(" {}", plan::wall_names[wall]);
  return text;
}

std::vector<Kind> kinds_of(const Picture& picture) {
  std::vector<Kind> kinds;
  for (const Helper& each : picture.helpers) {
    std::string walls = own_walls_of(each);
    const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return std::tie(kind.name, kind.does, kind.walls) == std::tie(each.name, each.does, walls); });
    if (same == kinds.end()) kinds.push_back({each.name, each.does, std::move(walls), {&each}});
    else same->helpers.push_back(&each);
  }
  return kinds;
}

// "monitor of web, db and 6 more"
std::string role_of_many(const Kind& kind, const Picture& picture) {
  std::vector<std::string> names;
  for (const Helper* each : kind.helpers)
    if (each->of && each->role.size() > kind.does.size())
      if (const std::string& name = picture.groups[*each->of].name; std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  if (names.empty()) return kind.helpers.front()->role;
  const std::size_t shown = names.size() == 3 ? 3 : std::min<std::size_t>(names.size(), 2);
  std::string text = kind.does;
  for (std::size_t at = 0; at < shown; ++at) text += (at ? ", " : " ") + names[at];
  return shown < names.size() ? text + format(" and {} more", names.size() - shown) : text;
}

HelperLine line_of(const Kind& kind, const Helper& helper) {
  return {.name = kind.name, .pid = helper.process.pid, .role = helper.role, .walls = kind.walls, .time = helper.process.time};
}

HelperLine line_of_many(const Kind& kind, const Picture& picture) {
  HelperLine line{.name = kind.name, .count = kind.helpers.size(), .role = role_of_many(kind, picture), .walls = kind.walls};
  for (const Helper* each : kind.helpers) line.time += each->process.time;
  return line;
}

// Each program once before any has its second line.
void put_different_first(std::vector<HelperLine>& lines) {
  std::set<std::string> seen;
  std::vector<HelperLine> first, later;
  for (HelperLine& each : lines) (seen.insert(each.name).second ? first : later).push_back(std::move(each));
  lines = std::move(first);
  std::move(later.begin(), later.end(), std::back_inserter(lines));
}

}  // namespace

std::vector<HelperLine> helper_lines(const Picture& picture, std::size_t most) {
  std::vector<Kind> kinds = kinds_of(picture);
  for (std::size_t count = picture.helpers.size(); count > most;) {
    const auto largest = std::max_element(kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) { return (a.folded ? 1 : a.helpers.size()) < (b.folded ? 1 : b.helpers.size()); });
    if (largest->folded || largest->helpers.size() == 1) break;
    largest->folded = true;
    count -= largest->helpers.size() - 1;
  }
  std::vector<HelperLine> lines;
  for (const Kind& kind : kinds) {
    if (kind.folded) lines.push_back(line_of_many(kind, picture));
    else for (const Helper* each : kind.helpers) lines.push_back(line_of(kind, *each));
  }
  if (lines.size() > most) {
    put_different_first(lines);
    lines.resize(most - 1);  // and one that counts the others
  }
  return lines;
}

std::size_t count_untold(const Picture& picture, const std::vector<HelperLine>& lines) {
  std::size_t told = 0;
  for (const HelperLine& each : lines) told += each.count;
  return picture.helpers.size() - told;
}

}  // namespace snug::explain
