// How commands come to be done. What changes the shell (cd, a loop, a function) it does itself; everything else is a child: a
// pipeline is a job, and each of its commands a fork that becomes the program or does a command of the shell's own. So a builtin
// that takes long is stopped, put into the background and ended like any program.

#include "runner.hh"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "files.hh"
#include "pattern.hh"
#include "redirect.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

constexpr unsigned most_calls = 500;  // each lies on the stack

void tell(std::string_view text) { static_cast<void>(sys::write_all(2, text)); }

/// Values that count for one command.
class Temporary {
 public:
  Temporary(Session& session, const std::vector<Assignment>& assignments) : session_(session) {
    for (const Assignment& each : assignments) {
      const auto found = session_.variables.find(each.name);
      saved_.emplace_back(each.name, found == session_.variables.end() ? std::nullopt : std::optional(found->second));
    }
  }
  ~Temporary() {
    for (auto& [name, variable] : saved_) {
      if (variable) session_.variables[name] = std::move(*variable);
      else session_.variables.erase(name);
    }
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

 private:
  Session& session_;
  std::vector<std::pair<std::string, std::optional<Variable>>> saved_;
};

}  // namespace

Runner::Runner(Session& session) : session_(session) {
  surroundings_ = {.find = [this](const std::string& name) { return session_.find(name); },
                   .set = [this](const std::string& name, const std::string& value) { session_.set(name, value); },
                   .parameters = [this] { return session_.parameters; },
                   .run = [this](const List& list) { return output_of(list); },
                   .paths = [this](std::string_view pattern) { return session_.keeps_patterns ? std::vector<std::string>() : find_paths(pattern); },
                   .needs_variables = [this] { return session_.needs_variables; },
                   .keeps_files = [this] { return session_.keeps_files; },
                   .home = home_of};
}

int Runner::run_text(std::string_view text) {
  try {
    int status = 0;
    for (Commands commands(text, &session_.aliases); session_.flow.kind == Flow::Kind::none;) {
      const std::optional<List> list = commands.next();
      if (!list) break;
      status = run(*list);
    }
    return status;
  } catch (const SyntaxError& error) {
    tell(format("{}\n", error.what()));
    return session_.status = 2;
  }
}

int Runner::run(const List& list) {
  for (const Chain& chain : list.chains) {
    if (session_.only_reads && !session_.interactive) break;
    if (session_.interactive && take_interrupt()) throw Interrupted{};
    session_.status = run(chain);
    obey_traps();
    if (session_.flow.kind != Flow::Kind::none) break;
  }
  return session_.status;
}

int Runner::run(const Chain& chain) {
  if (chain.background && chain.links.size() > 1) {
    auto body = std::make_shared<List>();
    body->chains.push_back(chain);
    body->chains.back().background = false;
    Pipeline pipeline;
    pipeline.commands.push_back({Group{body, true}, {}});
    return run(pipeline, true, chain.text);
  }
  int status = session_.status;
  for (std::size_t at = 0; at < chain.links.size(); ++at) {
    using When = Chain::Link::When;
    const Chain::Link& link = chain.links[at];
    if ((link.when == When::success && status != 0) || (link.when == When::failure && status == 0)) continue;
    const bool tested = at + 1 < chain.links.size() || link.pipeline.negated;
    {
      std::optional<Deeper> deeper;
      if (tested) deeper.emplace(tested_);
      session_.status = status = run(link.pipeline, chain.background, chain.text);
    }
    if (session_.flow.kind != Flow::Kind::none) return status;
    check_exit(status, tested);
  }
  return status;
}

void Runner::check_exit(int status, bool tested) {
  if (status != 0 && session_.exits_on_error && !tested && tested_ == 0) throw Leave{status};
}

int Runner::run(const Pipeline& pipeline, bool background, const std::string& text) {
  if (background || pipeline.commands.size() > 1) return start(pipeline, background, text);
  const int status = run_alone(pipeline.commands.front(), text);
  return pipeline.negated ? !status : status;
}

int Runner::run_alone(const Command& command, const std::string& text) {
  const auto* group = std::get_if<Group>(&command.what);
  if (!group || !group->forked) return run_in_shell(command);
  return start({.commands = {command}}, false, text);
}

