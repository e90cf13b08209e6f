#include "snug/runtime/errand.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>
#include <utility>

#include "child.hh"
#include "namespaces.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "steps.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

// How an answer begins: what the work gave; an Error, of NUL-terminated parts (message, hint, context); a step that could not be done, its number and an errno.
constexpr char good = '+', bad = '-', failed_step = '!';

/// The steps of an errand's plan, in the process that does them.
class Walls {
 public:
  Walls(const plan::Plan& plan, int stream, bool timed) : context_(plan), timed_(timed) {
    context_.stream = stream;
    if (const auto* enter = plan.find<plan::EnterNamespaces>()) doors_ = open_doors(*enter);
  }

  /// Why the doors of the container cannot be gone through; in the caller.
  [[nodiscard]] std::optional<StepFailure> closed_door() const {
    return doors_.error ? std::optional(failed_at<plan::EnterNamespaces>(context_.plan, doors_.error, doors_.entry)) : std::nullopt;
  }

  /// Does those before the work, and before it can be known where it writes.
  void begin(int answer) {
    context_.report = answer;
    if (doors_.doors.empty()) return go_on();
    for (const int fd : {answer, context_.stream}) doors_.along.push_back(fd);
    // As of a child in a container: signals that are for others are nothing to it.
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::umask(0);
    go_on();
  }

  /// Does the rest of them.
  void confine(int folder) {
    context_.target = folder;
    told_ += timed_ ? tell_done() : "";
    ++next_;
    go_on();
  }

  /// "NUMBER NANOSECONDS " for each that was done, where somebody wants to know.
  [[nodiscard]] const std::string& told() const { return told_; }

 private:
  void go_on() {
    for (start_ = sys::monotonic_time(); next_ < context_.plan.steps.size(); ++next_, start_ = sys::monotonic_time()) {
      const plan::Action& action = context_.plan.steps[next_].action;
      if (std::holds_alternative<plan::OpenTarget>(action)) return;
      if (const int error = apply(action)) throw StepFailure{next_, error, {}};
      if (timed_) told_ += tell_done();
    }
  }

  int apply(const plan::Action& action) {
    if (std::holds_alternative<plan::EnterNamespaces>(action)) return go_through(doors_);
    if (std::holds_alternative<plan::StartSession>(action)) {
      const int null = sys::try_open(AT_FDCWD, "/dev/null", O_RDWR).release();  // all but 0 to 2 are closed later
      if (null < 0) return errno;
      context_.stdio = {null, null, null};
    }
    Report report;
    return apply_step(context_, action, report);
  }

  [[nodiscard]] std::string tell_done() const { return format("{} {} ", next_, sys::monotonic_time() - start_); }

  Context context_;
  OpenDoors doors_;
  bool timed_;
  std::size_t next_ = 0;
  std::uint64_t start_ = 0;
  std::string told_;
};

// An answer: how it begins, the steps that were done, and behind a NUL what there is to tell.
std::string do_work(const std::function<std::string()>& work, const std::function<std::string()>& told) noexcept {
  const auto answer = [&](char kind, const std::string& text) { return kind + told() + '\0' + text; };
  try {
    return answer(good, work());
  } catch (const StepFailure& failure) {
    return answer(failed_step, format("{} {}", failure.step, failure.error));
  } catch (const Error& error) {
    return answer(bad, error.message() + '\0' + error.hint() + '\0' + join(error.contexts(), "; ") + '\0');
  } catch (const std::exception& error) {
    return answer(bad, std::string(error.what()) + std::string(3, '\0'));
  }
}

// Nothing of what it says is believed: it works on what strangers wrote.
std::optional<StepFailure> parse_failure(std::string_view told, const plan::Plan& plan) {
  const std::size_t space = std::min(told.find(' '), told.size());
  const auto step = parse_number(told.substr(0, space)), error = parse_number(told.substr(std::min(space + 1, told.size())));
  if (!step || !error || *step >= plan.steps.size()) return {};
  return StepFailure{*step, static_cast<int>(*error), {}};
}

std::optional<Error> parse_error(std::string_view told) {
  const std::vector<std::string> parts = split(told, '\0');
  if (parts.size() < 3) return {};
  Error error(parts[0], parts[1]);
  if (!parts[2].empty()) error.during(parts[2]);
  return error;
}

}  // namespace

Errand::Errand(const std::function<std::string()>& work) {
  start(
      [&](int) {
        if (const int error = sys::die_with_parent()) throw system_error("work in another process", error);
        return work();
      },
      [] { return std::string(); });
}

Errand::Errand(const plan::Plan& plan, ErrandEnds ends, const std::function<std::string(const Confine&)>& work) : plan_(&plan), ends_(std::move(ends)) {
  Walls walls(plan, ends_.stream, static_cast<bool>(ends_.step_done));
  if (const auto closed = walls.closed_door()) throw failure(*closed);
  start(
      [&](int answer) {
        walls.begin(answer);
        return work([&](int folder) { walls.confine(folder); });
      },
      [&] { return walls.told(); });
}

void Errand::start(const std::function<std::string(int answer)>& work, const std::function<std::string()>& told) {
  sys::FdPair answer = sys::make_pipe();
  process_ = sys::clone_process(0);
  if (process_.pid < 0) throw system_error("start another process", errno);
  if (process_.pid == 0) {
    answer.first.reset();  // or it would not notice that nobody reads
    const std::string words = do_work([&] { return work(answer.second.get()); }, told);
    static_cast<void>(sys::write_all(answer.second.get(), words));
    sys::leave(0);
  }
  answer_ = std::move(answer.first);
}

Errand::~Errand() {
  constexpr int patience_ms = 5000;
  if (!process_.pidfd) return;
  pollfd end{process_.pidfd.get(), POLLIN, 0};
  if (::poll(&end, 1, patience_ms) <= 0) static_cast<void>(sys::send_signal(process_.pidfd.get(), SIGKILL));
  ::waitpid(process_.pid, nullptr, 0);
}

std::string Errand::finish() {
  const std::string words = sys::read_all(answer_.get());
  while (::waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) continue;
  process_.pidfd.reset();
  const bool inside = plan_ && plan_->find<plan::EnterNamespaces>();
  const std::size_t end = words.find('\0');
  if (end != std::string::npos) {
    tell_steps(std::string_view(words).substr(1, end - 1));
    const std::string_view told = std::string_view(words).substr(end + 1);
    if (words[0] == good) return std::string(told);
    const auto failed = words[0] == failed_step && plan_ ? parse_failure(told, *plan_) : std::nullopt;
    if (failed) throw failure(*failed).during(inside ? "shutting in who works on the container's files" : "shutting in who works on the files outside");
    if (const auto error = words[0] == bad ? parse_error(told) : std::nullopt) throw *error;
  }
  throw Error(inside ? "the process that works inside the container was killed" : "a process that copies was killed");
}

void Errand::tell_steps(std::string_view told) const {
  const std::vector<std::string> words = split(told, ' ');
  for (std::size_t at = 0; ends_.step_done && at + 1 < words.size(); at += 2)
    if (const auto step = parse_number(words[at]); step && *step < plan_->steps.size()) ends_.step_done(*step, parse_number(words[at + 1]).value_or(0));
}

Error Errand::failure(const StepFailure& failed) const {
  if (ends_.failed) return ends_.failed(*plan_, failed);
  return system_error(plan::describe(*plan_, plan_->steps.at(failed.step)), failed.error);
}

}  // namespace snug::runtime
