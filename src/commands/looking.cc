#include "looking.hh"

#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "containers.hh"
#include "networking.hh"
#include "security.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/probe/machine.hh"

namespace snug::commands {
namespace {

using explain::Group;
using plan::LiveProcess;

// What the record does not name is the host's.
plan::WallInodes walls_of(const state::State& state, plan::WallInodes walls) {
  for (const state::HeldNamespace& held : state.namespaces)
    for (std::size_t wall = 0; wall < plan::wall_count; ++wall)
      if (held.kind == plan::wall_links[wall]) walls[wall] = held.inode;
  return walls;
}

std::vector<std::string> names_of(const std::vector<plan::SharedNetwork>& networks) {
  std::vector<std::string> names;
  for (const plan::SharedNetwork& each : networks) names.push_back(each.name);
  return names;
}

// A record that cannot be read is told of by `snug ps`.
std::vector<explain::Recorded> read_records(const std::string& store, const plan::WallInodes& here) {
  std::vector<explain::Recorded> found;
  for (const state::Record& record : state::list_records(store)) {
    try {
      const state::State state = state::read_state(store, record.id);
      if (state.phase != state::State::Phase::running) continue;
      const plan::Spec spec = config::parse_spec(*record.spec);
      const plan::Network& network = spec.network;
      const plan::Network binding = network.container.empty() ? network : binding_network(store, record);
      found.push_back({.id = record.id, .name = record.name, .image = record.image, .monitor = state.monitor.pid, .init = state.init.pid, .walls = walls_of(state, here),
                       .networks = names_of(binding.shared), .ports = render_ways(binding.ports), .allow = binding.allow, .host_loopback = binding.host_loopback,
                       .lowers = record.lowers, .upper = record.upper, .landlock = landlock_in(spec, state),
                       .filter = state.confinement ? state.confinement->filter : "", .filter_shuts = plan::filter_shuts_namespaces(spec)});
    } catch (const Error&) {
      continue;
    }
  }
  return found;
}

bool may_be_asked(const LiveProcess& process) { return is_readable(process) && !has_ended(process); }

// Whom to ask about the group: whom it is there for, or the first of those that may be looked into.
const LiveProcess& spokesman_of(const Group& group) {
  for (const std::size_t at : {explain::payload_of(group), group.leader})
    if (may_be_asked(group.members[at])) return group.members[at];
  const auto found = std::find_if(group.members.begin(), group.members.end(), may_be_asked);
  return found == group.members.end() ? group.members[group.leader] : *found;
}

// The host is pid 1, where it may be looked into; else who asks.
pid_t pid_of_host(const plan::Machine& machine) {
  const auto first = std::find_if(machine.processes.begin(), machine.processes.end(), [](const LiveProcess& each) { return each.pid == 1; });
  return first != machine.processes.end() && is_readable(*first) && first->walls == machine.here ? 1 : machine.reader;
}

std::optional<pid_t> pid_of_record(const Look& look, const Environment& environment, const std::string& typed) {
  const std::string store = store_of(environment);
  const auto record = state::try_find_record(store, typed);
  if (!record) return {};
  need_running(store, *record);
  for (const Group& group : look.picture.groups)
    if (group.record && group.record->id == record->id) return spokesman_of(group).pid;
  return {};
}

std::optional<pid_t> pid_of_name(const Look& look, const std::string& typed) {
  std::optional<pid_t> found;
  for (const Group& group : look.picture.groups) {
    if (group.name != typed) continue;
    if (found) throw Error(format("there is more than one {}", quoted(typed)), "name it by the number of one of its processes");
    found = spokesman_of(group).pid;
  }
  return found;
}

// Numbers are processes, unless a container is named so.
std::optional<pid_t> pid_of(const Look& look, const Environment& environment, const std::string& typed) {
  if (typed == "host") return pid_of_host(look.machine);
  const auto number = parse_number(typed);
  for (const Group& group : look.picture.groups)
    if (number && group.record && group.record->name == typed) return spokesman_of(group).pid;
  if (number && *number < (std::uint64_t{1} << 31U)) return static_cast<pid_t>(*number);
  if (const auto found = pid_of_record(look, environment, typed)) return found;
  return pid_of_name(look, typed);
}

// What pasta has open it shows to nobody; of our own we know.
void add_listeners(Group& group, const explain::Picture& picture) {
  if (group.record) return static_cast<void>(group.insides->listeners = group.record->ports);
  for (const explain::Helper& helper : picture.helpers)
    if (helper.serves_network && helper.of && are_one(picture.groups[*helper.of], group))
      for (std::string& address : probe::read_listeners(helper.process.pid)) group.insides->listeners.push_back(std::move(address));
}

// Of a container by the door that its monitor holds: its pid 1 is closed to everybody.
void add_nesting(Group& group, pid_t pid, const std::string& store) {
  group.insides->user_namespaces = group.record ? namespaces_limit_in(state::read_state(store, group.record->id)) : probe::read_namespaces_limit(format("/proc/{}/ns/user", pid));
}

bool is_utf8_locale(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value(environment.find(name).value_or(""));
    if (!value.empty()) return ::strcasestr(value.c_str(), "utf-8") || ::strcasestr(value.c_str(), "utf8");
  }
  return false;
}

}  // namespace

