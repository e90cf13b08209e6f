#include "session.hh"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "folder.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::builtin {

Session::Session(std::string called, std::vector<std::string> given, const std::vector<std::string>& env)
    : parameters(std::move(given)), name(std::move(called)), pid(::getpid()) {
  for (const std::string& line : env)
    if (const std::size_t equals = line.find('='); equals != std::string::npos)
      variables[line.substr(0, equals)] = {.value = line.substr(equals + 1), .exported = true};
  if (const std::string folder = logical_folder(value("PWD")); !folder.empty()) variables["PWD"] = {.value = folder, .exported = true};
  variables["OLDPWD"].is_set = false;
  variables["PPID"] = {.value = format("{}", ::getppid()), .read_only = true};
  variables["OPTIND"] = {.value = "1"};
  variables["IFS"] = {.value = " \t\n"};
}

std::optional<std::string> Session::find(const std::string& wanted) const {
  if (const auto number = parse_number(wanted)) {
    if (*number == 0) return name;
    return *number <= parameters.size() ? std::optional(parameters[*number - 1]) : std::nullopt;
  }
  if (wanted == "?") return format("{}", status);
  if (wanted == "#") return format("{}", parameters.size());
  if (wanted == "$") return format("{}", pid);
  if (wanted == "!") return last_background ? std::optional(format("{}", last_background)) : std::nullopt;
  if (wanted == "-") {
    std::string letters = interactive ? "i" : "";
    for (const Switch& each : switches)
      if (each.letter && this->*each.flag) letters += each.letter;
    return letters;
  }
  const auto found = variables.find(wanted);
  return found == variables.end() || !found->second.is_set ? std::nullopt : std::optional(found->second.value);
}

void Session::set(const std::string& wanted, std::string text) {
  if (!is_name(wanted)) throw Error(format("{} is no name of a variable", quoted(wanted)));
  Variable& variable = variables[wanted];
  if (variable.read_only) throw Error(format("{} is read-only", wanted));
  variable.value = std::move(text);
  variable.is_set = true;
  if (wanted == "OPTIND") option_place = 0;
}

void Session::unset(const std::string& wanted) {
  const auto found = variables.find(wanted);
  if (found == variables.end()) return;
  if (found->second.read_only) throw Error(format("{} is read-only", wanted));
  variables.erase(found);
}

void Session::hide(const std::string& wanted) {
  if (!is_name(wanted)) throw Error(format("{} is no name of a variable", quoted(wanted)));
  const auto found = variables.find(wanted);
  if (found != variables.end() && found->second.read_only) throw Error(format("{} is read-only", wanted));
  hidden.push_back({wanted, found == variables.end() ? std::nullopt : std::optional(found->second)});
  variables[wanted] = {.value = {}, .is_set = false, .exported = found != variables.end() && found->second.exported};
}

void Session::reveal(std::size_t count) noexcept {
  for (; hidden.size() > count; hidden.pop_back()) {
    Hidden& last = hidden.back();
    if (last.variable) variables[last.name] = std::move(*last.variable);
    else variables.erase(last.name);
  }
}

bool Session::may_leave() {
  if (!interactive) return true;
  jobs.look();
  const auto& all = jobs.all();
  const bool any = std::any_of(all.begin(), all.end(), [](const Job& job) { return job.state() == Job::State::stopped; });
  return !any || std::exchange(was_warned, true);
}

std::vector<std::string> Session::environment() const {
  std::vector<std::string> out;
  for (const auto& [key, variable] : variables)
    if (variable.exported && variable.is_set) out.push_back(format("{}={}", key, variable.value));
  return out;
}

}  // namespace snug::builtin
