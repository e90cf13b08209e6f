// What runs beside the shell.

#include <array>
#include <cerrno>
#include <csignal>
#include <span>

#include "runner.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

Job& job_of(Call& call) {
  call.session.jobs.look();
  if (call.words.size() > 2) throw Failure("one job at a time", 2);
  const std::string name = call.words.size() > 1 ? call.words[1] : "";
  Job* job = call.session.jobs.find(name);
  if (!job && !name.empty() && !name.starts_with('%')) job = call.session.jobs.find("%" + name);
  if (!job) throw Failure(name.empty() ? "there is no job" : format("there is no job {}", quoted(name)));
  return *job;
}

void need_terminal(const Call& call) {
  if (!call.session.jobs.controls()) throw Failure("there is no terminal for jobs");
}

int bring_to_front(Call& call) {
  need_terminal(call);
  Job& job = job_of(call);
  call.out.line(call.out.name(job.text));
  call.out.flush();
  return call.runner.wait_in_foreground(job, true);
}

int continue_behind(Call& call) {
  need_terminal(call);
  Job& job = job_of(call);
  call.session.jobs.go_on_in_background(job);
  call.out.line(call.session.jobs.describe(job));
  return 0;
}

int list_jobs(Call& call) {
  const Options options(call, "lp");
  call.session.jobs.look();
  for (const Job& job : call.session.jobs.all()) {
    if (options.has('p')) call.out.line(format("{}", job.processes.front().pid));
    else call.out.line(call.session.jobs.describe(job) + (options.has('l') ? format("  (process {})", job.processes.front().pid) : ""));
  }
  std::erase_if(call.session.jobs.all(), [](const Job& job) { return job.state() == Job::State::done; });
  return 0;
}

// A signal with a trap ends the waiting, and what it is for is done then; another has come from the keyboard.
int interruption() {
  if (const int signal = noted_signal()) return 128 + signal;
  throw Interrupted{};
}

int wait_for_all(Call& call) {
  bool ended = true;
  while (ended && !call.session.jobs.all().empty()) {
    Job& job = call.session.jobs.all().front();
    if (job.state() == Job::State::stopped) throw Failure(format("job {} is stopped, and would not end", job.number));
    static_cast<void>(call.session.jobs.wait_for(job, ended));
  }
  return ended ? 0 : interruption();
}

int wait_for_some(Call& call) {
  if (call.words.size() == 1) return wait_for_all(call);
  int code = 0;
  for (std::size_t at = 1; at < call.words.size(); ++at) {
    bool ended = true;
    Job* job = call.session.jobs.find(call.words[at]);
    if (!job) {
      call.complain(format("{} is no child of this shell", quoted(call.words[at])));
      code = 127;
      continue;
    }
    code = call.session.jobs.wait_for(*job, ended);
    if (!ended) return interruption();
  }
  return code;
}

void list_signals(Call& call) {
  std::string line;
  for (int signal = 1; signal <= 31; ++signal) {
    line += format("{:2} {:<10}", signal, signal_name(signal).substr(3));
    if (signal % 6 == 0 || signal == 31) call.out.line(trimmed(std::exchange(line, {})));
  }
}

// The name of a number, also of a code that a signal left, and the number of a name.
void tell_signals(Call& call, std::span<const std::string> words) {
  for (const std::string& word : words) {
    const auto number = parse_number(word);
    const auto signal = parse_signal(number && *number > 128 && *number < 256 ? format("{}", *number - 128) : word);
    if (!signal) call.complain(format("{} is no signal; 'kill -l' lists them", quoted(word)));
    else call.out.line(number ? signal_name(*signal).substr(3) : format("{}", *signal));
  }
}

void send(Call& call, const std::string& whom, int signal) {
  pid_t target = 0;
  if (whom.starts_with('%')) {
    const Job* job = call.session.jobs.find(whom);
    if (!job) return call.complain(format("there is no job {}", quoted(whom)));
    target = job->group ? -job->group : job->processes.back().pid;
    if (job->state() == Job::State::stopped && signal != SIGCONT) ::kill(target, SIGCONT);
  } else {
    target = static_cast<pid_t>(number_of(whom));
  }
  if (::kill(target, signal) != 0) call.complain(whom, errno);
}

int send_signal(Call& call) {
  int signal = SIGTERM;
  std::size_t at = 1;
  if (call.words.size() > 1 && call.words[1] == "-l") return call.words.size() > 2 ? tell_signals(call, std::span(call.words).subspan(2)) : list_signals(call), call.status;
  if (call.words.size() > 1 && call.words[1].size() > 1 && call.words[1][0] == '-' && call.words[1] != "--") {
    const bool apart = call.words[1] == "-s";
    const std::string name = apart ? (call.words.size() > 2 ? call.words[2] : "") : call.words[1].substr(1);
    const auto found = name == "0" ? std::optional(0) : parse_signal(name);
    if (!found) throw Failure(format("{} is no signal; 'kill -l' lists them", quoted(name)), 2);
    signal = *found;
    at = apart ? 3 : 2;
  }
  if (at < call.words.size() && call.words[at] == "--") ++at;
  if (at >= call.words.size()) throw Failure("a process or a job is needed", 2);
  for (; at < call.words.size(); ++at) send(call, call.words[at], signal);
  return call.status;
}

constexpr std::array builtins = std::to_array<Builtin>({
    {"bg", "[%JOB]", "have a stopped job go on in the background", continue_behind, true},
    {"fg", "[%JOB]", "bring a job to the front", bring_to_front, true},
    {"jobs", "[-lp]", "list what runs in the background, and what is stopped", list_jobs, true},
    {"kill", "[-SIGNAL|-s SIGNAL] PID|%JOB... | -l [SIGNAL...]", "send a signal, TERM by default; -l lists them, or tells number or name of one", send_signal, true},
    {"wait", "[PID|%JOB...]", "wait for the end of jobs", wait_for_some, true},
});

}  // namespace

std::span<const Builtin> job_builtins() { return builtins; }

}  // namespace snug::builtin
