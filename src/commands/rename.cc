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
  state::Record record = state::find_record(store, operands[0]);
  const std::string name = parse_name(operands[1]), before = record.name;
  if (name == before) return 0;
  if (!state::take_name(store, name, record.id)) throw Error(format("there is a container of the name {} already", quoted(name)));
  record.name = name;
  record.spec["name"] = name;
  state::write_record(store, record);
  state::drop_name(store, before, record.id);
  return 0;
}

}  // namespace

constinit const cli::Command rename_command{
    .name = "rename",
    .summary = "give a container another name",
    .operands = "CONTAINER NAME",
    .description = "The host name inside stays what it was until the container is started again.",
    .max_operands = 2,
    .completer = {cli::Complete::containers},
    .function = rename};

}  // namespace snug::commands
