#pragma once

#include <linux/capability.h>
#include <sys/resource.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snug/plan/plan.hh"

namespace snug::plan {

/// The maps of the new user namespace, and what follows from them.
struct IdMaps {
  std::vector<IdRange> uids, gids;
  bool helpers = false;  ///< written by newuidmap and newgidmap; else by the process itself
  bool sets_groups = true;  ///< setgroups(2) is allowed there
  ContainerId setup_uid, setup_gid;    ///< who the init process is: the caller, where he is mapped
  ContainerId caller_uid, caller_gid;  ///< the caller's ids as the container sees them
};

/// Who the payload is.
struct Identity {
  ContainerId uid, gid;
  std::optional<std::vector<ContainerId>> groups;  ///< nothing: the caller's groups are kept
  const Account* account = nullptr;  ///< the line of the root's passwd, where it has one
  std::string name, home;
};

/// Where the container asks for names: link-local and unique-local addresses that are nobody's, at which pasta or the gate asks this
/// machine's name server instead.
inline constexpr std::string_view name_server = "169.254.1.1";

/// No core dumps: the host's core_pattern helper runs as the host's root, and a crash inside must not feed it. With 0
/// it would get the dump all the same: a pipe is subject to no limit but 1, which means none at all (core(5)). Nobody raises a hard limit of 0, though.
[[nodiscard]] inline ResourceLimit no_core_dumps(const HostFacts& facts) {
  const std::uint64_t most = std::min<std::uint64_t>(1, facts.core_hard);
  return {"core", RLIMIT_CORE, most, most};
}

/// A plan in the making: the rules (idmap, root, mounts, payload) fill it in the order of execution.
/// A rule gives a Refusal where there can be no plan.
class Draft {
 public:
  Draft(const Spec& wanted, const HostFacts& known) : spec(wanted), facts(known) {}

  const Spec& spec;
  const HostFacts& facts;
  Plan plan;
  IdMaps maps;
  Identity identity;

  void first(Action action) { plan.steps.insert(plan.steps.begin(), {Actor::monitor, std::move(action)}); }
  void monitor(Action action) { plan.steps.push_back({Actor::monitor, std::move(action)}); }
  void init(Action action) { plan.steps.push_back({Actor::init, std::move(action)}); }
  void payload(Action action) { plan.steps.push_back({Actor::payload, std::move(action)}); }
  void errand(Action action) { plan.steps.push_back({Actor::errand, std::move(action)}); }

  [[nodiscard]] Slot new_slot() { return plan.slots++; }

  void notice(std::string wall, std::string text, std::string remedy = {}) {
    plan.notices.push_back({std::move(wall), std::move(text), std::move(remedy)});
  }

  /// Remembers a detached mount that is attached once the new root stands.
  void attach_later(Slot slot, std::string target, Attach::Target missing, std::optional<Slot> within = {}) {
    attachments_.push_back({slot, std::move(target), missing, within});
  }
  [[nodiscard]] const std::vector<Attach>& attachments() const { return attachments_; }

  /// The flags of a mount whose files strangers wrote: set-user-ID programs count only where the user allowed them to.
  [[nodiscard]] MountFlags flags(bool read_only = false) const {
    return {.read_only = read_only, .no_setuid = !spec.new_privileges};
  }

  bool visit = false;            ///< of a container that runs: exec and enter
  std::vector<std::string> controllers;  ///< of its cgroup: what they limit no rlimit has to
  StorageDriver storage = StorageDriver::automatic;  ///< what makes the root, where there is a choice
  bool way_out = false;          ///< the network has one
  bool answers_root = false;     ///< what root with one id cannot do is answered: of what the user runs, never of what unpacks for him
  Slot root = 0;                 ///< the root file system's mount
  std::vector<Slot> volumes;     ///< of the binds among the volumes, in their order
  std::size_t of_root = 0;       ///< how many of the first attachments are parts of the root file system itself
  std::vector<Action> dressing;  ///< links and folders of the root, made right after the pivot

