#include <linux/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <span>

#include "draft.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/plan/hints.hh"

namespace snug::plan {
namespace {

// What tells of the host or of other processes, or acts on the machine: docker's list.
constexpr std::array hidden{"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                            "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
                            "/sys/devices/virtual/powercap", "/sys/fs/selinux", "/sys/devices/system/cpu/cpu*/thermal_throttle"};
constexpr std::array read_only{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

std::uint64_t bits_of(const std::vector<int>& capabilities) {
  std::uint64_t bits = 0;
  for (const int number : capabilities) bits |= std::uint64_t{1} << static_cast<unsigned>(number);
  return bits;
}

bool is_among(const std::vector<std::string>& words, std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); }

// In namespaces of its own there are no others to reach, and what exec starts is to reach the rest: it has rules of its own.
std::optional<EnforceLandlock> landlock_for(const Draft& draft) {
  const Namespaces& walls = draft.spec.namespaces;
  return landlock_of(draft.facts.landlock, is_host(walls.network), is_host(walls.pid));
}

Verdict check_left_out(const Spec& spec) {
  if (is_among(spec.require, "landlock") && !confines_paths(spec))
    return Refusal{"--require landlock: it is left out with --nested and landlock=off, and where sys_admin or sys_ptrace is given", "leave out the one or the other"};
  if (is_among(spec.require, "nesting") && spec.restraints.nested)
    return Refusal{"--require nesting: with --nested user namespaces can be made inside", "leave out the one or the other"};
  return {};
}

// The limit is a file of /proc/sys, which is read-only, for who has the one capability that raises it; or another, to mount things as he likes.
Verdict check_limit(const Spec& spec, const std::vector<int>& capabilities) {
  const auto holds = [&](int capability) { return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end(); };
  const bool shown = !is_among(masks_of(spec).read_only, "/proc/sys");
  if (!is_among(spec.require, "nesting") || !holds(CAP_SYS_RESOURCE) || !(shown || holds(CAP_SYS_ADMIN))) return {};
  return Refusal{"--require nesting: root inside may raise the kernel's limit of user namespaces: it has sys_resource, and /proc/sys to write in", "leave out the one or the other"};
}

Verdict check_unmasked(const Spec& spec) {
  std::vector<std::string> masked(hidden.begin(), hidden.end());
  masked.insert(masked.end(), read_only.begin(), read_only.end());
  for (const std::string& shown : spec.restraints.unmask)
    if (shown != "ALL" && std::none_of(masked.begin(), masked.end(), [&](const std::string& path) { return is_below(path, shown); }))
      return Refusal{format("--security-opt unmask={}: nothing masks that", printable(shown)), format("ALL, or one of {}", join(masked, ", "))};
  return {};
}

// A folder of /proc that is called by a star, with digits or without.
bool names_processes(std::string_view path) {
  constexpr std::string_view proc = "/proc/";
  if (!path.starts_with(proc)) return false;
  const std::string_view name = path.substr(proc.size(), path.find('/', proc.size()) - proc.size());
  return name.find('*') != std::string_view::npos && name.find_first_not_of("0123456789*") == std::string_view::npos;
}

// Links of /proc that lead into the folder of whoever looks, and what leads there in /dev.
Verdict check_masked(const Spec& spec) {
  static constexpr std::array each_ones_own{"/proc/self", "/proc/thread-self", "/proc/net", "/proc/mounts", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"};
  for (const std::string& path : spec.restraints.mask)
    if (std::any_of(each_ones_own.begin(), each_ones_own.end(), [&](const char* link) { return is_below(path, link); }))
      return Refusal{format("--security-opt mask={}: it leads into /proc/self, which is another folder for each process, and cannot be covered for all", printable(path)), "leave it out"};
  for (const std::string& path : spec.restraints.mask) {
    const auto refuse = [&](std::string_view why) { return Refusal{format("--security-opt mask={}: {}", printable(path), why), "leave it out"}; };
    if (path == "/") return refuse("nothing would be left");
    if (std::count(path.begin(), path.end(), '*') > 1) return refuse("a star stands for a number, and for one alone");
    if (names_processes(path)) return refuse("processes come and go, and a mask covers what is there before the first");
  }
  return {};
}

// What those namespaces open is less where Landlock shuts it again.
void tell_reach(Draft& draft) {
  const auto* landlock = draft.plan.find<EnforceLandlock>();
  const Namespaces& walls = draft.spec.namespaces;
  if (is_host(walls.network) && !(landlock && landlock->shut_sockets))
    draft.plan.opened.push_back("--network host: abstract sockets of the host (X11, D-Bus) can be connected to");
  if (is_host(walls.pid) && !(landlock && landlock->shut_signals)) draft.plan.opened.push_back("--pid host: processes of the caller's can be signalled");
}

// A mask gives way to a volume on it, and to one below it, which it would cover: that opens more than was asked for.
void tell_lifted(Draft& draft) {
  const Restraints& asked = draft.spec.restraints;
  for (const auto& paths : {std::span<const char* const>(hidden), std::span<const char* const>(read_only)})
    for (const std::string path : paths) {
      const auto is_on_the_way = [&](const Volume& volume) { return target_of(volume) != path && is_below(target_of(volume), path); };
      const bool masked = !asked.nested && std::none_of(asked.unmask.begin(), asked.unmask.end(), [&](const std::string& shown) { return shown == "ALL" || is_below(path, shown); });
      if (masked && std::any_of(draft.spec.volumes.begin(), draft.spec.volumes.end(), is_on_the_way))
        draft.plan.opened.push_back(format("{} is as the kernel shows it, for the sake of the volume in it", path));
    }
}

// Restraints that were left out by name, or by the sake of something else.
void tell_loosened(Draft& draft) {
  const auto opens = [&](std::string sentence) { draft.plan.opened.push_back(std::move(sentence)); };
  const Spec& spec = draft.spec;
  if (spec.new_privileges) opens("no-new-privileges=false: set-user-ID programs raise privileges, within the mapped ids");
  if (!spec.restraints.nested && !confines_paths(spec)) opens(format("Landlock is left out: {}", spec.restraints.landlock ? "it would forbid what the capability is for" : "landlock=off"));
  const auto last = std::find_if(spec.limits.rbegin(), spec.limits.rend(), [](const ResourceLimit& limit) { return limit.number == RLIMIT_CORE; });
  if (last != spec.limits.rend() && last->hard > 1) opens("--ulimit core: a crash inside may start the host's core handler, as the host's root");
}

void load_filters(Draft& draft, const FilterKeys& keys) {
  const FilterChoice& choice = draft.spec.restraints.filter;
  switch (choice.kind) {
    case FilterChoice::Kind::none: return draft.plan.opened.push_back("seccomp=unconfined: every system call can be made");
    case FilterChoice::Kind::usual:
      return draft.payload(LoadFilter{keys.lone_root ? loaded_filter(draft) : filter_name(draft.spec), make_filter(keys)});
    case FilterChoice::Kind::profile:
      draft.plan.opened.push_back(format("seccomp={}: what that profile allows, and no more", printable(choice.path)));
      // Before the profile, which may refuse further ones: the kernel takes the strictest verdict of all, and of equal ones the last one's.
      draft.payload(LoadFilter{"terminals", make_terminal_filter()});
      return draft.payload(LoadFilter{filter_name(draft.spec), draft.facts.profile});
  }
}

bool is_one_id(const std::vector<IdRange>& map) { return map.size() == 1 && map[0].count == 1; }

// Before the other filters, of which one that the user brings may refuse further ones: of two verdicts the kernel takes the stricter one, and
// no list that is loaded later is loosened by it.
Verdict plan_memory(Draft& draft) {
  if (!is_one_id(draft.maps.uids) || !is_one_id(draft.maps.gids))
    return Refusal{"--emulate-root remembered: more ids than one are mapped, with which the kernel itself keeps owners", "leave it out, or add --userns single"};
  if (draft.identity.uid.value != 0 || draft.identity.gid.value != 0)
    return Refusal{"--emulate-root remembered: it is for root, and somebody else runs the command", "leave it out, or --user and --userns keep-id"};
  if (draft.spec.restraints.nested)
    return Refusal{"--emulate-root remembered: with --nested there are file systems inside that the process outside knows nothing of", "leave out the one, or take --emulate-root static"};
  // One who serves a file system inside would wait for who asks about it, and that for him.
  for (const char* capability : {"ALL", "SYS_ADMIN"})
    if (is_among(draft.spec.cap_add, capability))
      return Refusal{format("--emulate-root remembered: with --cap-add {} there may be file systems inside that the process outside would wait for", capability), "leave out the one, or take --emulate-root static"};
  draft.payload(RememberOwners{make_owner_filter(), !draft.visit});
  return {};
}

}  // namespace

std::string filter_name(const Spec& spec) {
  const Restraints& asked = spec.restraints;
  switch (asked.filter.kind) {
    case FilterChoice::Kind::none: return "unconfined";
    case FilterChoice::Kind::profile: return asked.filter.path;
    case FilterChoice::Kind::usual: break;
  }
  return std::string(asked.nested ? "nested" : "default") + (asked.foreign ? " + 32-bit" : "");
}

bool filter_shuts_namespaces(const Spec& spec) {
  const auto chosen = capabilities_of(spec, CAP_LAST_CAP);
  const auto* capabilities = std::get_if<std::vector<int>>(&chosen);
  const bool opened = !capabilities || std::find(capabilities->begin(), capabilities->end(), CAP_SYS_ADMIN) != capabilities->end();
  return spec.restraints.filter.kind == FilterChoice::Kind::usual && !spec.restraints.nested && !opened;
}

void tell_landlock(Draft& draft) {
  const int abi = draft.facts.landlock;
  if (!confines_paths(draft.spec) || landlock_for(draft)) return;
  const Explanation why = explain_failure(EnforceLandlock{}, abi < 0 ? -abi : 0, draft.facts, {});
  draft.notice("landlock", format("what can be opened is not confined by Landlock: {}", why.cause.empty() ? errno_text(-abi) : why.cause), why.ask);
}

void tell_program(Draft& draft) {
  const std::optional<std::string>& path = draft.facts.open_program;
  if (!path) return;
  draft.notice("program", format("{} is closed to what runs inside, but no read-only mount of it could be made: should that get hold of it, it could be written", path->empty() ? "the file that snug runs from" : quoted(*path) + ", which snug runs from,"),
               draft.facts.uid.value == 0 ? "" : "install snug where only root can write");
}

std::optional<EnforceLandlock> landlock_of(int abi, bool shut_sockets, bool shut_signals) {
  // From there on files can be renamed from folder to folder under it: without that nothing would work.
  constexpr int first_useful = 2, first_scopes = 6;
  if (abi < first_useful) return {};
  return EnforceLandlock{static_cast<unsigned>(abi), shut_sockets && abi >= first_scopes, shut_signals && abi >= first_scopes};
}

bool confines_paths(const Spec& spec) {
  const auto adds = [&](std::string_view capability) { return is_among(spec.cap_add, capability); };
  return spec.restraints.landlock && !spec.restraints.nested && !adds("ALL") && !adds("SYS_ADMIN") && !adds("SYS_PTRACE");
}

MaskPaths masks_of(const Spec& spec) {
  const Restraints& asked = spec.restraints;
  MaskPaths masks;
  if (asked.nested) {  // all but what was asked for by name
    masks.hidden = asked.mask;
    return masks;
  }
  const auto add = [&](std::vector<std::string>& list, const std::string& path) {
    const auto covers = [&](const std::string& shown) { return shown == "ALL" || is_below(path, shown); };
    const auto meets = [&](const Volume& volume) { return is_below(target_of(volume), path) || is_below(path, target_of(volume)); };
    if (std::any_of(asked.unmask.begin(), asked.unmask.end(), covers)) return;
    if (std::none_of(spec.volumes.begin(), spec.volumes.end(), meets)) list.push_back(path);
  };
  for (const char* path : hidden) add(masks.hidden, path);
  for (const char* path : read_only) add(masks.read_only, path);
  masks.hidden.insert(masks.hidden.end(), asked.mask.begin(), asked.mask.end());
  return masks;
}

// Where it is not asked for it is for root in a root file system that programs are installed into; who makes containers inside, or
// wants the kernel's own answers, gets those.
bool emulates_root(const Draft& draft) {
  const Restraints& asked = draft.spec.restraints;
  if (asked.emulation != RootEmulation::automatic) return asked.emulation != RootEmulation::off;
  const std::vector<IdRange>& uids = draft.maps.uids;
  const bool alone = uids.size() == 1 && uids[0].count == 1 && draft.identity.uid.value == 0;
  const bool plain = asked.filter.kind == FilterChoice::Kind::none || asked.nested || draft.spec.new_privileges;
  return alone && !plain && draft.spec.root_writes != RootWrites::refused;
}

bool remembers_owners(const Draft& draft) { return draft.spec.restraints.emulation == RootEmulation::remembered; }

RootEmulation emulation_of(const Draft& draft) {
  if (!emulates_root(draft)) return RootEmulation::off;
  return remembers_owners(draft) ? RootEmulation::remembered : RootEmulation::stateless;
}

std::string loaded_filter(const Draft& draft) {
  const RootEmulation emulation = emulation_of(draft);
  const std::string_view besides = emulation == RootEmulation::stateless ? LoadFilter::with_root : emulation == RootEmulation::remembered ? " + owners" : "";
  return filter_name(draft.spec) + std::string(besides);
}

Verdict plan_emulation(Draft& draft) {
  if (!emulates_root(draft)) return {};
  if (draft.spec.new_privileges)
    return Refusal{format("--emulate-root {}: the filter cannot come after the change of ids where programs may raise privileges", remembers_owners(draft) ? "remembered" : "static"),
                   "leave out --security-opt no-new-privileges=false, or that"};
  if (remembers_owners(draft)) return plan_memory(draft);
  if (is_new(draft.spec.namespaces.user) && !is_one_id(draft.maps.uids))
    draft.plan.notices.push_back({.wall = {}, .text = "--emulate-root static: root is told that it has given files away and become others, and with the ids that are mapped it could", .remedy = "leave it out, or add --userns single", .once = true});
  draft.answers_root = true;
  // The usual filter brings it along.
  if (draft.spec.restraints.filter.kind != FilterChoice::Kind::usual) draft.payload(LoadFilter{std::string(LoadFilter::root), make_root_filter()});
  return {};
}

Verdict plan_restraint(Draft& draft) {
  const Restraints& asked = draft.spec.restraints;
  if (Verdict refused = check_left_out(draft.spec)) return refused;
  if (Verdict refused = check_unmasked(draft.spec)) return refused;
  if (Verdict refused = check_masked(draft.spec)) return refused;
  auto chosen = capabilities_of(draft.spec, draft.facts.last_capability);
  if (auto* refused = std::get_if<Refusal>(&chosen)) return std::move(*refused);
  tell_loosened(draft);
  if (Verdict refused = check_limit(draft.spec, std::get<std::vector<int>>(chosen))) return refused;
  if (asked.nested) draft.plan.opened.push_back("--nested: namespaces can be made and file systems mounted inside, and the kernel tells all it knows in /proc");
  if (asked.foreign) draft.plan.opened.push_back(format("--allow-32bit: programs of the machine's 32-bit kind run{}", native_architecture == Architecture::x86_64 ? ", and may have sockets of every family" : ""));
  if (!asked.unmask.empty()) draft.plan.opened.push_back(format("unmask: {} as the kernel shows it", printable(join(asked.unmask, ", "))));
  if (auto landlock = landlock_for(draft); landlock && confines_paths(draft.spec)) draft.payload(*std::move(landlock));
  tell_landlock(draft);
  tell_reach(draft);
  tell_lifted(draft);
  load_filters(draft, {bits_of(std::get<std::vector<int>>(chosen)), asked.nested, asked.foreign, draft.answers_root});
  return {};
}

}  // namespace snug::plan
