#include <array>
#include <ctime>

#include "commands.hh"
#include "containers.hh"
#include "snug/commands/moment.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/runtime/log.hh"
#include "snug/shell/keyboard.hh"
#include "snug/state/record.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "follow", .letter = 'f', .help = "go on until the container ends"},
    cli::Option{.name = "since", .argument = "TIME", .help = "only from then on: 2026-11-25T08:00:00Z, seconds since 1970, or 10m (ago)"},
    cli::Option{.name = "tail", .letter = 'n', .argument = "COUNT", .help = "only the last COUNT lines, or all"},
    cli::Option{.name = "timestamps", .letter = 't', .help = "put its time in front of each line"},
    cli::Option{.name = "until", .argument = "TIME", .help = "only up to then"},
};

std::optional<std::uint64_t> parse_tail(const std::string* text) {
  if (!text || *text == "all" || text->starts_with('-')) return {};
  if (const auto count = parse_number(*text)) return count;
  throw UsageError(format("--tail {}: this is no number of lines", quoted(*text)), "--tail 100, or --tail all");
}

std::optional<runtime::LogTime> find_moment(const cli::Arguments& given, std::string_view name) {
  const std::string* text = given.find(name);
  if (!text) return {};
  try {
    return parse_moment(*text, std::time(nullptr));
  } catch (const UsageError& error) {
    throw UsageError(format("--{} {}", name, error.message()), error.hint());
  }
}

int logs(const cli::Invocation& invocation) {
  const cli::Arguments& given = invocation.arguments;
  if (given.operands.empty()) throw UsageError("no container was named", "snug logs CONTAINER");
  runtime::LogWish wish{.tail = parse_tail(given.find("tail")), .since = find_moment(given, "since"), .until = find_moment(given, "until")};
  const std::string store = store_of(invocation.environment);
  const state::Record record = state::find_record(store, given.operands.front());
  const state::State state = state::read_state(store, record.id);
  sys::Fd monitor;
  if (given.flag("follow")) {
    if (state.phase == state::State::Phase::running) monitor = state::open_marked(state.monitor);
    wish.monitor = monitor.get();
    wish.enough = shell::was_interrupted;
  }
  const bool times = given.flag("timestamps");
  const bool found = runtime::read_log(state::folder_of(store, record.id), wish, [&](const runtime::LogLine& line) {
    const std::string text = (times ? runtime::render_log_time(line.time) + " " : "") + line.text;
    line.error ? say(text) : print(text);
  });
  if (!found && state.phase != state::State::Phase::created)
    throw Error(format("there is no log of the container {}", quoted(record.name)),
                "what a container in the foreground writes is not kept, nor with --log-driver none");
  return 0;
}

}  // namespace

constinit const cli::Command logs_command{
    .name = "logs",
    .summary = "show what a detached container wrote",
    .operands = "CONTAINER",
    .description = "Prints what CONTAINER wrote to standard output and standard error, byte for byte and each where it was written to.\n"
                   "Of a container with a terminal all of it is standard output.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::containers},
    .function = logs};

}  // namespace snug::commands
