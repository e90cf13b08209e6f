#include "snug/plan/visit.hh"

#include <algorithm>

#include "draft.hh"

namespace snug::plan {
void take_maps(Draft& draft, const Living& living) {
  IdMaps& maps = draft.maps;
  maps.uids = living.uids;
  maps.gids = living.gids;
  find_caller(maps, draft.facts);
  maps.sets_groups = living.sets_groups;
}

bool lends_memory(const Plan& plan) {
  const auto* enter = plan.find<EnterNamespaces>();
  const auto* clone = plan.find<Clone>();
  const auto* fork = plan.find<ForkPayload>();
  const bool kept = plan.find<RunShell>() || (fork && fork->parent != ForkPayload::Parent::gone);
  return enter && clone && clone->flags == 0 && !kept && std::none_of(enter->entries.begin(), enter->entries.end(), [](const auto& entry) { return entry.kind == "time"; });
}

Spec shell_of(const Spec& container) {
  Spec spec = container;
  spec.command.clear();
  spec.entrypoint.reset();
  spec.own_shell = false;
  return spec;
}

Spec visit_of(const Spec& container, const Spec& wanted) {
  Spec spec = container;
  spec.command = wanted.command;
  spec.entrypoint.reset();
  spec.own_shell = wanted.own_shell;
  spec.tools = wanted.tools;
  spec.env.insert(spec.env.end(), wanted.env.begin(), wanted.env.end());
  if (wanted.workdir) spec.workdir = wanted.workdir;
  if (wanted.user) spec.user = wanted.user;
  spec.terminal = wanted.detach ? Terminal::never : wanted.terminal;
  spec.interactive = wanted.interactive;
  spec.detach = wanted.detach;
  spec.idle = false;
  return spec;
}

std::variant<Plan, Refusal> make_exec_plan(const Spec& spec, const HostFacts& facts, const Living& living) {
  // There the kernel ends nothing with the container's first process.
  if (spec.detach && !is_new(spec.namespaces.pid))
    return Refusal{"--detach: the container shares its process namespace, and nothing would end what goes on in it", "leave --detach out"};
  Draft draft(spec, facts);
  draft.visit = true;
  take_maps(draft, living);
  if (Verdict refused = plan_identity(draft)) return *std::move(refused);
  if (Verdict refused = plan_streams(draft)) return *std::move(refused);
  draft.controllers = living.controllers;
  if (!living.cgroup.empty()) draft.monitor(JoinCgroup{living.cgroup, living.manager, spec.resources != Resources{}});
  draft.monitor(EnterNamespaces{living.namespaces});
  draft.monitor(Clone{});
  draft.init(BecomeUser{draft.maps.setup_uid, draft.maps.setup_gid, {}});
  if (draft.plan.terminal) draft.init(OpenTerminal{});
  if (carries_terminal(draft)) draft.init(CarryTerminal{facts.terminal.type, facts.rootfs.terminal_entry});
  if (Verdict refused = plan_payload(draft)) return *std::move(refused);
  // The container's own plan told the rest.
  std::erase_if(draft.plan.notices, [](const Notice& notice) { return notice.wall != "landlock" && notice.wall != "program"; });
  if (Verdict refused = check_requirements(draft)) return *std::move(refused);
  if (living.landlock == 0) std::erase_if(draft.plan.notices, [](const Notice& notice) { return notice.wall == "landlock"; });
  draft.plan.opened.clear();
  return std::move(draft.plan);
}

}  // namespace snug::plan
