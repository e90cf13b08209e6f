#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "commands.hh"
#include "containers.hh"
#include "removing.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/commands/trees.hh"
#include "snug/shell/keyboard.hh"
#include "snug/state/names.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "all", .letter = 'a', .help = "remove all that do not run; with --force, all"},
    cli::Option{.name = "force", .letter = 'f', .help = "end them first, and be content where there is none"},
    cli::Option{.name = "volumes", .letter = 'v', .help = "with their anonymous volumes, as always"},
};

bool remove(const std::string& store, const state::Record& record, const Trees& trees) {
  if (goes_on(store, record)) throw Error(format("the container {} runs", quoted(record.name)), record.spec ? format("snug stop {}; or --force, which ends it", shell_quoted(record.name)) : format("snug rm --force {}", shell_quoted(record.name)));
  return remove_at_rest(store, record, trees);
}

// Nothing but its place is known of one whose record cannot be read.
std::optional<state::Record> find(const std::string& store, const std::string& typed) {
  if (auto record = state::try_find_record(store, typed)) return record;
  std::optional<std::string> id = state::find_damaged(store, typed);
  if (!id) return {};
  std::string name = state::find_name_of(store, *id).value_or(*id);
  return state::Record{.id = *std::move(id), .name = std::move(name)};
}

std::vector<std::string> all(const std::string& store, bool also_running) {
  std::vector<std::string> ids;
  for (const state::Record& record : state::list_records(store))
    if (also_running || !is_up(store, record)) ids.push_back(record.id);
  if (also_running)
    for (std::string& id : state::list_damaged(store)) ids.push_back(std::move(id));
  return ids;
}

int rm(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  const std::string store = store_of(invocation.environment);
  const bool every = arguments.flag("all"), force = arguments.flag("force");
  if (every != arguments.operands.empty()) throw UsageError(every ? "--all and a container cannot be used together" : "'snug rm' needs a container", "'snug ps --all' lists them");
  const Trees trees(invocation.environment);
  int code = 0;
  for (const std::string& typed : every ? all(store, force) : arguments.operands) {
    try {
      const auto record = find(store, typed);
      if (!record && !force) static_cast<void>(state::find_record(store, typed));  // which says why there is none
      if (!record) continue;
      if (force ? remove_by_force(store, *record, trees) : remove(store, *record, trees))
        print((every ? record->name : typed) + "\n");
      else
        code = 1;
    } catch (const Error& error) {
      say(render_error(error));
      code = 1;
      if (shell::was_interrupted()) break;
    }
  }
  return code;
}

}  // namespace

constinit const cli::Command rm_command{
    .name = "rm",
    .summary = "remove containers, with what they wrote",
    .operands = "CONTAINER...",
    .description = "Removes containers that do not run; with --force also those that do, which it ends.",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .function = rm};

}  // namespace snug::commands
