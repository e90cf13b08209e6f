#include "group_words.hh"

#include <algorithm>
#include <array>
#include <set>

#include "evidence.hh"
#include "sheet.hh"
#include "snug/base/text.hh"
#include "snug/plan/step.hh"

namespace snug::explain {
namespace {

constexpr std::uint32_t all_ids = 4294967295U;

bool is_one_of(std::string_view word, std::span<const std::string_view> words) { return std::find(words.begin(), words.end(), word) != words.end(); }

bool is_made_new(std::string_view type) {
  static constexpr std::array<std::string_view, 8> types{"tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup2", "cgroup", "ramfs"};
  return is_one_of(type, types);
}

// As far as snug wrote it down.
std::string layers_of(const Group& group) {
  if (!group.record) return "its own, of layers";
  const std::string layers = group.record->lowers.empty() ? "layers" : counted(group.record->lowers.size(), "layer", "layers");
  return "its own, of " + layers + (group.record->upper.empty() ? "" : "; what is written goes to " + group.record->upper);
}

}  // namespace

std::vector<std::string> id_sentences(std::string_view what, const std::vector<plan::IdRange>& map) {
  std::vector<std::string> sentences;
  for (const plan::IdRange& range : map) {
    std::uint32_t inside = range.inside.value, outside = range.outside.value, count = range.count;
    if (count == all_ids && inside == outside) {
      sentences.push_back(format("every {} is the same in here and out there", what));
      continue;
    }
    if (inside == 0 && count > 0) {
      sentences.push_back(format("{} in here is {} {} out there", what == "uid" ? "root" : "group root", what, outside));
      ++inside, ++outside, --count;
    }
    if (count == 1) sentences.push_back(format("{} {} in here is {} out there", what, inside, outside));
    if (count > 1) sentences.push_back(format("{}s {} to {} in here are {} to {} out there", what, inside, inside + (count - 1), outside, outside + (count - 1)));
  }
  if (sentences.empty()) sentences.push_back(format("no {} is mapped: everything belongs to nobody", what));
  return sentences;
}

std::string origin_sentence(const plan::LiveMount& mount, const Group& group) {
  const bool hosts = group.walls[plan::mount_wall] == Standing::hosts;
  const auto path = [&](const std::string& origin) { return origin == mount.target ? "the same path" : origin; };
  const std::string covered = mount.covered ? "; covered in here by another mount" : "";
  if (!mount.origin.empty()) return (hosts ? "the host's, from " : "from ") + path(mount.origin) + " out there" + covered;
  if (!mount.hidden_origin.empty()) return "the host's, from " + path(mount.hidden_origin) + " out there, where another mount covers it" + covered;
  if (mount.type == "overlay") return (mount.target == "/" ? layers_of(group) : "its own, of layers") + covered;
  if (is_made_new(mount.type)) return (hosts ? "the host's, made new" : "its own, made new") + covered;
  return format("{}, which is not seen out there", mount.source.empty() ? "something" : mount.source) + covered;
}

std::string landlock_sentence(const Group& group) {
  if (!group.record) return "not known: the kernel tells nobody whether it is in force";
  const auto& landlock = group.record->landlock;
  if (!landlock) return "not in force";
  const std::string_view shut = landlock->shut_sockets && landlock->shut_signals ? "; abstract sockets and signals of others are shut"
                                : landlock->shut_sockets ? "; abstract sockets of others are shut" : landlock->shut_signals ? "; signals to others are shut" : "";
  return format("in force, ABI {}: what is opened lies below its root, or is open already as 0, 1 or 2{}", landlock->abi, shut);
}

std::vector<std::string> capability_names(std::uint64_t set) {
  std::vector<std::string> names;
  for (int number = 0; number < 64; ++number)
    if (set >> number & 1U) names.push_back(plan::describe_capability(number));
  return names;
}

// The kernel tells how many there are, and the record which of them snug loaded.
std::string seccomp_sentence(const plan::LiveProcess& process, const Group& group) {
  if (process.seccomp == 0) return "no filter: every system call is allowed that the ids and capabilities allow";
  if (process.seccomp == 1) return "strict: read, write, exit and sigreturn alone";
  const std::string name = group.record && !group.record->filter.empty() ? format("; what runs in the container is under: {}", group.record->filter) : "";
  return (process.filters == 0 ? "filtered, by the kernel itself" : format("{}, run by the kernel itself", counted(process.filters, "filter", "filters"))) + name;
}

std::string nesting_sentence(const Group& group) {
  const auto limit = group.insides ? group.insides->user_namespaces : std::nullopt;
  if (!limit) return "not readable";
  if (*limit == 0) return "none can be made: the kernel's limit in there is 0";
  const bool shut = group.record && group.record->filter_shuts;
  return format("{}: the kernel's limit in there is {}", shut ? "only the filter of system calls keeps them from being made" : "can be made, as far as a filter lets them", *limit);
}

std::string privileges_sentence(const plan::LiveProcess& process) {
  return process.no_new_privileges ? "set: no program raises them, whatever its file says" : "not set: set-user-ID programs and capabilities of files count, within the ids that are mapped";
}

bool has_limits(const Group& group) { return group.insides && group.insides->limits; }

std::string limits_sentence(const Group& group) {
  if (!group.insides) return {};
  if (!group.insides->limits) return "limits: not readable";
  return group.insides->limits->empty() ? "" : "at most " + join(*group.insides->limits, ", ");
}

std::string way_to_kernel(const Picture& picture) {
  std::set<std::size_t> answered;
  for (const Helper& each : picture.helpers)
    if (answers_calls(each.process) && each.of) answered.insert(*each.of);
  const std::string but = answered.empty() ? "" : format(", but in {} those about owners and modes of files, which snug-owners answers", counted(answered.size(), "container", "containers"));
  return format("every system call from above comes straight here{}; no engine is between", but);
}

std::vector<std::string> obstacles_of(const Picture& picture, const plan::LiveProcess& process, const Group& group) {
  std::vector<std::string> obstacles;
  for (const Helper& each : picture.helpers)
    if (answers_calls(each.process) && each.of && are_one(picture.groups[*each.of], group)) obstacles.push_back(format("calls about owners and modes of files are answered by process {} ({})", each.process.pid, each.name));
  if (process.tracer != 0) obstacles.push_back(format("process {} traces it, and can stop it at each call", process.tracer));
  if (!group.insides || !group.insides->mounts) return obstacles;
  for (const plan::LiveMount& mount : *group.insides->mounts)
    if (!mount.covered && (mount.type == "fuse" || mount.type == "fuseblk" || mount.type.starts_with("fuse."))) obstacles.push_back(format("files below {} are answered by a process ({})", mount.target, mount.type));
  return obstacles;
}

std::vector<Bystander> bystanders_of(const Picture& picture, const Group& group, const plan::LiveProcess& member) {
  std::vector<Bystander> found;
  for (const Helper& each : picture.helpers)
    if (each.of && are_one(picture.groups[*each.of], group)) found.push_back({&each.process, each.name, each.role});
  for (const plan::LiveProcess& each : group.members) {
    if (each.numbers.size() < 2 || each.pid == member.pid) continue;
    const bool closed = group.record && each.name == "snug" && !plan::is_readable(each);
    if (each.numbers.back() == 1) found.push_back({&each, each.name, "pid 1 in here"});
    else if (closed) found.push_back({&each, each.name, "leads the session of a terminal in here"});
  }
  return found;
}

std::vector<Sharing> sharings_of(const Group& group) {
  const auto text_of = [](const std::vector<std::string>& names) {
    return names.size() > 2 ? format("{} and {} more", names[0], names.size() - 1) : join(names, ", ");
  };
  std::vector<Sharing> sharings;
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) {
    if (group.walls[wall] != Standing::shared) continue;
    const std::string with = text_of(group.partners[wall]);
    const auto same = std::find_if(sharings.begin(), sharings.end(), [&](const Sharing& each) { return each.with == with; });
    if (same == sharings.end()) sharings.push_back({std::string(plan::wall_names[wall]), with});
    else same->walls += format(" {}", plan::wall_names[wall]);
  }
  return sharings;
}

bool counts_alike(const Picture& picture) {
  return std::any_of(picture.groups.begin(), picture.groups.end(), [](const Group& each) { return each.alike > 1; }) ||
         std::any_of(picture.plain.begin(), picture.plain.end(), [](const auto& each) { return each.second > 1; });
}

std::string_view word_for(Standing standing) {
  switch (standing) {
    case Standing::own: return "own";
    case Standing::shared: return "shared";
    case Standing::hosts: return "host";
    case Standing::unknown: break;
  }
  return "not readable";
}

}  // namespace snug::explain
