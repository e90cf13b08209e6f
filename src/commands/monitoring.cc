#include "monitoring.hh"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <utility>

#include "background.hh"
#include "joining.hh"
#include "networking.hh"
#include "own_shell.hh"
#include "security.hh"
#include "shared_networks.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/commands/output.hh"
#include "snug/plan/hints.hh"
#include "snug/runtime/cgroup.hh"
#include "snug/state/exit.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "stopping.hh"
#include "visiting.hh"

namespace snug::commands {
namespace {

// A root that a program serves tells nothing of itself out here.
std::vector<state::HeldNamespace> held(const std::vector<runtime::KeptNamespace>& kept) {
  std::vector<state::HeldNamespace> namespaces;
  for (const runtime::KeptNamespace& each : kept) {
    const auto status = sys::find_status(each.number, "");
    namespaces.push_back({each.kind, each.number, status ? status->st_ino : 0});
  }
  return namespaces;
}

/// One container from its first start to its last end.
class Monitoring {
 public:
  Monitoring(Planned& planned, runtime::StepDone step_done, std::optional<runtime::Service> service, const std::function<void()>& running)
      : planned_(planned), running_(running) {
    state_.monitor = state::mark_process(::getpid());
    outside_ = {.folder = planned.storage ? planned.storage->path() : std::string(),
                .id = planned.storage ? planned.storage->id() : std::string(),
                .step_done = std::move(step_done),
                .running = [this](const runtime::Running& now) { note_running(now); },
                .ended = [this](const runtime::Exited& exited) { note_end(exited); },
                .asleep = [this] { settle(); },
                .notice = [](const std::string& text) { say(format("snug: notice: {}\n", text)); },
                .title = terminal_title(planned.facts.terminal.type, planned.spec.name.value_or("")),
                .shell = own_shell(planned.plan),
                .service = std::move(service)};
  }

  runtime::Exited run() {
    // Before anything runs: whoever is to end the container finds its monitor, also when the disk is full by then.
    // And whoever clears up after a crash finds its cgroup.
    const auto* make = planned_.plan.find<plan::MakeCgroup>();
    if (make) state_.cgroup = runtime::cgroup_path(*make, planned_.storage->id());
    if (outside_.service || make) state::write_state(planned_.facts.store, planned_.storage->id(), state_);
    // Only now is there a run whose end takes the place of the last one's.
    if (outside_.service) state::place_exit(planned_.storage->path());
    while (true) {
      const auto result = runtime::launch(planned_.plan, outside_);
      if (unwritten_) throw *unwritten_;
      if (const auto* failure = std::get_if<runtime::StepFailure>(&result); failure && !was_running_) fail(*failure);
      // Once it has run, a start that fails is one more end that the policy looks at.
      const auto* end = std::get_if<runtime::Exited>(&result);
      const runtime::Exited exited = end ? *end : runtime::Exited{.code = 125};
      if (!end) note_end(exited);
      if (state_.phase != state::State::Phase::restarting || !wait_for_restart()) return exited;
      ++state_.restarts;
      look_up_changes();
      outside_.service->visitor = -1;  // has left with the end
    }
  }

 private:
  void note_running(const runtime::Running& now) {
    state_.phase = state::State::Phase::running;
    state_.cgroup = now.cgroup;
    state_.started = std::time(nullptr);
    state_.hostname = std::holds_alternative<plan::NewNamespace>(planned_.spec.namespaces.uts) ? plan::own_hostname(planned_.spec) : std::string();
    // Where no command runs, those who come are under it.
    const bool confined = plan::confines_paths(planned_.spec) && plan::landlock_of(planned_.facts.landlock, true, true);
    state_.landlock = confined ? static_cast<unsigned>(planned_.facts.landlock) : 0;
    state_.confinement = confinement_of(planned_.plan);
    running_now_ = now;
    // What nobody named nobody looks for at once, and it may be over in a moment.
    if (!planned_.storage || !planned_.storage->has_name()) return;
    look_at_processes();
    const std::optional<Error> error = write();
    if (error && outside_.service && !was_running_) return give_up(*error);
    if (std::exchange(was_running_, true)) return state::clear_exit(planned_.storage->path());
    if (running_) running_();
    if (plan::is_kept(planned_.spec)) state::secure_record(planned_.facts.store, planned_.storage->id());  // in the background nobody waits any more
  }

  void note_end(const runtime::Exited& exited) {
    // In one go: whoever took it for ended in between would not stop it.
    state_.phase = wants_restart(exited) ? state::State::Phase::restarting : state::State::Phase::exited;
    state_.finished = std::time(nullptr);
    state_.code = exited.code;
    state_.out_of_memory += exited.out_of_memory;
    state_.namespaces.clear();
    state_.cgroup.clear();
    if (planned_.before) tell_as_before();
    if (plan::is_kept(planned_.spec) || outside_.service) static_cast<void>(write());
    if (outside_.service) state::write_exit(planned_.storage->path(), state_.code);
  }

  // A visit is no run of the container's command.
  void tell_as_before() {
    const state::ProcessMark monitor = state_.monitor;
    state_ = *planned_.before;
    state_.monitor = monitor;
  }

  [[noreturn]] void fail(const runtime::StepFailure& failure) {
    look_for_shell(planned_, failure);
    const Error error = failure_error(planned_.plan, planned_.facts, failure);
    note_end({.code = error.exit_code()});
    if (planned_.before) throw error;
    state_.phase = state::State::Phase::exited;
    state_.error = error.message();
    if (plan::is_kept(planned_.spec)) static_cast<void>(write());
    throw error;
  }

  // init is the monitor's child: until that has waited for it, its number is nobody else's.
  void look_at_processes() {
    state_.init = state::mark_process(running_now_.init);
    state_.namespaces = held(running_now_.namespaces);
  }

