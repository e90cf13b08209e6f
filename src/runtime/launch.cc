// Theory of operation, outer half (the inner half is told in child.cc).
//
//   your shell ── snug run (monitor, here)
//                   └─ init (pid 1 inside; child.cc, init.cc)
//                        └─ payload
//
// Three channels lead to the child:
//   go       monitor -> init     one byte, once newuidmap and newgidmap have written the id maps
//   report   init -> monitor     {done|failed, step, errno}; end of file: the command was exec'ed
//   control  init <-> monitor    with a terminal: a socket for its outer end, later a byte for each Ctrl-Z of the payload
// Signals that arrive here are blocked and read as data; those meant for the container go to pid 1, which passes
// them on. pid 1 dies with the monitor (PR_SET_PDEATHSIG), and the kernel ends everything else with pid 1.

#include "snug/runtime/launch.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

#include "child.hh"
#include "helpers.hh"
#include "relay.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

using sys::Fd;
using sys::FdPair;
using sys::make_pipe;

constexpr std::array<int, 10> forwarded{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP, SIGWINCH, SIGALRM};

FdPair make_socket_pair(int type = SOCK_STREAM) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) throw system_error("make a pair of sockets", errno);
  return {Fd(ends[0]), Fd(ends[1])};
}

/// The signals above, blocked for as long as this lives, and readable as data.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : forwarded) ::sigaddset(&set, signal);
    ::sigaddset(&set, SIGPIPE);
    ::sigprocmask(SIG_BLOCK, &set, &before_);
    fd_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] int next() const {
    signalfd_siginfo info{};
    return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t before_{};
  Fd fd_;
};

/// One container from clone to end, seen from outside.
class Monitor {
 public:
  Monitor(const plan::Plan& plan, const Outside& outside) : plan_(plan), outside_(outside), context_(plan) {}

  std::variant<Exited, StepFailure> run() {
    if (outside_.step_done) last_ = sys::monotonic_time();
    if (auto failure = make_folders()) return *failure;
    if (auto failure = open_program()) return *failure;
    prepare();
    if (auto failure = start()) return *failure;
    close_child_ends();
    if (auto failure = write_maps()) return *failure;
    watch();
    if (failure_) return *failure_;
    return exited_;
  }

 private:
  std::optional<StepFailure> make_folders() {
    const auto* make = plan_.find<plan::MakeFolders>();
    if (!make) return {};
    const Fd container = sys::open(AT_FDCWD, outside_.folder, O_PATH | O_DIRECTORY);
    for (const auto& folder : make->folders) {
      // The mode is set apart from the making, because the caller's umask would have a say in it.
      if (::mkdirat(container.get(), folder.path.c_str(), 0700) != 0 || ::fchmodat(container.get(), folder.path.c_str(), folder.mode, 0) != 0)
        return failed_at<plan::MakeFolders>(errno);
    }
    done<plan::MakeFolders>();
    return {};
  }

  std::optional<StepFailure> open_program() {
    const auto* exec = plan_.find<plan::Exec>();
    if (!exec || !exec->from_host) return {};
    program_ = sys::try_open(AT_FDCWD, exec->paths.front().c_str(), O_PATH);
    if (!program_) return failed_at<plan::Exec>(errno);
    context_.program = program_.get();
    return {};
  }

  void prepare() {
    report_ = make_socket_pair(SOCK_SEQPACKET);
    context_.report = report_.second.get();
    if (plan_.terminal) {
      control_ = make_socket_pair();
      context_.control = control_.second.get();
    }
    context_.folder_path = outside_.folder.empty() ? nullptr : outside_.folder.c_str();
    context_.stdio = outside_.streams;
    context_.verbose = static_cast<bool>(outside_.step_done);
    if (maps_by_helpers()) {
      go_ = make_pipe();
      context_.go = go_.first.get();
    }
    context_.outer = {report_.first.get(), control_.first.get(), go_.second.get()};
    plan_.terminal ? prepare_terminal() : prepare_plain();
  }

  void prepare_terminal() {
    for (const int fd : {0, 1, 2})
      if (::ioctl(fd, TIOCGWINSZ, &context_.size) == 0) break;
    context_.has_attributes = ::tcgetattr(0, &context_.attributes) == 0;
    const bool all = !::isatty(0) || !::isatty(1);
    context_.on_terminal = {true, true, all || ::isatty(2)};
  }

  // The container never holds a terminal of the host: it could type into it. What is one is relayed by a pipe.
  void prepare_plain() {
    if (plan_.null_input) {
      null_ = sys::open(AT_FDCWD, "/dev/null", O_RDONLY);
      context_.stdio[0] = null_.get();
    } else if (::isatty(outside_.streams[0])) {
      relay_input_ = make_pipe();
      context_.stdio[0] = relay_input_.first.get();
    }
    for (const int fd : {1, 2}) {
      if (!::isatty(outside_.streams[static_cast<std::size_t>(fd)])) continue;
      FdPair& pipe = relay_output_[static_cast<std::size_t>(fd)];
      pipe = make_pipe();
      context_.stdio[static_cast<std::size_t>(fd)] = pipe.second.get();
    }
  }