// What goes wrong on the way to a command is that command's failure.
int Runner::run_in_shell(const Command& command) {
  try {
    if (const auto* simple = std::get_if<Simple>(&command.what)) return run(*simple, command.redirections);
    const Redirected redirected(command.redirections, surroundings_);
    return run_compound(command);
  } catch (const Missing& error) {
    if (session_.interactive) throw;
    tell(format("{}\n", error.message()));
    throw Leave{1};
  } catch (const Error& error) {
    tell(format("{}\n", error.message()));
    return 1;
  }
}

int Runner::run_compound(const Command& command) {
  return std::visit(
      [this](const auto& what) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(what)>, Simple>) return 0;
        else return run(what);
      },
      command.what);
}

int Runner::start(const Pipeline& pipeline, bool background, const std::string& text) {
  Job job{.processes = {}, .text = text, .negated = pipeline.negated, .fails_with_any = session_.fails_with_any};
  sys::Fd input;
  for (std::size_t at = 0; at < pipeline.commands.size(); ++at) {
    const Command& command = pipeline.commands[at];
    sys::FdPair pipe = at + 1 < pipeline.commands.size() ? sys::make_pipe() : sys::FdPair();
    const pid_t pid = fork_child(job.group, !background, background && at == 0, [&] {
      if (input) ::dup2(input.get(), 0);
      if (pipe.second) ::dup2(pipe.second.get(), 1);
      input.reset(), pipe.first.reset(), pipe.second.reset();
      is_child_ = std::holds_alternative<Simple>(command.what);
      return run_in_shell(command);
    });
    job.processes.push_back({.pid = pid});
    input = std::move(pipe.first);
  }
  return finish(std::move(job), background);
}

pid_t Runner::fork_child(pid_t& group, bool in_front, bool silent, const std::function<int()>& work) {
  const pid_t pid = ::fork();
  if (pid < 0) throw Failure(format("no other process can be started: {}", reason(errno)), 126);
  const bool controls = session_.jobs.controls();
  if (controls) ::setpgid(pid, group);  // on both sides, whoever is first
  if (pid == 0) {
    if (controls && in_front) ::tcsetpgrp(session_.jobs.terminal(), group ? group : ::getpid());  // each: the last may be the first to want it
    be_child(silent, work);
  }
  if (controls && group == 0) group = pid;
  return pid;
}

namespace {

// A child begins without those of the shell; what that ignores it ignores as well.
void forget_traps(Session& session) {
  for (const auto& [signal, action] : session.traps)
    if (signal && !action.empty()) expose_to_signal(signal);
  std::erase_if(session.traps, [](const auto& each) { return each.first == 0 || !each.second.empty(); });
  while (take_signal()) continue;
}

}  // namespace

[[noreturn]] void Runner::be_child(bool background, const std::function<int()>& work) {
  forget_traps(session_);
  if (session_.jobs.controls()) {
    expose_child(session_);
  } else if (background) {
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGQUIT, SIG_IGN);
    if (const sys::Fd null = sys::try_open(AT_FDCWD, "/dev/null", O_RDONLY)) ::dup2(null.get(), 0);
  }
  session_.interactive = is_child_ = false;
  session_.jobs.forget();
  int code = 1;
  try {
    code = work();
  } catch (const Leave& leave) {
    code = leave.code;
  } catch (const std::exception& error) {
    tell(format("{}\n", error.what()));
  }
  ::_exit(end(code));
}

int Runner::finish(Job job, bool background) {
  job.background = background;
  Job& added = session_.jobs.add(std::move(job));
  if (background) {
    session_.last_background = added.processes.back().pid;
    if (session_.interactive) tell(format("[{}] {}\n", added.number, session_.last_background));
    return 0;
  }
  return wait_in_foreground(added, false);
}

int Runner::wait_in_foreground(Job& job, bool goes_on) {
  const int code = session_.jobs.wait_in_foreground(job, goes_on);
  if (!session_.interactive || code <= 128) return code;
  if (code == 128 + SIGINT) throw Interrupted{};
  Job* const stopped = session_.jobs.all().empty() ? nullptr : &session_.jobs.all().back();
  if (stopped == &job) tell(format("\n{}\n", session_.jobs.describe(job)));
  else if (code != 128 + SIGPIPE) tell(format("{}\n", signal_words(code - 128)));
  return code;
}

