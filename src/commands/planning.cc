#include "planning.hh"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>
#include <utility>

#include "snug/commands/output.hh"
#include "image_root.hh"
#include "joining.hh"
#include "networking.hh"
#include "profile.hh"
#include "root_copy.hh"
#include "snug/base/text.hh"
#include "snug/commands/layers.hh"
#include "snug/config/spec.hh"
#include "snug/explain/plan.hh"
#include "snug/plan/hints.hh"
#include "snug/plan/network.hh"
#include "snug/probe/refusal.hh"
#include "snug/state/names.hh"
#include "settings.hh"
#include "shared_networks.hh"
#include "snug/sys/file.hh"
#include "unpacking.hh"

namespace snug::commands {
namespace {

std::string value_of(const Environment& environment, std::string_view name) {
  return std::string(environment.find(name).value_or(""));
}

std::int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void find_facts(Planned& planned, const Environment& environment) {
  const probe::CallerEnvironment caller = caller_environment(environment);
  const Joined joined = joined_container(planned.spec).empty() ? Joined() : join_container(planned.spec, probe::find_store(caller));
  planned.facts = probe::host_facts(planned.spec, caller);
  joined.tell(planned.facts);
  compile_profile(planned.facts, planned.spec);
}

// Gives the container its place and its name. One that leaves nothing behind starts without, too: gives why there is none then.
std::optional<Error> settle(Planned& planned, const std::string& usual) {
  try {
    planned.storage = std::make_unique<Storage>(planned.facts.store, own_maps(planned));
  } catch (const Error& error) {
    if (plan::is_kept(planned.spec)) throw;
    return error;
  }
  planned.spec.name = planned.storage->take_name(planned.spec.name, usual);
  return {};
}

void finish(Planned& planned) { planned.plan = accepted(plan::make_plan(planned.spec, planned.facts)); }

void tell_notices(const Planned& planned, bool again) {
  for (const plan::Notice& notice : planned.plan.notices)
    if (!again || !notice.once) tell(notice);
}

// The container that somebody wants to see the plan of may well run.
void pass_over_busy_ports(Planned& planned, bool told) {
  const auto words = plan::make_port_words(planned.spec.network.ports, planned.facts.busy_ports);
  if (const auto* refusal = std::get_if<plan::Refusal>(&words); refusal && told) tell({.wall = {}, .text = format("now it could not be started: {}", refusal->message), .remedy = refusal->hint});
  planned.facts.busy_ports.clear();
}

// What the container wrote counts: its own accounts are found, and its own shell.
void look_again(Planned& planned, const state::Record& record) {
  if (planned.spec.rootfs.kind == plan::Rootfs::Kind::archive || planned.spec.storage == plan::StorageDriver::copy)
    return probe::read_unpacked(planned.facts, planned.spec, format("{}/{}", planned.storage->path(), plan::unpacked_root));
  if (record.lowers.empty()) return;
  plan::Spec seen = planned.spec;
  seen.rootfs.layers = record.lowers;
  if (sys::find_status(AT_FDCWD, record.upper.c_str())) seen.rootfs.layers.insert(seen.rootfs.layers.begin(), record.upper);
  probe::read_image(planned.facts, seen);
}

}  // namespace

std::optional<plan::WriteIdMaps> own_maps(const Planned& planned) {
  auto maps = plan::make_id_maps(planned.spec, planned.facts);
  const auto* own = std::get_if<plan::WriteIdMaps>(&maps);
  return own ? std::optional(*own) : std::nullopt;
}

// What is no path is what ncurses takes for an entry itself, or its own place.
std::vector<std::string> terminfo_folders(const Environment& environment) {
  std::vector<std::string> folders{value_of(environment, "TERMINFO")};
  for (std::string& each : split(value_of(environment, "TERMINFO_DIRS"), ':')) folders.push_back(std::move(each));
  std::erase_if(folders, [](const std::string& folder) { return !folder.starts_with('/'); });
  return folders;
}

probe::CallerEnvironment caller_environment(const Environment& environment) {
  return {.home = value_of(environment, "HOME"), .pwd = value_of(environment, "PWD"),
          .term = value_of(environment, "TERM"), .xdg_data_home = value_of(environment, "XDG_DATA_HOME"), .terminfo = terminfo_folders(environment),
          .data_local = [environment] { return read_local_place(environment); }};
}

void tell(const plan::Notice& notice) {
  say(format("snug: notice: {}\n", notice.text));
  if (!notice.remedy.empty()) say(format("  hint:  {}\n", notice.remedy));
}

runtime::StepDone step_printer(const plan::Plan& plan, bool verbose) {
  if (!verbose) return {};
  return [&plan](std::size_t step, std::uint64_t nanoseconds) {
    say(explain::render_verbose_line(plan, step, nanoseconds));
  };
}

Planned plan_container(plan::Spec spec, const cli::Invocation& invocation, Purpose purpose, bool verbose) {
  Planned planned{.spec = std::move(spec)};
  find_facts(planned, invocation.environment);
  if (planned.spec.rootfs.kind == plan::Rootfs::Kind::image) use_image(planned, invocation);
  const std::string usual = plan::usual_name(planned.spec.rootfs);
  std::optional<Error> homeless;
  const bool run = purpose == Purpose::run;
  if (run && (planned.spec.name || planned.spec.detach || plan::is_kept(planned.spec) || planned.spec.rootfs.kind == plan::Rootfs::Kind::archive || !planned.spec.network.shared.empty()))
    homeless = settle(planned, usual);
  // What may be over in a moment takes its name later, in monitoring.cc: a start waits for no disk that it does not need.
  if (!planned.spec.name) planned.spec.name = run ? state::free_name(planned.facts.store, usual) : usual;
  if (planned.spec.rootfs.kind == plan::Rootfs::Kind::archive) unpack_archive(planned, verbose);
  // Its addresses are its own for as long as its place is there.
  if (homeless && !planned.spec.network.shared.empty()) throw *homeless;
  settle_networks(planned);
  settle_ports(planned);
  const bool told = purpose != Purpose::check;
  if (!run) pass_over_busy_ports(planned, told);
  finish(planned);
  if (told) tell_notices(planned, false);
  const plan::StorageDriver storage = plan::choose_storage(planned.spec, planned.facts);
  // From here on it is this one, whatever the machine can do when the container is started again.
  if (storage != plan::StorageDriver::overlay) planned.spec.storage = storage;
  // Its cgroup is found by its place after a crash.
  const bool needs_place = planned.plan.find<plan::MakeFolders>() || planned.plan.find<plan::MakeCgroup>();
  if (homeless && (needs_place || storage == plan::StorageDriver::copy)) throw *homeless;
  if (storage == plan::StorageDriver::copy) run ? copy_root(planned, verbose) : plan_copy(planned);
  if (run && !planned.storage && needs_place) planned.storage = std::make_unique<Storage>(planned.facts.store, own_maps(planned));
  return planned;
}

Planned plan_again(const state::Record& record, const Environment& environment) {
  if (!record.kept)
    throw Error(format("the container {} was to go away when it ended, and cannot be started again", quoted(record.name)), format("snug rm {}", shell_quoted(record.name)));
  Planned planned{.spec = config::parse_spec(*record.spec)};
  find_facts(planned, environment);
  settle_ports(planned);
  planned.storage = std::make_unique<Storage>(planned.facts.store, own_maps(planned), record);
  settle_networks(planned);
  planned.manifest = record.manifest;
  if (!record.manifest.empty()) planned.layers = hold_layers(record.lowers);
  look_again(planned, record);
  finish(planned);
  tell_notices(planned, true);
  return planned;
}

namespace {

std::string inherited_hostname(const Planned& planned) {
  const auto* join = std::get_if<plan::JoinNamespace>(&planned.spec.namespaces.uts);
  return join && !join->container.empty() ? planned.facts.hostname : std::string();
}

}  // namespace

state::Record record_of(const Planned& planned) {
  const auto* overlay = planned.plan.find<plan::MakeOverlay>();
  const bool on_disk = overlay && overlay->upper && !overlay->upper->mount && planned.spec.rootfs.kind != plan::Rootfs::Kind::host;
  const std::optional<plan::WriteIdMaps> maps = own_maps(planned);
  state::Record record{.id = planned.storage->id(), .name = planned.spec.name.value_or(""), .created = now(),
                       .kept = plan::is_kept(planned.spec), .image = planned.spec.rootfs.given, .manifest = planned.manifest,
                       .map = maps ? layer_map(*maps) : std::string(), .hostname = inherited_hostname(planned), .spec = config::render_spec(leave_container(planned.spec))};
  if (planned.spec.rootfs.kind == plan::Rootfs::Kind::archive || planned.spec.storage == plan::StorageDriver::copy) record.upper = format("{}/{}", planned.storage->path(), plan::unpacked_root);
  if (!on_disk) return record;
  for (const plan::Layer& lower : overlay->lowers) record.lowers.push_back(lower.path);
  record.upper = format("{}/{}", planned.storage->path(), overlay->upper->path);
  return record;
}

bool is_missing_command(const plan::Plan& plan, const runtime::StepFailure& failure) {
  const auto* exec = std::get_if<plan::Exec>(&plan.steps.at(failure.step).action);
  return exec && !exec->from_host && failure.error == ENOENT;
}

void look_for_shell(Planned& planned, const runtime::StepFailure& failure) {
  using Kind = plan::Rootfs::Kind;
  const plan::Rootfs& rootfs = planned.spec.rootfs;
  if (!is_missing_command(planned.plan, failure) || rootfs.kind == Kind::host) return;
  const bool own = rootfs.kind == Kind::archive || planned.spec.storage == plan::StorageDriver::copy;
  try {
    probe::read_unpacked(planned.facts, plan::shell_of(planned.spec), own ? format("{}/{}", planned.storage->path(), plan::unpacked_root) : rootfs.path);
  } catch (const Error&) {  // nobody knows then
  }
}

namespace {

// What the plan has changed by then counts as well.
plan::RefusalFacts refusal_facts_of(const plan::Plan& plan, const plan::HostFacts& host, std::size_t failed) {
  plan::RefusalFacts facts = probe::refusal_facts();
  const auto* exec = plan.find<plan::Exec>();
  const auto* clone = plan.find<plan::Clone>();  // one that makes no namespace joins a container; an errand has none
  facts.settled = (exec && exec->from_host) || !clone || clone->flags == 0;
  for (std::size_t at = 0; at < failed; ++at)
    if (const auto* set = std::get_if<plan::SetLimits>(&plan.steps[at].action))
      for (const plan::ResourceLimit& limit : set->limits)
        if (limit.number == RLIMIT_NOFILE && limit.soft < std::min<std::uint64_t>(1024, host.open_files_hard))
          facts.open_files = {limit.soft, limit.hard}, facts.chosen_open_files = true;
  if (const auto* maps = plan.find<plan::WriteIdMaps>())
    facts.caller_unmapped = std::none_of(maps->uids.begin(), maps->uids.end(), [&](const plan::IdRange& range) { return host.uid >= range.outside && host.uid.value - range.outside.value < range.count; });
  return facts;
}

}  // namespace

Error failure_error(const plan::Plan& plan, const plan::HostFacts& facts, const runtime::StepFailure& failure) {
  const plan::Step& step = plan.steps.at(failure.step);
  std::string message = format("cannot {}: {}", plan::describe(plan, step), errno_text(failure.error));
  if (!failure.reason.empty() && message.find(quoted(failure.reason)) == std::string::npos) message += format(" ({})", printable(failure.reason));
  // Of a helper that could not be started, its words tell the errno.
  const bool starved = failure.reason.find(errno_text(EAGAIN)) != std::string::npos;
  const auto explanation = plan::explain_failure(step.action, starved ? EAGAIN : failure.error, facts, refusal_facts_of(plan, facts, failure.step));
  Error error(std::move(message), plan::render_hint(explanation));
  const auto* exec = std::get_if<plan::Exec>(&step.action);
  if (exec && !exec->from_host) error.with_exit_code(failure.error == ENOENT ? 127 : 126);
  return error;
}

}  // namespace snug::commands
