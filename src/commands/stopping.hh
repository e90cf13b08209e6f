#pragma once

#include <array>
#include <optional>
#include <string>

#include "known_words.hh"
#include "snug/cli/arguments.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// How a container is asked to end; nothing: as its own Spec says.
struct Patience {
  std::optional<int> signal;
  std::optional<int> seconds;  ///< -1: however long it takes
};

/// The options that choose it.
inline constexpr std::array patience_options{
    cli::Option{.name = "signal", .letter = 's', .argument = "SIGNAL", .help = "send this, not the container's own stop signal", .completer = {cli::Complete::words, signal_words}},
    cli::Option{.name = "time", .letter = 't', .argument = "SECONDS", .help = "SIGKILL after so long; 10 by default, -1: never"},
};

/// Reads --signal and --time, as far as they are there. Throws UsageError.
[[nodiscard]] Patience read_patience(const cli::Arguments& arguments);

/// Asks the container to end: the signal to pid 1, and SIGKILL when the time has passed. Returns once it has ended. Does nothing
/// where it does not run. A container that is stopped is not started anew, whatever --restart says.
void stop_container(const std::string& store, const state::Record& record, const Patience& patience);

/// Ends the container at once, and its monitor where that does not end by itself.
void end_container(const std::string& store, const state::Record& record);

/// Ends whoever holds the container's folder, the last resort. False where nobody can be found who does.
bool end_holder(const std::string& store, const state::Record& record);

/// Whether the container runs, and goes on: the end of one that was killed or asked to end is waited for, ten seconds at most.
[[nodiscard]] bool goes_on(const std::string& store, const state::Record& record);

/// Throws, with a hint, where it has ended and waits to be started again.
void need_no_wait(const std::string& store, const state::Record& record);

/// Waits for the end of a process that was killed, or of the monitor of a container that has ended: ten seconds at most.
void await_end(const sys::Fd& process);

/// Notes that the container in `folder` is asked to end.
void mark_stopping(const std::string& folder);

/// Whether it was since it was started.
[[nodiscard]] bool is_stopping(const std::string& folder);

/// Forgets that; of a container that is started.
void forget_stop(const std::string& folder);

/// A container whose end somebody waits for: what it tells of that outlives its folder.
struct Awaited {
  std::string id;
  sys::Fd exit;  ///< state::open_exit
  state::State state;
  sys::Fd monitor;
};
[[nodiscard]] Awaited await(const std::string& store, const state::Record& record);

/// Waits until the container has ended; gives its exit code. Nothing where Ctrl-C at snug's own prompt came before.
[[nodiscard]] std::optional<int> wait_for_end(const std::string& store, const Awaited& container);

}  // namespace snug::commands
