#include <linux/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "draft.hh"
#include "snug/base/text.hh"

namespace snug::plan {
namespace {

// What it takes to give files to others, and to write where that was done.
constexpr std::array<int, 5> needed{CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP};

constexpr std::uint64_t memory = std::uint64_t{1} << 30U;  // bytes: more than any honest window of a decompressor

// All walls are new, whatever the container shares: the archive's reader needs nothing of them. But for the id map.
Spec unpacking(const Spec& wanted) {
  Spec spec{.rootfs = wanted.rootfs, .id_map = wanted.id_map};
  spec.namespaces.user = wanted.namespaces.user;
  return spec;
}

ContainerId root_or(ContainerId other, const std::vector<IdRange>& map) {
  return find_range(map, {0}) ? ContainerId{0} : other;
}

void plan_restraints(Draft& draft) {
  const ContainerId uid = root_or(draft.maps.caller_uid, draft.maps.uids);
  const ContainerId gid = root_or(draft.maps.caller_gid, draft.maps.gids);
  // In a map that an ordinary user wrote groups cannot be set, and of somebody else's map nobody knows.
  const bool may_set_groups = draft.maps.helpers || is_host(draft.spec.namespaces.user);
  const std::uint64_t space = std::min(memory, draft.facts.address_space_hard);
  draft.init(JoinKeyring{});
  draft.init(GuardInit{});
  draft.init(ForkPayload{});
  draft.init(SetCapabilities{{CAP_KILL}, false});
  draft.payload(StartSession{});
  draft.payload(SetLimits{{no_core_dumps(), {"as", RLIMIT_AS, space, space}}});
  draft.payload(ResetProcess{0});
  draft.payload(SetCapabilities{{needed.begin(), needed.end()}, true});
  draft.payload(BecomeUser{uid, gid, may_set_groups ? std::optional(std::vector<ContainerId>()) : std::nullopt});
  draft.payload(SetCapabilities{{needed.begin(), uid.value == 0 ? needed.end() : needed.begin()}, false});
  draft.payload(NoNewPrivileges{});
  draft.payload(CloseDescriptors{});
}

}  // namespace

std::variant<Plan, Refusal> make_unpack_plan(const Spec& wanted, const HostFacts& facts, Unpack what) {
  if (Verdict refused = check_kernel(facts)) return *std::move(refused);
  if (facts.unpacker.empty())
    return Refusal{"snug-layer, which reads archives, is not installed beside snug", "make install puts it there"};
  const Spec spec = unpacking(wanted);
  Draft draft(spec, facts);
  for (const auto rule : {plan_id_maps, plan_namespaces})
    if (Verdict refused = rule(draft)) return *std::move(refused);
  draft.first(MakeFolders{{{unpacked_root, 0755}}});
  draft.root = draft.new_slot();
  draft.init(TakeTree{draft.root, unpacked_root, {}, {}});
  draft.init(PivotRoot{draft.root});
  plan_restraints(draft);
  draft.payload(Exec{{facts.unpacker}, {"snug-layer", what == Unpack::layer ? "layer" : "tree"}, {}, true});
  draft.plan.notices.clear();  // the container's own plan tells them
  draft.plan.opened.clear();
  return std::move(draft.plan);
}

}  // namespace snug::plan
