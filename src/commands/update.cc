#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "commands.hh"
#include "containers.hh"
#include "planning.hh"
#include "run_options.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/plan/hints.hh"
#include "snug/plan/plan.hh"
#include "snug/probe/cgroup.hh"
#include "snug/runtime/cgroup.hh"

namespace snug::commands {
namespace {

void limit_running(const std::string& store, const state::Record& record, const plan::Spec& spec) {
  const plan::Resources& resources = spec.resources;
  const std::string cgroup = state::read_state(store, record.id).cgroup;
  if (cgroup.empty())
    throw Error(format("the container {} runs without a cgroup of its own, and the limits of a process cannot be changed from outside", quoted(record.name)),
                format("snug stop {0}; snug update {0}, which then holds from its start; snug doctor tells whether it gets a cgroup", shell_quoted(record.name)));
  std::vector<std::string> needed = plan::needed_controllers(resources), there = probe::cgroup_controllers(cgroup), missing;
  std::copy_if(needed.begin(), needed.end(), std::back_inserter(missing), [&](const auto& each) { return std::find(there.begin(), there.end(), each) == there.end(); });
  plan::HostFacts host;
  if (!missing.empty()) host.cgroups = probe::cgroup_facts({::getuid()}, missing);
  if (const auto why = plan::find_missing_limits(host, missing)) throw Error(format("these limits cannot be had: {}", why->cause), plan::render_hint({"", why->you_can, why->ask}));
  runtime::limit_cgroup(cgroup, needed, plan::cgroup_settings(resources, true));
  const auto swap = plan::find_uncounted_swap(resources);
  if (!swap || probe::accounts_swap(cgroup)) return;
  if (std::find(spec.require.begin(), spec.require.end(), swap->wall) != spec.require.end()) throw Error(format("--require {}: {}", swap->wall, swap->text), swap->remedy);
  tell(*swap);
}

// What is in force and what is written down agree: what cannot be had now is not written either.
void change(const std::string& store, state::Record record, const plan::Resources& wanted) {
  plan::Spec spec = config::parse_spec(*record.spec);
  const plan::Resources before = spec.resources;
  spec.resources = plan::merge(before, wanted);
  if (const auto refused = plan::check_resources(spec.resources)) throw Error(refused->message, refused->hint);
  if (is_up(store, record)) {
    try {
      limit_running(store, record, spec);
    } catch (const Error&) {
      const std::string cgroup = state::read_state(store, record.id).cgroup;
      if (!cgroup.empty()) runtime::limit_cgroup(cgroup, {}, plan::cgroup_settings(before, true));
      throw;
    }
  }
  record.spec = config::render_spec(spec);
  state::write_record(store, record);
}

int update(const cli::Invocation& invocation) {
  const plan::Resources wanted = read_visit(invocation).resources;
  if (wanted == plan::Resources{}) {
    std::vector<std::string> names;
    for (const cli::Option& option : update_option_set.options) names.push_back(format("--{}", option.name));
    throw UsageError("'snug update' needs a limit", join(names, ", "));
  }
  return for_each_container(invocation, [&](const std::string& store, const state::Record& record) {
    change(store, record, wanted);
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command update_command{
    .name = "update",
    .summary = "change the limits of containers",
    .operands = "CONTAINER...",
    .description = "Changes the limits that are named, and leaves the others: of a container that runs at once, and of every\n"
                   "one from its next start on.",
    .shared = &update_option_set,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .function = update};

}  // namespace snug::commands
