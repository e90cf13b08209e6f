#include <unistd.h>

#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/plan/hints.hh"
#include "snug/probe/cgroup.hh"
#include "snug/runtime/cgroup.hh"

namespace snug::commands {
namespace {

// Why it has none, and what would give it one.
Error has_no_cgroup(const state::Record& record) {
  using Place = plan::CgroupFacts::Place;
  const std::string message = format("the container {} has no cgroup of its own, by which it could be paused", quoted(record.name));
  const plan::CgroupFacts facts = probe::cgroup_facts({::getuid()}, {});
  if (facts.place == Place::manager) return Error(message, "a limit gives it one when it is started: 'snug run --pids-limit 4096', or 'snug update' while it sleeps");
  if (facts.place == Place::own) return Error(message, "it gets one when it is started in the background, with --detach");
  if (facts.root.empty()) return Error(message, "there is no cgroup v2 here; see snug doctor, \"cgroup delegation\"");
  return Error(message, format("the cgroup {} is not yours to write; see snug doctor, \"cgroup delegation\"", quoted(facts.parent)));
}

int pause(const cli::Invocation& invocation) {
  return for_each_container(invocation, [](const std::string& store, const state::Record& record) {
    need_running(store, record);
    const state::State state = state::read_state(store, record.id);
    if (state.cgroup.empty()) throw has_no_cgroup(record);
    runtime::freeze_cgroup(state.cgroup, true);
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command pause_command{
    .name = "pause",
    .summary = "stop all processes of containers where they are",
    .operands = "CONTAINER...",
    .description = "Freezes the cgroup of each container: its processes run no further until 'snug unpause', and notice\n"
                   "nothing of it. A container that is paused can be stopped, killed and removed.",
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::running},
    .function = pause};

}  // namespace snug::commands
