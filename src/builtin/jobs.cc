#include "jobs.hh"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "snug/base/text.hh"

namespace snug::builtin {

std::string signal_words(int signal) {
  const char* words = ::sigdescr_np(signal);
  return words ? words : format("signal {}", signal);
}

Job::State Job::state() const {
  const auto any = [&](State wanted) {
    return std::any_of(processes.begin(), processes.end(), [&](const Process& each) { return each.state == wanted; });
  };
  return any(State::running) ? State::running : any(State::stopped) ? State::stopped : State::done;
}

int Job::code() const {
  int status = processes.empty() ? 0 : processes.back().status;
  if (fails_with_any && state() == State::done)
    for (const Process& each : processes)
      if (each.status != 0) status = each.status;
  const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WIFSTOPPED(status) ? 128 + WSTOPSIG(status) : WEXITSTATUS(status);
  return negated && state() == State::done ? !code : code;
}

void Jobs::take_control(int fd) {
  terminal_ = fd;
  own_group_ = ::getpgrp();
  ::tcgetattr(fd, &own_modes_);
}

void Jobs::forget() {
  jobs_.clear();
  terminal_ = -1;
}

Job& Jobs::add(Job job) {
  for (const Job& each : jobs_) job.number = std::max(job.number, each.number);
  ++job.number;
  return jobs_.emplace_back(std::move(job));
}

void Jobs::note(pid_t pid, int status) {
  for (Job& job : jobs_)
    for (Job::Process& process : job.processes) {
      if (process.pid != pid || process.state == Job::State::done) continue;
      process.state = WIFSTOPPED(status) ? Job::State::stopped : WIFCONTINUED(status) ? Job::State::running : Job::State::done;
      if (!WIFCONTINUED(status)) process.status = status;
    }
}

bool Jobs::wait_once(int options) {
  int status = 0;
  const pid_t pid = ::waitpid(-1, &status, options | WUNTRACED | WCONTINUED);
  if (pid > 0) note(pid, status);
  return pid > 0;
}

void Jobs::look() {
  while (wait_once(WNOHANG)) continue;
}

int Jobs::take_code(Job& job) {
  const int code = job.code();
  if (job.state() == Job::State::done) jobs_.remove_if([&](const Job& each) { return &each == &job; });
  return code;
}

// What a program that was killed left of the terminal would stay so.
void Jobs::take_terminal_back(Job& job, bool went_on) {
  if (terminal_ < 0 || job.group == 0) return;
  ::tcsetpgrp(terminal_, own_group_);
  const bool stopped = job.state() == Job::State::stopped;
  job.has_modes = stopped && ::tcgetattr(terminal_, &job.modes) == 0;
  // What stty did in front was meant to last. Who was elsewhere meanwhile has put back what it found, which need not have been the shell's.
  if (stopped || went_on || job.code() > 128) ::tcsetattr(terminal_, TCSADRAIN, &own_modes_);
  else ::tcgetattr(terminal_, &own_modes_);
}

int Jobs::wait_in_foreground(Job& job, bool goes_on) {
  job.background = false;
  if (terminal_ >= 0 && job.group) {
    ::tcsetpgrp(terminal_, job.group);
    if (goes_on && job.has_modes) ::tcsetattr(terminal_, TCSADRAIN, &job.modes);
  }
  if (goes_on) {
    for (Job::Process& each : job.processes)
      if (each.state == Job::State::stopped) each.state = Job::State::running;
    ::kill(job.group ? -job.group : job.processes.back().pid, SIGCONT);
  }
  while (job.state() == Job::State::running)
    if (!wait_once(0) && errno != EINTR) break;
  take_terminal_back(job, goes_on);
  return take_code(job);
}

void Jobs::go_on_in_background(Job& job) {
  job.background = true;
  for (Job::Process& each : job.processes)
    if (each.state == Job::State::stopped) each.state = Job::State::running;
  ::kill(job.group ? -job.group : job.processes.back().pid, SIGCONT);
}

int Jobs::wait_for(Job& job, bool& ended) {
  ended = true;
  while (job.state() != Job::State::done) {
    if (wait_once(0)) continue;
    if (errno == EINTR) return ended = false, 128 + SIGINT;
    break;
  }
  return take_code(job);
}

std::vector<std::string> Jobs::take_news() {
  look();
  std::vector<std::string> news;
  for (const Job& job : jobs_)
    if (job.state() == Job::State::done && job.background) news.push_back(describe(job));
  jobs_.remove_if([](const Job& job) { return job.state() == Job::State::done; });
  return news;
}

Job* Jobs::find(std::string_view name) {
  if (jobs_.empty()) return nullptr;
  const bool is_job = name.starts_with('%');
  if (name.empty() || name == "%" || name == "%%" || name == "%+") return &jobs_.back();
  if (name == "%-") return &*std::next(jobs_.rbegin(), jobs_.size() > 1 ? 1 : 0);
  const auto number = parse_number(is_job ? name.substr(1) : name);
  for (Job& job : jobs_) {
    if (is_job && number && job.number == static_cast<int>(*number)) return &job;
    if (is_job && !number && job.text.starts_with(name.substr(1))) return &job;
    for (const Job::Process& process : job.processes)
      if (!is_job && number && process.pid == static_cast<pid_t>(*number)) return &job;
  }
  return nullptr;
}

std::string Jobs::describe(const Job& job) const {
  std::string state = "Running";
  if (job.state() == Job::State::stopped) state = "Stopped";
  if (job.state() == Job::State::done) state = job.code() == 0 ? "Done" : job.code() > 128 ? signal_words(job.code() - 128) : format("Exit {}", job.code());
  return format("[{}]{}  {:<22}{}{}", job.number, &job == &jobs_.back() ? '+' : ' ', state, printable(job.text), job.state() == Job::State::running && job.background ? " &" : "");
}

}  // namespace snug::builtin
