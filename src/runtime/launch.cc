// Theory of operation, outer half (the inner half is told in child.cc).
//
//   your shell ── snug run (monitor, here)
//                   └─ init (pid 1 inside; child.cc, init.cc)
//                        └─ payload
//
// Three channels lead to the child:
//   go       monitor -> init     one byte, once newuidmap and newgidmap have written the id maps
//   report   init -> monitor     {done|failed, step, errno}, and the namespaces to keep; end of file: the command was exec'ed
//   open     monitor -> init     one byte, once pasta is ready, where a port is open from the start
//   control  init <-> monitor    with a terminal: a socket for its outer end, later a byte for each Ctrl-Z of the payload
// Signals that arrive here are blocked and read as data; those meant for the container go to pid 1, which passes
// them on. pid 1 dies with the monitor (PR_SET_PDEATHSIG), and the kernel ends everything else with pid 1.
//
// A network that leads out has pasta for it, beside all this: net/way_out.cc. The monitor starts it when the first packet comes out
// of the container's interface, whose outer end it holds until then.
//
// What the payload's streams lead to is told in foreground.cc and, for a detached container, in service.cc.

#include "snug/runtime/launch.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
#include "helpers.hh"
#include "porch.hh"
#include "sealed.hh"
#include "server.hh"
#include "service.hh"
#include "signals.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/net/way_out.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

using sys::Fd;
using sys::FdPair;
using sys::make_pipe;

FdPair make_socket_pair(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) throw system_error("make a pair of sockets", errno);
  return {Fd(ends[0]), Fd(ends[1])};
}

/// One container from clone to end, seen from outside. `Streams` is what the payload's streams lead to.
template <typename Streams>
class Monitor {
 public:
  Monitor(const plan::Plan& plan, const Outside& outside) : plan_(plan), outside_(outside), context_(plan), streams_(plan, outside) {}

  std::variant<Exited, StepFailure> run() {
    if (outside_.step_done) last_ = sys::monotonic_time();
    if (auto failure = make_folders()) return *failure;
    if (auto failure = make_cgroup()) return *failure;
    if (auto failure = open_cgroup()) return *failure;
    if (auto failure = open_program()) return *failure;
    prepare();
    if (auto failure = start()) return *failure;
    close_child_ends();
    if (auto failure = write_maps()) return *failure;
    watch();
    way_out_.reset();
    if (failure_) return *failure_;
    return exited_;
  }

 private:
  std::optional<StepFailure> make_folders() {
    const auto* make = plan_.find<plan::MakeFolders>();
    if (!make) return {};
    const Fd container = sys::open(AT_FDCWD, outside_.folder, O_PATH | O_DIRECTORY);
    for (const auto& folder : make->folders) {
      const bool made = ::mkdirat(container.get(), folder.path.c_str(), 0700) == 0;
      if (!made && errno == EEXIST) continue;  // a container that is started again has them, as it left them
      // The mode is set apart from the making, because the caller's umask would have a say in it.
      if (!made || ::fchmodat(container.get(), folder.path.c_str(), folder.mode, 0) != 0) return failed_at<plan::MakeFolders>(errno);
    }
    done<plan::MakeFolders>();
    return {};
  }

  std::optional<StepFailure> make_cgroup() {
    const auto* make = plan_.find<plan::MakeCgroup>();
    if (!make) return {};
    std::string reason;
    const int error = cgroup_.make(*make, outside_.id, reason);
    // Nothing is asked of it but to be there.
    if (error && !make->settings.empty()) return failed_at<plan::MakeCgroup>(error, reason);
    context_.cgroup = cgroup_.inner();
    done<plan::MakeCgroup>();
    return {};
  }

  std::optional<StepFailure> open_cgroup() {
    const auto* join = plan_.find<plan::JoinCgroup>();
    if (!join) return {};
    std::string reason;
    door_ = open_cgroup_door(*join, reason);
    if (!door_ && join->required) return failed_at<plan::JoinCgroup>(errno, reason);
    context_.door = door_.get();
    context_.through_door = join->required;
    done<plan::JoinCgroup>();
    return {};
  }

  std::optional<StepFailure> open_program() {
    if (const auto* shell = plan_.find<plan::RunShell>()) return lend_tools(*shell);
    const auto* exec = plan_.find<plan::Exec>();
    if (!exec || !exec->from_host) return {};
    program_ = sys::try_open(AT_FDCWD, exec->paths.front().c_str(), O_PATH);
    if (!program_) return failed_at<plan::Exec>(errno);
    context_.program = program_.get();
    return {};
  }

