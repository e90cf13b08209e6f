// Theory of operation, outer half (the inner half is told in child.cc).
//
//   your shell ── snug run (monitor, here)
//                   └─ init (pid 1 inside; child.cc, init.cc)
//                        └─ payload
//
// The child is made in spawn.cc. Four channels lead to it:
//   go       monitor -> init     one byte, once newuidmap and newgidmap have written the id maps
//   report   init -> monitor     {done|failed, step, errno}, and the namespaces to keep; end of file: the command was exec'ed
//   open     monitor -> init     one byte, once pasta is ready, where a port is open from the start, and shared networks are joined
//   control  init <-> monitor    with a terminal: a socket for its outer end, later a byte for each Ctrl-Z of the payload
// Signals that arrive here are blocked and read as data; those meant for the container go to pid 1, which passes
// them on. pid 1 dies with the monitor (PR_SET_PDEATHSIG), and the kernel ends everything else with pid 1; in the host's PID namespace
// the two adopt what loses its parents, and end it (plan::Clone::adopts).
//
// What the monitor does for the container's networks is told in networks.cc.
//
// What the payload's streams lead to is told in foreground.cc and, for a detached container, in service.cc.

#include "snug/runtime/launch.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "cgroup.hh"
#include "child.hh"
#include "foreground.hh"
#include "networks.hh"
#include "owners.hh"
#include "server.hh"
#include "service.hh"
#include "signals.hh"
#include "snug/base/text.hh"
#include "snug/sys/children.hh"
#include "snug/sys/file.hh"
#include "snug/sys/memory.hh"
#include "snug/sys/process.hh"
#include "spawn.hh"
#include "steps.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

/// One container from clone to end, seen from outside. `Streams` is what the payload's streams lead to.
template <typename Streams>
class Monitor {
 public:
  Monitor(const plan::Plan& plan, const Outside& outside)
      : plan_(plan), outside_(outside), streams_(plan, outside), networks_(plan, outside.folder), clock_(plan, outside.step_done) {}

  std::variant<Exited, StepFailure> run() {
    if (auto failure = start()) return *failure;
    watch();
    if (failure_) return *failure_;
    return exited_;
  }

 private:
  std::optional<StepFailure> start() {
    Spawner spawner(plan_, outside_, clock_, cgroup_);
    if (auto failure = spawner.prepare()) return failure;
    streams_.prepare(spawner.context());
    if (auto failure = spawner.start()) return failure;
    streams_.close_child_ends();
    child_ = spawner.take();
    return {};
  }

  // Sleeps until something happens; the same loop from the clone to the end.
  void watch() {
    while (!ended_) {
      Waiting waiting;
      for (const int fd : {signals_.fd(), child_.init.get(), child_.report.get(), child_.control.get()}) waiting.want(fd, POLLIN);
      if (owners_) waiting.want(owners_->descriptor(), POLLIN);
      networks_.ask(waiting);
      streams_.ask(waiting);
      if (outside_.tick) outside_.tick();
      if (!waiting.sleep(patience())) continue;
      // Asleep at once where it stands: each page that it touched on the way there would be back.
      if (waiting.was_quiet() && fall_asleep() && !waiting.sleep(patience())) continue;
      streams_.answer(waiting);
      if (const auto request = streams_.take_request()) heed(runs_ ? networks_.change(*request) : NetworkNews{.answer = "it is only starting"});
      if (waiting.got(child_.control.get(), POLLIN)) read_control();
      if (waiting.got(child_.report.get(), POLLIN)) read_report();
      heed(networks_.answer(waiting));
      if (owners_ && waiting.got(owners_->descriptor(), POLLIN)) lose_owners();
      if (waiting.got(signals_.fd(), POLLIN)) handle_signal(signals_.next());
      if (streams_.deserted()) end_for(SIGKILL, 0);
      if (waiting.got(child_.init.get(), POLLIN)) finish();
    }
  }

