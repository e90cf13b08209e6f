#include "parse.hh"

#include <strings.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>

#include "snug/base/text.hh"

namespace snug::probe {
namespace {

constexpr std::size_t longest_line = 4096;

// The lines that are worth a look: not too long for an honest file, and without NUL.
std::vector<std::string_view> sound_lines(std::string_view text) {
  std::vector<std::string_view> sound;
  for (const std::string_view line : lines(text))
    if (line.size() <= longest_line && line.find('\0') == std::string_view::npos) sound.push_back(line);
  return sound;
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number >= std::numeric_limits<std::uint32_t>::max()) return {};
  return static_cast<std::uint32_t>(*number);
}

std::optional<plan::SubIdRange> parse_range(std::string_view first_id, std::string_view length) {
  const auto first = parse_id(first_id), count = parse_id(length);
  if (!first || !count || *count == 0 || *first + std::uint64_t{*count} > std::numeric_limits<std::uint32_t>::max()) return {};
  return plan::SubIdRange{{*first}, *count};
}

// Undoes the kernel's \040 for a blank and its like.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto digit = [&](std::size_t offset) {
      return at + offset < text.size() && text[at + offset] >= '0' && text[at + offset] <= '7' ? text[at + offset] - '0' : -1;
    };
    if (text[at] == '\\' && digit(1) >= 0 && digit(2) >= 0 && digit(3) >= 0) {
      out += static_cast<char>(digit(1) * 64 + digit(2) * 8 + digit(3));
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

}  // namespace

std::vector<plan::Account> parse_passwd(std::string_view text) {
  std::vector<plan::Account> accounts;
  for (const std::string_view line : sound_lines(text)) {
    const auto fields = split(line, ':');
    if (fields.size() != 7 || fields[0].empty()) continue;
    const auto uid = parse_id(fields[2]), gid = parse_id(fields[3]);
    if (uid && gid) accounts.push_back({fields[0], *uid, *gid, fields[5], fields[6]});
  }
  return accounts;
}

std::vector<plan::Group> parse_group(std::string_view text) {
  std::vector<plan::Group> groups;
  for (const std::string_view line : sound_lines(text)) {
    const auto fields = split(line, ':');
    if (fields.size() != 4 || fields[0].empty()) continue;
    if (const auto gid = parse_id(fields[2]))
      groups.push_back({fields[0], *gid, fields[3].empty() ? std::vector<std::string>() : split(fields[3], ',')});
  }
  return groups;
}

std::vector<plan::SubIdRange> parse_sub_ids(std::string_view text, std::string_view name, HostId uid) {
  std::vector<plan::SubIdRange> ranges;
  for (const std::string_view line : sound_lines(text)) {
    const auto fields = split(line, ':');
    if (fields.size() != 3) continue;
    const bool mine = (!name.empty() && fields[0] == name) || fields[0] == format("{}", uid.value);
    const auto range = parse_range(fields[1], fields[2]);
    if (mine && range) ranges.push_back(*range);
  }
  return ranges;
}

std::string sub_id_service(std::string_view text) {
  constexpr std::string_view database = "subid:";
  for (const std::string_view line : sound_lines(text)) {
    if (::strncasecmp(line.data(), database.data(), std::min(line.size(), database.size())) != 0 || line.size() < database.size()) continue;
    const std::string_view services = trimmed(line.substr(database.size()));
    const std::string service(services.substr(0, services.find_first_of(" \t#")));
    return service == "files" ? "" : service;
  }
  return {};
}

std::vector<plan::SubIdRange> parse_getsubids(std::string_view text, std::string_view name) {
  std::vector<plan::SubIdRange> ranges;
  for (const std::string_view line : lines(text)) {
    const auto fields = split(line, ' ');  // INDEX: NAME FIRST COUNT
    if (fields.size() != 4 || fields[0] != format("{}:", ranges.size()) || fields[1] != name) return {};
    const auto range = parse_range(fields[2], fields[3]);
    if (!range) return {};
    ranges.push_back(*range);
  }
  return ranges;
}

std::vector<plan::IdRange> parse_id_map(std::string_view text) {
  std::vector<plan::IdRange> map;
  for (const std::string_view line : lines(text)) {
    std::vector<std::string> fields = split(line, ' ');
    std::erase(fields, "");
    if (fields.size() != 3) return {};
    std::array<std::uint32_t, 3> numbers{};
    for (std::size_t at = 0; at < 3; ++at) {
      const auto number = parse_number(fields[at]);
      if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return {};
      numbers[at] = static_cast<std::uint32_t>(*number);
    }
    map.push_back({{numbers[0]}, {numbers[1]}, numbers[2]});
  }
  return map;
}