  // In the foreground: from now on the other commands find it.
  void settle() {
    if (recorded_) return;
    look_at_processes();
    try {
      if (!planned_.storage) planned_.storage = std::make_unique<Storage>(planned_.facts.store, own_maps(planned_));
      if (!planned_.storage->has_name()) planned_.spec.name = planned_.storage->take_name({}, plan::usual_name(planned_.spec.rootfs));
    } catch (const Error&) {  // there is no place for it, and it runs all the same
      return;
    }
    static_cast<void>(write());
  }

  // `snug update`, `snug port` and `snug network` may have changed them since.
  void look_up_changes() {
    const auto record = state::try_find_record(planned_.facts.store, planned_.storage->id());
    if (!record) return;
    const plan::Spec now = config::parse_spec(*record->spec);
    planned_.spec.resources = now.resources;
    planned_.spec.network.ports = now.network.ports;
    planned_.spec.network.allow = now.network.allow;
    planned_.spec.network.shared = now.network.shared;
    settle_networks(planned_);
    // The other one may have been started anew since: where its namespaces were are another's by now.
    planned_.spec = leave_container(std::move(planned_.spec));
    join_container(planned_.spec, planned_.facts.store).tell(planned_.facts);
    planned_.plan = accepted(plan::make_plan(planned_.spec, planned_.facts));
  }

  // A container that goes on in the background and that no command finds would be nobody's.
  void give_up(const Error& error) {
    unwritten_ = error;
    if (const sys::Fd init = state::open_marked(state_.init)) static_cast<void>(sys::send_signal(init.get(), SIGKILL));
  }

  // In the foreground the container runs, or has ended, whatever can be written. Gives what went wrong.
  std::optional<Error> write() {
    if (!planned_.storage) return {};
    try {
      if (!std::exchange(recorded_, true) && !plan::is_kept(planned_.spec)) state::write_record(planned_.facts.store, record_of(planned_));
      state::write_state(planned_.facts.store, planned_.storage->id(), state_);
      return {};
    } catch (const Error& error) {
      say(format("snug: notice: {}\n", error.message()));
      return error;
    }
  }

  [[nodiscard]] bool wants_restart(const runtime::Exited& exited) const {
    using When = plan::Restart::When;
    const plan::Restart& restart = planned_.spec.restart;
    if (!outside_.service || planned_.before || restart.when == When::never || is_stopping(planned_.storage->path())) return false;
    return restart.when == When::always || (exited.code != 0 && (!restart.attempts || state_.restarts < *restart.attempts));
  }

  // As docker: 100 ms, twice as long each time, up to a minute; from the start again once it has run for ten seconds. Who wants
  // it to end meanwhile sends a signal.
  bool wait_for_restart() {
    pause_ = state_.finished - state_.started >= 10 ? 100 : std::clamp<long>(pause_ * 2, 100, 60'000);
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ending, signal);
    const timespec patience{pause_ / 1000, pause_ % 1000 * 1'000'000};
    if (::sigtimedwait(&ending, nullptr, &patience) < 0 && !is_stopping(planned_.storage->path())) return true;
    state_.phase = state::State::Phase::exited;
    static_cast<void>(write());
    return false;
  }

  Planned& planned_;
  const std::function<void()>& running_;
  runtime::Outside outside_;
  state::State state_;
  runtime::Running running_now_;
  long pause_ = 0;  ///< milliseconds
  bool recorded_ = false, was_running_ = false;
  std::optional<Error> unwritten_;
};

}  // namespace

runtime::Exited monitor_container(Planned& planned, runtime::StepDone step_done, std::optional<runtime::Service> service,
                                  const std::function<void()>& running) {
  return Monitoring(planned, std::move(step_done), std::move(service), running).run();
}

int run_in_foreground(Planned& planned, bool verbose) {
  const runtime::Exited exited = monitor_container(planned, step_printer(planned.plan, verbose));
  if (planned.storage) planned.storage->keep(plan::is_kept(planned.spec));
  return tell_end(exited);
}

namespace {

// `visit`: somebody who is there from the start; where it is empty, nobody is. Its second end stays the caller's alone, or the
// monitor would not notice that he left.
void start(Planned& planned, sys::FdPair& visit, bool until_left) {
  const std::string& folder = planned.storage->path();
  forget_stop(folder);
  state::prepare_exit(folder);
  runtime::Service service{.folder = folder, .log = planned.spec.log, .until_left = until_left, .sleeps = planned.before.has_value(), .left = [folder] { mark_stopping(folder); }};
  try {
    run_in_background([&](const std::function<void()>& ready) {
      visit.second.reset();
      service.visitor = visit.first.release();
      planned.storage->keep(plan::is_kept(planned.spec));
      static_cast<void>(monitor_container(planned, {}, service, ready));
      planned.storage.reset();
    });
  } catch (const Error&) {
    state::drop_prepared_exit(folder);
    throw;
  }
  visit.first.reset();
  planned.storage->keep(true);
  planned.storage.reset();
}

}  // namespace

void start_in_background(Planned& planned) {
  sys::FdPair nobody;
  start(planned, nobody, false);
}

sys::Fd start_and_hold(Planned& planned) {
  sys::FdPair hold = runtime::make_hold();
  start(planned, hold, true);
  return std::move(hold.second);
}

int start_and_attach(Planned& planned, runtime::Attaching how) {
  how.patient = true;  // as it would be in the foreground
  sys::FdPair visit = runtime::make_visit(how);
  start(planned, visit, false);
  return end_visit(runtime::attach(std::move(visit.second), how), planned.spec.name.value_or(""));
}

}  // namespace snug::commands