  [[nodiscard]] const plan::WriteIdMaps* maps_by_helpers() const {
    const auto* write = plan_.find<plan::WriteIdMaps>();
    return write && !write->newuidmap.empty() ? write : nullptr;
  }

  std::optional<StepFailure> start() {
    const std::uint64_t flags = plan_.find<plan::Clone>()->flags;
    if (const auto* enter = plan_.find<plan::EnterNamespaces>()) return start_through_porch(*enter, flags);
    auto [pid, pidfd] = sys::clone_process(flags);
    if (pid == 0) run_child(context_);
    if (pid < 0) return failed_at<plan::Clone>(errno);
    pid_ = pid;
    init_ = std::move(pidfd);
    done<plan::Clone>();
    return {};
  }

  // Namespaces of others are entered by a process between, so that the monitor stays outside. The init process is
  // made as its sibling: a child of the monitor like any other.
  std::optional<StepFailure> start_through_porch(const plan::EnterNamespaces& enter, std::uint64_t flags) {
    struct Message {
      bool cloning = false;
      int error = 0;
      pid_t pid = -1;
    };
    const FdPair answer = make_pipe();
    std::vector<Fd> namespaces;
    for (const auto& entry : enter.entries) {
      namespaces.push_back(sys::try_open(AT_FDCWD, entry.path.c_str(), O_RDONLY));
      if (!namespaces.back()) return failed_at<plan::EnterNamespaces>(errno, entry.path);
    }
    const pid_t porch = ::fork();
    if (porch < 0) return failed_at<plan::EnterNamespaces>(errno);
    if (porch == 0) {
      Message message;
      // Whoever lives there must not look into a process that still stands on the host's root, nor trace its child.
      message.error = sys::hide_from_tracers();
      for (const Fd& fd : namespaces)
        if (!message.error && ::setns(fd.get(), 0) != 0) message.error = errno;
      if (!message.error) {
        message.cloning = true;
        const sys::Cloned cloned = sys::clone_process(flags, true);
        if (cloned.pid == 0) run_child(context_);
        message.pid = cloned.pid;
        if (cloned.pid < 0) message.error = errno;
      }
      static_cast<void>(sys::write_all(answer.second.get(), {reinterpret_cast<const char*>(&message), sizeof message}));
      ::_exit(0);
    }
    ::waitpid(porch, nullptr, 0);
    Message message;
    if (::read(answer.first.get(), &message, sizeof message) != sizeof message) message.error = ESRCH;
    if (message.error)
      return message.cloning ? failed_at<plan::Clone>(message.error) : failed_at<plan::EnterNamespaces>(message.error);
    pid_ = message.pid;
    init_ = sys::open_process(pid_);
    done<plan::EnterNamespaces>();
    done<plan::Clone>();
    return {};
  }

