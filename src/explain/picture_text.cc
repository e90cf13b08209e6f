// The picture for a terminal: a cabinet that is the kernel, all of one piece, and on its shelves, which are one floor, a box for each group, and
// beside them, in no box, those who have no walls.

#include <algorithm>
#include <array>

#include "group_words.hh"
#include "helper_lines.hh"
#include "sheet.hh"
#include "snug/base/text.hh"

namespace snug::explain {
namespace {

constexpr std::size_t narrowest_box = 36, shown_members = 6, shown_doors = 6, shown_helpers = 12;

using Rows = std::vector<Row>;

Row text_row(std::string text, Ink ink = Ink::plain) { return {{std::move(text), ink}}; }

// As many columns as there is room for, each as wide as its widest wall.
Rows wall_rows(const Group& group, std::size_t width, const Style& style) {
  std::vector<Row> cells;
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) {
    const Piece mark = mark_of(group.walls[wall], style);
    Row cell{mark, {format(" {}", plan::wall_names[wall]), group.walls[wall] == Standing::hosts ? Ink::faint : Ink::plain}};
    if (style.inodes) cell.push_back({group.inodes[wall] ? format(" {}", group.inodes[wall]) : " ?", Ink::faint});
    cells.push_back(std::move(cell));
  }
  for (const std::size_t columns : {8, 4, 2, 1}) {
    std::vector<std::size_t> widths(columns);
    for (std::size_t at = 0; at < cells.size(); ++at) widths[at % columns] = std::max(widths[at % columns], width_of(cells[at]));
    std::size_t total = 2 * (columns - 1);
    for (const std::size_t each : widths) total += each;
    if (total > width && columns > 1) continue;
    Rows rows(cells.size() / columns);
    for (std::size_t at = 0; at < cells.size(); ++at) {
      Row cell = fitted(cells[at], widths[at % columns] + (at % columns + 1 < columns ? 2 : 0), style);
      rows[at / columns].insert(rows[at / columns].end(), cell.begin(), cell.end());
    }
    return rows;
  }
  return {};
}

Rows partner_rows(const Group& group, const Style& style) {
  Rows rows;
  for (const Sharing& each : sharings_of(group)) rows.push_back({mark_of(Standing::shared, style), {format(" {} with {}", each.walls, drawable(each.with, style))}});
  return rows;
}

Rows member_rows(const Group& group, const Style& style) {
  std::size_t here = 4, inside = 6;
  for (const plan::LiveProcess& each : group.members) here = std::max(here, format("{}", each.pid).size());
  Rows rows{text_row(format("{:>{}} {:>{}}", "here", here, "inside", inside), Ink::faint)};
  const std::size_t shown = group.members.size() <= shown_members + 1 ? group.members.size() : shown_members;
  const bool same = group.members[group.leader].numbers.size() < 2;
  for (std::size_t at = 0; at < shown; ++at) {
    const plan::LiveProcess& each = group.members[at];
    const std::string number = same ? "same" : format("{}", each.numbers.back());
    rows.push_back({{format("{:>{}} ", each.pid, here), Ink::faint}, {format("{:>{}}", number, inside), same ? Ink::faint : Ink::plain}, {"  " + drawable(title_of(each), style)}});
  }
  if (shown < group.members.size()) rows.push_back(text_row(format("and {} more", group.members.size() - shown), Ink::faint));
  return rows;
}

// Of a path that has not the room its end, which tells it from others.
std::string end_of(const std::string& path, std::size_t width, const Style& style) {
  const std::string_view cut = signs_of(style).cut;
  std::string_view end = path;
  if (width < 8 || width_of(text_row(path)) <= width) return path;
  while (width_of(text_row(std::string(cut) + std::string(end))) > width) {
    end.remove_prefix(1);
    while (!end.empty() && (static_cast<unsigned char>(end.front()) & 0xC0U) == 0x80) end.remove_prefix(1);
  }
  return std::string(cut) + std::string(end);
}

Rows door_rows(const Group& group, std::size_t width, const Style& style) {
  Rows rows;
  const Signs& signs = signs_of(style);
  const std::vector<Door> doors = doors_of(group);
  for (const Door& door : doors) {
    if (rows.size() == shown_doors) {
      rows.push_back({{std::string(signs.door), Ink::door}, {format("and {}", counted(doors.size() - shown_doors, "more door", "more doors")), Ink::door}});
      break;
    }
    const std::string outside = drawable(door.outside, style), mark = door.read_only ? " (ro)" : "";
    std::string text = leads_by_network(door) ? format("{} {}", door.kind, outside) : drawable(door.inside, style);
    if (door.kind == "device" || door.kind == "socket") text = door.kind + " " + text;
    if (!leads_by_network(door) && door.inside != door.outside) {
      text += format(" {} ", signs.from);
      const std::size_t taken = width_of(text_row(text + mark));
      text += end_of(outside, width - std::min(width, taken), style);
    }
    // The first piece goes into the wall.
    rows.push_back({{std::string(door.read_only ? signs.one_way : signs.door), Ink::door}, {std::move(text), Ink::door}, {mark, Ink::faint}});
  }
  return rows;
}

Rows note_rows(const Group& group, std::size_t width, const Style& style) {
  Rows rows;
  if (group.record && !group.record->image.empty()) rows.push_back(text_row("from " + drawable(group.record->image, style), Ink::faint));
  if (!group.within.empty()) rows.push_back(text_row("started in " + drawable(group.within, style), Ink::faint));
  if (group.insides && !group.insides->mounts && group.walls[plan::mount_wall] != Standing::hosts) rows.push_back(text_row("doors: not readable", Ink::unknown));
  if (group.insides && group.insides->more_mounts) rows.push_back(text_row(format("doors: {} mounts not looked at", group.insides->more_mounts), Ink::unknown));
  if (const std::string limits = limits_sentence(group); !limits.empty())
    for (Row& row : words_of(limits, has_limits(group) ? Ink::faint : Ink::unknown, width, style)) rows.push_back(std::move(row));
  return rows;
}

// Thick walls: who has its own users, files and processes.
bool is_contained(const Group& group) {
  return std::none_of(group.walls.begin(), group.walls.begin() + 3, [](Standing each) { return each == Standing::hosts; });
}

std::string repeated(std::string_view sign, std::size_t count) {
  std::string text;
  for (; count > 0; --count) text += sign;
  return text;
}

// The name at the left, who made it at the right.
Row top_of(const Group& group, std::size_t width, const std::string_view (&line)[6], const Style& style) {
  const std::string times = group.alike > 1 ? format(" {}{}", signs_of(style).times, group.alike) : "";
  Row maker = group.maker.empty() ? Row{} : Row{{" " + drawable(group.maker, style) + " ", Ink::maker}};
  if (width_of(maker) > width / 2) maker = fitted(std::move(maker), width / 2, style);
  Row name{{" " + drawable(group.name, style), Ink::strong}};
  const std::size_t room = width - 6 - width_of(maker) - width_of(text_row(times));
  if (width_of(name) > room) name = fitted(std::move(name), room, style);
  name.push_back({times + " ", Ink::strong});
  Row top{{std::string(line[0]) + std::string(line[4])}};
  top.insert(top.end(), name.begin(), name.end());
  top.push_back({repeated(line[4], width - 4 - width_of(name) - width_of(maker))});
  top.insert(top.end(), maker.begin(), maker.end());
  top.push_back({std::string(line[4]) + std::string(line[1])});
  return top;
}

Rows box_of(const Group& group, std::size_t width, const Style& style) {
  const Signs& signs = signs_of(style);
  const auto& line = is_contained(group) ? signs.thick : signs.thin;
  const std::size_t inner = width - 4;
  const std::string side(line[5]);
  Rows content;
  const auto add = [&](Row row, Piece left) {
    row = fitted(std::move(row), inner, style);
    row.insert(row.begin(), {{std::move(left)}, {" "}});
    row.push_back({" " + side});
    content.push_back(std::move(row));
  };
  for (Row& row : member_rows(group, style)) add(std::move(row), {side});
  for (Row& row : door_rows(group, inner, style)) {
    Piece door = row.front();
    row.erase(row.begin());
    add(std::move(row), std::move(door));
  }
  for (Rows part : {note_rows(group, inner, style), Rows{{}}, wall_rows(group, inner, style), partner_rows(group, style)})
    for (Row& row : part) add(std::move(row), {side});
  Rows rows{top_of(group, width, line, style)};
  rows.insert(rows.end(), content.begin(), content.end());
  rows.push_back(text_row(std::string(line[2]) + repeated(line[4], width - 2) + std::string(line[3])));
  return rows;
}

Rows helper_rows(const Picture& picture, std::size_t width, const Style& style) {
  Rows rows;
  const std::vector<HelperLine> all = helper_lines(picture, shown_helpers);
  std::size_t number = 4;
  for (const HelperLine& each : all) number = std::max(number, format("{}", each.pid).size());
  for (const HelperLine& each : all) {
    const std::string name = drawable(each.name, style) + (each.count > 1 ? format(" {}{}", signs_of(style).times, each.count) : "");
    Row left{{format("{:>{}} ", each.pid ? format("{}", each.pid) : "", number), Ink::faint}, {name, Ink::strong}, {"  " + drawable(each.role, style), Ink::plain}};
    if (!each.walls.empty()) left.push_back({format(", behind{}", each.walls), Ink::faint});
    rows.push_back(apart(std::move(left), {{render_processor_time(each.time, picture.ticks), Ink::faint}}, width, style));
  }
  if (const std::size_t untold = count_untold(picture, all)) rows.push_back(text_row(format("and {} more of their kind", untold), Ink::faint));
  return rows;
}

// Those who have no walls: beside the boxes, on the same floor.
Rows open_cell(const Picture& picture, std::size_t width, const Style& style) {
  Rows rows{text_row("no walls: just processes", Ink::strong)};
  for (Row& row : helper_rows(picture, width, style)) rows.push_back(std::move(row));
  std::vector<Row> words;
  std::size_t shown = 0;
  for (const auto& [name, count] : picture.plain) {
    if (words.size() == 12) break;
    words.push_back(text_row(drawable(name, style) + (count > 1 ? format(" {}{}", signs_of(style).times, count) : "")));
    shown += count;
  }
  if (shown < picture.plain_count) words.push_back(text_row(format("and {} more", picture.plain_count - shown), Ink::faint));
  for (Row& row : flowed(words, width, "  ", style)) rows.push_back(std::move(row));
  if (picture.closed) rows.push_back(text_row(format("{} not readable", counted(picture.closed, "process of others:", "processes of others:")), Ink::unknown));
  for (Row& row : rows) row = fitted(std::move(row), width, style);
  return rows;
}

/// The cabinet: rows of cells of one width between two sides.
class Cabinet {
 public:
  Cabinet(std::size_t width, const Style& style) : width_(width), style_(style), signs_(signs_of(style)) {}

