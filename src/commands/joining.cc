#include "joining.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <utility>

#include "entering.hh"
#include "networking.hh"
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
     {"cgroup", &Namespaces::cgroup}, {"time", &Namespaces::time}}};

JoinNamespace* find_joined(plan::NamespaceChoice& choice) {
  auto* join = std::get_if<JoinNamespace>(&choice);
  return join && !join->container.empty() ? join : nullptr;
}

// Who has a right over its user namespace is bound by what binds it.
void check_bound(const plan::Spec& spec, const std::string& store, const Entrance& entrance) {
  plan::Spec bound = spec;
  bound.network.allow = config::parse_spec(*find_owner(store, entrance.record).spec).network.allow;
  if (const auto refusal = bound.network.allow ? plan::check_egress(bound) : std::nullopt)
    throw Error(format("the network of the container {} is restricted: {}", quoted(entrance.record.name), refusal->message), refusal->hint);
}

// Root inside may have put anything in its place: a pipe must not make us wait.
std::string read_resolv_conf(const Entrance& entrance) {
  constexpr std::size_t most = 65536;
  const sys::Fd file = sys::try_open_in_root(entrance.root.get(), "etc/resolv.conf", O_RDONLY | O_NONBLOCK | O_NOCTTY);
  const auto status = file ? sys::find_status(file.get(), "") : std::nullopt;
  if (!status || !S_ISREG(status->st_mode) || status->st_size > static_cast<off_t>(most)) return "\n";
  return sys::read_all(file.get(), most) + "\n";
}

}  // namespace

std::string joined_container(const plan::Spec& spec) {
  if (!spec.network.container.empty()) return spec.network.container;
  for (const auto& [kind, choice] : choices)
    if (const auto* join = std::get_if<JoinNamespace>(&(spec.namespaces.*choice)); join && !join->container.empty()) return join->container;
  return {};
}

std::string join_container(plan::Spec& spec, const std::string& store) {
  const std::string name = joined_container(spec);
  if (name.empty()) return {};
  const Entrance entrance = open_entrance(store, state::find_record(store, name));
  check_bound(spec, store, entrance);
  if (!spec.network.container.empty()) spec.namespaces.network = JoinNamespace{{}, name};
  spec.namespaces.user = JoinNamespace{{}, find_joined(spec.namespaces.user) ? name : ""};
  spec.id_map = {.mode = plan::IdMapChoice::Mode::ranges, .uids = entrance.living.uids, .gids = entrance.living.gids};
  for (const auto& [kind, choice] : choices) {
    auto* join = kind == "user" ? std::get_if<JoinNamespace>(&spec.namespaces.user) : find_joined(spec.namespaces.*choice);
    for (const auto& entry : entrance.living.namespaces)
      if (join && entry.kind == kind) join->path = entry.path;
    if (!join || !join->path.empty()) continue;
    if (kind != "net") throw Error(format("the container {} has the host's {} namespace, and none of its own", quoted(name), kind), format("--{} host is the same", kind == "cgroup" ? "cgroupns" : kind));
    spec.namespaces.network = plan::HostNamespace{};  // as that one has
  }
  return spec.network.container.empty() ? std::string() : read_resolv_conf(entrance);
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
