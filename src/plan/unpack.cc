#include <linux/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <span>

#include "draft.hh"
#include "snug/base/text.hh"

namespace snug::plan {
namespace {

// What it takes to read what is others'.
constexpr std::array<int, 1> to_pack{CAP_DAC_READ_SEARCH};

constexpr std::uint64_t memory = std::uint64_t{1} << 30U;  // bytes: more than any honest window of a decompressor

// All walls are new, whatever the container shares: snug-layer needs nothing of them. But for the id map.
Spec walled_in(const Spec& wanted) {
  Spec spec{.rootfs = wanted.rootfs, .id_map = wanted.id_map, .storage = wanted.storage};
  if (is_host(wanted.namespaces.user) || wanted.id_map.mode != IdMapChoice::Mode::ranges) spec.namespaces.user = wanted.namespaces.user;
  return spec;
}

Verdict plan_restraints(Draft& draft, std::span<const int> needed) {
  const ContainerId uid = root_or(draft.maps.caller_uid, draft.maps.uids);
  const ContainerId gid = root_or(draft.maps.caller_gid, draft.maps.gids);
  // In a map that an ordinary user wrote groups cannot be set, and of somebody else's map nobody knows.
  const bool may_set_groups = draft.maps.sets_groups && (draft.maps.helpers || is_host(draft.spec.namespaces.user));
  const std::uint64_t space = std::min(memory, draft.facts.address_space_hard);
  draft.init(JoinKeyring{});
  draft.init(GuardInit{});
  draft.init(ForkPayload{});
  draft.init(SetCapabilities{{CAP_KILL}, false});
  draft.payload(StartSession{});
  draft.payload(SetLimits{{no_core_dumps(draft.facts), {"as", RLIMIT_AS, space, space}}});
  draft.payload(ResetProcess{0});
  draft.payload(SetCapabilities{{needed.begin(), needed.end()}, true});
  draft.payload(BecomeUser{uid, gid, may_set_groups ? std::optional(std::vector<ContainerId>()) : std::nullopt});
  draft.payload(SetCapabilities{{needed.begin(), uid.value == 0 ? needed.end() : needed.begin()}, false});
  draft.payload(NoNewPrivileges{});
  draft.payload(CloseDescriptors{});
  return plan_restraint(draft);
}

Verdict begin(Draft& draft) {
  if (Verdict refused = check_kernel(draft.facts)) return refused;
  if (draft.facts.unpacker.empty())
    return Refusal{"snug-layer, which reads archives, is not installed beside snug", "make install puts it there"};
  for (const auto rule : {plan_id_maps, plan_namespaces})
    if (Verdict refused = rule(draft)) return refused;
  draft.root = draft.new_slot();
  return {};
}

std::variant<Plan, Refusal> finish(Draft& draft, std::span<const int> needed, std::vector<std::string> words) {
  words.insert(words.begin(), "snug-layer");
  if (Verdict refused = plan_restraints(draft, needed)) return *std::move(refused);
  draft.payload(Exec{{draft.facts.unpacker}, std::move(words), {}, true});
  draft.plan.notices.clear();  // the container's own plan tells them
  draft.plan.opened.clear();
  return std::move(draft.plan);
}

}  // namespace

std::variant<Plan, Refusal> make_unpack_plan(const Spec& wanted, const HostFacts& facts, Unpack what) {
  const Spec spec = walled_in(wanted);
  Draft draft(spec, facts);
  if (Verdict refused = begin(draft)) return *std::move(refused);
  draft.first(MakeFolders{{{unpacked_root, 0755}}});
  draft.init(TakeTree{draft.root, unpacked_root, {}, {}});
  draft.init(PivotRoot{draft.root});
  return finish(draft, of_files, {what == Unpack::layer ? "layer" : what == Unpack::onto ? "onto" : "tree"});
}

std::variant<Plan, Refusal> make_pack_plan(const Spec& wanted, const HostFacts& facts, Pack what, std::vector<Layer> layers,
                                           const std::vector<std::string>& left_out) {
  const Spec spec = walled_in(wanted);
  Draft draft(spec, facts);
  if (Verdict refused = begin(draft)) return *std::move(refused);
  // The kernel does not know the marks of fuse-overlayfs.
  const bool served = layers.size() > 1 && (spec.storage == StorageDriver::fuse_overlayfs || !facts.has_overlay);
  draft.init(MakeOverlay{draft.root, std::move(layers), {}, {}, {.read_only = true, .no_exec = true}, {}, false, served ? facts.fuse_overlayfs : ""});
  draft.init(PivotRoot{draft.root});
  static constexpr std::array<const char*, 4> verbs{"pack-tree", "pack", "pack-fuse", "pack-onto"};
  std::vector<std::string> words{verbs.at(static_cast<std::size_t>(what))};
  words.insert(words.end(), left_out.begin(), left_out.end());
  return finish(draft, to_pack, std::move(words));
}

std::variant<Plan, Refusal> make_rewrite_plan(const Spec& wanted, const HostFacts& facts) {
  const Spec spec = walled_in(wanted);
  Draft draft(spec, facts);
  if (Verdict refused = begin(draft)) return *std::move(refused);
  draft.init(MakeFilesystem{draft.root, "tmpfs", {{"mode", "0755"}, {"size", "4096"}}, {.read_only = true, .no_exec = true}});
  draft.init(PivotRoot{draft.root});
  return finish(draft, {}, {"rewrite"});
}

}  // namespace snug::plan