  // What is lower stands on the same floor.
  void add_shelf(const std::vector<Rows>& cells) {
    std::size_t height = 0;
    for (const Rows& each : cells) height = std::max(height, each.size());
    for (std::size_t line = 0; line < height; ++line) {
      Row row;
      for (const Rows& cell : cells) {
        if (&cell != cells.data()) row.push_back({"  "});
        const std::size_t above = height - cell.size();
        if (line < above) row.push_back({std::string(width_of(cell.front()), ' ')});
        else row.insert(row.end(), cell[line - above].begin(), cell[line - above].end());
      }
      add(std::move(row));
    }
    rule(signs_.shelf[2], signs_.shelf[3]);
  }

  void add(Row row) {
    row = fitted(std::move(row), width_ - 4, style_);
    row.insert(row.begin(), {std::string(signs_.shelf[1]) + " ", Ink::kernel});
    row.push_back({" " + std::string(signs_.shelf[1]), Ink::kernel});
    rows.push_back(std::move(row));
  }

  void rule(std::string_view left, std::string_view right) {
    rows.push_back(text_row(std::string(left) + repeated(signs_.shelf[0], width_ - 2) + std::string(right), Ink::kernel));
  }

  Rows rows;

 private:
  std::size_t width_;
  const Style& style_;
  const Signs& signs_;
};

Rows legend_of(const Picture& picture, std::size_t width, const Style& style) {
  std::array<bool, 4> seen{};
  for (const Group& group : picture.groups)
    for (const Standing each : group.walls) seen[static_cast<std::size_t>(each)] = true;
  constexpr std::array<std::string_view, 4> words{"its own wall", "shared with another box", "the host's", "not readable"};
  Rows parts;
  for (std::size_t at = 0; at < words.size(); ++at)
    if (seen[at]) parts.push_back({mark_of(static_cast<Standing>(at), style), {format(" {}", words[at]), Ink::faint}});
  const Signs& signs = signs_of(style);
  std::array<bool, 2> doors{};  // by whether they are read-only
  for (const Group& group : picture.groups)
    for (const Door& door : doors_of(group)) doors[door.read_only && signs.one_way != signs.door] = true;
  if (doors[false]) parts.push_back({{std::string(signs.door), Ink::door}, {" a door", Ink::faint}});
  if (doors[true]) parts.push_back({{std::string(signs.one_way), Ink::door}, {" a door to read through only", Ink::faint}});
  if (counts_alike(picture)) parts.push_back({{format("{}N", signs.times), Ink::strong}, {" so many alike", Ink::faint}});
  Rows rows = flowed(parts, width - 2, "   ", style);
  for (Row& row : rows) row.insert(row.begin(), {"  "});
  return rows;
}

}  // namespace

