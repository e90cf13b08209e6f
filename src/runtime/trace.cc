// A container under a tracer. The monitor runs in a child of this process; what it makes is traced like it from the first instruction
// on. Two ways lead out: a program that the monitor starts to help (newuidmap) is let go in front of its exec, because the kernel
// gives no rights to what is traced; and the command is let go at its first instruction.
//
// Whose a process is follows from who made it and how: the monitor makes init by clone3(2), also through the porch, a plain fork of
// it; what it makes with shared memory is a helper, and what it makes by clone3(2) later on works for it. All that init makes is the payload.

#include "snug/runtime/trace.hh"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <set>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "tracee.hh"

namespace snug::runtime {
namespace {

using plan::Actor;
using plan::SeenCall;

/// How the child tells of the end: in one message, since what it says fits into a pipe.
struct End {
  enum class Kind { exited, failed, thrown };
  Kind kind = Kind::exited;
  Exited exited;
  std::uint64_t step = 0;
  int error = 0;
  std::array<char, 512> words{};
};

End launch_and_tell(const plan::Plan& plan, const Outside& outside) noexcept {
  End end;
  try {
    const auto result = launch(plan, outside);
    if (const auto* exited = std::get_if<Exited>(&result)) {
      end.exited = *exited;
    } else {
      const auto& failure = std::get<StepFailure>(result);
      end = {End::Kind::failed, {}, failure.step, failure.error, {}};
      failure.reason.copy(end.words.data(), end.words.size() - 1);
    }
  } catch (const Error& error) {
    end.kind = End::Kind::thrown;
    error.message().copy(end.words.data(), end.words.size() - 1);
  } catch (const std::exception& error) {
    end.kind = End::Kind::thrown;
    std::string_view(error.what()).copy(end.words.data(), end.words.size() - 1);
  }
  return end;
}

// The kernel's own numbers for a call that a signal has kept from beginning, ERESTARTSYS to ERESTART_RESTARTBLOCK: none but tracers see them.
bool is_made_anew(std::int64_t result) { return result <= -512 && result >= -516; }

struct Process {
  Actor actor = Actor::monitor;
  bool helper = false;
  std::optional<SeenCall> pending;
  std::string opening;  ///< what an openat(2) names
  std::map<int, std::string> opened = {};  ///< what its descriptors are of; a process that it makes begins with the same
};

class Tracer {
 public:
  explicit Tracer(const plan::Plan& plan) : forks_(plan.find<plan::ForkPayload>() != nullptr) {}

  void seize(pid_t pid) {
    constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, options) != 0)
      throw system_error("trace a process of one's own", errno, "kernel.yama.ptrace_scope may be 2 or 3, or a seccomp filter refuses ptrace(2)");
    processes_[pid] = {};
    ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  }

