#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"
#include "snug/plan/step.hh"

namespace snug::plan {

/// Something that the user should know: what is less than it could be, and what would change that.
struct Notice {
  std::string wall;  ///< the word of --require that turns it into an error
  std::string text;
  std::string remedy;
  bool once = false;  ///< of what was asked for, and not of this start: who starts the container again has read it
  bool operator==(const Notice&) const = default;
};

/// What those are under who run in a container, as its plan has it: the command, or, where there is none, its user, who comes later.
struct Confinement {
  std::string filter;                               ///< of system calls: its name, with what it answers besides
  RootEmulation emulation = RootEmulation::off;     ///< never `automatic`
  std::vector<int> capabilities;                    ///< in force
  std::vector<ResourceLimit> limits;                ///< of each process
  bool operator==(const Confinement&) const = default;
};

/// All that `snug run` is going to do, in order. A pure value: explain, execute, script and verify only read it.
struct Plan {
  std::vector<Step> steps;
  std::vector<Notice> notices;
  std::vector<std::string> opened;  ///< walls that the user opened, a sentence each
  std::vector<std::string> terms;   ///< what else is agreed, a sentence each: how it ends, and what is kept of it
  Confinement confinement;          ///< what the steps that restrain come to
  bool detached = false;            ///< nobody's streams are the container's: its monitor has them
  bool terminal = false;            ///< the container gets a terminal of its own
  bool init = true;                 ///< the payload has a process of snug's above it inside: pid 1; else it is the first one itself
  bool null_input = false;          ///< standard input is a terminal that the container must not have
  unsigned slots = 0;               ///< how many detached mounts the steps name
  bool operator==(const Plan&) const = default;