std::string render_picture(const Picture& picture, const Style& style) {
  const std::size_t width = std::clamp<std::size_t>(style.width, narrowest_box + 4, 240), inner = width - 4;
  const std::size_t columns = std::max<std::size_t>(1, (inner + 2) / (narrowest_box + 2)), cells = std::min(columns, picture.groups.size() + 1);
  const std::size_t each = (inner - 2 * (cells - 1)) / cells;
  Cabinet cabinet(width, style);
  std::vector<Rows> shelf;
  for (const Group& group : picture.groups) {
    shelf.push_back(box_of(group, each, style));
    if (shelf.size() == cells) cabinet.add_shelf(std::exchange(shelf, {}));
  }
  shelf.push_back(open_cell(picture, inner - shelf.size() * (each + 2), style));
  cabinet.add_shelf(shelf);
  cabinet.add(apart({{"one kernel  ", Ink::kernel}, {drawable(picture.kernel, style), Ink::strong}, {" on " + drawable(picture.host, style)}}, {{counted(picture.processors, "processor", "processors"), Ink::faint}}, inner, style));
  for (Row& row : words_of(way_to_kernel(picture), Ink::faint, inner, style)) cabinet.add(std::move(row));
  if (picture.traced)
    for (Row& row : words_of(format("{} traced: another one can stop it at each call", counted(picture.traced, "process is", "processes are")), Ink::unknown, inner, style)) cabinet.add(std::move(row));
  const Signs& signs = signs_of(style);
  cabinet.rule(signs.shelf[5], signs.shelf[6]);
  Rows rows = std::move(cabinet.rows);
  for (Row& row : legend_of(picture, width, style)) rows.push_back(std::move(row));
  if (picture.from_within)
    for (Row& row : words_of("seen from within a user namespace: what is called the host's is what snug itself lives in", Ink::unknown, width, style)) rows.push_back(std::move(row));
  return render_rows(rows, style);
}

}  // namespace snug::explain