 private:
  std::vector<Attach> attachments_;
};

using Verdict = std::optional<Refusal>;

[[nodiscard]] bool is_new(const NamespaceChoice& choice);
[[nodiscard]] bool is_host(const NamespaceChoice& choice);

/// Whether snug ends what is left of a container: the kernel does it with the first process of a PID namespace, and of no other.
[[nodiscard]] bool adopts_orphans(const Spec& spec);
[[nodiscard]] Verdict check_kernel(const HostFacts& facts);
/// Tells that the container is not under Landlock, where it would be if the kernel had it.
void tell_landlock(Draft& draft);
/// Tells that snug runs from a file that root inside could write, should it get hold of it. restraints.cc
void tell_program(Draft& draft);
/// Whether what --require names is among what the notices tell to be missing.
[[nodiscard]] Verdict check_requirements(const Draft& draft);
[[nodiscard]] const IdRange* find_range(const std::vector<IdRange>& map, ContainerId id);

/// Root, where that is mapped, else the caller, else who is: whoever is not mapped could make nothing. idmap.cc
[[nodiscard]] ContainerId root_or(ContainerId caller, const std::vector<IdRange>& map);

/// What it takes to give files to others, and to read and write where that was done.
inline constexpr std::array of_files{CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP};

/// Refuses an id that is not mapped; `what` is what it was given for, and its kind. identity.cc
[[nodiscard]] Verdict check_mapped(const std::vector<IdRange>& map, ContainerId id, std::string_view what, bool of_image = false);

/// Names the namespaces that are not the host's, as in /proc/PID/ns, in the order in which they are entered. namespaces.cc
[[nodiscard]] std::vector<std::string> kinds_of(const Namespaces& namespaces);

/// The host name inside; "" where it is that of a namespace that nothing is known of. namespaces.cc
[[nodiscard]] std::string hostname_of(const Draft& draft);

/// Tells who the caller and the first process are in `maps`, which are written. idmap.cc
void find_caller(IdMaps& maps, const HostFacts& facts);

/// Takes the id maps of a container that runs. exec.cc
void take_maps(Draft& draft, const Living& living);

/// Whether an entry of terminfo is written to the container's /run. payload.cc
[[nodiscard]] bool carries_terminal(const Draft& draft);

/// Chooses whether the command gets a terminal of its own, and what its standard input is. payload.cc
[[nodiscard]] Verdict plan_streams(Draft& draft);

/// Gives the capabilities that were asked for by name, beside the usual ones. capabilities.cc
[[nodiscard]] std::vector<int> asked_capabilities(const Spec& spec);

/// Adds what restrains the command from here on: Landlock and the filter of system calls. restraints.cc
[[nodiscard]] Verdict plan_restraint(Draft& draft);

/// Whether root in the container is told that it has done what needs other ids than its own. restraints.cc
[[nodiscard]] bool emulates_root(const Draft& draft);

/// Whether what it asked for is remembered. restraints.cc
[[nodiscard]] bool remembers_owners(const Draft& draft);

/// Gives what of that is in force. restraints.cc
[[nodiscard]] RootEmulation emulation_of(const Draft& draft);

/// Names the filter of system calls that is loaded, with what it answers besides. restraints.cc
[[nodiscard]] std::string loaded_filter(const Draft& draft);

/// Adds the filter that tells it so. restraints.cc
[[nodiscard]] Verdict plan_emulation(Draft& draft);

/// Gives the limits of each process that stand in for what no cgroup limits. cgroup.cc
[[nodiscard]] std::vector<ResourceLimit> substitute_limits(const Draft& draft);

/// Gives the step that writes the maps of `draft`. idmap.cc
[[nodiscard]] WriteIdMaps id_maps_of(const Draft& draft);

/// Has the monitor join networks and open the way out, once the namespaces are in its hands. network.cc
void plan_openings(Draft& draft);

/// Whether the container is to have a way out. shared.cc
[[nodiscard]] bool leads_out(const Draft& draft);

/// Has the monitor join the networks that the container shares. shared.cc
void plan_memberships(Draft& draft);

/// Tells where their addresses are those of others. shared.cc
void tell_of_clashes(Draft& draft);

/// Gives the text of the container's resolv.conf. network.cc
[[nodiscard]] std::string resolv_conf_of(const Draft& draft);

/// Gives lines of the container's hosts file that its network asks for. network.cc
[[nodiscard]] std::string hosts_of(const Draft& draft);

/// Tells whether `path` is `folder` or lies below it; both are clean. root.cc
[[nodiscard]] bool is_below(std::string_view path, std::string_view folder);

/// Gives the place that a volume is mounted on. root.cc
[[nodiscard]] const std::string& target_of(const Volume& volume);

/// The volume on `path`, or the last one on the way to it; null where there is none. root.cc
[[nodiscard]] const Volume* find_nearest_volume(const Spec& spec, std::string_view path);

/// Names the place, such as "/tmp", that the container has its own version of and that `path` lies in, whatever the
/// root file system has there; empty where there is none. root.cc
[[nodiscard]] std::string_view find_replaced(std::string_view path);

/// Tells whether nothing is mounted on `place`, one of those that every container has its own version of: snug's own shell starts where the
/// root file system has no folder there, to look what is wrong with it; all else needs them. root.cc
[[nodiscard]] bool is_given_up(const Draft& draft, std::string_view place);

/// Tells whether `path` is a folder inside: of the root, of a volume, or made for a mount. root.cc
[[nodiscard]] bool is_folder_inside(const Draft& draft, const std::string& path);

// The rules, each in a file of its own, in the order in which make_plan calls them.
[[nodiscard]] Verdict plan_id_maps(Draft& draft);     // idmap.cc
[[nodiscard]] Verdict plan_identity(Draft& draft);    // identity.cc
[[nodiscard]] Verdict tell_one_id(Draft& draft);      // idmap.cc: what that means for who one is
[[nodiscard]] Verdict plan_cgroup(Draft& draft);      // cgroup.cc
[[nodiscard]] Verdict plan_namespaces(Draft& draft);  // namespaces.cc: folders, clone, maps
[[nodiscard]] Verdict plan_network(Draft& draft);     // network.cc: the interface that leads out
[[nodiscard]] Verdict plan_sources(Draft& draft);     // mounts.cc: what is bound, before anything is staged over "/"
[[nodiscard]] Verdict plan_storage(Draft& draft);     // storage.cc: what makes the root
[[nodiscard]] Verdict plan_root(Draft& draft);        // root.cc: the root file system, up to but without the pivot
[[nodiscard]] Verdict plan_mounts(Draft& draft);      // mounts.cc: everything else that is mounted
[[nodiscard]] Verdict plan_payload(Draft& draft);     // payload.cc: restraints and exec
void tell_terms(Draft& draft);                        // terms.cc: what no step shows

}  // namespace snug::plan