  void heed(const NetworkNews& news) {
    if (news.answer) streams_.answer_request(*news.answer);
    if (news.notice && !streams_.note(format("snug: notice: {}\n", *news.notice)) && outside_.notice) outside_.notice(*news.notice);
    if (news.ready) static_cast<void>(sys::write_all(child_.open.get(), "!")), child_.open.reset();
    if (!news.failure) return;
    failure_ = StepFailure{news.step.value_or(number_of<plan::AwaitWayOut>(plan_)), EIO, *news.failure};
    end_for(SIGKILL, 0);
  }

  // pid 1 is closed by now, and its namespaces are in the monitor's hands.
  void enter_networks() {
    int user = -1, net = -1;
    for (const KeptNamespace& each : kept_namespaces()) {
      if (each.kind == "user") user = each.number;
      if (each.kind == "net") net = each.number;
    }
    heed(networks_.enter(user, net));
    for (std::size_t at = 0; outside_.step_done && !failure_ && at < plan_.steps.size(); ++at)
      if (std::holds_alternative<plan::JoinNetwork>(plan_.steps[at].action)) clock_.done(at);
    if (plan_.find<plan::OpenWayOut>()) clock_.done<plan::OpenWayOut>();
  }

  void read_control() {
    if (!took_terminal_) {
      took_terminal_ = take_terminal();
      return;
    }
    char byte = 0;
    if (::read(child_.control.get(), &byte, 1) <= 0) return child_.control.reset();
    if (byte == 'S') streams_.stop(child_.init.get());
  }

  bool take_terminal() {
    Fd outer = sys::receive_descriptor(child_.control.get());
    if (!outer) return child_.control.reset(), false;
    streams_.take_terminal(std::move(outer));
    return true;
  }

  void read_report() {
    Report report;
    std::vector<Fd> descriptors;
    const ssize_t count = sys::receive_message(child_.report.get(), &report, sizeof report, descriptors);
    if (count == sizeof report) return note(report, std::move(descriptors));
    if (count <= 0) end_reports();
  }

  void end_reports() {
    child_.report.reset();
    if (!failure_ && !was_killed()) begin();
  }

  // When the first process has ended; where that has left the command behind, also what that tells until it is executed. Somebody inside may have the
  // other end by then, and would keep us for ever.
  void read_last_reports(bool goes_on) {
    constexpr std::uint64_t patience_ms = 60'000, nanoseconds = 1'000'000;
    const std::uint64_t end = sys::monotonic_time() / nanoseconds + (goes_on ? patience_ms : 0);
    pollfd told{child_.report.get(), POLLIN, 0};
    for (std::size_t left = 2 * plan_.steps.size(); child_.report && left > 0; --left) {
      const std::uint64_t now = sys::monotonic_time() / nanoseconds;
      if (::poll(&told, 1, static_cast<int>(end > now ? end - now : 0)) <= 0) break;
      read_report();
    }
    if (child_.report) end_reports();
  }