  /// Gives the only step with an action of this type, or nothing.
  template <typename T>
  [[nodiscard]] const T* find() const {
    for (const Step& step : steps)
      if (const T* found = std::get_if<T>(&step.action)) return found;
    return nullptr;
  }
};

/// Gives the verb phrase of a step of `plan`, as the plan's listing, the log of --verbose and error messages show it:
/// "bind '/srv/data' on '/data' (read-only)". What lies in a slot is named by what put it there.
[[nodiscard]] std::string describe(const Plan& plan, const Step& step);

/// Why there is no plan: what was asked for cannot be had here, and what would help.
struct Refusal {
  std::string message;
  std::string hint;
  bool operator==(const Refusal&) const = default;
};

/// Turns what was asked for and what is known of this machine into what is done. Pure: same values, same plan.
[[nodiscard]] std::variant<Plan, Refusal> make_plan(const Spec& spec, const HostFacts& facts);

/// A container that runs, as whoever is to enter it finds it.
struct Living {
  std::vector<EnterNamespaces::Entry> namespaces;  ///< in the order of KeepNamespaces: of the user first
  std::vector<IdRange> uids, gids;                 ///< of its user namespace, as the kernel has them
  std::string cgroup = {};                         ///< its own: what MakeCgroup made; empty: none
  std::vector<std::string> controllers = {};       ///< of that
  std::string manager = {};                        ///< the socket of the user's systemd, where the cgroup lies in a scope
  unsigned landlock = 0;                           ///< the ABI that what runs in it is under; 0: none
  bool sets_groups = true;                         ///< setgroups(2) is allowed in its user namespace
};

/// Gives the same, but asking for a shell of the root, and for no command.
[[nodiscard]] Spec shell_of(const Spec& container);

/// Gives what is asked for of a container that runs: `container` is what that was made from; of `wanted` count command and own shell,
/// tools, env, workdir, user, terminal, interactive and detach.
[[nodiscard]] Spec visit_of(const Spec& container, const Spec& wanted);

/// Plans another process in a container that runs, with all its walls and restraints. `facts.rootfs` is of the root as it is now. Pure.
[[nodiscard]] std::variant<Plan, Refusal> make_exec_plan(const Spec& visit, const HostFacts& facts, const Living& living);

/// Gives the capabilities of root in the container, ascending; without `usual` only those that were asked for. `last` is the last one
/// that the kernel knows. Pure.
[[nodiscard]] std::variant<std::vector<int>, Refusal> capabilities_of(const Spec& spec, unsigned last, bool usual = true);

/// Names the filter of system calls: default, nested, unconfined, or the profile's path. Pure.
[[nodiscard]] std::string filter_name(const Spec& spec);

/// Whether that filter by itself keeps user namespaces from being made inside; what a profile does is not looked into. Pure.
[[nodiscard]] bool filter_shuts_namespaces(const Spec& spec);

/// Whether Landlock confines the container where the kernel has it. It forbids mounts, and to trace what was not started from within
/// the same rules: not where the user has asked for one of these. Pure.
[[nodiscard]] bool confines_paths(const Spec& spec);

/// Gives the step that Landlock of this ABI serves for; nothing where that is of no use. What is to be shut is where it can be. Pure.
[[nodiscard]] std::optional<EnforceLandlock> landlock_of(int abi, bool shut_sockets, bool shut_signals);

/// Gives what is covered of /proc and /sys, as far as it is there; `null` is not set. Pure.
[[nodiscard]] MaskPaths masks_of(const Spec& spec);

/// Gives what is written into the files of a cgroup for these limits. With `all`, also for those that nobody asked for: what is there
/// without them. Pure.
[[nodiscard]] std::vector<CgroupSetting> cgroup_settings(const Resources& resources, bool all = false);

/// Says what is wrong with these limits together. Pure.
[[nodiscard]] std::optional<Refusal> check_resources(const Resources& resources);

/// Names the controllers that these limits need. Pure.
[[nodiscard]] std::vector<std::string> needed_controllers(const Resources& resources);

/// A limit that was asked for and that no cgroup holds.
struct MissingLimit {
  std::string option;
  std::string instead;  ///< what is done in its place, as the predicate to its name; empty: nothing
};

/// Lists those that are in no cgroup with these controllers. Pure.
[[nodiscard]] std::vector<MissingLimit> missing_limits(const Spec& spec, const std::vector<std::string>& controllers);

/// What there is to tell where memory is limited so, and the kernel does not count swap with it; nothing: swap is not to be limited. Pure.
[[nodiscard]] std::optional<Notice> find_uncounted_swap(const Resources& resources);

/// Whether a container of this kind is to have a cgroup of its own where one costs nothing: who stays may be paused. Pure.
[[nodiscard]] bool wants_cgroup(const Spec& spec);

/// Gives the limits of `wanted` where they are there, and those of `resources` else. Pure.
[[nodiscard]] Resources merge(const Resources& resources, const Resources& wanted);

/// Gives the id maps that make_plan would have written for `spec`, and who writes them. Those of a user namespace that is
/// joined are somebody else's: a Refusal. Pure.
[[nodiscard]] std::variant<WriteIdMaps, Refusal> make_id_maps(const Spec& spec, const HostFacts& facts);

/// Gives an id map as the kernel shows it in /proc/PID/uid_map: lines "INSIDE OUTSIDE COUNT". step.hh has its other forms.
[[nodiscard]] std::string map_lines(const std::vector<IdRange>& map);

/// Whether there is a choice of what makes the root: of a folder or an image, but for --rw.
[[nodiscard]] bool has_storage_choice(const Spec& spec);

/// What makes the root, by what was asked for and what there is: of a folder or an image never `automatic`. What the host's own root, an
/// archive, and --rw write into has no choice: `automatic`. Pure.
[[nodiscard]] StorageDriver choose_storage(const Spec& spec, const HostFacts& facts);

/// What snug-layer is to unpack: a whole root, a layer of an image, or a layer onto those that were unpacked before it, so that what
/// comes of it is a root.
enum class Unpack { tree, layer, onto };

/// Plans the unpacking of an archive that is to be the root of `spec`, or a layer of it, into the folder `unpacked_root` of
/// the container's own folder: by a program that reads the archive from standard input, in walls of its own, whose root is
/// that folder, and in the same id map. Pure.
[[nodiscard]] std::variant<Plan, Refusal> make_unpack_plan(const Spec& spec, const HostFacts& facts, Unpack what = Unpack::tree);

/// What snug-layer is to pack: a whole root; what the upper of an overlay has in place of the layers below, or one that
/// fuse-overlayfs wrote; or a layer as it lies in the store, for Unpack::onto.
enum class Pack { tree, layer, fuse_layer, onto };

/// Plans the packing of an overlay of `layers` (topmost first; one alone is shown as it is), which nothing writes into, in the id map
/// of `spec`, which fuse-overlayfs puts together where `spec` or the kernel says so: by a program that writes a tar archive to standard output, in walls of its own, whose root is that tree. Of a
/// layer it leaves out what snug makes to mount on, and `left_out`, paths without a slash at the front, where they are empty. Pure.
[[nodiscard]] std::variant<Plan, Refusal> make_pack_plan(const Spec& spec, const HostFacts& facts, Pack what, std::vector<Layer> layers,
                                                         const std::vector<std::string>& left_out = {});

/// Plans the reading of an archive of any kind from standard input, and the writing of its entries to standard output in the one form that
/// snug cp receives: by a program in walls of its own, whose root is empty. Pure.
[[nodiscard]] std::variant<Plan, Refusal> make_rewrite_plan(const Spec& spec, const HostFacts& facts);

/// Where in the container's folder an archive is unpacked.
inline constexpr const char* unpacked_root = "root";

/// Names the folders of the host's root that cannot be overlaid as they are, because mounts lie below them: the
/// probe lists their entries, and make_plan puts them together entry by entry. "/" is always the first.
[[nodiscard]] std::vector<std::string> host_spine(const std::vector<Mount>& mounts);

}  // namespace snug::plan
