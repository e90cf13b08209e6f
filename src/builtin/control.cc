// What changes the shell itself.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "files.hh"
#include "runner.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

int do_nothing(Call&) { return 0; }
int fail(Call&) { return 1; }

// Done by Runner::run_words: the descriptors stay as they are then.
int do_exec(Call&) { return 0; }

void tell_variables(Call& call, bool exported, bool read_only) {
  for (const auto& [name, variable] : call.session.variables)
    if (variable.is_set && (!exported || variable.exported) && (!read_only || variable.read_only))
      call.out.line(call.out.name(format("{}{}={}", exported ? "export " : read_only ? "readonly " : "", name, shell_quoted(variable.value))));
}

// NAME or NAME=VALUE each.
int mark(Call& call, bool Variable::*flag, bool value) {
  const Options options(call, "pn");
  if (options.operands().empty()) tell_variables(call, flag == &Variable::exported, flag == &Variable::read_only);
  for (const std::string& word : options.operands()) {
    const std::string name = word.substr(0, word.find('='));
    if (!is_name(name)) throw Failure(format("{} is no name of a variable", quoted(name)));
    if (name.size() < word.size()) call.session.set(name, word.substr(name.size() + 1));
    const auto [variable, is_new] = call.session.variables.try_emplace(name);
    if (is_new) variable->second.is_set = false;
    variable->second.*flag = value && !options.has('n');
  }
  return 0;
}

int export_variables(Call& call) { return mark(call, &Variable::exported, true); }
int protect_variables(Call& call) { return mark(call, &Variable::read_only, true); }

int make_local(Call& call) {
  const Options options(call, "");
  if (call.session.calls == 0) throw Failure("no function is running");
  for (const std::string& word : options.operands()) {
    const std::string name = word.substr(0, word.find('='));
    call.session.hide(name);
    if (name.size() < word.size()) call.session.set(name, word.substr(name.size() + 1));
  }
  return 0;
}

int unset(Call& call) {
  const Options options(call, "fv");
  for (const std::string& name : options.operands()) {
    if (!options.has('f')) call.session.unset(name);
    if (!options.has('v')) call.session.functions.erase(name);
  }
  return 0;
}

int set_aliases(Call& call) {
  if (call.words.size() == 1)
    for (const auto& [name, value] : call.session.aliases) call.out.line(call.out.name(alias_text(name, value)));
  for (std::size_t at = 1; at < call.words.size(); ++at) {
    const std::string& word = call.words[at];
    const std::string name = word.substr(0, word.find('='));
    if (name.size() < word.size()) {
      if (name.empty() || name.find_first_of(" \t\n;&|()<>$`\\\"'/") != std::string::npos) throw Failure(format("{} is no name of an alias", quoted(name)));
      call.session.aliases[name] = word.substr(name.size() + 1);
    } else if (const auto found = call.session.aliases.find(name); found != call.session.aliases.end()) {
      call.out.line(call.out.name(alias_text(name, found->second)));
    } else {
      call.complain(format("{} is no alias", quoted(name)));
    }
  }
  return call.status;
}

int forget_aliases(Call& call) {
  const Options options(call, "a");
  if (options.has('a')) call.session.aliases.clear();
  for (const std::string& name : options.operands())
    if (!call.session.aliases.erase(name)) call.complain(format("{} is no alias", quoted(name)));
  return call.status;
}

int set(Call& call) {
  if (call.words.size() > 1) return set_switches(call);
  return tell_variables(call, false, false), 0;
}

int shift(Call& call) {
  const long long count = call.words.size() > 1 ? number_of(call.words[1]) : 1;
  auto& parameters = call.session.parameters;
  if (count < 0 || static_cast<std::size_t>(count) > parameters.size()) throw Failure("there are not so many parameters");
  parameters.erase(parameters.begin(), parameters.begin() + count);
  return 0;
}

