#include <array>
#include <string>
#include <vector>

#include "commands.hh"
#include "containers.hh"
#include "listing.hh"
#include "removing.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/output.hh"
#include "snug/commands/trees.hh"
#include "snug/shell/keyboard.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "filter", .argument = "KEY=VALUE", .help = "only those: id, name, label, ancestor, network, status, exited", .repeatable = true, .completer = {cli::Complete::words, "id= name= label= ancestor= network= status= exited="}},
    cli::Option{.name = "force", .letter = 'f', .help = "do not ask"},
};

// One that was made and never started waits for its first start, and one in which nothing runs but who enters it for the next of them; the tour's
// was to be gone.
std::vector<Listed> ended(const std::string& store, const std::vector<std::string>& filters) {
  std::vector<Listed> containers = list_containers(store);
  std::erase_if(containers, [&](const Listed& each) { return each.state.phase != state::State::Phase::exited || (each.spec.idle && plan::is_kept(each.spec)) || !passes(each, filters, store); });
  return containers;
}

void ask(const std::vector<Listed>& containers) {
  const bool one = containers.size() == 1;
  confirm_removal(format("{} container{} that {} ended, with what {} wrote: {}", containers.size(), one ? "" : "s", one ? "has" : "have", one ? "it" : "they", join(names_of(containers), ", ")));
}

int prune(const cli::Invocation& invocation) {
  const std::string store = store_of(invocation.environment);
  const std::vector<Listed> containers = ended(store, filters_of(invocation.arguments));
  if (!containers.empty() && !invocation.arguments.flag("force")) ask(containers);
  const Trees trees(invocation.environment);
  std::uint64_t bytes = 0;
  int code = 0;
  for (const Listed& each : containers) {
    try {
      const std::uint64_t size = trees.size(state::folder_of(store, each.record.id), each.record.map);
      if (!remove_at_rest(store, each.record, trees)) {
        code = 1;
        continue;
      }
      bytes += size;
      print(each.record.name + "\n");
    } catch (const Error& error) {  // somebody has just started it
      say(render_error(error));
      code = 1;
      if (shell::was_interrupted()) break;
    }
  }
  print(format("Total reclaimed space: {}\n", render_size(bytes)));
  return code;
}

}  // namespace

constinit const cli::Command prune_command{
    .name = "prune",
    .summary = "remove all containers that have ended",
    .description = "Removes them with what they wrote, and says how much that was. What was created and never started stays,\n"
                   "and so does what 'snug enter' made.",
    .options = options,
    .function = prune};

}  // namespace snug::commands
