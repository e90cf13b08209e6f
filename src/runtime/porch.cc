// Namespaces of others are entered by a process between, the porch, so that the monitor stays outside. The init process
// is made as its sibling: a child of the monitor like any other.
//
// Where no new namespaces are made, what is made becomes a command at once: exec and enter without a terminal. Then all three run
// on the monitor's memory, one after the other, and none of it is copied; each waits until the next has it no longer.

#include "porch.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "namespaces.hh"
#include "snug/plan/visit.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

struct Message {
  bool cloning = false, joining = false;
  int error = 0;
  pid_t pid = -1;
};

/// Lets signals end the monitor while it waits for a process inside, which somebody in there may have stopped. Nothing runs yet
/// that they could be meant for.
class Interruptible {
 public:
  Interruptible() noexcept {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&ending, signal);
    ::sigprocmask(SIG_UNBLOCK, &ending, &before_);
  }
  ~Interruptible() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  sigset_t before_{};
};

// `joining`: it was about the cgroup.
int enter(const Context& context, const OpenDoors& doors, bool& joining) noexcept {
  if (const int error = sys::die_with_parent()) return error;
  // By the descriptor of who was outside: where the door leads is nothing that the namespaces would show.
  if (context.door >= 0)
    if (const int error = sys::write_all(context.door, "0"); error && context.through_door) return joining = true, error;
  leave_callers_streams(context);
  return go_through(doors);
}

Message enter_and_clone(Context& context, const OpenDoors& doors, std::uint64_t flags) noexcept {
  bool joining = false;
  if (const int error = enter(context, doors, joining)) return {.joining = joining, .error = error};
  const sys::Cloned cloned = sys::clone_process(flags, true, context.cgroup);
  if (cloned.pid == 0) run_child(context);
  return {.cloning = true, .error = cloned.pid < 0 ? errno : 0, .pid = cloned.pid};
}

int run_on_stack(void* context) { run_child(*static_cast<Context*>(context)); }

/// What the porch leaves in the monitor's memory: read after it has ended, whatever the compiler thinks of vfork(2).
struct Shared {
  volatile bool cloning = false, joining = false;
  volatile int error = ESRCH;
  volatile pid_t pid = -1;
};

void enter_and_lend(Context& context, const OpenDoors& doors, void* stack_end, Shared& shared) noexcept {
  bool joining = false;
  shared.error = enter(context, doors, joining);
  shared.joining = joining;
  if (shared.error) return;
  shared.cloning = true;
  shared.pid = ::clone(run_on_stack, stack_end, CLONE_PARENT | CLONE_VM | CLONE_VFORK, &context);
  if (shared.pid < 0) shared.error = errno;
}

Message lend(Context& context, const OpenDoors& doors) {
  // Not cleared: most of it is never touched, and what is has been by who stood on this stack before.
  alignas(16) std::array<char, std::size_t{1} << 16U> stack;
  Shared shared;
  const Interruptible interruptible;
  const pid_t porch = ::vfork();
  if (porch < 0) return {.error = errno};
  if (porch == 0) {
    context.lent = true;
    enter_and_lend(context, doors, stack.data() + stack.size(), shared);
    sys::leave(0);
  }
  ::waitpid(porch, nullptr, 0);
  // The memory stays closed to others: whoever waits for somebody inside has nothing to show.
  return {.cloning = shared.cloning, .joining = shared.joining, .error = shared.error, .pid = shared.pid};
}

Message copy(Context& context, OpenDoors& doors, std::uint64_t flags) {
  sys::FdPair answer = sys::make_pipe();
  doors.along.push_back(answer.second.get());
  const Interruptible interruptible;
  const pid_t porch = ::fork();
  if (porch < 0) return {.error = errno};
  if (porch == 0) {
    const Message message = enter_and_clone(context, doors, flags);
    static_cast<void>(sys::write_all(answer.second.get(), {reinterpret_cast<const char*>(&message), sizeof message}));
    sys::leave(0);
  }
  answer.second.reset();
  ::waitpid(porch, nullptr, 0);
  Message message;
  if (::read(answer.first.get(), &message, sizeof message) != sizeof message) message.error = ESRCH;
  return message;
}

}  // namespace

PorchAnswer start_through_porch(Context& context, const plan::EnterNamespaces& enter, std::uint64_t flags) {
  OpenDoors opened = open_doors(enter);
  if (opened.error) return {.error = opened.error, .entry = opened.entry};
  opened.along.insert(opened.along.end(), context.kept.begin(), context.kept.end());
  opened.along.push_back(context.cgroup);
  const Message message = plan::lends_memory(context.plan) ? lend(context, opened) : copy(context, opened, flags);
  return {.cloning = message.cloning, .joining = message.joining, .error = message.error, .init = message.pid};
}

}  // namespace snug::runtime