std::uint32_t next_sub_id(std::string_view text) {
  std::uint64_t next = 100000;
  for (const std::string_view line : sound_lines(text)) {
    const auto fields = split(line, ':');
    if (fields.size() != 3) continue;
    const auto first = parse_id(fields[1]), count = parse_id(fields[2]);
    if (first && count) next = std::max(next, std::uint64_t{*first} + *count);
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(next, std::numeric_limits<std::uint32_t>::max() - 65536));
}

std::vector<SeenMount> parse_seen_mounts(std::string_view text) {
  std::vector<SeenMount> mounts;
  for (const std::string_view line : lines(text)) {
    // ID PARENT MAJOR:MINOR ROOT TARGET OPTIONS [TAGS...] - TYPE SOURCE SUPER-OPTIONS
    const auto fields = split(line, ' ');
    const std::size_t dash = line.find(" - ");
    if (fields.size() < 10 || dash == std::string_view::npos) continue;
    const auto rest = split(line.substr(dash + 3), ' ');
    mounts.push_back({.target = unescape(fields[4]), .type = rest[0], .root = unescape(fields[3]), .device = fields[2],
                      .source = rest.size() > 1 ? unescape(rest[1]) : "", .options = fields[5],
                      .id = parse_number(fields[0]).value_or(0), .parent = parse_number(fields[1]).value_or(0)});
  }
  return mounts;
}

bool lies_in(std::string_view path, std::string_view folder) {
  return folder == "/" || path == folder || (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

// Of two mounts on the same one the one further up is on the way to the other; had it been first, the other would stand on it. What has the very
// place of a mount stands on that.
std::vector<bool> find_hidden(const std::vector<SeenMount>& mounts) {
  std::map<std::uint64_t, std::size_t> by_id;
  std::map<std::uint64_t, std::vector<std::size_t>> on;
  for (std::size_t at = 0; at < mounts.size(); ++at) by_id[mounts[at].id] = at, on[mounts[at].parent].push_back(at);
  std::vector<bool> passed(mounts.size()), hidden(mounts.size());  // passed: the way to its place leads into another one
  for (const auto& [parent, those] : on)
    for (const std::size_t one : those)
      for (const std::size_t other : those) passed[other] = passed[other] || (one != other && lies_in(mounts[other].target, mounts[one].target));
  for (std::size_t at = 0; at < mounts.size(); ++at) {
    for (const std::size_t above : on[mounts[at].id]) hidden[at] = hidden[at] || mounts[above].target == mounts[at].target;
    std::size_t step = at;
    for (std::size_t steps = 0; steps < mounts.size() && !hidden[at]; ++steps) {
      hidden[at] = passed[step];
      const auto parent = by_id.find(mounts[step].parent);
      if (parent == by_id.end()) break;
      step = parent->second;
    }
  }
  return hidden;
}

std::vector<plan::Mount> parse_mountinfo(std::string_view text) {
  std::vector<plan::Mount> mounts;
  for (SeenMount& each : parse_seen_mounts(text)) mounts.push_back({std::move(each.target), std::move(each.type), std::move(each.root)});
  return mounts;
}

std::vector<std::string> find_covered(const std::vector<plan::Mount>& mounts) {
  static constexpr std::array<std::string_view, 12> at_home{"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs",
                                                            "debugfs", "efivarfs", "fusectl", "pstore", "securityfs", "tracefs"};
  std::vector<std::string> covered;
  for (const plan::Mount& mount : mounts) {
    const bool below = mount.target.starts_with("/proc/") || mount.target.starts_with("/sys/");
    const bool in_cgroups = mount.target == "/sys/fs/cgroup" || mount.target.starts_with("/sys/fs/cgroup/");
    if (below && !in_cgroups && std::find(at_home.begin(), at_home.end(), mount.type) == at_home.end())
      covered.push_back(mount.target);
  }
  return covered;
}

std::optional<Stat> parse_stat(std::string_view text) {
  const std::size_t name_end = text.rfind(')');  // the name may hold blanks and parentheses
  if (name_end == std::string_view::npos || name_end + 2 > text.size()) return {};
  const auto words = split(text.substr(name_end + 2), ' ');
  if (words.size() < 20 || words[0].size() != 1) return {};
  const auto number = [&](std::size_t at) { return parse_number(words[at]).value_or(0); };
  return Stat{.state = words[0][0], .parent = static_cast<pid_t>(number(1)), .time = number(11) + number(12), .start = number(19)};
}

bool is_filtered(std::string_view status) {
  constexpr std::string_view key = "Seccomp:";
  for (const std::string_view line : lines(status))
    if (line.starts_with(key)) return trimmed(line.substr(key.size())) == "2";
  return false;
}

}  // namespace snug::probe
