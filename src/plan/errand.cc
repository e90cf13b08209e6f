#include <algorithm>
#include <iterator>

#include "draft.hh"
#include "snug/plan/visit.hh"

namespace snug::plan {
namespace {

void plan_arrival(Draft& draft, const Living& living) {
  take_maps(draft, living);
  const IdMaps& maps = draft.maps;
  EnterNamespaces enter;
  std::copy_if(living.namespaces.begin(), living.namespaces.end(), std::back_inserter(enter.entries), [](const auto& entry) { return entry.kind == "user" || entry.kind == "mnt"; });
  draft.errand(StartSession{});
  draft.errand(std::move(enter));
  draft.errand(BecomeUser{root_or(maps.caller_uid, maps.uids), root_or(maps.caller_gid, maps.gids), maps.sets_groups ? std::optional(std::vector<ContainerId>()) : std::nullopt});
  draft.errand(SetCapabilities{{of_files.begin(), of_files.end()}, true});
  draft.errand(SetCapabilities{{of_files.begin(), of_files.end()}});
  draft.errand(GuardInit{false});
  draft.errand(CloseDescriptors{true});
  draft.errand(JoinKeyring{});  // outside the caller's may be what opens his files
}

void plan_departure(Draft& draft, ErrandWork work) {
  draft.errand(DieWithParent{});  // it keeps none of what that has locked
  draft.errand(CloseDescriptors{true});
  if (work == ErrandWork::read) return;
  draft.errand(OpenTarget{});
  draft.errand(StartSession{});
  draft.errand(CloseDescriptors{true});
}

// As strictly as can be, whatever the container was allowed.
void plan_landlock(Draft& draft, EnforceLandlock::Reach reach) {
  auto landlock = landlock_of(draft.facts.landlock, true, true);
  if (!landlock) return;
  landlock->reach = reach;
  draft.errand(*std::move(landlock));
}

// The container's own, as strict as can be, and what keeps who copies from all but files.
void plan_filters(Draft& draft) {
  draft.errand(LoadFilter{"default", make_filter({})});
  draft.errand(LoadFilter{"copying", make_copying_filter()});
}

}  // namespace

Plan make_errand_plan(ErrandWork work, const HostFacts& facts, const Living* living) {
  const Spec none;
  Draft draft(none, facts);
  living ? plan_arrival(draft, *living) : plan_departure(draft, work);
  draft.errand(SetLimits{{no_core_dumps(facts)}});
  draft.errand(NoNewPrivileges{});
  if (work == ErrandWork::read) {
    plan_landlock(draft, EnforceLandlock::Reach::reading);
    plan_filters(draft);
  } else if (living) {  // where the folder is looked for, somebody else may have laid links
    plan_filters(draft);
    draft.errand(OpenTarget{});
    plan_landlock(draft, EnforceLandlock::Reach::writing);
  } else {
    plan_landlock(draft, EnforceLandlock::Reach::writing);
    plan_filters(draft);
  }
  return std::move(draft.plan);
}

}  // namespace snug::plan