  // Until all have ended, or were let go.
  void follow() {
    while (!processes_.empty()) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return;
      if (!WIFSTOPPED(status)) {
        processes_.erase(pid);
      } else if (processes_.contains(pid)) {
        handle(pid, WSTOPSIG(status), status >> 16);
      } else {
        early_.insert(pid);  // its maker's stop, which says whose it is, comes later
      }
    }
  }

  [[nodiscard]] plan::Seen take() { return std::move(seen_); }

 private:
  void resume(pid_t pid, int signal = 0) { ::ptrace(PTRACE_SYSCALL, pid, nullptr, signal); }

  void let_go(pid_t pid) {
    ::ptrace(PTRACE_DETACH, pid, nullptr, 0);
    processes_.erase(pid);
  }

  void handle(pid_t pid, int signal, int event) {
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) return adopt(pid);
    if (event == PTRACE_EVENT_EXEC) return begin(pid);
    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
      ::ptrace(PTRACE_LISTEN, pid, nullptr, nullptr);  // stopped by a signal, and stays so
    } else if (signal == (SIGTRAP | 0x80)) {
      handle_call(pid);
    } else {
      resume(pid, event ? 0 : signal);
    }
  }

  void adopt(pid_t maker) {
    unsigned long message = 0;
    ::ptrace(PTRACE_GETEVENTMSG, maker, nullptr, &message);
    const auto pid = static_cast<pid_t>(message);
    Process& parent = processes_[maker];
    Process child{.actor = parent.actor == Actor::monitor ? Actor::monitor : Actor::payload, .helper = false, .pending = {}, .opening = {}, .opened = parent.opened};
    if (parent.actor == Actor::monitor && parent.pending) {
      const std::string flags = join(parent.pending->arguments, " ");
      const bool sibling = flags.find("CLONE_PARENT") != std::string::npos;
      child.helper = !sibling && flags.find("CLONE_VM") != std::string::npos;
      if (child.helper) parent.pending->builds = false;
      if (!has_init_ && (sibling || (parent.pending->name == "clone3" && !child.helper))) {
        child.actor = Actor::init;
        has_init_ = true;
      }
    }
    // What the child does comes behind it, though its maker may be the slower.
    if (parent.pending) parent.pending->result = pid, seen_.calls.push_back(*std::exchange(parent.pending, std::nullopt));
    processes_[pid] = std::move(child);
    if (early_.erase(pid)) resume(pid);
    resume(maker);
  }

  // The command's first instruction.
  void begin(pid_t pid) {
    Process& process = processes_[pid];
    if (process.actor == Actor::monitor) return resume(pid);
    if (process.pending) seen_.calls.push_back(*process.pending);
    seen_.process = see_process(pid);
    let_go(pid);
  }

  void handle_call(pid_t pid) {
    __ptrace_syscall_info info{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    Process& process = processes_[pid];
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      Entry entry{info.entry.nr, {}};
      std::copy(std::begin(info.entry.args), std::end(info.entry.args), entry.arguments.begin());
      // Once pid 1 is there, only a helper of the monitor's executes anything.
      const bool helps = process.helper || (has_init_ && process.actor == Actor::monitor);
      if (helps && (entry.number == SYS_execve || entry.number == SYS_execveat)) return see_helper(pid, process, entry);
      forget_closed(process, entry);
      if (!process.helper) note_entry(pid, process, entry);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && is_made_anew(info.exit.rval)) {
      process.pending.reset();
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && process.pending) {
      process.pending->result = static_cast<long>(info.exit.rval);
      if (process.pending->name == "openat" && info.exit.rval >= 0) process.opened[static_cast<int>(info.exit.rval)] = process.opening;
      seen_.calls.push_back(*std::exchange(process.pending, std::nullopt));
    }
    resume(pid);
  }

  // A number that is free again may be a pipe's next, which names nothing.
  static void forget_closed(Process& process, const Entry& entry) {
    std::map<int, std::string>& opened = process.opened;
    if (entry.number == SYS_close) opened.erase(static_cast<int>(entry.arguments[0]));
    if (entry.number == SYS_dup3) opened.erase(static_cast<int>(entry.arguments[1]));
    if (entry.number != SYS_close_range) return;
    const std::uint64_t first = entry.arguments[0], last = entry.arguments[1];
    std::erase_if(opened, [&](const auto& each) { return static_cast<std::uint64_t>(each.first) >= first && static_cast<std::uint64_t>(each.first) <= last; });
  }

  void note_entry(pid_t pid, Process& process, const Entry& entry) {
    const Tracee tracee(pid, process.opened);
    process.pending = see_call(tracee, entry);
    if (!process.pending) return;
    process.pending->actor = process.actor == Actor::payload && !forks_ ? Actor::init : process.actor;
    if (process.pending->name == "openat") process.opening = tracee.text(entry.arguments[1]).value_or("");
  }

  // Its words in one, the number of the process that it works on left open: the first of them, the last, or slirp4netns's last but one.
  void see_helper(pid_t pid, const Process& process, const Entry& entry) {
    const Tracee tracee(pid, process.opened);
    std::vector<std::string> words = tracee.words(entry.arguments[1]).value_or(std::vector<std::string>{"?"});
    words.front() = tracee.text(entry.arguments[0]).value_or("?");
    const std::size_t last = words.size() - 1, place = last == 0 || parse_number(words[1]) ? std::min<std::size_t>(last, 1) : parse_number(words[last]) ? last : last - 1;
    if (parse_number(words[place])) words[place] = "PID";
    seen_.calls.push_back({Actor::monitor, "run", {printable(join(words, " "))}, true, 0});
    let_go(pid);
  }

  bool forks_, has_init_ = false;
  std::map<pid_t, Process> processes_;
  std::set<pid_t> early_;
  plan::Seen seen_;
};

std::variant<Exited, StepFailure> end_of(const End& end) {
  const std::string words(end.words.data());
  if (end.kind == End::Kind::thrown) throw Error(words);
  if (end.kind == End::Kind::failed) return StepFailure{end.step, end.error, words};
  return end.exited;
}

}  // namespace

Traced trace_launch(const plan::Plan& plan, const Outside& outside) {
  sys::FdPair go = sys::make_pipe(), told = sys::make_pipe();
  const sys::Cloned child = sys::clone_process(0);
  if (child.pid < 0) throw system_error("start another process", errno);
  if (child.pid == 0) {
    go.second.reset();
    char byte = 0;
    if (::read(go.first.get(), &byte, 1) != 1) ::_exit(125);
    const End end = launch_and_tell(plan, outside);
    static_cast<void>(sys::write_all(told.second.get(), {reinterpret_cast<const char*>(&end), sizeof end}));
    ::_exit(0);
  }
  told.second.reset();
  Tracer tracer(plan);
  try {
    tracer.seize(child.pid);
  } catch (const Error&) {
    go.second.reset();
    ::waitpid(child.pid, nullptr, 0);
    throw;
  }
  static_cast<void>(sys::write_all(go.second.get(), "!"));
  tracer.follow();
  End end;
  if (::read(told.first.get(), &end, sizeof end) != sizeof end) throw Error("the container's monitor was killed");
  return {tracer.take(), end_of(end)};
}

}  // namespace snug::runtime
