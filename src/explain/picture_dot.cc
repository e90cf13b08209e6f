#include <algorithm>

#include "sheet.hh"
#include "snug/base/text.hh"

namespace snug::explain {
namespace {

constexpr std::size_t shown = 8;

// In double quotes, as graphviz reads them; "\n" is a line feed there.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char each : printable(text)) {
    if (each == '"' || each == '\\') out += '\\';
    out += each == '&' ? std::string("&amp;") : std::string(1, each);  // it reads entities
  }
  return out + "\"";
}

std::string with_number(std::string_view text, std::string_view second) {
  std::string out = in_quotes(text);
  out.pop_back();
  return format("{}\\n{}", out, in_quotes(second).substr(1));
}

std::string walls_of(const Group& group) {
  std::string own, shared;
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) {
    if (group.walls[wall] == Standing::own) own += format(" {}", plan::wall_names[wall]);
    if (group.walls[wall] == Standing::shared) shared += format(" {}", plan::wall_names[wall]);
  }
  return "own:" + (own.empty() ? " none" : own) + (shared.empty() ? "" : "; shared:" + shared);
}

std::string render_cluster(const Group& group, std::size_t number) {
  std::string name = group.name + (group.alike > 1 ? format(" x{}", group.alike) : "") + (group.maker.empty() ? "" : format(" ({})", group.maker));
  std::string text = format("  subgraph cluster_{} {{\n    label={};\n    penwidth=3; style=rounded;\n", number, with_number(name, walls_of(group)));
  for (std::size_t at = 0; at < std::min(shown, group.members.size()); ++at) {
    const plan::LiveProcess& each = group.members[at];
    const std::string numbers = each.numbers.size() > 1 ? format("{} in here, {} out there", each.numbers.back(), each.pid) : format("{}", each.pid);
    text += format("    p{} [label={}];\n", each.pid, with_number(each.name, numbers));
  }
  if (group.members.size() > shown) text += format("    more{} [label=\"and {} more\", shape=plaintext];\n", number, group.members.size() - shown);
  text += "  }\n";
  for (std::size_t at = 0; at < std::min(shown, group.members.size()); ++at) text += format("  p{} -> kernel;\n", group.members[at].pid);
  return text;
}

}  // namespace

std::string render_picture_dot(const Picture& picture) {
  std::string text = "digraph walls {\n  rankdir=TB; node [shape=box, fontname=\"sans-serif\"]; edge [arrowsize=0.6, color=gray]; fontname=\"sans-serif\";\n";
  for (std::size_t at = 0; at < picture.groups.size(); ++at) text += render_cluster(picture.groups[at], at);
  for (const Helper& each : picture.helpers) {
    text += format("  p{0} [label={1}, shape=plaintext];\n  p{0} -> kernel;\n", each.process.pid, with_number(each.name, format("{}: {}", each.process.pid, each.role)));
  }
  text += format("  plain [label=\"{}\", shape=plaintext];\n  plain -> kernel;\n", counted(picture.plain_count, "process without walls", "processes without walls"));
  if (picture.closed) text += format("  closed [label=\"{} not readable\", shape=plaintext];\n", counted(picture.closed, "process of others:", "processes of others:"));
  text += format("  kernel [label={}, style=filled, fillcolor=lightsteelblue, width=8];\n}}\n", with_number("one kernel", drawable(picture.kernel, {})));
  return text;
}

}  // namespace snug::explain
