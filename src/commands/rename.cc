#include "commands.hh"
#include "containers.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/state/names.hh"
#include "values.hh"

namespace snug::commands {
namespace {

int rename(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.size() != 2) throw UsageError("'snug rename' needs a container and its new name");
  const std::string store = store_of(invocation.environment);
  const std::string name = parse_name(operands[1]);
  if (!state::rename_container(store, state::find_record(store, operands[0]).id, name))
    throw Error(format("there is a container of the name {} already", quoted(name)));
  return 0;
}

}  // namespace

constinit const cli::Command rename_command{
    .name = "rename",
    .summary = "give a container another name",
    .operands = "CONTAINER NAME",
    .description = "The host name inside, and its name on shared networks, stay what they were until the container is\n"
                   "started again.",
    .max_operands = 2,
    .completer = {cli::Complete::containers},
    .further = cli::Completer{cli::Complete::free},
    .function = rename};

}  // namespace snug::commands
