#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "commands.hh"
#include "containers.hh"
#include "monitoring.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/runtime/attach.hh"
#include "snug/state/names.hh"
#include "snug/sys/file.hh"
#include "stopping.hh"
#include "visiting.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "attach", .letter = 'a', .help = "attach to it from its start, and end with it"},
    cli::Option{.name = "detach-keys", .argument = "KEYS", .help = "with --attach: leave it running when they are typed"},
    cli::Option{.name = "interactive", .letter = 'i', .help = "with --attach: pass standard input on"},
};

int start_attached(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  if (arguments.operands.size() != 1) throw UsageError("--attach needs one container");
  const std::string store = store_of(invocation.environment);
  const state::Record record = state::find_record(store, arguments.operands.front());
  if (goes_on(store, record)) throw Error(format("the container {} runs already", quoted(record.name)), format("snug attach {}", shell_quoted(record.name)));
  Planned planned = plan_again(record, invocation.environment);
  const std::string* keys = arguments.find("detach-keys");
  return start_and_attach(planned, {.title = terminal_title(invocation.environment, record.name),
                                    .detach_keys = runtime::parse_detach_keys(keys ? std::string_view(*keys) : runtime::default_detach_keys),
                                    .input = arguments.flag("interactive") || planned.plan.terminal});
}

// Whether a process has ended, or has only to notice that it was killed: SIGKILL is the lowest bit of the third digit from the end.
bool is_dying(const std::string& pid) {
  const std::string status = sys::find_file_text(format("/proc/{}/status", pid).c_str()).value_or("");
  const std::vector<std::string_view> all = lines(status);
  const auto has = [&](auto&& wanted) { return std::any_of(all.begin(), all.end(), wanted); };
  const auto killed = [](std::string_view line) { return line.starts_with("SigPnd:") && std::string_view("13579bdf").find(line[line.size() - 3]) != std::string_view::npos; };
  return has(killed) || !has([](std::string_view line) { return line.starts_with("VmSize:"); });
}

// The first process ends a moment after the command: until then the monitor knows of no end.
bool has_lost_command(const state::State& state) {
  const auto children = sys::find_file_text(format("/proc/{0}/task/{0}/children", state.init.pid).c_str());
  if (!children) return !state::is_alive(state.init);
  const std::vector<std::string> pids = split(trimmed(*children), ' ');
  return std::all_of(pids.begin(), pids.end(), [](const std::string& pid) { return is_dying(pid); });
}

// One that others have woken goes on without them from now on, but for one whose own command would have to be started. False where it is just ending.
bool stays(const std::string& store, const state::Record& record) {
  using runtime::Staying;
  const Staying answer = runtime::have_stay(state::folder_of(store, record.id));
  const std::string name = shell_quoted(record.name);
  if (answer == Staying::asleep)
    throw Error(format("cannot start the container {}: it runs for those who have entered it, and its own command sleeps", quoted(record.name)), format("'snug exec {0} COMMAND' runs one now; 'snug start {0}' its own when they have left", name));
  if (answer == Staying::silent) throw Error(format("the monitor of the container {} does not answer", quoted(record.name)), format("snug rm --force {} ends it", name));
  const plan::Spec spec = config::parse_spec(*record.spec);
  const bool served = spec.detach || spec.idle;  // who runs in the foreground serves nobody, nor does who waits for his next start
  const state::State state = state::read_state(store, record.id);
  if (!served || state.phase == state::State::Phase::restarting) return true;
  return answer == Staying::stays && !(spec.init && !spec.idle && has_lost_command(state));
}

void start_one(const std::string& store, const state::Record& record, const Environment& environment) {
  constexpr int most = 500;  // ten seconds
  for (int attempt = 0; attempt < most && goes_on(store, record); ++attempt) {
    if (stays(store, record)) return;
    constexpr timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
  }
  try {
    Planned planned = plan_again(record, environment);
    start_in_background(planned);
  } catch (Error& error) {
    if (!is_up(store, record)) throw error.during(format("starting the container {}", quoted(record.name)));  // else others were faster
  }
}

int start(const cli::Invocation& invocation) {
  if (invocation.arguments.flag("attach") || invocation.arguments.flag("interactive")) return start_attached(invocation);
  return for_each_container(invocation, [&](const std::string& store, const state::Record& record) {
    start_one(store, record, invocation.environment);
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command start_command{
    .name = "start",
    .summary = "start containers that do not run",
    .operands = "CONTAINER...",
    .description = "Starts the command of each container again, in the background, on the root as it was left. One that\n"
                   "runs already is left alone; one that 'snug enter' made stays from then on.",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::stopped},
    .function = start};

}  // namespace snug::commands
