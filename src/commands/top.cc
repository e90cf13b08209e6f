#include <unistd.h>

#include <algorithm>
#include <array>

#include "commands.hh"
#include "containers.hh"
#include "entering.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/probe/processes.hh"

namespace snug::commands {
namespace {

// As the container counts and names it.
std::string user_inside(std::uint32_t uid, const plan::Living& living, const std::vector<plan::Account>& accounts) {
  for (const plan::IdRange& range : living.uids) {
    if (uid < range.outside.value || uid - range.outside.value >= range.count) continue;
    const std::uint32_t inside = range.inside.value + (uid - range.outside.value);
    const auto account = std::find_if(accounts.begin(), accounts.end(), [&](const plan::Account& each) { return each.uid == inside; });
    return account == accounts.end() ? format("{}", inside) : printable(account->name);
  }
  return "?";
}

std::string render_ticks(std::uint64_t ticks) {
  const std::uint64_t seconds = ticks / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

int top(const cli::Invocation& invocation) {
  if (invocation.arguments.operands.empty()) throw UsageError("'snug top' needs a container", "'snug ps' lists them");
  const std::string store = store_of(invocation.environment);
  const Entrance entrance = open_entrance(store, state::find_record(store, invocation.arguments.operands.front()));
  const auto accounts = probe::living_accounts(entrance.root.get());
  std::vector<std::vector<std::string>> rows{{"PID", "INSIDE", "USER", "S", "TIME", "COMMAND"}};
  for (const probe::Process& each : processes_of(entrance))
    rows.push_back({format("{}", each.pid), format("{}", each.inside), user_inside(each.uid, entrance.living, accounts), std::string(1, each.state),
                    render_ticks(each.time), printable(each.command)});
  print(render_columns(rows));
  return 0;
}

}  // namespace

constinit const cli::Command top_command{
    .name = "top",
    .summary = "list the processes of a container",
    .operands = "CONTAINER",
    .description = "Lists what runs in CONTAINER: the number of each process here and inside, the user as the container\n"
                   "names it, the state, the processor time and the command. No program of the container is run for it.",
    .max_operands = 1,
    .completer = {cli::Complete::running},
    .function = top};

}  // namespace snug::commands
