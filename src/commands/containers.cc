#include "containers.hh"

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/commands/output.hh"

namespace snug::commands {

std::string store_of(const Environment& environment) { return probe::find_store(caller_environment(environment)); }

int for_each_container(const cli::Invocation& invocation, const std::function<void(const std::string& store, const state::Record& record)>& work) {
  if (invocation.arguments.operands.empty()) throw UsageError(format("'snug {}' needs a container", invocation.command.name), "'snug ps --all' lists them");
  const std::string store = store_of(invocation.environment);
  int code = 0;
  for (const std::string& typed : invocation.arguments.operands) {
    try {
      work(store, state::find_record(store, typed));
    } catch (const Error& error) {
      say(render_error(error));
      code = 1;
    }
  }
  return code;
}

bool is_up(const std::string& store, const state::Record& record) { return static_cast<bool>(state::read_living(store, record.id).monitor); }

void need_running(const std::string& store, const state::Record& record) {
  if (!is_up(store, record)) throw Error(format("the container {} does not run", quoted(record.name)), format("snug start {}", shell_quoted(record.name)));
}

}  // namespace snug::commands