int code_of(const Call& call) { return call.words.size() > 1 ? static_cast<int>(number_of(call.words[1]) & 255) : call.session.status; }

int leave(Call& call) {
  const int code = code_of(call);
  if (call.session.may_leave()) throw Leave{code};
  throw Failure(std::string(stopped_jobs));
}

int leave_call(Call& call) {
  const int code = code_of(call);
  if (call.session.calls == 0 && call.session.sources == 0) throw Failure("no function and no file is being done");
  call.session.flow = {Flow::Kind::leave_call, 0};
  return code;
}

int change_loop(Call& call, Flow::Kind kind) {
  const long long levels = call.words.size() > 1 ? number_of(call.words[1]) : 1;
  if (levels < 1) throw Failure("at least one loop");
  if (call.session.loops == 0) throw Failure("no loop is running");
  call.session.flow = {kind, static_cast<unsigned>(std::min<long long>(levels, call.session.loops))};
  return 0;
}

int leave_loop(Call& call) { return change_loop(call, Flow::Kind::leave_loop); }
int begin_next_round(Call& call) { return change_loop(call, Flow::Kind::next_round); }

int evaluate_words(Call& call) { return call.runner.run_text(join(std::span(call.words).subspan(1), " ")); }

// A name without a slash is looked for in PATH, and then here, as bash does.
std::string find_script(const Session& session, const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  for (const std::string& folder : split(session.value("PATH"), ':')) {
    std::string path = join_path(folder.empty() ? "." : folder, name);
    if (const auto status = find_stat(path, true); status && S_ISREG(status->st_mode)) return path;
  }
  return name;
}

/// Has the shell other parameters for a while.
class OtherParameters {
 public:
  OtherParameters(Session& session, std::vector<std::string> words) : session_(session), before_(std::exchange(session.parameters, std::move(words))) {}
  ~OtherParameters() { session_.parameters = std::move(before_); }
  OtherParameters(const OtherParameters&) = delete;
  OtherParameters& operator=(const OtherParameters&) = delete;

 private:
  Session& session_;
  std::vector<std::string> before_;
};

int read_script(Call& call) {
  const Options options(call, "+");
  options.need(1, SIZE_MAX);
  const auto& words = options.operands();
  Session& session = call.session;
  const sys::Fd file = open_input(find_script(session, words[0]));
  const std::string text = without_returns(sys::read_all(file.get()));
  std::optional<OtherParameters> parameters;
  if (words.size() > 1) parameters.emplace(session, std::vector(words.begin() + 1, words.end()));
  const Deeper deeper(session.sources);
  const int status = call.runner.run_text(text);
  if (session.flow.kind == Flow::Kind::leave_call) session.flow = {};
  return status;
}

int tell_history(Call& call) {
  const Options options(call, "c");
  options.need(0, options.has('c') ? 0 : 1);
  std::vector<std::string>& history = call.session.history;
  if (options.has('c')) return history.clear(), 0;
  const std::size_t count = options.operands().empty() ? history.size() : static_cast<std::size_t>(std::max<std::int64_t>(0, number_of(options.operands()[0])));
  for (std::size_t at = history.size() - std::min(count, history.size()); at < call.session.history.size(); ++at) call.out.line(call.out.name(format("{:5}  {}", at + 1, call.session.history[at])));
  return 0;
}