Look take_look(const Environment& environment) {
  Look look{.machine = probe::read_machine(explain::telling_names()), .picture = {}};
  look.picture = explain::make_picture(look.machine, read_records(store_of(environment), look.machine.here));
  return look;
}

void read_words(std::span<Group> groups) {
  std::vector<LiveProcess*> untold;
  for (Group& group : groups)
    for (LiveProcess& each : group.members)
      if (each.words.empty()) untold.push_back(&each);
  probe::read_words(untold);
}

void look_inside(explain::Picture& picture) {
  std::vector<const LiveProcess*> spokesmen;
  for (const Group& group : picture.groups) spokesmen.push_back(&spokesman_of(group));
  std::vector<plan::Insides> insides = probe::read_insides(spokesmen);
  for (std::size_t at = 0; at < insides.size(); ++at) {
    picture.groups[at].insides = std::move(insides[at]);
    add_listeners(picture.groups[at], picture);
  }
}

Sought find_sought(const Look& look, const Environment& environment, const std::string& typed) {
  const auto pid = pid_of(look, environment, typed);
  auto group = pid ? explain::find_group(look.picture, look.machine, *pid) : std::nullopt;
  if (!group && pid && probe::is_kernel_thread(*pid)) throw Error(format("{} is a thread of the kernel: there are no walls around those", *pid), "'snug walls' counts them").with_exit_code(1);
  if (!group) throw Error(format("there is no container, process or group {}", quoted(typed)), "'snug walls' shows what there is").with_exit_code(1);
  const auto process = std::find_if(group->members.begin(), group->members.end(), [&](const LiveProcess& each) { return each.pid == *pid; });
  Sought sought{.group = {}, .process = *process};
  probe::read_whole(sought.process);
  read_words({&*group, 1});
  group->insides = probe::read_insides(sought.process);
  add_listeners(*group, look.picture);
  add_nesting(*group, *pid, store_of(environment));
  sought.group = *std::move(group);
  return sought;
}

std::size_t output_width(const Environment& environment) {
  winsize size{};
  if (::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return parse_number(environment.find("COLUMNS").value_or("")).value_or(80);
}

explain::Style style_of(const cli::Invocation& invocation) {
  const Environment& environment = invocation.environment;
  const bool colour = ::isatty(1) && environment.find("NO_COLOR").value_or("").empty() && environment.find("TERM").value_or("dumb") != "dumb";
  return {.width = output_width(environment), .unicode = is_utf8_locale(environment) && !invocation.arguments.flag("ascii"), .colour = colour, .inodes = invocation.arguments.flag("inodes")};
}

}  // namespace snug::commands
