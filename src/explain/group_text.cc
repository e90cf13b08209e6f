#include <algorithm>

#include "group_words.hh"
#include "sheet.hh"
#include "snug/base/text.hh"

namespace snug::explain {
namespace {

using plan::LiveProcess;
using Rows = std::vector<Row>;

/// A page of headings with rows below them.
class Page {
 public:
  explicit Page(const Style& style) : style_(style) {}

  void head(std::string_view text) { rows_.push_back({}), rows_.push_back({{std::string(text), Ink::strong}}); }
  void line(std::string text, Ink ink = Ink::plain) { add({{std::move(text), ink}}); }
  void add(Row row) {
    row.insert(row.begin(), {"  "});
    rows_.push_back(std::move(row));
  }
  void flow(const std::vector<std::string>& words) {
    Rows parts;
    for (const std::string& word : words) parts.push_back({{word}});
    for (Row& row : flowed(parts, std::max<std::size_t>(style_.width, 40) - 2, " ", style_)) add(std::move(row));
  }

  Rows take() { return std::move(rows_); }
  [[nodiscard]] const Style& style() const { return style_; }

 private:
  const Style& style_;
  Rows rows_;
};

std::string filled(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

void tell_ids(Page& page, const Group& group) {
  page.head("ids");
  const auto tell = [&](std::string_view what, const std::optional<std::vector<plan::IdRange>>& map) {
    if (!map) return page.line(format("{}s: not readable", what), Ink::unknown);
    for (std::string& sentence : id_sentences(what, *map)) page.line(std::move(sentence));
  };
  tell("uid", group.insides ? group.insides->uids : std::nullopt);
  tell("gid", group.insides ? group.insides->gids : std::nullopt);
}

void tell_walls(Page& page, const Group& group) {
  page.head("walls");
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) {
    const Standing standing = group.walls[wall];
    std::string text(standing == Standing::own ? "its own" : standing == Standing::hosts ? "the host's" : standing == Standing::shared ? "shared with" : "not readable");
    for (const std::string& name : group.partners[wall]) text += " " + drawable(name, page.style());
    Row row{mark_of(standing, page.style()), {" " + filled(std::string(plan::wall_names[wall]), 7)}};
    if (page.style().inodes) row.push_back({filled(group.inodes[wall] ? format("{}", group.inodes[wall]) : "?", 11), Ink::faint});
    row.push_back({std::move(text), standing == Standing::hosts ? Ink::faint : Ink::plain});
    page.add(std::move(row));
  }
}

void tell_mounts(Page& page, const Group& group) {
  page.head("mounts, and where each comes from");
  if (!group.insides || !group.insides->mounts) return page.line("not readable", Ink::unknown);
  std::size_t target = 0, type = 0;
  for (const plan::LiveMount& each : *group.insides->mounts) target = std::max(target, std::min<std::size_t>(drawable(each.target, page.style()).size(), 28)), type = std::max(type, each.type.size());
  for (const plan::LiveMount& each : *group.insides->mounts) {
    const bool read_only = each.options == "ro" || each.options.starts_with("ro,");
    page.add({{filled(drawable(each.target, page.style()), target) + "  ", Ink::door}, {filled(drawable(each.type, page.style()), type) + "  ", Ink::faint},
              {drawable(origin_sentence(each, group), page.style()) + (read_only ? ", read-only" : "")}});
  }
  if (group.insides->more_mounts) page.line(format("and {} more, which were not looked at", group.insides->more_mounts), Ink::unknown);
}

void tell_layers(Page& page, const Group& group) {
  if (!group.record || group.record->lowers.empty()) return;
  page.head("layers of its root, the topmost first");
  for (const std::string& each : group.record->lowers) page.line(drawable(each, page.style()));
}

void tell_rights(Page& page, const Group& group, const LiveProcess& member) {
  const auto names = capability_names(member.effective), bounding = capability_names(member.bounding);
  page.head(format("capabilities: {}", counted(names.size(), "in force", "in force")));
  if (names.empty()) page.line("none");
  else page.flow(names);
  if (bounding != names) page.line(format("programs that it starts can have {} at most", bounding.empty() ? "none" : format("{}", bounding.size())), Ink::faint);
  page.head("seccomp");
  page.line(drawable(seccomp_sentence(member, group), page.style()));
  page.head("user namespaces inside");
  page.line(nesting_sentence(group), group.insides && group.insides->user_namespaces ? Ink::plain : Ink::unknown);
  page.head("Landlock");
  page.line(landlock_sentence(group), group.record ? Ink::plain : Ink::unknown);
  if (group.record) page.head("session keyring"), page.line("its own: the caller's keys are not in there");
  page.head("no new privileges");
  page.line(privileges_sentence(member));
}

void tell_limits(Page& page, const Group& group) {
  page.head("limits");
  if (!has_limits(group)) page.line("not readable", Ink::unknown);
  else page.line(group.insides->limits->empty() ? "none but those of snug itself" : limits_sentence(group));
}

void tell_members(Page& page, const Group& group) {
  page.head("processes");
  Rows rows;
  page.line(format("{:>8} {:>8}", "here", "inside"), Ink::faint);
  for (const LiveProcess& each : group.members)
    page.add({{format("{:>8} {:>8}", each.pid, each.numbers.size() > 1 ? format("{}", each.numbers.back()) : "same"), Ink::faint}, {"  " + drawable(title_of(each), page.style())}});
}

void tell_network(Page& page, const Group& group) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> heads{
      {{"port", "ports"}, {"network", "networks that it shares"}, {"allow", "what alone it may send to"}, {"host-loopback", "what it reaches of the host's loopback"}}};
  const std::vector<Door> doors = doors_of(group);
  for (const auto& [kind, head] : heads) {
    std::vector<std::string> words;
    for (const Door& door : doors)
      if (door.kind == kind) words.push_back(drawable(door.outside, page.style()));
    if (!words.empty()) page.head(head), page.flow(words);
  }
}

void tell_path(Page& page, const Picture& picture, const Group& group, const LiveProcess& member) {
  const Signs& signs = signs_of(page.style());
  std::string arrow = " ";
  for (int count = 0; count < 6; ++count) arrow += signs.dash;
  arrow += std::string(signs.call) + " ";
  page.head("the path of a system call");
  page.add({{format("{} {}", drawable(member.name, page.style()), member.pid), Ink::own}, {arrow, Ink::faint}, {drawable(picture.kernel, page.style()), Ink::kernel}});
  const auto obstacles = obstacles_of(picture, member, group);
  if (obstacles.empty()) page.line("nothing is between");
  for (const std::string& each : obstacles) page.line("but " + drawable(each, page.style()), Ink::unknown);
  page.head("beside that path, and the processor time it has used");
  const auto bystanders = bystanders_of(picture, group, member);
  if (bystanders.empty()) page.line("nothing that snug knows of");
  for (const Bystander& each : bystanders)
    page.add({{format("{:>8}", each.process->pid), Ink::faint}, {"  " + filled(drawable(each.name, page.style()), 16)},
              {format("{:>10}", render_processor_time(each.process->time, picture.ticks)), Ink::strong}, {"  " + drawable(each.role, page.style()), Ink::faint}});
}

}  // namespace

