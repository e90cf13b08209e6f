#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "commands.hh"
#include "containers.hh"
#include "image_program.hh"
#include "listing.hh"
#include "networking.hh"
#include "security.hh"
#include "shared_networks.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/plan/network.hh"
#include "snug/probe/cgroup.hh"
#include "snug/sys/own_program.hh"

namespace snug::commands {
namespace {

using state::State;

constexpr std::array options{
    cli::Option{.name = "format", .letter = 'f', .argument = "PATTERN", .help = "print 'json', or a pattern such as '{{.State.Pid}}'"},
    cli::Option{.name = "type", .argument = "KIND", .help = "only look for a container, or an image", .completer = {cli::Complete::words, "container image"}},
};

std::string time_of(std::int64_t seconds) { return seconds == 0 ? std::string("0001-01-01T00:00:00Z") : render_time(seconds); }

// Of one that runs the kernel counts them.
std::uint64_t out_of_memory_kills(const State& state) {
  return state.out_of_memory + (state.cgroup.empty() ? 0 : probe::out_of_memory_kills(state.cgroup));
}

Json state_json(const State& state) {
  const bool running = state.phase == State::Phase::running;
  Json namespaces = Json::object();
  for (const state::HeldNamespace& each : state.namespaces) namespaces[each.kind] = each.inode;
  return Json{{"Status", phase_name(state)}, {"Running", running}, {"Paused", is_paused(state)}, {"OOMKilled", out_of_memory_kills(state) != 0}, {"OOMKills", out_of_memory_kills(state)}, {"Pid", running ? state.init.pid : 0}, {"MonitorPid", running ? state.monitor.pid : 0},
              {"ExitCode", state.code}, {"Error", state.error}, {"Lost", state.lost}, {"RestartCount", state.restarts}, {"StartedAt", time_of(state.started)},
              {"FinishedAt", time_of(state.finished)}, {"Namespaces", std::move(namespaces)}};
}

Json config_json(const plan::Spec& spec) {
  Json env = Json::array();
  for (const plan::Variable& variable : spec.env) env.push_back(variable.name + "=" + variable.value);
  return Json{{"Hostname", spec.hostname.value_or(spec.name.value_or(""))}, {"User", spec.user ? spec.user->user : ""}, {"Env", std::move(env)},
              {"Cmd", spec.command}, {"Entrypoint", spec.entrypoint.value_or(std::vector<std::string>{})}, {"WorkingDir", spec.workdir.value_or("")},
              {"Labels", labels_of(spec)}, {"StopSignal", spec.stop_signal.value_or(spec.notes.stop_signal)}};
}

// Under docker's names what was asked for; "Limits": what the kernel has of it while the container runs, "Missing": what it has not.
Json resources_json(const plan::Resources& resources) {
  const auto amount = [](const std::optional<std::uint64_t>& value, std::int64_t none) {
    return !value ? std::int64_t{0} : *value == plan::no_limit ? none : static_cast<std::int64_t>(*value);
  };
  return Json{{"Memory", amount(resources.memory, 0)}, {"MemorySwap", amount(resources.memory_swap, -1)}, {"NanoCpus", amount(resources.cpus, 0) * 1'000'000},
              {"CpusetCpus", resources.cpuset}, {"PidsLimit", amount(resources.pids, -1)}, {"IoWeight", resources.io_weight.value_or(0)}};
}

Json cgroup_json(const plan::Spec& spec, const State& state) {
  Json limits = Json::object(), missing = Json::object();
  if (!state.cgroup.empty())
    for (const plan::CgroupSetting& each : probe::cgroup_limits(state.cgroup)) limits[each.file] = each.value;
  if (state.phase == State::Phase::running)
    for (const plan::MissingLimit& each : plan::missing_limits(spec, state.cgroup.empty() ? std::vector<std::string>() : probe::cgroup_controllers(state.cgroup)))
      missing[each.option] = each.instead.empty() ? "is not in force" : each.instead;
  if (state.phase == State::Phase::running && plan::find_uncounted_swap(spec.resources) && !probe::accounts_swap(state.cgroup)) missing["--memory-swap"] = "is not in force";
  return Json{{"Path", state.cgroup}, {"Limits", std::move(limits)}, {"Missing", std::move(missing)}};
}

Json mounts_json(const plan::Spec& spec) {
  Json mounts = Json::array();
  for (const plan::Volume& volume : spec.volumes) {
    if (const auto* bind = std::get_if<plan::BindVolume>(&volume))
      mounts.push_back(Json{{"Type", "bind"}, {"Source", bind->source}, {"Destination", bind->target}, {"RW", !bind->read_only}});
    else
      mounts.push_back(Json{{"Type", "tmpfs"}, {"Source", ""}, {"Destination", std::get<plan::TmpfsVolume>(volume).target}, {"RW", true}});
  }
  return mounts;
}

// The limit is the kernel's, in there; what the filter adds is asked of the plan.
Json nesting_json(const plan::Spec& spec, const State& state) {
  const auto limit = namespaces_limit_in(state);
  if (!limit) return Json();
  if (*limit == 0) return "off";
  return plan::filter_shuts_namespaces(spec) ? "filtered" : "open";
}

// Of the container's monitor, and so of its first process, which executes nothing else.
Json program_json(const State& state) {
  const auto open = state.phase == State::Phase::running ? sys::is_program_open(state.monitor.pid) : std::nullopt;
  return open ? Json(*open ? "open" : "closed") : Json();
}

Json ulimits_json(const state::Confinement& confinement) {
  const auto value = [](std::uint64_t limit) { return limit == RLIM_INFINITY ? std::int64_t{-1} : static_cast<std::int64_t>(limit); };
  Json limits = Json::array();
  for (const state::Confinement::Limit& each : confinement.limits) limits.push_back(Json{{"Name", each.name}, {"Soft", value(each.soft)}, {"Hard", value(each.hard)}});
  return limits;
}

// Under docker's names, and what those do not tell: as it was started, or null where that is not known.
Json restraints_json(const plan::Spec& spec, const State& state) {
  const plan::MaskPaths masks = plan::masks_of(spec);
  const auto landlock = landlock_in(spec, state);
  const auto& held = state.confinement;
  return Json{{"Seccomp", held ? held->filter : plan::filter_name(spec)}, {"Landlock", landlock ? Json(landlock->abi) : Json()}, {"NoNewPrivileges", !spec.new_privileges},
              {"Nested", spec.restraints.nested}, {"UserNamespaces", nesting_json(spec, state)}, {"EmulateRoot", held ? Json(held->emulation) : Json()}, {"Keyring", "own"}, {"Program", program_json(state)},
              {"Capabilities", held ? Json(held->capabilities) : Json()}, {"Ulimits", held ? ulimits_json(*held) : Json()}, {"MaskedPaths", masks.hidden}, {"ReadonlyPaths", masks.read_only}};
}

const char* driver_of(const plan::Spec& spec) {
  if (spec.storage == plan::StorageDriver::copy) return "copy";
  return spec.storage == plan::StorageDriver::fuse_overlayfs ? "fuse-overlayfs" : "overlay";
}

// As docker nests it: {"80/tcp": [{"HostIp": …, "HostPort": …}]}.
Json network_json(const plan::Spec& spec, const std::string& store, const state::Record& record) {
  const plan::Network binding = binding_network(store, record);
  Json ports = Json::object();
  for (const plan::PublishedPort& port : spec.network.ports)
    ports[render_inner_port(port)].push_back(Json{{"HostIp", plan::address_of(port)}, {"HostPort", std::to_string(port.host)}});
  Json networks = Json::object();
  for (const Place& each : list_places(store, record.id, spec))
    networks[each.network] = Json{{"Aliases", each.aliases}, {"IPAddress", each.address4.substr(0, each.address4.find('/'))}, {"GlobalIPv6Address", each.address6.substr(0, each.address6.find('/'))}, {"MacAddress", each.hardware}};
  return Json{{"NetworkMode", network_mode(spec)}, {"Ports", std::move(ports)}, {"Networks", std::move(networks)},
              {"Allow", binding.allow ? Json(*binding.allow) : Json()}, {"HostLoopback", binding.host_loopback}};
}

Json json_of(const Listed& container, const std::string& store) {
  const auto& [record, state, spec] = container;
  return Json{{"Id", record.id}, {"Name", record.name}, {"Created", render_time(record.created / 1'000'000'000)}, {"Image", find_image_id(store, record)}, {"ImageDigest", record.manifest}, {"ImageName", record.image},
              {"State", state_json(state)}, {"RestartCount", state.restarts}, {"Folder", state::folder_of(store, record.id)},
              {"GraphDriver", Json{{"Name", driver_of(spec)}, {"Data", Json{{"LowerDirs", record.lowers}, {"UpperDir", record.upper}}}}},
              {"Cgroup", cgroup_json(spec, state)}, {"HostConfig", resources_json(spec.resources)}, {"Mounts", mounts_json(spec)}, {"NetworkSettings", network_json(spec, store, record)},
              {"Config", config_json(spec)}, {"Restraints", restraints_json(spec, state)}, {"Kept", record.kept}, {"Spec", *config::render_spec(spec)}};
}

std::optional<Listed> find(const std::string& store, const std::string& typed) {
  auto record = state::try_find_record(store, typed);
  if (!record) return {};
  plan::Spec spec = config::parse_spec(*record->spec);
  State state = settled_state(store, record->id);
  return Listed{*std::move(record), std::move(state), std::move(spec)};
}

// Null where snug-image said why there is none.
Json find_image(const std::string& typed, const Environment& environment) {
  std::string output;
  return run_image_program({"inspect", "--", typed}, environment, output) == 0 ? parse_json(output).at(0) : Json();
}

// Why there is no such container, or why it cannot be read.
Error error_of(const std::string& store, const std::string& typed) {
  try {
    static_cast<void>(state::find_record(store, typed));
  } catch (const Error& error) {
    return error;
  }
  return Error(format("the container {} has just come", quoted(typed)), "try again");
}

// What is no container is an image, of which snug-image knows.
int inspect(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  const std::string* kind = arguments.find("type");
  const std::string* pattern = arguments.find("format");
  if (kind && *kind != "container" && *kind != "image") throw UsageError(format("--type {}: there is no such kind", quoted(*kind)), "container and image are there");
  if (kind && *kind == "image") return run_image_program(invocation);
  const std::string store = store_of(invocation.environment);
  Json found = Json::array();  // what is no container stands there by its name until all is known
  std::vector<Error> errors;
  for (const std::string& typed : arguments.operands) {
    if (const auto container = find(store, typed)) found.push_back(json_of(*container, store));
    else if (kind || state::find_damaged(store, typed)) errors.push_back(error_of(store, typed));
    else found.push_back(typed);
  }
  if (errors.empty() && std::none_of(found.begin(), found.end(), [](const Json& each) { return each.is_object(); })) return run_image_program(invocation);
  for (Json& each : found)
    if (each.is_string()) each = find_image(each.get<std::string>(), invocation.environment);
  const auto missing = std::remove(found.begin(), found.end(), Json());
  const int code = errors.empty() && missing == found.end() ? 0 : 1;
  found.erase(missing, found.end());
  for (const Error& error : errors) say(render_error(error));
  if (found.empty()) return code;
  print(!pattern || *pattern == "json" ? render_json(found) : fill_each(*pattern, found, ::isatty(STDOUT_FILENO)));
  return code;
}

}  // namespace

constinit const cli::Command inspect_command{
    .name = "inspect",
    .summary = "print all that is known of a container or an image, as JSON",
    .operands = "CONTAINER|IMAGE...",
    .description = "Prints a JSON array with an object for each, under docker's names. What is both is the container,\n"
                   "unless --type says otherwise.",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::named},
    .function = inspect};

}  // namespace snug::commands
