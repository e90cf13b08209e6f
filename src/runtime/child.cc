// Theory of operation, inner half (the outer half is told in launch.cc).
//
// After clone3 one thread runs here, on a copy of the monitor's memory: it reads the plan, makes system calls and
// ends in exec or _exit. It allocates nothing and throws nothing. The steps of Actor::init come first, as root of
// the new user namespace: map, mounts, pivot, names. ForkPayload parts the ways: the child of that fork does
// the steps of Actor::payload and becomes the command; its parent stays pid 1 and reaps (init.cc). Of who comes to a
// container that runs, at a terminal, the parent stays to lead its session, and waits in the same way.
// What goes wrong is told as {step, errno} through the report socket; the monitor has the plan and finds the words.
// The socket is closed by exec, and that end of file is how the monitor knows that the command runs.

#include "child.hh"

#include <cap-ng.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "egress.hh"
#include "helpers.hh"
#include "snug/sys/children.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "snug/sys/network.hh"
#include "snug/sys/notification.hh"
#include "snug/sys/process.hh"
#include "snug/sys/restraint.hh"

namespace snug::runtime {
namespace {

using plan::Actor;

int result_of(long value) noexcept { return value < 0 ? errno : 0; }

int apply(Context& context, const plan::AwaitWayOut&, Report&) noexcept { return wait_for_go(context.open); }

int apply(Context&, const plan::WriteIdMaps& step, Report&) noexcept { return write_own_maps(step); }

int apply(Context& context, const plan::BecomeUser& step, Report&) noexcept {
  if (!step.groups) return sys::become(step.uid.value, step.gid.value, nullptr, 0);
  for (std::size_t at = 0; at < step.groups->size(); ++at) context.groups[at] = (*step.groups)[at].value;
  return sys::become(step.uid.value, step.gid.value, context.groups.data(), step.groups->size());
}

int apply(Context& context, const plan::ForbidNamespaces& step, Report&) noexcept {
  if (step.proc) return sys::write_file(context.slots[*step.proc], "sys/user/max_user_namespaces", "0");
  return sys::write_file(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0");
}

int apply(Context& context, const plan::EnforceLandlock& step, Report&) noexcept {
  using Reach = plan::EnforceLandlock::Reach;
  const int abi = static_cast<int>(step.abi);
  if (step.reach == Reach::reading) return sys::enforce_reading(abi);
  if (step.reach == Reach::writing) return sys::enforce_writing(abi, context.target);
  return sys::enforce_landlock(abi, {step.shut_sockets, step.shut_signals}, context.program);
}

int apply(Context&, const plan::SetHostname& step, Report&) noexcept {
  return result_of(::sethostname(step.name.data(), step.name.size()));
}

// Of a container that runs: whatever somebody inside has put in its place, it is the multiplexer of a devpts or nothing.
sys::Fd open_living_multiplexer() noexcept {
  const sys::Fd root = sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  sys::Fd outer = sys::try_open_in_root(root.get(), "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
  const auto status = outer ? sys::find_status(outer.get(), "") : std::nullopt;
  struct statfs filesystem {};
  if (!status) return {};
  const bool genuine = S_ISCHR(status->st_mode) && status->st_rdev == makedev(5, 2) &&
                       ::fstatfs(outer.get(), &filesystem) == 0 && filesystem.f_type == DEVPTS_SUPER_MAGIC;
  return genuine ? std::move(outer) : (errno = ENODEV, sys::Fd());
}

int apply(Context& context, const plan::OpenTerminal& step, Report&) noexcept {
  const sys::Fd outer = step.devpts ? sys::try_open(context.slots[*step.devpts], "ptmx", O_RDWR | O_NOCTTY) : open_living_multiplexer();
  if (!outer) return errno;
  int unlocked = 0;
  if (::ioctl(outer.get(), TIOCSPTLCK, &unlocked) != 0) return errno;
  context.terminal = ::ioctl(outer.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (context.terminal < 0) return errno;
  if (context.size.ws_row && ::ioctl(outer.get(), TIOCSWINSZ, &context.size) != 0) return errno;
  if (context.has_attributes) ::tcsetattr(context.terminal, TCSANOW, &context.attributes);
  // The terminal belongs to whoever works at it. Where that id cannot be given, it stays with root inside.
  if (::fchown(context.terminal, context.user, static_cast<gid_t>(-1)) != 0 && errno != EPERM && errno != EINVAL) return errno;
  for (std::size_t at = 0; at < 3; ++at)
    if (context.on_terminal[at]) context.stdio[at] = context.terminal;
  return sys::send_descriptor(context.control, outer.get());
}

// The parent may have died before the call: then nobody reads the reports any more.
int die_with_parent(const Context& context, int signal = SIGKILL) noexcept {
  if (const int error = sys::die_with_parent(signal)) return error;
  pollfd reader{context.report, 0, 0};
  return ::poll(&reader, 1, 0) > 0 && (reader.revents & (POLLERR | POLLHUP)) ? ESRCH : 0;
}

int apply(Context& context, const plan::GuardInit& step, Report&) noexcept {
  if (::setsid() < 0 && errno != EPERM) return errno;
  if (step.adopts) {
    context.orphans.monitor = ::getppid();
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return errno;
  }
  if (const int error = step.dies_with_monitor ? die_with_parent(context, step.adopts ? SIGTERM : SIGKILL) : 0) return error;
  return sys::hide_from_tracers();
}

int apply(Context& context, const plan::DieWithParent&, Report&) noexcept { return die_with_parent(context); }

int apply(Context& context, const plan::StartSession& step, Report&) noexcept {
  const bool leader = !context.plan.init;
  if (step.terminal) {
    if (leader && ::ioctl(context.terminal, TIOCSCTTY, 0) != 0) return errno;
    if (!leader) {
      if (::setpgid(0, 0) != 0) return errno;
      const pid_t group = ::getpid();
      if (::ioctl(context.terminal, TIOCSPGRP, &group) != 0) return errno;
    }
  } else if (!leader && ::setsid() < 0) {
    return errno;
  }
  for (int at = 0; at < 3; ++at) {
    const int from = context.stdio[static_cast<std::size_t>(at)];
    if (from != at && ::dup2(from, at) < 0) return errno;
  }
  return 0;
}

int apply(Context&, const plan::SetLimits& step, Report&) noexcept {
  for (const plan::ResourceLimit& limit : step.limits) {
    const rlimit value{limit.soft, limit.hard};
    if (::setrlimit(static_cast<__rlimit_resource>(limit.number), &value) != 0) return errno;
  }
  return 0;
}

int apply(Context&, const plan::ResetProcess& step, Report&) noexcept {
  ::umask(static_cast<mode_t>(step.umask));
  sys::reset_signals();
  return 0;
}

int apply(Context&, const plan::ChangeFolder& step, Report&) noexcept {
  if (::chdir(step.path.c_str()) != 0) return errno;
  // "(unreachable)" is how the kernel names a folder outside the root.
  char name[PATH_MAX];
  return ::syscall(SYS_getcwd, name, sizeof name) > 0 && name[0] == '/' ? 0 : ENOENT;
}

int apply(Context&, const plan::SetCapabilities& step, Report&) noexcept {
  // libcap-ng would read the whole of /proc/PID/status thrice to learn what is dropped anyway.
  if (step.bounding_only) return sys::drop_bounding(step.kept);
  ::capng_setpid(::getpid());  // known beforehand, so that it is not looked up
  ::capng_clear(CAPNG_SELECT_CAPS);
  for (const int capability : step.kept)
    if (::capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                       static_cast<unsigned>(capability)) != 0)
      return EINVAL;
  return ::capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : EPERM;
}

int apply(Context& context, const plan::CloseDescriptors& step, Report&) noexcept {
  if (step.leaves_work) return sys::close_all_but({context.report, context.stream, context.target});
  for (int at = 0; at < 3; ++at)
    if (const auto status = sys::find_status(at, ""); status && S_ISDIR(status->st_mode)) return EISDIR;
  // Closed, not marked: exec looks for the command while what is marked is open still, and a link of the root file
  // system such as /bin/sh -> /proc/self/fd/4/../../home leads through it.
  return sys::close_all_but({context.report, context.program});
}

int apply(Context& context, const plan::Exec& step, Report&) noexcept {
  char* const* argv = const_cast<char* const*>(context.argv.data());
  char* const* envp = const_cast<char* const*>(context.envp.data());
  if (step.from_host) return result_of(::syscall(SYS_execveat, context.program, "", argv, envp, AT_EMPTY_PATH));
  int worst = ENOENT;
  for (const std::string& path : step.paths) {
    ::execve(path.c_str(), argv, envp);
    // As a search of PATH goes: what is not there is passed over, what may not be run is remembered.
    if (errno == EACCES || (errno != ENOENT && errno != ENOTDIR && step.paths.size() > 1)) worst = errno;
    if (step.paths.size() == 1) worst = errno;
  }
  return worst;
}

// Nothing of the monitor's memory is in use any more but the plan.
int apply(Context& context, const plan::RunShell& step, Report&) noexcept {
  if (!context.shell || !*context.shell) return ENOSYS;
  ::prctl(PR_SET_NAME, "snug-shell");
  ::close(context.report);
  sys::leave((*context.shell)(step, context.program));
}

int apply(Context&, const plan::MakeCgroupNamespace&, Report&) noexcept { return sys::make_cgroup_namespace(); }
int apply(Context&, const plan::MakePrivate&, Report&) noexcept { return sys::make_all_private(); }
int apply(Context&, const plan::BringUpLoopback&, Report&) noexcept { return sys::bring_up("lo"); }
int apply(Context&, const plan::JoinKeyring&, Report&) noexcept { return sys::join_new_session_keyring(); }
int apply(Context&, const plan::NoNewPrivileges&, Report&) noexcept { return sys::set_no_new_privileges(); }

// The monitor may wait for this process to execute the command, and nothing here may wait for the monitor: from here to that, none of the
// calls are made that the filter hands on.
int apply(Context& context, const plan::RememberOwners& step, Report& report) noexcept {
  const sys::Fd listener = sys::load_listening_filter(step.program);
  if (!listener) return errno;
  const int number = listener.get();
  report.kind = Report::listener;
  const int error = sys::send_message(context.report, {reinterpret_cast<const char*>(&report), sizeof report}, {&number, 1});
  report.kind = Report::done;
  return error;
}

int apply(Context&, const plan::LoadFilter& step, Report&) noexcept { return sys::load_filter(step.program); }

// The monitor's steps, the fork, which run_child itself does, and those of an errand that errand.cc does.
int apply(Context&, const plan::MakeFolders&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::MakeCgroup&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::JoinCgroup&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::EnterNamespaces&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::Clone&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::JoinNetwork&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::OpenGate&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::OpenWayOut&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::ForkPayload&, Report&) noexcept { return ENOSYS; }
int apply(Context&, const plan::OpenTarget&, Report&) noexcept { return ENOSYS; }

void tell(const Context& context, const Report& report) noexcept {
  static_cast<void>(sys::write_all(context.report, {reinterpret_cast<const char*>(&report), sizeof report}));
}

int exit_code_of(const plan::Action& action, int error) noexcept {
  if (!std::holds_alternative<plan::Exec>(action)) return 125;
  return error == ENOENT ? 127 : 126;
}

// Tells of a step that was done, where somebody wants to know.
void tell_done(const Context& context, Report& report, std::uint64_t start) noexcept {
  if (!context.verbose) return;
  report.nanoseconds = sys::monotonic_time() - start;
  tell(context, report);
}

[[noreturn]] void give_up(const Context& context, Report& report, int error) noexcept {
  report.kind = Report::failed;
  report.error = error;
  tell(context, report);
  sys::leave(exit_code_of(context.plan.steps[report.step].action, error));
}

void do_step(Context& context, std::size_t number) noexcept {
  const plan::Action& action = context.plan.steps[number].action;
  Report report{};
  report.step = static_cast<std::uint32_t>(number);
  const std::uint64_t start = context.verbose ? sys::monotonic_time() : 0;
  const int error = apply_step(context, action, report);
  if (error) give_up(context, report, error);
  tell_done(context, report, start);
}

void do_steps(Context& context, Actor actor, std::size_t from) noexcept {
  const auto& steps = context.plan.steps;
  for (std::size_t number = from; number < steps.size(); ++number)
    if (steps[number].actor == actor) do_step(context, number);
}

void put_null(const Context& context, int stream) noexcept { ::dup2(context.null, stream); }

// What pid 1 holds open, nobody else can see the end of: it keeps the socket to the monitor and the terminal.
void let_go(Context& context) noexcept {
  for (const int stream : {0, 1, 2}) put_null(context, stream);
  static_cast<void>(sys::close_all_but({context.control, context.terminal, context.orphans.list}));
}

[[noreturn]] void become_init(Context& context, pid_t payload, std::size_t fork_step) noexcept {
  do_steps(context, Actor::init, fork_step + 1);
  let_go(context);
  sys::leave(supervise(payload, context.control, context.terminal, context.orphans));
}

}  // namespace

void leave_callers_streams(const Context& context) noexcept {
  std::array<bool, 3> given{};
  for (std::size_t at = 0; at < 3; ++at)
    if (const int from = context.stdio[at]; from < 3 && !context.on_terminal[at]) given[static_cast<std::size_t>(from)] = true;
  for (const int stream : {0, 1, 2})
    if (!given[static_cast<std::size_t>(stream)]) put_null(context, stream);
}

int apply_step(Context& context, const plan::Action& action, Report& report) noexcept {
  return std::visit([&](const auto& step) noexcept { return apply(context, step, report); }, action);
}

[[noreturn]] void run_child(Context& context) noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::umask(0);
  // They are the caller's, and pid 1 would show them to all that lives inside. In memory that is lent they are the monitor's as well.
  if (!context.lent) sys::hide_words();
  leave_callers_streams(context);
  static_cast<void>(sys::close_all_but(context.kept));  // where that cannot be, CloseDescriptors tells
  if (const auto* guard = context.plan.find<plan::GuardInit>(); guard && guard->adopts)
    context.orphans.list = sys::try_open(AT_FDCWD, sys::own_children, O_RDONLY).release();
  if (context.folder_path) context.folder = sys::try_open(AT_FDCWD, context.folder_path, O_PATH | O_DIRECTORY).release();
  if (context.go >= 0 && wait_for_go(context.go) != 0) sys::leave(125);
  const auto& steps = context.plan.steps;
  for (std::size_t number = 0; number < steps.size(); ++number) {
    if (steps[number].actor != Actor::init) continue;
    if (!std::holds_alternative<plan::ForkPayload>(steps[number].action)) {
      do_step(context, number);
      continue;
    }
    Report report{};
    report.step = static_cast<std::uint32_t>(number);
    const std::uint64_t start = context.verbose ? sys::monotonic_time() : 0;
    if (context.terminal >= 0) ::ioctl(context.terminal, TIOCSCTTY, 0);
    // pid 1 has nothing to do until the command runs: it lends its memory till then, and none is copied. A shell would keep it.
    const pid_t payload = context.shell ? ::fork() : ::vfork();
    if (payload > 0 && std::get<plan::ForkPayload>(steps[number].action).parent == plan::ForkPayload::Parent::gone) sys::leave(0);
    if (payload > 0) become_init(context, payload, number);
    if (payload < 0) give_up(context, report, errno);
    tell_done(context, report, start);
    break;
  }
  if (context.idle) {
    let_go(context);
    sys::leave(rest(context.orphans));
  }
  do_steps(context, Actor::payload, 0);
  sys::leave(125);
}

Context::Context(const plan::Plan& wanted) : plan(wanted), slots(wanted.slots, -1), own(wanted.slots, 0) {
  own_mounts.reserve(wanted.steps.size());  // no step makes more than one
  for (const plan::Step& step : wanted.steps) {
    if (const auto* overlay = std::get_if<plan::MakeOverlay>(&step.action))
      layers.reserve(std::max(layers.capacity(), overlay->lowers.size() + 2));
    if (const auto* exec = std::get_if<plan::Exec>(&step.action)) {
      idle = false;
      for (const std::string& word : exec->argv) argv.push_back(word.c_str());
      for (const std::string& variable : exec->env) envp.push_back(variable.c_str());
    } else if (const auto* become = std::get_if<plan::BecomeUser>(&step.action); become && become->groups) {
      groups.resize(std::max(groups.size(), become->groups->size() + 1));
    }
    if (std::holds_alternative<plan::RunShell>(step.action)) idle = false;
    if (const auto* restrict_egress = std::get_if<plan::RestrictEgress>(&step.action)) wall = net::make_wall(gate_rules(restrict_egress->rules));
    if (const auto* serve = std::get_if<plan::ServeNames>(&step.action)) name_servers = read_addresses(serve->addresses);
    if (const auto* become = std::get_if<plan::BecomeUser>(&step.action); become && step.actor == Actor::payload)
      user = become->uid.value;
  }
  argv.push_back(nullptr);
  envp.push_back(nullptr);
}

}  // namespace snug::runtime