  void close_child_ends() {
    report_.second.reset();
    control_.second.reset();
    go_.first.reset();
    relay_input_.first.reset();
    for (FdPair& pipe : relay_output_) pipe.second.reset();
    null_.reset();
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
      std::vector<pollfd> polls{{signals_.fd(), POLLIN, 0}, {init_.get(), POLLIN, 0}, {report_.first.get(), POLLIN, 0},
                                {control_.first.get(), POLLIN, 0}};
      const std::size_t first_pump = polls.size();
      for (const auto& pump : pumps_) {
        polls.push_back({pump->source(), POLLIN, 0});
        polls.push_back({pump->sink(), POLLOUT, 0});
      }
      if (outside_.tick) outside_.tick();
      if (::poll(polls.data(), polls.size(), outside_.tick ? 100 : -1) < 0) continue;
      const std::size_t pumps = pumps_.size();
      for (std::size_t at = 0; at < pumps; ++at) move(*pumps_[at], polls[first_pump + 2 * at], polls[first_pump + 2 * at + 1]);
      if (polls[3].revents) read_control();
      if (polls[2].revents) read_report();
      if (polls[0].revents) handle_signal(signals_.next());
      if (polls[1].revents) reap();
    }
    finish_reports();
    finish_output();
  }

  void move(Pump& pump, const pollfd& source, const pollfd& sink) {
    if (source.revents) pump.fill();
    if (&pump == terminal_input_ && pump.source_ended()) {
      // A terminal has no end of its own: the first key ends a line that is not finished, the second the input.
      terminal_input_ = nullptr;
      if (!::isatty(0)) pump.append("\x04\x04");
    }
    if (sink.revents) pump.drain();
    if (!pump.ended() || !relay_input_.second || &pump != input_pump_) return;
    relay_input_.second.reset();  // the end of the caller's input is the end of the payload's
  }

  void read_control() {
    if (!outer_ && plan_.terminal) {
      outer_ = sys::receive_descriptor(control_.first.get());
      if (outer_) return attach_terminal();
      control_.first.reset();
      return;
    }
    char byte = 0;
    if (::read(control_.first.get(), &byte, 1) <= 0) return control_.first.reset();
    if (byte == 'S') stop_with_payload();
  }

  void attach_terminal() {
    ::fcntl(outer_.get(), F_SETFL, O_NONBLOCK);
    pumps_.push_back(std::make_unique<Pump>(outer_.get(), 1));
    output_pumps_.push_back(pumps_.back().get());
    pumps_.push_back(std::make_unique<Pump>(0, outer_.get()));
    terminal_input_ = pumps_.back().get();
    if (::isatty(0)) raw_.emplace(0), raw_->enter();
  }

  void attach_pipes() {
    for (const int fd : {1, 2}) {
      FdPair& pipe = relay_output_[static_cast<std::size_t>(fd)];
      if (!pipe.first) continue;
      pumps_.push_back(std::make_unique<Pump>(pipe.first.get(), fd));
      output_pumps_.push_back(pumps_.back().get());
    }
    if (!relay_input_.second) return;
    ::fcntl(relay_input_.second.get(), F_SETFL, O_NONBLOCK);
    pumps_.push_back(std::make_unique<Pump>(0, relay_input_.second.get()));
    input_pump_ = pumps_.back().get();
  }

  void read_report() {
    Report report;
    const ssize_t count = ::read(report_.first.get(), &report, sizeof report);
    if (count != sizeof report) {
      report_.first.reset();
      if (!failure_) begin_watch();
      return;
    }
    note(report);
  }

  // The command runs: all that is left to do is to wait.
  void begin_watch() {
    done<plan::Exec>();
    attach_pipes();
    sys::forget_program();
  }

  void note(const Report& report) {
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
      // Nothing runs yet that could have a say in it.
      ended_by_ = signal;
      static_cast<void>(sys::send_signal(init_.get(), SIGKILL));
    } else if (signal == SIGWINCH) {
      resize();
    } else if (signal == SIGTSTP) {
      static_cast<void>(sys::send_signal(init_.get(), SIGTSTP));
      stop_with_payload();
    } else if (signal != 0 && signal != SIGPIPE && signal != SIGCONT) {
      static_cast<void>(sys::send_signal(init_.get(), signal));
    }
  }

  void resize() {
    winsize size{};
    if (outer_ && ::ioctl(0, TIOCGWINSZ, &size) == 0) ::ioctl(outer_.get(), TIOCSWINSZ, &size);
  }

  // Gives the outer shell its terminal back, and goes on with the payload when it says so.
  void stop_with_payload() {
    if (raw_) raw_->restore();
    ::kill(::getpid(), SIGSTOP);
    if (raw_) raw_->enter();
    resize();
    static_cast<void>(sys::send_signal(init_.get(), SIGCONT));
  }

  void reap() {
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(init_.get()), &info, WEXITED | __WALL) != 0) return;
    ended_ = true;
    exited_.init_killed = info.si_code != CLD_EXITED;
    exited_.code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    if (exited_.init_killed && ended_by_ != 0) exited_ = {.code = 128 + ended_by_};
  }

  // What was told before the end is still in the pipe.
  void finish_reports() {
    Report report;
    if (!report_.first) return;
    ::fcntl(report_.first.get(), F_SETFL, O_NONBLOCK);
    while (::read(report_.first.get(), &report, sizeof report) == sizeof report) note(report);
    if (!failure_) begin_watch();
  }

  // The writers are dead: what they wrote last is read to its end.
  void finish_output() {
    if (plan_.terminal && !outer_ && control_.first && !failure_) {
      ::fcntl(control_.first.get(), F_SETFL, O_NONBLOCK);
      outer_ = sys::receive_descriptor(control_.first.get());
      if (outer_) attach_terminal();
    }
    for (Pump* pump : output_pumps_) {
      while (!pump->ended()) {
        pollfd polls[2]{{pump->source(), POLLIN, 0}, {pump->sink(), POLLOUT, 0}};
        if (::poll(polls, 2, pump->sink() >= 0 ? -1 : 0) <= 0) break;
        if (polls[0].revents) pump->fill();
        if (polls[1].revents) pump->drain();
      }
    }
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
  FdPair go_, report_, control_, relay_input_;
  std::array<FdPair, 3> relay_output_;
  Fd program_, null_, init_, outer_;
  pid_t pid_ = -1;
  std::vector<std::unique_ptr<Pump>> pumps_;
  std::vector<Pump*> output_pumps_;
  Pump* input_pump_ = nullptr;
  Pump* terminal_input_ = nullptr;  ///< until its end
  std::optional<RawTerminal> raw_;
  std::optional<StepFailure> failure_;
  Exited exited_;
  std::uint64_t last_ = 0;  ///< when the last step ended, for those who want to know
  int ended_by_ = 0;  ///< the signal for which it was ended before the command ran
  bool ended_ = false;
};

}  // namespace

std::variant<Exited, StepFailure> launch(const plan::Plan& plan, const Outside& outside) {
  return Monitor(plan, outside).run();
}

}  // namespace snug::runtime
