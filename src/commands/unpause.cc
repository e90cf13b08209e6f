#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "listing.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/runtime/cgroup.hh"

namespace snug::commands {
namespace {

int unpause(const cli::Invocation& invocation) {
  return for_each_container(invocation, [](const std::string& store, const state::Record& record) {
    need_running(store, record);
    const state::State state = state::read_state(store, record.id);
    if (!is_paused(state)) throw Error(format("the container {} is not paused", quoted(record.name)));
    runtime::freeze_cgroup(state.cgroup, false);
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command unpause_command{
    .name = "unpause",
    .summary = "have containers go on that are paused",
    .operands = "CONTAINER...",
    .description = "Has the processes of each container go on where 'snug pause' stopped them.",
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::running},
    .function = unpause};

}  // namespace snug::commands
