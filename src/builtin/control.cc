// What changes the shell itself.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

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

int change_folder(Call& call) {
  const Options options(call, "LP");
  options.need(0, 1);
  Session& session = call.session;
  const bool back = !options.operands().empty() && options.operands()[0] == "-";
  const std::string path = back ? session.value("OLDPWD") : options.operands().empty() ? session.value("HOME") : options.operands()[0];
  if (path.empty()) throw Failure(back ? "there is no folder to go back to" : "HOME is not set");
  if (::chdir(path.c_str()) != 0) throw failure(path, errno);
  session.set("OLDPWD", session.value("PWD"));
  session.set("PWD", current_folder());
  if (back) call.out.line(call.out.name(session.value("PWD")));
  return 0;
}

int tell_folder(Call& call) {
  Options(call, "LP").need(0, 0);
  const std::string folder = current_folder();
  if (folder.empty()) throw Failure("the folder is not there any more, or lies outside of this root");
  call.out.line(call.out.name(folder));
  return 0;
}

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

std::string alias_text(const std::string& name, const std::string& value) { return format("alias {}={}", name, shell_quoted(value)); }

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

bool switch_option(Session& session, char letter, bool on) {
  switch (letter) {
    case 'e': session.exits_on_error = on; return true;
    case 'x': session.tells_commands = on; return true;
    case 'f': session.keeps_patterns = on; return true;
    case 'u': session.needs_variables = on; return true;
    default: return false;
  }
}

