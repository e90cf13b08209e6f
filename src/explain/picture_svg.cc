// The picture for a talk: the kernel is one piece of one colour, with a shelf for each row of boxes. A door is a gap in the wall. All that is
// needed is in the file; light or dark follows who looks at it.

#include <algorithm>
#include <array>
#include <utility>

#include "group_words.hh"
#include "helper_lines.hh"
#include "sheet.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"

namespace snug::explain {
namespace {

constexpr int edge = 32, rail = 14, gap = 28, cell = 358;
constexpr std::size_t least_across = 3;
constexpr int line = 22, chip = 30, letter = 8;
constexpr std::size_t shown_members = 6, shown_doors = 5, shown_helpers = 10, letters = static_cast<std::size_t>((cell - 36) / letter);

constexpr std::string_view head = R"(<style>
text{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:13px}
.name{font-family:system-ui,"DejaVu Sans",Helvetica,Arial,sans-serif;font-size:17px;font-weight:bold}
.title{font-family:system-ui,"DejaVu Sans",Helvetica,Arial,sans-serif;font-size:26px;font-weight:bold}
.said{font-family:system-ui,"DejaVu Sans",Helvetica,Arial,sans-serif;font-size:15px}
.small{font-size:12px}
.paper{fill:#fdfcf9}.ink{fill:#20242b}.faint{fill:#6b7280}.maker{fill:#0f6d84}.door{fill:#b4430b}.closed{fill:#8a3ab0}
.box{fill:#fff;stroke:#20242b}.gap{stroke:#fff}.bars{stroke-dasharray:3 2}.kernel{fill:#2c4a7a}.onkernel{fill:#fff}.onkernel2{fill:#c9d6ec}
.own{fill:#1c7c4a}.onown{fill:#fff}.shared{fill:#f3c969}.onshared{fill:#3b2a00}.hosts{fill:none;stroke:#9aa1ad;stroke-dasharray:4 4}.onhosts{fill:#6b7280}
.unknown{fill:none;stroke:#8a3ab0;stroke-dasharray:2 3}.onunknown{fill:#8a3ab0}
@media (prefers-color-scheme:dark){
.paper{fill:#14171c}.ink{fill:#e8eaed}.faint{fill:#9aa3b0}.maker{fill:#67c9df}.door{fill:#ff9a5c}.closed{fill:#d29bf0}
.box{fill:#1d2229;stroke:#e8eaed}.gap{stroke:#1d2229}.kernel{fill:#3d66a8}.onkernel2{fill:#dbe6f8}
.own{fill:#2ea567}.onown{fill:#04150c}.hosts{stroke:#6d7683}.onhosts{fill:#9aa3b0}.unknown{stroke:#d29bf0}.onunknown{fill:#d29bf0}}
</style>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char each : printable(text)) {
    if (each == '&') out += "&amp;";
    else if (each == '<') out += "&lt;";
    else if (each == '>') out += "&gt;";
    else out += each;
  }
  // Two characters that are none, and that XML does not take.
  for (const std::string_view bad : {"\xef\xbf\xbe", "\xef\xbf\xbf"})
    for (std::size_t at = 0; (at = out.find(bad, at)) != std::string::npos;) out.replace(at, bad.size(), "?");
  return out;
}

std::string cut(std::string_view text, std::size_t columns) {
  const std::string clean = printable(text);
  return display_width(clean) <= columns ? clean : std::string(fitting(clean, columns - 1)) + "…";
}

std::string words(int x, int y, std::string_view style, std::string_view text, std::string_view anchor = "start") {
  return format("<text x=\"{}\" y=\"{}\" class=\"{}\"{} xml:space=\"preserve\">{}</text>\n", x, y, style, anchor == "start" ? "" : format(" text-anchor=\"{}\"", anchor), escaped(text));
}

std::string_view class_of(Standing standing) {
  constexpr std::array<std::string_view, 4> names{"own", "shared", "hosts", "unknown"};
  return names.at(static_cast<std::size_t>(standing));
}

std::string chip_of(int x, int y, int width, std::string_view style, std::string_view text) {
  return format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"5\" class=\"{}\"/>\n", x, y, width, chip - 6, style) +
         words(x + width / 2, y + 16, format("on{} small", style), text, "middle");
}

/// A cell of a shelf: drawn from the top, so high.
struct Cell {
  std::string body;
  int height = 0;
};

std::string member_line(const plan::LiveProcess& each, int y) {
  const std::string number = each.numbers.size() > 1 ? format("{}", each.numbers.back()) : "";
  return words(18 + 5 * letter, y, "faint", number, "end") + words(18 + 6 * letter, y, "ink", cut(title_of(each), letters - 15)) + words(cell - 18, y, "faint", format("{}", each.pid), "end");
}

std::string door_text(const Door& door) {
  if (leads_by_network(door)) return format("{} {}", door.kind, door.outside);
  return door.inside == door.outside ? door.inside : format("{} ← {}", door.inside, door.outside);
}

// A gap in the wall; with bars before it where nothing can be put through.
std::string door_line(const Door& door, int y) {
  const std::string_view bars = door.read_only ? " bars" : "";
  std::string text = format("<line x1=\"0\" y1=\"{}\" x2=\"0\" y2=\"{}\" stroke-width=\"8\" class=\"gap{}\"/>\n", y - 14, y + 4, bars);
  return text + words(18, y, "door", cut(door_text(door), letters - (door.read_only ? 5 : 0)) + (door.read_only ? " (ro)" : ""));
}

Cell box_of(const Group& group) {
  std::string body;
  int y = 32;
  const std::string name = group.name + (group.alike > 1 ? format(" ×{}", group.alike) : "");
  body += words(18, y, "name ink", cut(name, 24)) + words(cell - 18, y, "maker", cut(group.maker, 12), "end");
  y += line + 4;
  body += words(18, y, "faint small", "inside") + words(cell - 18, y, "faint small", "out there", "end");
  const std::size_t shown = group.members.size() <= shown_members + 1 ? group.members.size() : shown_members;
  for (std::size_t at = 0; at < shown; ++at) body += member_line(group.members[at], y += line);
  if (shown < group.members.size()) body += words(18 + 6 * letter, y += line, "faint", format("and {} more", group.members.size() - shown));
  const std::vector<Door> doors = doors_of(group);
  for (std::size_t at = 0; at < std::min(shown_doors, doors.size()); ++at) body += door_line(doors[at], y += line);
  if (doors.size() > shown_doors) body += words(18, y += line, "door", format("and {}", counted(doors.size() - shown_doors, "more door", "more doors")));
  if (group.record && !group.record->image.empty()) body += words(18, y += line, "faint", cut("from " + group.record->image, letters));
  const std::string limits = limits_sentence(group);
  for (const Row& row : limits.empty() ? std::vector<Row>() : words_of(limits, Ink::faint, letters, {})) {
    std::string text;
    for (const Piece& piece : row) text += piece.text;
    body += words(18, y += line, "faint", text);
  }
  if (!group.within.empty()) body += words(18, y += line, "faint", cut("started in " + group.within, letters));
  y += 14;
  constexpr int each = (cell - 36 + 6) / 4;
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall)
    body += chip_of(18 + static_cast<int>(wall % 4) * each, y + static_cast<int>(wall / 4) * chip, each - 6, class_of(group.walls[wall]), plan::wall_names[wall]);
  y += 2 * chip + 8;
  for (const Sharing& sharing : sharings_of(group)) {
    body += format("<rect x=\"18\" y=\"{}\" width=\"10\" height=\"10\" rx=\"2\" class=\"shared\"/>\n", y) + words(34, y + 10, "ink", cut(format("{} with {}", sharing.walls, sharing.with), letters - 2));
    y += line;
  }
  const bool thick = std::none_of(group.walls.begin(), group.walls.begin() + 3, [](Standing standing) { return standing == Standing::hosts; });
  return {format("<rect x=\"0\" y=\"0\" width=\"{}\" height=\"{}\" rx=\"6\" stroke-width=\"{}\" class=\"box\"/>\n", cell, y, thick ? 6 : 2) + body, y};
}

Cell open_cell(const Picture& picture, int width) {
  const auto columns = static_cast<std::size_t>(width / letter);
  int y = 26;
  std::string body = words(0, y, "name ink", "no walls: just processes");
  y += 6;
  const std::vector<HelperLine> lines = helper_lines(picture, shown_helpers);
  for (const HelperLine& each : lines) {
    y += line;
    const std::string name = each.name + (each.count > 1 ? format(" ×{}", each.count) : "");
    const std::string number = each.pid ? format("{} ", each.pid) : "";
    body += words(0, y, "ink", cut(format("{}  {}", name, each.role), columns - 16)) + words(width, y, "faint", number + render_processor_time(each.time, picture.ticks), "end");
  }
  if (const std::size_t untold = count_untold(picture, lines)) body += words(0, y += line, "faint", format("and {} more of their kind", untold));
  std::vector<Row> names;
  std::size_t shown = 0;
  for (std::size_t at = 0; at < std::min<std::size_t>(16, picture.plain.size()); ++at) {
    const auto& [name, number] = picture.plain[at];
    names.push_back({{printable(name) + (number > 1 ? format(" ×{}", number) : "")}});
    shown += number;
  }
  if (shown < picture.plain_count) names.push_back({{format("and {} more", picture.plain_count - shown)}});
  for (const Row& row : flowed(names, columns, "  ", {})) {
    std::string text;
    for (const Piece& piece : row) text += piece.text;
    body += words(0, y += line, "faint", text);
  }
  if (picture.closed) body += words(0, y += line, "closed", format("{} not readable", counted(picture.closed, "process of others:", "processes of others:")));
  return {body, y + 18};
}

std::string slab(int x, int y, int width, int height) { return format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"kernel\"/>\n", x, y, width, height); }

/// A row of words and signs, that goes on below where it is full.
class Legend {
 public:
  Legend(int width, int y) : width_(width), y_(y) {}

  void add(std::string_view sign, std::string_view said) {
    const int length = 50 + 8 * static_cast<int>(said.size());
    if (x_ > edge && x_ + length > width_ - edge) x_ = edge, y_ += line + 6;
    text_ += format("<g transform=\"translate({},{})\">\n", x_, y_) + std::string(sign) + words(30, 0, "said faint", said) + "</g>\n";
    x_ += length;
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] int y() const { return y_; }

 private:
  int width_, y_, x_ = edge;
  std::string text_;
};

Legend legend_of(const Picture& picture, int width, int y) {
  constexpr std::array<std::string_view, 4> said{"a wall of its own", "shared with another box", "the host's", "not readable"};
  Legend legend(width, y);
  for (std::size_t at = 0; at < said.size(); ++at)
    legend.add(format("<rect x=\"0\" y=\"-13\" width=\"22\" height=\"16\" rx=\"4\" class=\"{}\"/>\n", class_of(static_cast<Standing>(at))), said[at]);
  const auto door = [](std::string_view between) {
    return format("<path d=\"M11 -20v7M11 0v7\" stroke-width=\"3\" class=\"box\"/>\n{}", between);
  };
  legend.add(door(""), "a door: a path, device, socket or port of the host");
  legend.add(door("<path d=\"M11 -13v13\" stroke-width=\"3\" stroke-dasharray=\"3 2\" class=\"box\"/>\n"), "a door to read through only");
  if (counts_alike(picture)) legend.add("<text x=\"0\" y=\"0\" class=\"said faint\">×N</text>\n", "so many alike");
  return legend;
}

int page_width(std::size_t across) { return 2 * (edge + rail) + gap + static_cast<int>(across) * (cell + gap); }

/// The boxes on their shelves, of which each is `across` boxes wide.
struct Shelves {
  int width = 0, height = 0;
  std::vector<Cell> cells;
  std::vector<int> heights;
};

Shelves fill_shelves(const Picture& picture, std::vector<Cell> cells, std::size_t across) {
  Shelves shelves{.width = page_width(across), .height = 0, .cells = std::move(cells), .heights = {}};
  const int taken = static_cast<int>(shelves.cells.size() % across) * (cell + gap);
  shelves.cells.push_back(open_cell(picture, shelves.width - 2 * (edge + rail + gap) - taken));
  for (std::size_t at = 0; at < shelves.cells.size(); ++at) {
    if (at % across == 0) shelves.heights.push_back(0);
    shelves.heights.back() = std::max(shelves.heights.back(), shelves.cells[at].height);
  }
  for (const int each : shelves.heights) shelves.height += each + 37;
  return shelves;
}

// Wider where there are many boxes, as what it is shown on is.
std::pair<Shelves, std::size_t> choose_shelves(const Picture& picture) {
  std::vector<Cell> cells;
  for (const Group& group : picture.groups) cells.push_back(box_of(group));
  for (std::size_t across = least_across;; ++across) {
    Shelves shelves = fill_shelves(picture, cells, across);
    constexpr int rest = 280;  // the title, the kernel and the legend
    if (across > cells.size() || (shelves.height + rest) * 4 <= shelves.width * 3) return {std::move(shelves), across};
  }
}

}  // namespace

std::string render_picture_svg(const Picture& picture) {
  const auto [shelves, across] = choose_shelves(picture);
  const int page = shelves.width, top = 96;
  std::string body;
  int y = top;
  for (std::size_t at = 0; at < shelves.cells.size(); ++at) {
    const Cell& each = shelves.cells[at];
    const int height = shelves.heights[at / across];
    body += format("<g transform=\"translate({},{})\">\n", edge + rail + gap + static_cast<int>(at % across) * (cell + gap), y + height - each.height) + each.body + "</g>\n";
    if (at + 1 < shelves.cells.size() && (at + 1) % across) continue;
    y += height + 3;
    body += slab(edge, y, page - 2 * edge, 10);
    y += 10 + 24;
  }
  y -= 24;
  std::string way = way_to_kernel(picture) + ".";
  way[0] = 'E';
  body += slab(edge, y - 10, page - 2 * edge, 86) + words(edge + rail + gap, y + 26, "name onkernel", "one kernel  " + picture.kernel) +
          words(page - edge - rail - gap, y + 26, "said onkernel2", format("{}, {} of its own", counted(picture.processors, "processor", "processors"), counted(picture.kernel_threads, "thread", "threads")), "end") +
          words(edge + rail + gap, y + 54, "said onkernel2", way);
  body += slab(edge, top, rail, y - top) + slab(page - edge - rail, top, rail, y - top);
  const Legend legend = legend_of(picture, page, y + 76 + 40);
  const int height = legend.y() + 36;
  return format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\">\n<title>{2}: containers are processes on one kernel</title>\n", page, height,
                escaped(picture.host)) +
         std::string(head) + format("<rect width=\"{}\" height=\"{}\" class=\"paper\"/>\n", page, height) + words(edge, 56, "title ink", picture.host) +
         words(edge + 20 + 16 * static_cast<int>(display_width(printable(picture.host))), 56, "said faint", format("{} behind walls", counted(picture.groups.size(), "group of processes", "groups of processes"))) +
         body + legend.text() + "</svg>\n";
}

}  // namespace snug::explain
