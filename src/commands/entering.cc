#include "entering.hh"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "containers.hh"
#include "own_shell.hh"
#include "profile.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/plan/visit.hh"
#include "snug/probe/cgroup.hh"
#include "snug/runtime/errand.hh"
#include "snug/sys/file.hh"
#include "snug/sys/restraint.hh"
#include "stopping.hh"
#include "visiting.hh"

namespace snug::commands {
namespace {

using state::State;

Error has_ended(const state::Record& record) {
  return Error(format("the container {} does not run", quoted(record.name)), format("snug start {0} starts its command; snug enter {0} wakes it for a shell", shell_quoted(record.name)));
}

bool has_ended(const sys::Fd& process) {
  pollfd end{process.get(), POLLIN, 0};
  return ::poll(&end, 1, 0) != 0;
}

// The monitor may have started its container anew since: then the number is another's.
sys::Fd open_root(const std::string& path, std::uint64_t inode) {
  sys::Fd root = sys::open(AT_FDCWD, path, O_PATH | O_DIRECTORY);
  const auto status = sys::find_status(root.get(), "");
  if (inode != 0 && (!status || status->st_ino != inode)) throw Error("the container has just been started anew", "try again");
  return root;
}

void find_doors(Entrance& entrance, const State& state) {
  if (state.namespaces.empty()) throw Error(format("what is written down of the container {} is damaged: nobody knows its namespaces any more", quoted(entrance.record.name)), format("snug restart {}", shell_quoted(entrance.record.name)));
  for (const state::HeldNamespace& held : state.namespaces) {
    const std::string path = format("/proc/{}/fd/{}", state.monitor.pid, held.number);
    if (held.kind != plan::KeepNamespaces::root)
      entrance.living.namespaces.push_back({held.kind, path, held.inode});
    else
      entrance.root = open_root(path, held.inode);
  }
  if (!entrance.root) throw Error("the container's monitor keeps no doors open: it is of another version of snug", "stop the container and start it again");
  entrance.living.landlock = state.landlock;
  probe::read_id_maps(entrance.living, state.init.pid);
  if (!state::is_alive(state.init)) throw Error("the container has just ended");  // else they were nobody else's
  if (state.cgroup.empty()) return;
  entrance.living.cgroup = state.cgroup;
  entrance.living.controllers = probe::cgroup_controllers(state.cgroup);
  entrance.living.manager = probe::find_manager({::getuid()}, state.cgroup);
}

// The kernel shows a root that a program serves to nobody outside of the user namespace that it was mounted in.
plan::RootfsFacts look_around(const Entrance& entrance, const plan::Spec& visit, const plan::HostFacts& facts) {
  const auto look = [&] { return probe::living_rootfs_facts(visit, facts, entrance.root.get()); };
  if (entrance.spec.storage != plan::StorageDriver::fuse_overlayfs) return look();
  need_walls(entrance.spec, facts);
  // Into the namespace of mounts as well: an errand opens nothing but what lies below its own root.
  const plan::Plan looking = plan::make_errand_plan(plan::ErrandWork::read, facts, &entrance.living);
  const auto failed = [&](const plan::Plan& plan, const runtime::StepFailure& failure) { return failure_error(plan, facts, failure); };
  runtime::Errand errand(looking, {.stream = entrance.root.get(), .failed = failed}, [&](const runtime::Errand::Confine&) { return config::render_rootfs_facts(look()); });
  return config::parse_rootfs_facts(errand.finish());
}

// "/" is everywhere, and no folder that anybody works in.
void choose_folder(plan::Spec& visit, const plan::HostFacts& facts) {
  const auto& folders = facts.rootfs.folders;
  if (facts.current_folder != "/" && std::find(folders.begin(), folders.end(), facts.current_folder) != folders.end()) visit.workdir = facts.current_folder;
}

}  // namespace

void need_walls(const plan::Spec& spec, const plan::HostFacts& facts) {
  const auto requires_wall = [&](std::string_view wall) { return std::find(spec.require.begin(), spec.require.end(), wall) != spec.require.end(); };
  if (requires_wall("landlock") && !plan::landlock_of(facts.landlock, true, true))
    throw Error("--require landlock, which the container was started with: who works on its files cannot be confined by it", "snug doctor tells why");
  if (requires_wall("program") && facts.open_program)
    throw Error("--require program, which the container was started with: who works on its files runs from a file that could be written", "snug doctor tells why");
}

Entrance open_entrance(const std::string& store, state::Record record) {
  auto [state, monitor] = state::read_living(store, record.id);
  Entrance entrance{.record = std::move(record), .spec = {}, .living = {}, .init = state.init.pid, .monitor = std::move(monitor), .root = {}, .hostname = std::move(state.hostname)};
  if (!entrance.monitor || state.phase != State::Phase::running) {
    need_no_wait(store, entrance.record);
    throw has_ended(entrance.record);
  }
  entrance.spec = config::parse_spec(*entrance.record.spec);
  try {
    find_doors(entrance, state);
  } catch (const Error&) {
    if (has_ended(entrance.monitor)) throw has_ended(entrance.record);
    throw;
  }
  // Its number was its own all the time.
  if (has_ended(entrance.monitor)) throw has_ended(entrance.record);
  return entrance;
}

std::vector<probe::Process> processes_of(const Entrance& entrance) {
  if (!entrance.living.cgroup.empty()) return probe::read_processes(probe::cgroup_processes(entrance.living.cgroup));
  std::vector<std::uint64_t> inodes;
  for (const auto& entry : entrance.living.namespaces) inodes.push_back(entry.inode);
  return probe::find_processes(entrance.init, inodes);
}

int run_inside(const Entrance& entrance, const plan::Spec& wanted, const cli::Invocation& invocation, VisitChoice choice) {
  if (!entrance.living.cgroup.empty() && probe::is_frozen(entrance.living.cgroup))
    throw Error(format("the container {} is paused", quoted(entrance.record.name)), format("snug unpause {}", shell_quoted(entrance.record.name)));
  plan::Spec visit = plan::visit_of(entrance.spec, wanted);
  plan::HostFacts facts = probe::living_facts(caller_environment(invocation.environment));
  if (!entrance.hostname.empty()) visit.hostname = entrance.hostname;  // it may have been renamed since
  if (!entrance.record.hostname.empty()) facts.hostname = entrance.record.hostname;
  facts.rootfs = look_around(entrance, visit, facts);
  if (facts.rootfs.terminal_unknown) facts.rootfs.terminal_entry = probe::terminal_entry(facts);
  compile_profile(facts, visit);
  if (choice.keep_folder && !wanted.workdir) choose_folder(visit, facts);
  const plan::Plan plan = accepted(plan::make_exec_plan(visit, facts, entrance.living));
  for (const plan::Notice& notice : plan.notices) tell(notice);
  runtime::Outside outside{.step_done = step_printer(plan, choice.verbose),
                            .notice = [](const std::string& text) { say(format("snug: notice: {}\n", text)); },
                            .title = terminal_title(facts.terminal.type, entrance.record.name),
                            .shell = own_shell(plan)};
  const sys::Fd null = wanted.detach ? sys::open(AT_FDCWD, "/dev/null", O_RDWR) : sys::Fd();
  if (null) outside.streams = {null.get(), null.get(), null.get()};
  const auto result = runtime::launch(plan, outside);
  if (const auto* failure = std::get_if<runtime::StepFailure>(&result)) {
    if (is_missing_command(plan, *failure)) facts.rootfs = look_around(entrance, plan::shell_of(visit), facts);
    throw failure_error(plan, facts, *failure);
  }
  return std::get<runtime::Exited>(result).code;
}

}  // namespace snug::commands
