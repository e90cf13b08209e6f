#include <array>

#include "commands.hh"
#include "containers.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/runtime/attach.hh"
#include "snug/state/record.hh"
#include "stopping.hh"
#include "visiting.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "detach-keys", .argument = "KEYS", .help = "leave the container running when they are typed; '' for none; else ctrl-],ctrl-]"},
    cli::Option{.name = "no-stdin", .help = "pass on nothing that is typed"},
    cli::Option{.name = "sig-proxy", .help = "pass signals on to a container without a terminal: the default"},
};

int attach(const cli::Invocation& invocation) {
  const cli::Arguments& given = invocation.arguments;
  if (given.operands.empty()) throw UsageError("no container was named", "snug attach CONTAINER");
  const std::string* keys = given.find("detach-keys");
  const std::string store = store_of(invocation.environment);
  const state::Record record = state::find_record(store, given.operands.front());
  const runtime::Attaching how{.title = terminal_title(invocation.environment, record.name),
                               .detach_keys = runtime::parse_detach_keys(keys ? std::string_view(*keys) : runtime::default_detach_keys),
                               .input = !given.flag("no-stdin"),
                               .signals = !given.find("sig-proxy") || given.flag("sig-proxy")};
  sys::Fd visit = runtime::visit(state::folder_of(store, record.id), how);
  if (!visit) {
    need_no_wait(store, record);
    const bool runs = state::is_running(store, record);
    const char* why = runs ? "it runs in the foreground, or is just ending" : "it does not run";
    throw Error(format("cannot attach to the container {}: {}", quoted(record.name), why),
                runs ? "snug exec runs a command in it" : format("snug start {}", shell_quoted(record.name)));
  }
  return end_visit(runtime::attach(std::move(visit), how), record.name);
}

}  // namespace

constinit const cli::Command attach_command{
    .name = "attach",
    .summary = "use a detached container's terminal, or its streams",
    .operands = "CONTAINER",
    .description = "Shows what CONTAINER writes from now on, and passes on what is typed. Where it has a terminal, the last\n"
                   "screenful is shown first. Ends with the container, and with its exit code; or when ctrl-] is typed twice, and\n"
                   "the container goes on.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::running},
    .function = attach};

}  // namespace snug::commands