  std::optional<StepFailure> lend_tools(const plan::RunShell& shell) {
    context_.shell = &outside_.shell;
    if (shell.tools.empty()) return {};
    program_ = copy_sealed(shell.tools.c_str());
    if (!program_) return failed_at<plan::RunShell>(errno);
    context_.program = program_.get();
    return {};
  }

  void prepare() {
    report_ = make_socket_pair(SOCK_SEQPACKET);
    context_.report = report_.second.get();
    if (plan_.terminal) {
      control_ = make_socket_pair(SOCK_STREAM);
      context_.control = control_.second.get();
    }
    context_.folder_path = outside_.folder.empty() ? nullptr : outside_.folder.c_str();
    context_.verbose = static_cast<bool>(outside_.step_done);
    if (maps_by_helpers()) {
      go_ = make_pipe();
      context_.go = go_.first.get();
    }
    if (const auto* open = plan_.find<plan::OpenWayOut>())
      way_out_.emplace(net::WayOutChoice{.interface = open->interface, .words = open->words, .again = open->again});
    if (plan_.find<plan::AwaitWayOut>()) {
      open_ = make_pipe();
      context_.open = open_.first.get();
    }
    context_.outer = {report_.first.get(), control_.first.get(), go_.second.get(), open_.second.get()};
    streams_.prepare(context_);
  }

  [[nodiscard]] const plan::WriteIdMaps* maps_by_helpers() const {
    const auto* write = plan_.find<plan::WriteIdMaps>();
    return write && !write->newuidmap.empty() ? write : nullptr;
  }

  std::optional<StepFailure> start() {
    const std::uint64_t flags = plan_.find<plan::Clone>()->flags;
    if (const auto* enter = plan_.find<plan::EnterNamespaces>()) return start_inside(*enter, flags);
    auto [pid, pidfd] = sys::clone_process(flags, false, context_.cgroup);
    if (pid == 0) run_child(context_);
    if (pid < 0) return failed_at<plan::Clone>(errno);
    pid_ = pid;
    init_ = std::move(pidfd);
    done<plan::Clone>();
    return {};
  }

  std::optional<StepFailure> start_inside(const plan::EnterNamespaces& enter, std::uint64_t flags) {
    const PorchAnswer answer = start_through_porch(context_, enter, flags);
    if (answer.error && answer.joining) return failed_at<plan::JoinCgroup>(answer.error);
    if (answer.error)
      return answer.cloning ? failed_at<plan::Clone>(answer.error) : failed_at<plan::EnterNamespaces>(answer.error, answer.entry);
    pid_ = answer.init;
    init_ = sys::open_process(pid_);
    done<plan::EnterNamespaces>();
    done<plan::Clone>();
    return {};
  }

  void close_child_ends() {
    report_.second.reset();
    control_.second.reset();
    go_.first.reset();
    open_.first.reset();
    streams_.close_child_ends();
  }

  std::optional<StepFailure> write_maps() {
    const auto* step = maps_by_helpers();
    if (!step) return {};
    const std::string words = sys::write_id_maps(map_helpers(*step), pid_);
    if (!words.empty()) {
      static_cast<void>(sys::send_signal(init_.get(), SIGKILL));
      reap();
      return failed_at<plan::WriteIdMaps>(EPERM, words);
    }
    static_cast<void>(sys::write_all(go_.second.get(), "!"));
    go_.second.reset();
    done<plan::WriteIdMaps>();
    return {};
  }

  // Sleeps until something happens; the same loop from the clone to the end.
  void watch() {
    while (!ended_) {
      Waiting waiting;
      for (const int fd : {signals_.fd(), init_.get(), report_.first.get(), control_.first.get()}) waiting.want(fd, POLLIN);
      if (way_out_)
        for (const int fd : way_out_->descriptors()) waiting.want(fd, POLLIN);
      streams_.ask(waiting);
      if (outside_.tick) outside_.tick();
      if (!waiting.sleep(patience())) continue;
      // Asleep at once where it stands: each page that it touched on the way there would be back.
      if (waiting.was_quiet() && fall_asleep() && !waiting.sleep(patience())) continue;
      streams_.answer(waiting);
      if (const auto words = streams_.take_wanted_ports()) change_ports(*words);
      if (waiting.got(control_.first.get(), POLLIN)) read_control();
      if (waiting.got(report_.first.get(), POLLIN)) read_report();
      if (way_out_) look_at_way_out(waiting);
      if (waiting.got(signals_.fd(), POLLIN)) handle_signal(signals_.next());
      if (streams_.deserted()) end_for(SIGKILL, 0);
      if (waiting.got(init_.get(), POLLIN)) finish();
    }
  }

