#include "stopping.hh"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "snug/base/error.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/probe/cgroup.hh"
#include "snug/runtime/cgroup.hh"
#include "snug/shell/keyboard.hh"
#include "snug/state/exit.hh"
#include "snug/state/holder.hh"
#include "values.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::commands {
namespace {

using state::State;
using sys::Fd;

constexpr const char* stop_mark = "stopping";
constexpr int patience_with_monitors = 10;  // seconds: what they write at the end may wait for a slow disk

std::string path_of(const std::string& folder, const char* name) { return format("{}/{}", folder, name); }

// Whether it has ended within so many seconds; -1: however long it takes. At snug's own prompt Ctrl-C leaves what `may_be_left`.
bool ends_within(const Fd& process, int seconds, bool may_be_left = false) {
  if (!process) return true;
  pollfd end{process.get(), POLLIN, 0};
  const int patience = seconds >= 0 ? seconds * 1000 : may_be_left ? 1000 : -1;  // a signal may come between the question and the waiting
  for (;;) {
    if (may_be_left && shell::was_interrupted()) return false;
    const int count = ::poll(&end, 1, patience);
    if (count > 0) return true;
    if (count < 0 ? errno != EINTR : seconds >= 0) return false;
  }
}

}  // namespace

void mark_stopping(const std::string& folder) {
  static_cast<void>(sys::try_open(AT_FDCWD, path_of(folder, stop_mark).c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
}

bool is_stopping(const std::string& folder) { return sys::find_status(AT_FDCWD, path_of(folder, stop_mark).c_str()).has_value(); }

void forget_stop(const std::string& folder) { ::unlink(path_of(folder, stop_mark).c_str()); }

Patience read_patience(const cli::Arguments& arguments) {
  Patience patience;
  if (const std::string* typed = arguments.find("signal")) {
    patience.signal = parse_signal(*typed);
    if (!patience.signal) throw UsageError(format("--signal {}: it is no signal", printable(*typed)), "signal(7) lists them");
  }
  if (const std::string* typed = arguments.find("time")) patience.seconds = *typed == "-1" ? -1 : static_cast<int>(parse_seconds(*typed));
  return patience;
}

void stop_container(const std::string& store, const state::Record& record, const Patience& patience) {
  const State state = state::read_state(store, record.id);
  const Fd monitor = state::open_marked(state.monitor), init = state::open_marked(state.init);
  if (!monitor) return;
  const plan::Spec spec = config::parse_spec(*record.spec);
  mark_stopping(state::folder_of(store, record.id));
  if (init) {
    const int error = sys::send_signal(init.get(), patience.signal.value_or(plan::stop_signal(spec)));
    if (error && error != ESRCH) throw system_error(format("stop the container {}", quoted(record.name)), error);
    state::wake(state.monitor);  // Ctrl-Z may have stopped it, and its command, which would not hear of this
    // One that is paused hears of it when it goes on.
    if (!state.cgroup.empty() && probe::is_frozen(state.cgroup)) runtime::freeze_cgroup(state.cgroup, false);
    const int seconds = patience.seconds.value_or(static_cast<int>(spec.stop_timeout.value_or(plan::usual_stop_timeout)));
    const bool has_ended = ends_within(init, seconds, seconds < 0);
    if (!has_ended && seconds < 0) return;  // whoever waited does no longer
    if (!has_ended) static_cast<void>(sys::send_signal(init.get(), SIGKILL));
  } else if (state.phase != State::Phase::exited) {
    static_cast<void>(sys::send_signal(monitor.get(), SIGTERM));  // between two starts
  }
  // Somebody may still read what goes away with it; of what goes away the end is not always written down.
  const auto is_over = [&] { return (init && !record.kept) || state::read_state(store, record.id).phase == State::Phase::exited; };
  if (!ends_within(monitor, patience_with_monitors) && !is_over())
    throw Error(format("the container {} has ended, but its monitor, process {}, has not", quoted(record.name), state.monitor.pid), "'snug rm --force' ends that too");
}

void end_container(const std::string& store, const state::Record& record) {
  const State state = state::read_state(store, record.id);
  const Fd monitor = state::open_marked(state.monitor), init = state::open_marked(state.init);
  if (!monitor) return;
  mark_stopping(state::folder_of(store, record.id));
  if (init) static_cast<void>(sys::send_signal(init.get(), SIGKILL));
  state::wake(state.monitor);
  if (init && ends_within(monitor, patience_with_monitors)) return;
  static_cast<void>(sys::send_signal(monitor.get(), SIGKILL));
  static_cast<void>(ends_within(monitor, -1));
}

bool end_holder(const std::string& store, const state::Record& record) {
  const Fd holder = state::open_marked(state::find_holder(state::folder_of(store, record.id)));
  if (!holder || sys::send_signal(holder.get(), SIGKILL) != 0) return false;
  return ends_within(holder, -1);
}

bool goes_on(const std::string& store, const state::Record& record) {
  constexpr int pause = 20;  // milliseconds
  for (int waited = 0; waited < patience_with_monitors * 1000; waited += pause) {
    const State state = state::read_state(store, record.id);
    const Fd monitor = state::open_marked(state.monitor);
    if (!monitor || state.phase == State::Phase::created) return false;
    if (state.phase != State::Phase::exited && !state.ending && !is_stopping(state::folder_of(store, record.id))) return true;
    if (state.ending) state::wake(state.monitor);
    pollfd end{monitor.get(), POLLIN, 0};
    static_cast<void>(::poll(&end, 1, pause));
  }
  return true;  // who was asked to end, and does not, goes on
}

void need_no_wait(const std::string& store, const state::Record& record) {
  if (state::read_state(store, record.id).phase == State::Phase::restarting)
    throw Error(format("the container {} does not run just now: it waits to be started again", quoted(record.name)), format("'snug stop {}' has it wait no longer", shell_quoted(record.name)));
}

void await_end(const Fd& process) { static_cast<void>(ends_within(process, patience_with_monitors)); }

Awaited await(const std::string& store, const state::Record& record) {
  Fd exit = state::open_exit(state::folder_of(store, record.id));
  State state = state::read_state(store, record.id);
  Fd monitor = state::open_marked(state.monitor);
  const bool runs = state.phase == State::Phase::running || state.phase == State::Phase::restarting;
  if (state.ending) state::wake(state.monitor);
  if (runs && !monitor && state::is_alive(state.monitor)) throw system_error(format("wait for the container {}", quoted(record.name)), errno == ESRCH ? EMFILE : errno);
  return {.id = record.id, .exit = std::move(exit), .state = std::move(state), .monitor = std::move(monitor)};
}

std::optional<int> wait_for_end(const std::string& store, const Awaited& container) {
  const State& state = container.state;
  if (state.phase != State::Phase::running && state.phase != State::Phase::restarting) return state.code;
  if (!ends_within(container.monitor, -1, true)) return {};
  if (const auto exit = state::read_exit(container.exit)) return exit->code;
  return state::read_state(store, container.id).code;
}

}  // namespace snug::commands
