#include "verify.hh"

#include "making.hh"
#include "planning.hh"
#include "settings.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/held_signals.hh"
#include "snug/commands/output.hh"
#include "snug/explain/verify.hh"
#include "snug/net/membership.hh"
#include "snug/runtime/trace.hh"

namespace snug::commands {

int verify_plan(const cli::Invocation& invocation) {
  plan::Spec spec = read_spec(invocation);
  if (spec.detach) throw UsageError("--verify watches a container from its start to its end, and --detach lets go of it", "leave --detach out");
  for (const cli::Option& option : making_options)
    if (invocation.arguments.find(option.name)) throw UsageError(format("--verify watches a container of its own, which takes no --{}", option.name), format("leave --{} out", option.name));
  if (spec.own_shell) throw UsageError("--verify looks at the command once it is executed, and snug's own shell is not: it stays closed to tracers", "leave --shell out");
  spec.remove = true;
  const HeldSignals held;  // they end the container, and what it leaves is removed before they end us
  Planned planned = plan_container(std::move(spec), invocation, Purpose::run, false);
  if (const auto* overlay = planned.plan.find<plan::MakeOverlay>(); overlay && !overlay->program.empty())
    throw Error("--verify cannot be used with fuse-overlayfs, which would be under the tracer as well, and it needs its rights", "--storage-driver copy");
  runtime::Outside outside{.folder = planned.storage ? planned.storage->path() : std::string()};
  if (!planned.plan.terminal) outside.streams = {0, 2, 2};  // the result has standard output to itself
  // Whoever starts the keeper would have it under the tracer, where it has no rights over others.
  std::optional<net::KeeperLink> keeper;
  if (const auto* join = planned.plan.find<plan::JoinNetwork>()) static_cast<void>(keeper.emplace(join->keeper).reach());
  const runtime::Traced traced = runtime::trace_launch(planned.plan, outside);
  if (const auto* failure = std::get_if<runtime::StepFailure>(&traced.end)) throw failure_error(planned.plan, planned.facts, *failure);
  const explain::Verification result = explain::verify(planned.plan, traced.seen);
  print(result.text);
  if (const int code = std::get<runtime::Exited>(traced.end).code) say(format("snug: notice: the command ended with {}\n", code));
  return result.faults ? 1 : 0;
}

}  // namespace snug::commands
