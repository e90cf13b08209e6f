#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "known_words.hh"
#include "snug/base/error.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/sys/process.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "signal", .letter = 's', .argument = "SIGNAL", .help = "send this; KILL by default", .completer = {cli::Complete::words, signal_words}},
};

// pid 1 passes it on to the command; SIGKILL ends pid 1, and everything with it.
int kill(const cli::Invocation& invocation) {
  const int signal = read_patience(invocation.arguments).signal.value_or(SIGKILL);
  return for_each_container(invocation, [&](const std::string& store, const state::Record& record) {
    need_running(store, record);
    need_no_wait(store, record);
    const sys::Fd init = state::open_marked(state::read_state(store, record.id).init);
    if (const int error = init ? sys::send_signal(init.get(), signal) : ESRCH)
      throw system_error(format("send {} to the container {}", signal_name(signal), quoted(record.name)), error);
    if (signal == SIGKILL) await_end(init), static_cast<void>(goes_on(store, record));  // whoever comes next finds it ended
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command kill_command{
    .name = "kill",
    .summary = "send a signal to the command of containers",
    .operands = "CONTAINER...",
    .description = "Sends SIGKILL, which ends the container, or the signal given, which its command gets.",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::running},
    .function = kill};

}  // namespace snug::commands
