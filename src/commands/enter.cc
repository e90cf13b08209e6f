#include <fcntl.h>

#include <cstdint>
#include <ctime>

#include "commands.hh"
#include "containers.hh"
#include "entering.hh"
#include "monitoring.hh"
#include "run_options.hh"
#include "settings.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/commands/output.hh"
#include "snug/state/names.hh"
#include "snug/sys/file.hh"
#include "values.hh"

namespace snug::commands {
namespace {

// As `snug run` without operands would make it, but to stay, and with nothing that runs in it by itself.
sys::Fd make_container(const cli::Invocation& invocation, const std::string& name) {
  const cli::Arguments nothing;
  plan::Spec spec = read_spec({nothing, invocation.environment, invocation.folder, invocation.command, {}});
  spec.name = name;
  spec.detach = spec.idle = true;
  spec.remove = false;
  Planned planned = plan_container(std::move(spec), invocation, Purpose::run, false);
  state::write_record(planned.facts.store, record_of(planned));
  const std::string given = planned.spec.rootfs.given;
  sys::Fd hold = start_and_hold(planned);
  say(format("snug: made the container {} from {}; 'snug rm {}' removes it\n", quoted(name), quoted(given), shell_quoted(name)));
  return hold;
}

// Its own command stays asleep: it is for those who enter.
sys::Fd wake(state::Record record, const Environment& environment) {
  plan::Spec spec = config::parse_spec(*record.spec);
  spec.idle = true;
  record.spec = config::render_spec(spec);
  Planned planned = plan_again(record, environment);
  return start_and_hold(planned);
}

/// A container that runs, and goes on for as long as the descriptor lives.
struct Held {
  Entrance entrance;
  sys::Fd hold;  ///< empty: it runs in the foreground, and for somebody else
};

// Whether somebody else may be starting it just now, or ending it: who only looks has it for a moment, too.
bool may_be_busy(const std::string& store, const std::string& name, int attempt) {
  constexpr int moments = 5;
  std::optional<std::string> id = state::find_name(store, name);  // taken before there is a record
  if (!id)
    if (auto record = state::try_find_record(store, name)) id = std::move(record->id);
  return id && (attempt < moments || state::is_running(store, {.id = *id}));
}

bool is_served(const std::string& folder) { return sys::find_status(AT_FDCWD, (folder + "/attach").c_str()).has_value(); }

// `hold`: of who has just started it.
std::optional<Held> try_hold(const std::string& store, state::Record record, sys::Fd hold) {
  const std::string folder = state::folder_of(store, record.id);
  if (!hold) hold = runtime::hold(folder);
  if (!hold && is_served(folder)) return {};  // it is just ending
  Entrance entrance = open_entrance(store, std::move(record));
  return Held{std::move(entrance), std::move(hold)};
}

// Empty where it runs already.
sys::Fd make_or_wake(const cli::Invocation& invocation, const std::string& store, const std::string& name) {
  auto record = state::try_find_record(store, name);
  if (!record) return make_container(invocation, parse_name(name));
  return is_up(store, *record) ? sys::Fd() : wake(*std::move(record), invocation.environment);
}

// Others may make, start and leave it at the same moment: then it is tried again, ten seconds long.
Held hold_container(const cli::Invocation& invocation, const std::string& name) {
  const std::string store = store_of(invocation.environment);
  constexpr int most = 500;
  for (int attempt = 0;; ++attempt) {
    try {
      sys::Fd hold = make_or_wake(invocation, store, name);
      if (auto held = try_hold(store, state::find_record(store, name), std::move(hold))) return *std::move(held);
      if (attempt == most) throw Error(format("the container {} ends as often as it is started", quoted(name)));
    } catch (const Error&) {
      if (attempt >= most || !may_be_busy(store, name, attempt)) throw;
    }
    constexpr timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

int enter(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.empty()) throw UsageError("'snug enter' needs a container", "any name will do: one that is not there is made");
  if (operands.size() > 1 && operands[1].starts_with('-'))
    throw UsageError(format("{} stands where the command is to stand", quoted(operands[1])), "options go in front of the container");
  plan::Spec wanted = read_visit(invocation);
  wanted.command.assign(operands.begin() + 1, operands.end());
  wanted.interactive = true;
  const Held held = hold_container(invocation, operands.front());
  return run_inside(held.entrance, wanted, invocation, {.keep_folder = true});
}

}  // namespace

constinit const cli::Command enter_command{
    .name = "enter",
    .summary = "have a shell in a container, which is made or started where it needs to be",
    .operands = "CONTAINER [COMMAND [ARG...]]",
    .description = "Starts COMMAND, or your shell, in CONTAINER: in the folder that you are in, where it is there too. One that\n"
                   "sleeps is started for it, and ends when the last who entered leaves. One that is not there is made, as\n"
                   "'snug run' without operands would make it, and stays until 'snug rm'.",
    .shared = &enter_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .further = cli::Completer{cli::Complete::inside},
    .function = enter};

}  // namespace snug::commands