  // The end of the reports is that of the command's start, or of pid 1: only who was asked to tell needs to know which.
  [[nodiscard]] bool was_killed() const {
    siginfo_t info{};
    return outside_.running && plan_.init && ::waitid(P_PIDFD, static_cast<id_t>(child_.init.get()), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
           info.si_pid != 0 && info.si_code != CLD_EXITED;
  }

  // The command runs: all that is left to do is to wait.
  void begin() {
    plan_.find<plan::RunShell>() ? clock_.done<plan::RunShell>() : clock_.done<plan::Exec>();
    streams_.begin(child_.init.get());
    if (outside_.running) outside_.running({.init = child_.pid, .namespaces = kept_namespaces(), .cgroup = cgroup_.path()});
    runs_ = true;
  }

  // In milliseconds; -1: until something happens.
  [[nodiscard]] int patience() const {
    const int own = outside_.tick ? 100 : runs_ && !asleep_ ? grace_milliseconds : -1;
    const int theirs = streams_.patience();
    return own < 0 || (theirs >= 0 && theirs < own) ? theirs : own;
  }

  // As pid 1 does, and as late.
  bool fall_asleep() {
    if (!runs_ || std::exchange(asleep_, true)) return false;
    if (outside_.asleep) outside_.asleep();
    sys::forget_program();
    return true;
  }

  [[nodiscard]] std::vector<KeptNamespace> kept_namespaces() const {
    const auto* keep = plan_.find<plan::KeepNamespaces>();
    std::vector<KeptNamespace> kept;
    for (std::size_t at = 0; keep && at < std::min(namespaces_.size(), keep->kinds.size()); ++at)
      kept.push_back({.kind = keep->kinds[at], .number = namespaces_[at].get()});
    return kept;
  }

  void note(const Report& report, std::vector<Fd> descriptors) {
    if (!fits(report, plan_)) return;
    if (report.kind == Report::interface && !descriptors.empty()) networks_.watch(std::move(descriptors.front()));
    if (report.kind == Report::line && !descriptors.empty()) networks_.open_gate(std::move(descriptors.front())), clock_.done<plan::OpenGate>();
    if (report.kind == Report::wall && descriptors.size() == 2) networks_.guard({std::move(descriptors[0]), std::move(descriptors[1])});
    if (report.kind == Report::namespaces) {
      namespaces_ = std::move(descriptors);
      enter_networks();
    }
    if (const auto* maps = plan_.find<plan::WriteIdMaps>(); maps && report.kind == Report::server && descriptors.size() == 1)
      servers_.emplace_back(*maps, std::get<plan::MakeOverlay>(plan_.steps.at(report.step).action), outside_.folder, std::move(descriptors.front()));
    if (report.kind == Report::listener && descriptors.size() == 1) remember_owners(descriptors.front());
    if (report.kind == Report::done) clock_.done_there(report.step, report.nanoseconds);
    if (report.kind == Report::failed) {
      const std::string_view reason(report.reason.data(), ::strnlen(report.reason.data(), report.reason.size()));
      failure_ = StepFailure{report.step, report.error, std::string(trimmed(reason))};
    }
  }

  // Who has the filter waits meanwhile: nothing of the command has run yet.
  void remember_owners(const Fd& listener) {
    const Fd user = open_door("user"), mounts = open_door("mnt");
    owners_.emplace(*plan_.find<plan::RememberOwners>(), OwnersPlace{listener.get(), user.get(), mounts.get()});
    if (const int error = owners_->error()) failure_ = StepFailure{number_of<plan::RememberOwners>(plan_), error, {}}, end_for(SIGKILL, 0);
  }

  // A namespace that the container has made or that is entered.
  [[nodiscard]] Fd open_door(std::string_view kind) const {
    for (const KeptNamespace& kept : kept_namespaces())
      if (kept.kind == kind) return Fd(::fcntl(kept.number, F_DUPFD_CLOEXEC, 0));
    const auto* enter = plan_.find<plan::EnterNamespaces>();
    for (const auto& entry : enter ? enter->entries : std::vector<plan::EnterNamespaces::Entry>()) {
      if (entry.kind != kind) continue;
      Fd door = sys::try_open(AT_FDCWD, entry.path.c_str(), O_RDONLY);
      const auto status = door ? sys::find_status(door.get(), "") : std::nullopt;
      return status && (entry.inode == 0 || status->st_ino == entry.inode) ? std::move(door) : Fd();  // else another process has the number by now
    }
    return {};
  }

  // Unless all have ended that it served, nobody answers their calls any more.
  void lose_owners() {
    const bool done = owners_->was_done();
    owners_.reset();
    if (done) return;
    heed({.notice = "the process that remembers owners has ended, and with it what it served"});
    end_for(SIGKILL, 125);
  }

  void handle_signal(int signal) {
    if (child_.report && is_ending(signal)) {
      end_for(SIGKILL, 128 + signal);  // nothing runs yet that could have a say in it
    } else if (signal == SIGWINCH) {
      streams_.resize();
    } else if (signal == SIGTSTP) {
      static_cast<void>(sys::ask_to_stop(child_.init.get()));
      streams_.stop(child_.init.get());
    } else if (signal == SIGCONT) {
      streams_.go_on();
    } else if (signal != 0) {
      static_cast<void>(sys::send_signal(child_.init.get(), signal));
      // Nobody but this process could have a command that has stopped itself go on, and end; nor a leader that somebody inside has stopped.
      if (is_ending(signal) && is_stopped()) static_cast<void>(sys::send_signal(child_.init.get(), SIGCONT));
    }
  }

  [[nodiscard]] bool is_stopped() const {
    siginfo_t info{};
    return ::waitid(P_PIDFD, static_cast<id_t>(child_.init.get()), &info, WSTOPPED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid != 0;
  }

  static bool is_ending(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT; }

  void end_for(int signal, int code) {
    code_ = code;
    static_cast<void>(sys::send_signal(child_.init.get(), signal));
  }

  // The first process has ended, and with pid 1 all else. What was told before is still there to be read.
  void finish() {
    const auto* fork = plan_.find<plan::ForkPayload>();
    const bool goes_on = plan_.find<plan::RememberOwners>() && fork && fork->parent == plan::ForkPayload::Parent::gone;  // it tells until it executes the command
    read_last_reports(goes_on);
    if (plan_.terminal && !took_terminal_ && child_.control && !failure_) {
      ::fcntl(child_.control.get(), F_SETFL, O_NONBLOCK);
      static_cast<void>(take_terminal());
    }
    if (!reap()) return;
    networks_.end();  // the next one may want its ports as soon as this one is told of as ended
    streams_.drain();
    owners_.reset();
    end_orphans();
    namespaces_.clear();  // the root is held through them, and who serves it waits for it to go
    servers_.clear();
    if (outside_.ended && !failure_) outside_.ended(exited_);
    streams_.see_off(exited_);
  }

  // Of a container in the host's PID namespace, which this process has adopted where their first process was killed. Helpers stand in its own mounts.
  void end_orphans() const {
    if (!plan_.find<plan::Clone>()->adopts) return;
    if (const Fd list = sys::try_open(AT_FDCWD, sys::own_children, O_RDONLY)) sys::end_children(list.get(), true);
  }

  bool reap() {
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(child_.init.get()), &info, WEXITED | __WALL) != 0) {
      if (errno != ECHILD) return false;
      info.si_code = CLD_KILLED, info.si_status = SIGKILL;  // while this process was stopped
    }
    ended_ = true;
    // The command itself may have wanted to end so, where it is the first process.
    exited_.init_killed = info.si_code != CLD_EXITED && (plan_.init || info.si_status == SIGKILL);
    exited_.code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    if (exited_.init_killed && code_) exited_ = {.code = *code_};
    exited_.out_of_memory = cgroup_.out_of_memory_kills();
    return true;
  }

  const plan::Plan& plan_;
  const Outside& outside_;
  BlockedSignals signals_;
  Cgroup cgroup_;  ///< above the streams: it goes last
  Streams streams_;
  Spawned child_;
  std::vector<Server> servers_;
  std::vector<Fd> namespaces_;  ///< go before the servers do
  Networks networks_;  ///< goes before the namespaces do
  std::optional<Owners> owners_;
  std::optional<StepFailure> failure_;
  Exited exited_;
  std::optional<int> code_;  ///< of a container that was ended from here
  bool took_terminal_ = false;
  bool ended_ = false, runs_ = false, asleep_ = false;
  StepClock clock_;  ///< the last to be made: the first step takes its time from here
};

}  // namespace

std::variant<Exited, StepFailure> launch(const plan::Plan& plan, const Outside& outside) {
  return outside.service ? Monitor<Background>(plan, outside).run() : Monitor<Foreground>(plan, outside).run();
}

}  // namespace snug::runtime