  void look_at_way_out(const Waiting& waiting) {
    const auto all = way_out_->descriptors();
    if (std::none_of(all.begin(), all.end(), [&](int fd) { return fd >= 0 && waiting.got(fd, POLLIN); })) return;
    using News = net::WayOut::News;
    switch (way_out_->answer()) {
      case News::none: return;
      case News::ready:
        if (former_ports_) return answer_ports("");
        if (!open_.second) return;
        static_cast<void>(sys::write_all(open_.second.get(), "!"));
        return open_.second.reset();
      case News::restarted: return tell_of_way_out("was started anew");
      case News::refused:
      case News::ended: return lose_way_out();
    }
  }

  // Who is inside goes on without: its connections through pasta end.
  void change_ports(std::string_view words) {
    const auto* open = plan_.find<plan::OpenWayOut>();
    if (!runs_ || !way_out_ || !open->again || former_ports_) return streams_.answer_ports(!way_out_ ? "it has no way out" : "this cannot be done now");
    former_ports_ = way_out_->restart(split(words, '\0'));
    if (!way_out_->is_started()) lose_way_out();
  }

  void answer_ports(const std::string& refusal) {
    const auto former = std::exchange(former_ports_, std::nullopt);
    if (!refusal.empty()) static_cast<void>(way_out_->restart(*former));
    streams_.answer_ports(refusal);
    if (!way_out_->is_started()) tell_of_way_out("the network has no way out any more");
  }

  // Who waits for it does not start; who runs goes on without.
  void lose_way_out() {
    if (former_ports_) return answer_ports(way_out_->reason().empty() ? "pasta has ended" : way_out_->reason());
    if (!open_.second) return tell_of_way_out("the network has no way out any more");
    failure_ = failed_at<plan::AwaitWayOut>(EIO, way_out_->reason());
    end_for(SIGKILL, 0);
  }

  void tell_of_way_out(std::string_view what) {
    const std::string& reason = way_out_->reason();
    const std::string text = format("pasta has ended{}: {}", reason.empty() ? "" : format(" ({})", printable(reason)), what);
    if (!streams_.note(format("snug: notice: {}\n", text)) && outside_.notice) outside_.notice(text);
  }

  // pid 1 is closed by now, and its namespaces are in the monitor's hands.
  void prepare_way_out() {
    int user = -1, net = -1;
    for (const KeptNamespace& each : kept_namespaces()) {
      if (each.kind == "user") user = each.number;
      if (each.kind == "net") net = each.number;
    }
    way_out_->enter(user, net);
    if (plan_.find<plan::OpenWayOut>()->at_once) way_out_->start();
    done<plan::OpenWayOut>();
  }

  void read_control() {
    if (!took_terminal_) {
      took_terminal_ = take_terminal();
      return;
    }
    char byte = 0;
    if (::read(control_.first.get(), &byte, 1) <= 0) return control_.first.reset();
    if (byte == 'S') streams_.stop(init_.get());
  }

  bool take_terminal() {
    Fd outer = sys::receive_descriptor(control_.first.get());
    if (!outer) return control_.first.reset(), false;
    streams_.take_terminal(std::move(outer));
    return true;
  }

  void read_report() {
    Report report;
    std::vector<Fd> descriptors;
    const ssize_t count = sys::receive_message(report_.first.get(), &report, sizeof report, descriptors);
    if (count == sizeof report) return note(report, std::move(descriptors));
    report_.first.reset();
    if (!failure_ && !was_killed()) begin();
  }