std::string render_group(const Picture& picture, const Group& group, const LiveProcess& member, const Style& style) {
  Page page(style);
  page.head("");
  Row title{{drawable(group.name, style), Ink::strong}};
  if (!group.maker.empty()) title.push_back({format("  {}", drawable(group.maker, style)), Ink::maker});
  title.push_back({format("  (told by {})", drawable(group.evidence, style)), Ink::faint});
  page.add(std::move(title));
  page.line(format("process {} out here{}, user {}: {}", member.pid, member.numbers.size() > 1 ? format(", {} in there", member.numbers.back()) : "", member.uid, drawable(title_of(member), style)));
  if (group.record) page.line(format("container {}, from {}", group.record->id, drawable(group.record->image, style)), Ink::faint);
  if (!group.within.empty()) page.line("started in " + drawable(group.within, style), Ink::faint);
  tell_path(page, picture, group, member);
  tell_walls(page, group);
  tell_ids(page, group);
  tell_rights(page, group, member);
  tell_limits(page, group);
  tell_network(page, group);
  tell_members(page, group);
  tell_mounts(page, group);
  tell_layers(page, group);
  Rows rows = page.take();
  rows.erase(rows.begin(), rows.begin() + 2);
  return render_rows(rows, style);
}

}  // namespace snug::explain
