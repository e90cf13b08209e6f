#include "joining.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "entering.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/plan/network.hh"
#include "snug/state/names.hh"
#include "snug/sys/file.hh"

namespace snug::commands {
namespace {

using plan::JoinNamespace;
using plan::Namespaces;

constexpr std::array<std::pair<std::string_view, plan::NamespaceChoice Namespaces::*>, 7> choices{
    {{"user", &Namespaces::user}, {"net", &Namespaces::network}, {"pid", &Namespaces::pid}, {"uts", &Namespaces::uts}, {"ipc", &Namespaces::ipc},
     {"cgroup", &Namespaces::cgroup}, {"time", &Namespaces::time}}};  // the user's comes first

// The option that chooses it.
std::string option_of(std::string_view kind) { return kind == "user" || kind == "cgroup" || kind == "time" ? format("--{}ns", kind) : format("--{}", kind); }

JoinNamespace* find_joined(plan::NamespaceChoice& choice) {
  auto* join = std::get_if<JoinNamespace>(&choice);
  return join && !join->container.empty() ? join : nullptr;
}

// Who has a right over its user namespace is bound by what binds anybody in there, whoever let whom in.
void check_bound(const plan::Spec& spec, const std::string& store, const Entrance& entrance) {
  const auto& doors = entrance.living.namespaces;
  const auto user = std::find_if(doors.begin(), doors.end(), [](const auto& door) { return door.kind == "user"; });
  if (user == doors.end()) return;
  for (const state::Record& each : living_in(store, user->inode)) {
    plan::Spec bound = spec;
    bound.network.allow = config::parse_spec(*each.spec).network.allow;
    if (const auto refusal = bound.network.allow ? plan::check_egress(bound) : std::nullopt)
      throw Error(format("the network of the container {} is restricted: {}", quoted(each.name), refusal->message), refusal->hint);
  }
}

// Root inside may have put anything in its place: a pipe must not make us wait.
std::string read_resolv_conf(const Entrance& entrance) {
  constexpr std::size_t most = 65536;
  const sys::Fd file = sys::try_open_in_root(entrance.root.get(), "etc/resolv.conf", O_RDONLY | O_NONBLOCK | O_NOCTTY);
  const auto status = file ? sys::find_status(file.get(), "") : std::nullopt;
  if (!status || !S_ISREG(status->st_mode) || status->st_size > static_cast<off_t>(most)) return "\n";
  return sys::read_all(file.get(), most) + "\n";
}

// It may have its own from another one.
std::string hostname_of(const Entrance& entrance) { return entrance.hostname.empty() ? entrance.record.hostname : entrance.hostname; }

}  // namespace

std::string joined_container(const plan::Spec& spec) {
  if (!spec.network.container.empty()) return spec.network.container;
  for (const auto& [kind, choice] : choices)
    if (const auto* join = std::get_if<JoinNamespace>(&(spec.namespaces.*choice)); join && !join->container.empty()) return join->container;
  return {};
}

std::vector<state::Record> living_in(const std::string& store, std::uint64_t user_namespace) {
  std::vector<state::Record> found;
  for (state::Record& record : state::list_records(store)) {
    const state::State state = state::read_state(store, record.id);
    const auto& held = state.namespaces;
    const bool is_there = std::any_of(held.begin(), held.end(), [&](const auto& each) { return each.kind == "user" && each.inode == user_namespace; });
    if (is_there && state.phase == state::State::Phase::running) found.push_back(std::move(record));
  }
  return found;
}

void Joined::tell(plan::HostFacts& facts) const {
  if (!resolv_conf.empty()) facts.resolv_conf = resolv_conf;
  if (!hostname.empty()) facts.hostname = hostname;
}

Joined join_container(plan::Spec& spec, const std::string& store) {
  const std::string name = joined_container(spec);
  if (name.empty()) return {};
  const state::Record record = state::find_record(store, name);
  const Entrance entrance = open_entrance(store, record);
  check_bound(spec, store, entrance);
  if (!spec.network.container.empty()) spec.namespaces.network = JoinNamespace{{}, name};
  spec.namespaces.user = JoinNamespace{{}, find_joined(spec.namespaces.user) ? name : ""};
  spec.id_map = {.mode = plan::IdMapChoice::Mode::ranges, .uids = entrance.living.uids, .gids = entrance.living.gids};
  for (const auto& [kind, choice] : choices) {
    auto* join = kind == "user" ? std::get_if<JoinNamespace>(&spec.namespaces.user) : find_joined(spec.namespaces.*choice);
    for (const auto& entry : entrance.living.namespaces)
      if (join && entry.kind == kind) join->path = entry.path;
    if (!join || !join->path.empty()) continue;
    if (kind != "net" && kind != "user") throw Error(format("the container {} has the host's {} namespace, and none of its own", quoted(name), kind), format("{} host is the same", option_of(kind)));
    spec.namespaces.*choice = plan::HostNamespace{};  // as that one has
  }
  return {.resolv_conf = spec.network.container.empty() ? std::string() : read_resolv_conf(entrance),
          .hostname = find_joined(spec.namespaces.uts) ? hostname_of(entrance) : std::string()};
}

plan::Spec leave_container(plan::Spec spec) {
  if (joined_container(spec).empty()) return spec;
  if (!find_joined(spec.namespaces.user)) spec.namespaces.user = plan::NewNamespace{};  // it came along
  if (!spec.network.container.empty()) spec.namespaces.network = plan::NewNamespace{};
  for (const auto& [kind, choice] : choices)
    if (auto* join = find_joined(spec.namespaces.*choice)) join->path.clear();
  spec.id_map = {};
  return spec;
}

}  // namespace snug::commands
