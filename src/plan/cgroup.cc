// The limits of a container as a whole: what a cgroup holds, and what each process's own limits can do where there is none.

#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "draft.hh"
#include "snug/base/text.hh"
#include "snug/plan/hints.hh"

namespace snug::plan {
namespace {

constexpr std::uint64_t period = 100'000;  // microseconds, the kernel's usual one

/// What is done where no cgroup holds a limit: one of each process.
struct Substitute {
  const char* words;  ///< what it does, as the predicate to the option
  const char* name;
  int number;
  std::optional<std::uint64_t> Resources::*amount;
};

/// An option and the controller that holds it.
struct Limit {
  std::string_view option, controller;
  bool (*is_wanted)(const Resources&);
  std::optional<Substitute> substitute = {};
};

bool is_limit(const std::optional<std::uint64_t>& value) { return value && *value != no_limit; }

constexpr std::array limits = std::to_array<Limit>({
    {"--memory", "memory", [](const Resources& r) { return is_limit(r.memory); }, Substitute{"holds for each process by itself", "data", RLIMIT_DATA, &Resources::memory}},
    {"--memory-swap", "memory", [](const Resources& r) { return is_limit(r.memory_swap); }},
    {"--cpus", "cpu", [](const Resources& r) { return is_limit(r.cpus); }},
    {"--cpuset-cpus", "cpuset", [](const Resources& r) { return !r.cpuset.empty(); }},
    {"--pids-limit", "pids", [](const Resources& r) { return is_limit(r.pids); }, Substitute{"holds for each user inside by itself", "nproc", RLIMIT_NPROC, &Resources::pids}},
    {"--io-weight", "io", [](const Resources& r) { return r.io_weight.has_value(); }},
});

bool has(const std::vector<std::string>& list, std::string_view word) { return std::find(list.begin(), list.end(), word) != list.end(); }

std::string render(const std::optional<std::uint64_t>& value) { return is_limit(value) ? format("{}", *value) : std::string("max"); }

// As docker has it: as much swap as memory, unless it is said.
std::string render_swap(const Resources& resources) {
  if (!is_limit(resources.memory)) return "max";
  if (!resources.memory_swap) return format("{}", *resources.memory);
  return is_limit(resources.memory_swap) ? format("{}", *resources.memory_swap - *resources.memory) : std::string("max");
}

std::string render_quota(const Resources& resources) {
  if (!is_limit(resources.cpus)) return format("max {}", period);
  return format("{} {}", *resources.cpus * (period / 1000), period);
}

// Says what is not in force, and what is in its place.
void tell_missing(Draft& draft, const Explanation& why) {
  std::vector<std::string> parts, nothing;
  for (const MissingLimit& limit : missing_limits(draft.spec, draft.controllers))
    limit.instead.empty() ? nothing.push_back(limit.option) : parts.push_back(format("{} {}", limit.option, limit.instead));
  if (!nothing.empty()) parts.push_back(format("{} {} not in force", join(nothing, ", "), nothing.size() == 1 ? "is" : "are"));
  std::string remedy = why.you_can;
  if (!why.ask.empty()) remedy += format("{}ask an administrator: {}", remedy.empty() ? "" : "; ", why.ask);
  draft.notice("limits", format("{}: {}", join(parts, ", "), why.cause), std::move(remedy));
}

}  // namespace

std::vector<CgroupSetting> cgroup_settings(const Resources& resources, bool all) {
  std::vector<CgroupSetting> settings;
  const auto add = [&](bool wanted, const char* file, std::string value) {
    if (wanted || all) settings.push_back({file, std::move(value)});
  };
  add(resources.memory.has_value(), "memory.max", render(resources.memory));
  add(resources.memory.has_value(), "memory.swap.max", render_swap(resources));
  add(resources.cpus.has_value(), "cpu.max", render_quota(resources));
  add(!resources.cpuset.empty(), "cpuset.cpus", resources.cpuset);
  add(resources.pids.has_value(), "pids.max", render(resources.pids));
  add(resources.io_weight.has_value(), "io.weight", format("{}", resources.io_weight.value_or(100)));
  return settings;
}

std::optional<Refusal> check_resources(const Resources& resources) {
  const auto& [memory, memory_swap, cpus, cpuset, pids, io_weight] = resources;
  if (!is_limit(memory_swap)) return {};
  if (!is_limit(memory)) return Refusal{"--memory-swap needs --memory: it is what both may take together", ""};
  if (*memory_swap < *memory) return Refusal{"--memory-swap is less than --memory: it is what both may take together", "--memory-swap -1 sets no limit for swap"};
  return {};
}

std::vector<std::string> needed_controllers(const Resources& resources) {
  std::vector<std::string> needed;
  for (const Limit& limit : limits)
    if (limit.is_wanted(resources) && !has(needed, limit.controller)) needed.emplace_back(limit.controller);
  return needed;
}

// What --ulimit says of a limit of each process stands there, and stands in for nothing.
std::vector<MissingLimit> missing_limits(const Spec& spec, const std::vector<std::string>& controllers) {
  std::vector<MissingLimit> missing;
  for (const Limit& limit : limits) {
    if (!limit.is_wanted(spec.resources) || has(controllers, limit.controller)) continue;
    const bool stands_in = limit.substitute && std::none_of(spec.limits.begin(), spec.limits.end(), [&](const ResourceLimit& own) { return own.number == limit.substitute->number; });
    missing.push_back({std::string(limit.option), stands_in ? limit.substitute->words : ""});
  }
  return missing;
}

// Who limits memory limits swap as well, unless he says otherwise.
std::optional<Notice> find_uncounted_swap(const Resources& resources) {
  if (render_swap(resources) == "max") return {};
  return Notice{"limits", "--memory-swap is not in force: this kernel does not count swap", "ask an administrator: boot with swapaccount=1 on the kernel's command line"};
}

bool wants_cgroup(const Spec& spec) { return spec.resources != Resources{} || spec.detach || is_kept(spec); }

Resources merge(const Resources& resources, const Resources& wanted) {
  Resources merged = resources;
  for (const auto member : {&Resources::memory, &Resources::memory_swap, &Resources::cpus, &Resources::pids, &Resources::io_weight})
    if (wanted.*member) merged.*member = wanted.*member;
  if (!wanted.cpuset.empty()) merged.cpuset = wanted.cpuset;
  return merged;
}

std::vector<ResourceLimit> substitute_limits(const Draft& draft) {
  const Resources& wanted = draft.spec.resources;
  std::vector<ResourceLimit> found;
  for (const Limit& limit : limits) {
    if (!limit.substitute || !limit.is_wanted(wanted) || has(draft.controllers, limit.controller)) continue;
    const std::uint64_t amount = (wanted.*limit.substitute->amount).value_or(0);
    found.push_back({limit.substitute->name, limit.substitute->number, amount, amount});
  }
  return found;
}

// A scope of systemd's costs more than all the rest of a start, and ends with the user's last session: it is for those who want limits.
Verdict plan_cgroup(Draft& draft) {
  const CgroupFacts& facts = draft.facts.cgroups;
  const Resources& wanted = draft.spec.resources;
  if (!wants_cgroup(draft.spec)) return {};
  if (Verdict refused = check_resources(wanted)) return refused;
  const bool limited = wanted != Resources{};
  const bool manager = facts.place == CgroupFacts::Place::manager;
  if (facts.place != CgroupFacts::Place::none && (limited || !manager)) {
    MakeCgroup make{manager ? "" : facts.parent, manager ? facts.manager : "", {}, {}};
    const std::vector<std::string> needed = needed_controllers(wanted);
    // Those two are accounted from the start: what a process had before is not counted later.
    for (const std::string& controller : limited ? facts.controllers : facts.enabled)
      if (controller == "memory" || controller == "pids" || has(needed, controller)) make.controllers.push_back(controller);
    for (CgroupSetting& setting : cgroup_settings(wanted))
      if (has(make.controllers, std::string_view(setting.file).substr(0, setting.file.find('.')))) make.settings.push_back(std::move(setting));
    draft.controllers = make.controllers;
    draft.monitor(std::move(make));
  }
  std::vector<std::string> missing = needed_controllers(wanted);
  std::erase_if(missing, [&](const std::string& each) { return has(draft.controllers, each); });
  if (!missing.empty()) tell_missing(draft, find_missing_limits(draft.facts, missing).value_or(Explanation{}));
  if (const auto swap = find_uncounted_swap(wanted); swap && has(draft.controllers, "memory") && !facts.accounts_swap) draft.notice(swap->wall, swap->text, swap->remedy);
  return {};
}

}  // namespace snug::plan
