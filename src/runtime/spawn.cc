#include "spawn.hh"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "helpers.hh"
#include "porch.hh"
#include "sealed.hh"
#include "snug/base/error.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

using sys::Fd;
using sys::make_pipe;
using sys::make_socket_pair;

std::optional<StepFailure> Spawner::prepare() {
  if (auto failure = make_folders()) return failure;
  if (auto failure = make_cgroup()) return failure;
  if (auto failure = open_cgroup()) return failure;
  if (auto failure = open_program()) return failure;
  open_channels();
  return {};
}

std::optional<StepFailure> Spawner::make_folders() {
  const auto* make = plan_.find<plan::MakeFolders>();
  if (!make) return {};
  const Fd container = sys::open(AT_FDCWD, outside_.folder, O_PATH | O_DIRECTORY);
  for (const auto& folder : make->folders) {
    const bool made = ::mkdirat(container.get(), folder.path.c_str(), 0700) == 0;
    if (!made && errno == EEXIST) continue;  // a container that is started again has them, as it left them
    // The mode is set apart from the making, because the caller's umask would have a say in it.
    if (!made || ::fchmodat(container.get(), folder.path.c_str(), folder.mode, 0) != 0) return failed<plan::MakeFolders>(errno);
  }
  clock_.done<plan::MakeFolders>();
  return {};
}

std::optional<StepFailure> Spawner::make_cgroup() {
  const auto* make = plan_.find<plan::MakeCgroup>();
  if (!make) return {};
  std::string reason;
  const int error = cgroup_.make(*make, outside_.id, reason);
  // Nothing is asked of it but to be there.
  if (error && !make->settings.empty()) return failed<plan::MakeCgroup>(error, reason);
  context_.cgroup = cgroup_.inner();
  clock_.done<plan::MakeCgroup>();
  return {};
}

std::optional<StepFailure> Spawner::open_cgroup() {
  const auto* join = plan_.find<plan::JoinCgroup>();
  if (!join) return {};
  std::string reason;
  door_ = open_cgroup_door(*join, reason);
  if (!door_ && join->required) return failed<plan::JoinCgroup>(errno, reason);
  context_.door = door_.get();
  context_.through_door = join->required;
  clock_.done<plan::JoinCgroup>();
  return {};
}

std::optional<StepFailure> Spawner::open_program() {
  if (const auto* shell = plan_.find<plan::RunShell>()) return lend_tools(*shell);
  const auto* exec = plan_.find<plan::Exec>();
  if (!exec || !exec->from_host) return {};
  program_ = sys::try_open(AT_FDCWD, exec->paths.front().c_str(), O_PATH);
  if (!program_) return failed<plan::Exec>(errno);
  context_.program = program_.get();
  return {};
}

std::optional<StepFailure> Spawner::lend_tools(const plan::RunShell& shell) {
  context_.shell = &outside_.shell;
  if (shell.tools.empty()) return {};
  program_ = copy_sealed(shell.tools.c_str());
  if (!program_) return failed<plan::RunShell>(errno);
  context_.program = program_.get();
  return {};
}

void Spawner::open_channels() {
  null_ = sys::open(AT_FDCWD, "/dev/null", O_RDWR);
  context_.null = null_.get();
  report_ = make_socket_pair(SOCK_SEQPACKET);
  context_.report = report_.second.get();
  if (plan_.terminal) {
    control_ = make_socket_pair(SOCK_STREAM);
    context_.control = control_.second.get();
  }
  context_.folder_path = outside_.folder.empty() ? nullptr : outside_.folder.c_str();
  context_.verbose = static_cast<bool>(outside_.step_done);
  if (maps_by_helpers()) {
    go_ = make_pipe();
    context_.go = go_.first.get();
  }
  if (plan_.find<plan::AwaitWayOut>()) {
    open_ = make_pipe();
    context_.open = open_.first.get();
  }
}

const plan::WriteIdMaps* Spawner::maps_by_helpers() const {
  const auto* write = plan_.find<plan::WriteIdMaps>();
  return write && !write->newuidmap.empty() ? write : nullptr;
}

std::optional<StepFailure> Spawner::start() {
  if (auto failure = clone()) return failure;
  for (Fd* of_the_child : {&report_.second, &control_.second, &go_.first, &open_.first}) of_the_child->reset();
  return write_maps();
}

std::optional<StepFailure> Spawner::clone() {
  const auto* step = plan_.find<plan::Clone>();
  const auto& [in, out, error] = context_.stdio;
  context_.kept = {in, out, error, context_.null, context_.report, context_.control, context_.go, context_.open, context_.program};
  if (step->adopts && ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return failed<plan::Clone>(errno);
  if (const auto* enter = plan_.find<plan::EnterNamespaces>()) return clone_inside(*enter, step->flags);
  sys::Cloned cloned;
  for (int round = 0; (cloned = sys::clone_process(step->flags, false, context_.cgroup)).pid < 0 && sys::await_namespaces(errno, round); ++round) continue;
  auto& [pid, pidfd] = cloned;
  if (pid == 0) run_child(context_);
  if (pid < 0) return failed<plan::Clone>(errno);
  pid_ = pid;
  init_ = std::move(pidfd);
  clock_.done<plan::Clone>();
  return {};
}

std::optional<StepFailure> Spawner::clone_inside(const plan::EnterNamespaces& enter, std::uint64_t flags) {
  const PorchAnswer answer = start_through_porch(context_, enter, flags);
  if (answer.error && answer.joining) return failed<plan::JoinCgroup>(answer.error);
  if (answer.error) return answer.cloning ? failed<plan::Clone>(answer.error) : failed<plan::EnterNamespaces>(answer.error, answer.entry);
  pid_ = answer.init;
  init_ = sys::open_process(pid_);
  clock_.done<plan::EnterNamespaces>();
  clock_.done<plan::Clone>();
  return {};
}

std::optional<StepFailure> Spawner::write_maps() {
  const auto* step = maps_by_helpers();
  if (!step) return {};
  sys::MapsEnd end = sys::write_id_maps(map_helpers(*step), pid_);
  if (end.how != sys::MapsEnd::How::written) {
    static_cast<void>(sys::send_signal(init_.get(), SIGKILL));
    siginfo_t info{};
    static_cast<void>(::waitid(P_PIDFD, static_cast<id_t>(init_.get()), &info, WEXITED | __WALL));
    // No helper is to blame for what it was not asked.
    if (end.how == sys::MapsEnd::How::not_asked) throw Error(std::move(end.words)).during("mapping the ids");
    return failed<plan::WriteIdMaps>(EPERM, end.words);
  }
  static_cast<void>(sys::write_all(go_.second.get(), "!"));
  go_.second.reset();
  clock_.done<plan::WriteIdMaps>();
  return {};
}

Spawned Spawner::take() {
  return {.pid = pid_, .init = std::move(init_), .report = std::move(report_.first), .control = std::move(control_.first), .open = std::move(open_.second)};
}

}  // namespace snug::runtime