constexpr std::array builtins = std::to_array<Builtin>({
    {".", "FILE [WORD...]", "do the commands of a file, which PATH may lead to, in this shell; words are its $1 and on", read_script, true},
    {":", "", "do nothing, and succeed", do_nothing, true},
    {"[", "EXPRESSION ]", "the same as test", test_expression, true},
    {"alias", "[NAME[=TEXT]...]", "have a name stand for a text where a command begins; tell all", set_aliases, true},
    {"break", "[N]", "leave the loop, or N of them", leave_loop, true},
    {"cd", "[-L|-P] [FOLDER|-]", "go to a folder; home; - goes back; -P takes links for what they lead to; CDPATH lists where else to look", change_folder, true},
    {"command", "[-v|-V] NAME [ARG...]", "do a command past functions of its name; -v tells what would be done, -V what that is", do_command, true},
    {"continue", "[N]", "begin the next round of the loop", begin_next_round, true},
    {"echo", "[-n] [-e] [WORD...]", "print words; -n without a line feed, -e with \\n, \\t and the like", echo, true},
    {"eval", "[WORD...]", "put words together and do them as a command", evaluate_words, true},
    {"exec", "[PROGRAM [ARG...]]", "become a program; or redirect the shell itself", do_exec, true},
    {"exit", "[CODE]", "leave the shell", leave, true},
    {"export", "[-n] [NAME[=VALUE]...]", "hand variables on to programs; -n does not any more", export_variables, true},
    {"false", "", "do nothing, and fail", fail, true},
    {"getopts", "LETTERS NAME [WORD...]", "take the next option of the parameters, or of words, into NAME; its value into OPTARG", take_option, true},
    {"hash", "[-r] [NAME...]", "look whether there are commands of these names; nothing is remembered, and -r forgets that", look_up, true},
    {"help", "[NAME]", "tell what commands there are, or how one is called", help, true},
    {"history", "[-c] [COUNT]", "tell what was typed, or the last COUNT lines of it; -c forgets it", tell_history, true},
    {"local", "NAME[=VALUE]...", "have variables be the function's own", make_local, true},
    {"printf", "FORMAT [WORD...]", "print words as FORMAT says: %s %d %x %o %c %b %f %g %e %%", print_formatted, true},
    {"pwd", "[-L|-P]", "tell the folder, by the names that led there; -P without links", tell_folder, true},
    {"read", "[-rs] [-n COUNT] [-p PROMPT] [-t SECONDS] [NAME...]", "read a line into variables; -r takes backslashes as they are, -n no more characters, -s shows nothing, -t waits no longer", read_line, true},
    {"readonly", "[NAME[=VALUE]...]", "protect variables", protect_variables, true},
    {"return", "[CODE]", "leave the function, or the file that . does", leave_call, true},
    {"set", "[-Cefnux] [-o NAME] [--] [WORD...]", "tell all variables; -e leaves at a failure, -u at what is not set, -x tells commands, -f keeps patterns, -C files, -n does nothing; -o tells names, as of pipefail; set $1 and on", set, true},
    {"shift", "[N]", "drop the first of $1 and on", shift, true},
    {"source", "FILE [WORD...]", "the same as .", read_script, true},
    {"test", "EXPRESSION", "compare: -e -f -d -r -w -x -s -L -O -G -z -n = != -eq -ne -lt -le -gt -ge ! -a -o", test_expression, true},
    {"times", "", "tell the time that the shell and those that it started computed, for themselves and in the kernel", tell_times, true},
    {"trap", "[ACTION|- SIGNAL|EXIT...]", "do something when a signal comes, or the shell ends; '' ignores it, - forgets that", set_traps, true},
    {"true", "", "do nothing, and succeed", do_nothing, true},
    {"type", "NAME...", "tell what a command is", tell_type, true},
    {"ulimit", "[-SH] [-a|-cdflnstuv] [N|unlimited]", "tell or set a limit: -c core -d data -f files -l locked -n descriptors -s stack -t seconds -u processes -v memory; -S what counts, -H the most it can be", change_limit, true},
    {"umask", "[-S] [MODE]", "tell or set what new files lack: 022, or what they may have, as u=rwx,g-w; -S tells it so", change_umask, true},
    {"unalias", "[-a] NAME...", "forget aliases; -a all", forget_aliases, true},
    {"unset", "[-f] NAME...", "forget variables and functions", unset, true},
});

}  // namespace

std::span<const Builtin> control_builtins() { return builtins; }

}  // namespace snug::builtin