  // The end of the reports is that of the command's start, or of pid 1: only who was asked to tell needs to know which.
  [[nodiscard]] bool was_killed() const {
    siginfo_t info{};
    return outside_.running && plan_.init && ::waitid(P_PIDFD, static_cast<id_t>(init_.get()), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
           info.si_pid != 0 && info.si_code != CLD_EXITED;
  }

  // The command runs: all that is left to do is to wait.
  void begin() {
    plan_.find<plan::RunShell>() ? done<plan::RunShell>() : done<plan::Exec>();
    streams_.begin(init_.get());
    if (outside_.running) outside_.running({.init = pid_, .namespaces = kept_namespaces(), .cgroup = cgroup_.path()});
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
    if (report.kind == Report::interface && way_out_ && !descriptors.empty()) way_out_->watch(std::move(descriptors.front()));
    if (report.kind == Report::namespaces) {
      namespaces_ = std::move(descriptors);
      if (way_out_) prepare_way_out();
    }
    if (const auto* maps = plan_.find<plan::WriteIdMaps>(); maps && report.kind == Report::server && descriptors.size() == 1)
      servers_.emplace_back(*maps, std::get<plan::MakeOverlay>(plan_.steps.at(report.step).action), outside_.folder, std::move(descriptors.front()));
    if (report.kind == Report::failed) {
      const std::string_view reason(report.reason.data(), ::strnlen(report.reason.data(), report.reason.size()));
      failure_ = StepFailure{report.step, report.error, std::string(trimmed(reason))};
    } else if (report.kind == Report::done && outside_.step_done) {
      outside_.step_done(report.step, report.nanoseconds);
      last_ = sys::monotonic_time();
    }
  }

  void handle_signal(int signal) {
    if (report_.first && (signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT)) {
      end_for(SIGKILL, 128 + signal);  // nothing runs yet that could have a say in it
    } else if (signal == SIGWINCH) {
      streams_.resize();
    } else if (signal == SIGTSTP) {
      static_cast<void>(sys::send_signal(init_.get(), SIGTSTP));
      streams_.stop(init_.get());
    } else if (signal != 0 && signal != SIGCONT) {
      static_cast<void>(sys::send_signal(init_.get(), signal));
    }
  }

  void end_for(int signal, int code) {
    code_ = code;
    static_cast<void>(sys::send_signal(init_.get(), signal));
  }

  // pid 1 has ended, and the kernel everything with it. What was told before is still there to be read.
  void finish() {
    while (report_.first) {
      ::fcntl(report_.first.get(), F_SETFL, O_NONBLOCK);
      read_report();
    }
    if (plan_.terminal && !took_terminal_ && control_.first && !failure_) {
      ::fcntl(control_.first.get(), F_SETFL, O_NONBLOCK);
      static_cast<void>(take_terminal());
    }
    if (!reap()) return;
    streams_.drain();
    namespaces_.clear();  // the root is held through them, and who serves it waits for it to go
    servers_.clear();
    if (outside_.ended && !failure_) outside_.ended(exited_);
    streams_.see_off(exited_);
  }

  bool reap() {
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(init_.get()), &info, WEXITED | __WALL) != 0) return false;
    ended_ = true;
    exited_.init_killed = info.si_code != CLD_EXITED;
    exited_.code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    if (exited_.init_killed && code_) exited_ = {.code = *code_};
    exited_.out_of_memory = cgroup_.out_of_memory_kills();
    return true;
  }

  template <typename Action>
  [[nodiscard]] std::size_t number_of() const {
    const auto found = std::find_if(plan_.steps.begin(), plan_.steps.end(),
                                    [](const plan::Step& step) { return std::holds_alternative<Action>(step.action); });
    return static_cast<std::size_t>(found - plan_.steps.begin());
  }

  template <typename Action>
  std::optional<StepFailure> failed_at(int error, std::string reason = {}) const {
    return StepFailure{number_of<Action>(), error, std::move(reason)};
  }

  // Tells of a step that was done here: it took the time since the one before.
  template <typename Action>
  void done() {
    if (!outside_.step_done) return;
    const std::uint64_t now = sys::monotonic_time();
    outside_.step_done(number_of<Action>(), now - std::exchange(last_, now));
  }

  const plan::Plan& plan_;
  const Outside& outside_;
  Context context_;
  BlockedSignals signals_;
  Cgroup cgroup_;  ///< above the streams: it goes last
  Streams streams_;
  FdPair go_, open_, report_, control_;
  Fd program_, init_, door_;
  std::vector<Server> servers_;
  std::vector<Fd> namespaces_;  ///< go before the servers do
  std::optional<net::WayOut> way_out_;
  std::optional<std::vector<std::string>> former_ports_;  ///< while it is not certain that pasta can open the new ones
  pid_t pid_ = -1;
  std::optional<StepFailure> failure_;
  Exited exited_;
  std::uint64_t last_ = 0;   ///< when the last step ended, for those who want to know
  std::optional<int> code_;  ///< of a container that was ended from here
  bool took_terminal_ = false;
  bool ended_ = false, runs_ = false, asleep_ = false;
};

}  // namespace

std::variant<Exited, StepFailure> launch(const plan::Plan& plan, const Outside& outside) {
  return outside.service ? Monitor<Background>(plan, outside).run() : Monitor<Foreground>(plan, outside).run();
}

}  // namespace snug::runtime
