#include <algorithm>

#include "draft.hh"
#include "snug/base/text.hh"

namespace snug::plan {
Verdict check_requirements(const Draft& draft) {
  for (const Notice& notice : draft.plan.notices) {
    const auto& required = draft.spec.require;
    if (std::find(required.begin(), required.end(), notice.wall) != required.end())
      return Refusal{format("--require {}: {}", notice.wall, notice.text), notice.remedy};
  }
  return {};
}

Verdict check_kernel(const HostFacts& facts) {
  if (facts.sets_mount_attributes) return {};
  return Refusal{"this kernel has no mount_setattr(2), without which no mount can be closed",
                 "snug needs Linux 5.12 or newer; in an outer container a filter may hide the call, too"};
}

bool is_new(const NamespaceChoice& choice) { return std::holds_alternative<NewNamespace>(choice); }
bool is_host(const NamespaceChoice& choice) { return std::holds_alternative<HostNamespace>(choice); }

std::variant<Plan, Refusal> make_plan(const Spec& spec, const HostFacts& facts) {
  if (Verdict refused = check_kernel(facts)) return *std::move(refused);
  Draft draft(spec, facts);
  draft.plan.steps.reserve(128);  // an ordinary plan has about 80
  for (const auto rule : {plan_id_maps, plan_identity, tell_one_id, plan_cgroup, plan_namespaces, plan_network, plan_sources, plan_storage, plan_root, plan_mounts, plan_payload})
    if (Verdict refused = rule(draft)) return *std::move(refused);
  if (Verdict refused = check_requirements(draft)) return *std::move(refused);
  tell_terms(draft);
  return std::move(draft.plan);
}

}  // namespace snug::plan