std::string Runner::output_of(const List& list) {
  sys::FdPair pipe = sys::make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw Failure(format("no other process can be started: {}", reason(errno)));
  if (pid == 0) {
    if (session_.interactive) expose_child(session_);
    ::dup2(pipe.second.get(), 1);
    pipe.first.reset(), pipe.second.reset();
    be_child(false, [&] { return run(list); });
  }
  pipe.second.reset();
  substituted_ = true;
  std::string text = sys::read_all(pipe.first.get(), std::size_t{64} << 20U);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  session_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  if (session_.interactive && session_.status == 128 + SIGINT) throw Interrupted{};
  while (text.ends_with('\n')) text.pop_back();
  std::erase(text, '\0');
  return text;
}

void Runner::trace(const std::vector<std::string>& words) const {
  std::string text = "+";
  for (const std::string& word : words) text += " " + shell_quoted(word);
  tell(printable(text) + "\n");
}

void Runner::assign(const std::vector<Assignment>& assignments, bool exported) {
  for (const Assignment& each : assignments) {
    session_.set(each.name, expand_whole(each.value, surroundings_));
    if (exported) session_.variables[each.name].exported = true;
  }
}

int Runner::run(const Simple& simple, const std::vector<Redirection>& redirections) {
  const bool child = is_child_;
  substituted_ = false;
  const std::vector<std::string> words = expand(simple.words, surroundings_);
  is_child_ = child;
  if (session_.tells_commands && !words.empty()) trace(words);
  if (!words.empty()) return run_words(words, simple.assignments, redirections);
  const Redirected redirected(redirections, surroundings_);
  assign(simple.assignments, false);
  return substituted_ ? session_.status : 0;  // of a command that only assigns it is the last $(…)'s
}

int Runner::run_words(std::vector<std::string> words, const std::vector<Assignment>& assignments, const std::vector<Redirection>& redirections) {
  const bool child = std::exchange(is_child_, false);
  const auto function = session_.functions.find(words.front());
  const Builtin* builtin = function == session_.functions.end() ? find_builtin(words.front()) : nullptr;
  if (words.front() == "exec") {
    assign(assignments, true);
    const Redirected redirected(redirections, surroundings_, true);
    if (words.size() == 1) return 0;
    if (session_.interactive) expose_child(session_);
    become_program({words.begin() + 1, words.end()});
  }
  if (function != session_.functions.end() || (builtin && (builtin->in_shell || child))) {
    const Temporary temporary(session_, assignments);
    assign(assignments, true);
    const Redirected redirected(redirections, surroundings_);
    return builtin ? call_builtin(*builtin, std::move(words)) : call_function(*std::shared_ptr<const Command>(function->second), std::move(words));
  }
  const auto work = [&] {
    assign(assignments, true);
    const Redirected redirected(redirections, surroundings_, true);
    if (builtin) return call_builtin(*builtin, words);
    become_program(words);
  };
  if (child) return work();
  Job job{.processes = {}, .text = join(words, " ")};
  job.processes.push_back({.pid = fork_child(job.group, true, false, work)});
  return finish(std::move(job), false);
}

int Runner::call_function(const Command& body, std::vector<std::string> words) {
  if (session_.calls >= most_calls) throw Failure("functions call each other without an end");
  const std::string text = join(words, " ");
  words.erase(words.begin());
  std::swap(session_.parameters, words);
  ++session_.calls;
  const unsigned loops = std::exchange(session_.loops, 0);
  const auto leave = [&, hidden = session_.hidden.size()] {
    session_.reveal(hidden);
    std::swap(session_.parameters, words);
    --session_.calls;
    session_.loops = loops;
  };
  int status = 0;
  try {
    status = run_alone(body, text);
  } catch (...) {
    leave();
    throw;
  }
  leave();
  if (session_.flow.kind == Flow::Kind::leave_call) session_.flow = {};
  return status;
}

int Runner::call_builtin(const Builtin& builtin, std::vector<std::string> words) {
  Call call{*this, session_, std::move(words)};
  try {
    const int code = builtin.function(call);
    call.out.flush();
    return code ? code : call.status;
  } catch (const Error& error) {
    call.complain(error.message());
    return error.exit_code() == 125 ? 1 : error.exit_code();
  }
}

}  // namespace snug::builtin
