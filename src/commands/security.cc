#include "security.hh"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/plan/machine.hh"
#include "snug/plan/plan.hh"
#include "snug/probe/machine.hh"
#include "snug/sys/file.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using plan::FilterChoice;

bool parse_switch(std::string_view value, std::array<std::string_view, 2> words) {
  if (value == words[0]) return true;
  if (value == words[1]) return false;
  refuse_word("choice", value, {words.begin(), words.end()});
}

FilterChoice parse_filter(std::string_view value, std::string_view folder) {
  if (value == "default" || value == "builtin") return {};
  if (value == "unconfined") return {.kind = FilterChoice::Kind::none};
  const std::string path = parse_file_path(value, folder);
  const sys::Fd file = sys::open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  return {.kind = FilterChoice::Kind::profile, .path = path, .profile = sys::read_all(file.get())};
}

void add_paths(std::vector<std::string>& paths, std::string_view value, bool all_may_be_meant) {
  for (const std::string& path : split(value, ':'))
    paths.push_back(all_may_be_meant && (path == "ALL" || path == "all") ? "ALL" : parse_inside_path(path));
}

const char* emulation_word(plan::RootEmulation choice) {
  switch (choice) {
    case plan::RootEmulation::automatic: return "auto";
    case plan::RootEmulation::off: return "off";
    case plan::RootEmulation::stateless: return "static";
    case plan::RootEmulation::remembered: return "remembered";
  }
  return "";
}

// Nothing of snug's, so that there is nothing to switch off.
bool is_off_anyway(std::string_view name, std::string_view value) {
  return (name == "apparmor" && value == "unconfined") || (name == "label" && value == "disable");
}

}  // namespace

void add_security(plan::Spec& spec, std::string_view text, std::string_view folder) {
  const std::size_t mark = text.find_first_of("=:");
  const std::string_view name = text.substr(0, mark), value = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
  plan::Restraints& restraints = spec.restraints;
  if (name == "no-new-privileges") {
    spec.new_privileges = !(value.empty() || parse_switch(value, {"true", "false"}));
  } else if (name == "seccomp" && !value.empty()) {
    restraints.filter = parse_filter(value, folder);
  } else if (name == "landlock") {
    restraints.landlock = parse_switch(value, {"on", "off"});
  } else if (name == "mask") {
    add_paths(restraints.mask, value, false);
  } else if (name == "unmask") {
    add_paths(restraints.unmask, value, true);
  } else if (name == "systempaths" && value == "unconfined") {
    restraints.unmask.emplace_back("ALL");
  } else if (!is_off_anyway(name, value)) {
    refuse_word("security option", text, {"no-new-privileges=false", "seccomp=unconfined", "seccomp=FILE", "landlock=off", "mask=PATH", "unmask=ALL", "unmask=PATH"});
  }
}

std::optional<plan::EnforceLandlock> landlock_in(const plan::Spec& spec, const state::State& state) {
  const plan::Namespaces& walls = spec.namespaces;
  return plan::landlock_of(static_cast<int>(state.landlock), std::holds_alternative<plan::HostNamespace>(walls.network), std::holds_alternative<plan::HostNamespace>(walls.pid));
}

state::Confinement confinement_of(const plan::Plan& plan) {
  const plan::Confinement& held = plan.confinement;
  state::Confinement confinement{.filter = held.filter, .emulation = emulation_word(held.emulation), .capabilities = {}, .limits = {}};
  for (const int number : held.capabilities) confinement.capabilities.push_back(plan::describe_capability(number));
  for (const plan::ResourceLimit& each : held.limits) confinement.limits.push_back({each.name, each.soft, each.hard});
  return confinement;
}

std::optional<std::uint64_t> namespaces_limit_in(const state::State& state) {
  if (state.phase != state::State::Phase::running || state.namespaces.empty()) return {};
  for (const state::HeldNamespace& held : state.namespaces)
    if (held.kind == plan::wall_links[plan::user_wall]) return probe::read_namespaces_limit(format("/proc/{}/fd/{}", state.monitor.pid, held.number), held.inode);
  return probe::read_namespaces_limit("/proc/self/ns/user");  // that of its own is the host's
}

}  // namespace snug::commands