int set(Call& call) {
  if (call.words.size() == 1) return tell_variables(call, false, false), 0;
  std::size_t at = 1;
  for (; at < call.words.size(); ++at) {
    const std::string& word = call.words[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (word.size() < 2 || (word[0] != '-' && word[0] != '+')) break;
    for (const char letter : word.substr(1))
      if (!switch_option(call.session, letter, word[0] == '-')) throw Failure(format("there is no option {} here; 'help set' tells those that are", quoted(word)), 2);
  }
  if (at < call.words.size() || call.words[at - 1] == "--") call.session.parameters.assign(call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end());
  return 0;
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
  if (call.session.interactive && !call.session.jobs.all().empty()) call.session.jobs.look();
  throw Leave{code_of(call)};
}

int leave_function(Call& call) {
  const int code = code_of(call);
  if (call.session.calls == 0) throw Failure("no function is running");
  call.session.flow = {Flow::Kind::leave_function, 0};
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

int read_script(Call& call) {
  if (call.words.size() < 2) throw Failure("a file is needed", 2);
  const sys::Fd file = open_input(call.words[1]);
  return call.runner.run_text(without_returns(sys::read_all(file.get())));
}

std::string describe_command(const Call& call, const std::string& name) {
  if (const auto found = call.session.aliases.find(name); found != call.session.aliases.end()) return format("an alias for {}", found->second);
  if (call.session.functions.contains(name)) return "a function";
  if (find_builtin(name)) return "a command of this shell";
  if (std::string path = call.runner.find_program(name); !path.empty()) return path;
  return call.session.tools >= 0 ? "left to the tools of --tools" : "";
}

int tell_type(Call& call) {
  for (std::size_t at = 1; at < call.words.size(); ++at) {
    const std::string kind = describe_command(call, call.words[at]);
    if (kind.empty()) call.complain(format("{}: not found", printable(call.words[at])));
    else call.out.line(call.out.name(format("{} is {}", call.words[at], kind)));
  }
  return call.status;
}

// Past functions of the same name; -v tells what it would be.
int do_command(Call& call) {
  const Options options(call, "+vV");
  if (options.operands().empty()) return 0;
  if (!options.has('v') && !options.has('V')) {
    const auto functions = std::exchange(call.session.functions, {});
    const int code = call.runner.run_words(options.operands());
    call.session.functions = functions;
    return code;
  }
  for (const std::string& name : options.operands()) {
    const std::string kind = describe_command(call, name);
    if (kind.empty()) call.status = 1;
    else if (call.session.aliases.contains(name)) call.out.line(call.out.name(alias_text(name, call.session.aliases.at(name))));
    else call.out.line(call.out.name(kind.starts_with('/') ? kind : name));
  }
  return call.status;
}

int tell_history(Call& call) {
  for (std::size_t at = 0; at < call.session.history.size(); ++at) call.out.line(call.out.name(format("{:5}  {}", at + 1, call.session.history[at])));
  return 0;
}

int change_umask(Call& call) {
  Options(call, "").need(0, 1);
  if (call.words.size() == 1) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    call.out.line(format("{:04o}", mask));
    return 0;
  }
  ::umask(parse_mode(call.words[1], 0777 & ~0U, false) & 0777U);
  return 0;
}

constexpr std::array builtins = std::to_array<Builtin>({
    {".", "FILE", "do the commands of a file in this shell", read_script, true},
    {":", "", "do nothing, and succeed", do_nothing, true},
    {"[", "EXPRESSION ]", "the same as test", test_expression, true},
    {"alias", "[NAME[=TEXT]...]", "have a name stand for a text where a command begins; tell all", set_aliases, true},
    {"break", "[N]", "leave the loop, or N of them", leave_loop, true},
    {"cd", "[FOLDER|-]", "go to a folder; home; - goes back", change_folder, true},
    {"command", "[-v] NAME [ARG...]", "do a command past functions of its name; -v tells what it is", do_command, true},
    {"continue", "[N]", "begin the next round of the loop", begin_next_round, true},
    {"echo", "[-n] [-e] [WORD...]", "print words; -n without a line feed, -e with \\n, \\t and the like", echo, true},
    {"eval", "[WORD...]", "put words together and do them as a command", evaluate_words, true},
    {"exec", "[PROGRAM [ARG...]]", "become a program; or redirect the shell itself", do_exec, true},
    {"exit", "[CODE]", "leave the shell", leave, true},
    {"export", "[-n] [NAME[=VALUE]...]", "hand variables on to programs; -n does not any more", export_variables, true},
    {"false", "", "do nothing, and fail", fail, true},
    {"help", "[NAME]", "tell what commands there are, or how one is called", help, true},
    {"history", "", "tell what was typed", tell_history, true},
    {"local", "NAME[=VALUE]...", "have variables be the function's own", make_local, true},
    {"printf", "FORMAT [WORD...]", "print words as FORMAT says: %s %d %x %o %c %b %f %g %e %%", print_formatted, true},
    {"pwd", "", "tell the folder", tell_folder, true},
    {"read", "[-r] [-p PROMPT] [NAME...]", "read a line into variables; -r takes backslashes as they are", read_line, true},
    {"readonly", "[NAME[=VALUE]...]", "protect variables", protect_variables, true},
    {"return", "[CODE]", "leave the function", leave_function, true},
    {"set", "[-efux] [--] [WORD...]", "tell all variables; -e leaves at a failure, -u at what is not set, -x tells commands, -f keeps patterns; set $1 and on", set, true},
    {"shift", "[N]", "drop the first of $1 and on", shift, true},
    {"source", "FILE", "the same as .", read_script, true},
    {"test", "EXPRESSION", "compare: -e -f -d -r -w -x -s -L -z -n = != -eq -ne -lt -le -gt -ge ! -a -o", test_expression, true},
    {"trap", "[ACTION|- SIGNAL|EXIT...]", "do something when a signal comes, or the shell ends; '' ignores it, - forgets that", set_traps, true},
    {"true", "", "do nothing, and succeed", do_nothing, true},
    {"type", "NAME...", "tell what a command is", tell_type, true},
    {"umask", "[MODE]", "tell or set what new files lack", change_umask, true},
    {"unalias", "[-a] NAME...", "forget aliases; -a all", forget_aliases, true},
    {"unset", "[-f] NAME...", "forget variables and functions", unset, true},
});

}  // namespace

std::span<const Builtin> control_builtins() { return builtins; }

}  // namespace snug::builtin
