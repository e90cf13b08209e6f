// Namespaces of others are entered by a process between, the porch, so that the monitor stays outside. The init process
// is made as its sibling: a child of the monitor like any other.

#include "porch.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

struct Message {
  bool cloning = false;
  int error = 0;
  pid_t pid = -1;
};

Message enter_and_clone(Context& context, const std::vector<Fd>& namespaces, std::uint64_t flags) {
  // Whoever lives there must not look into a process that still stands on the host's root, nor trace its child.
  if (const int error = sys::hide_from_tracers()) return {.error = error};
  for (const Fd& fd : namespaces)
    if (::setns(fd.get(), 0) != 0) return {.error = errno};
  const sys::Cloned cloned = sys::clone_process(flags, true);
  if (cloned.pid == 0) run_child(context);
  return {.cloning = true, .error = cloned.pid < 0 ? errno : 0, .pid = cloned.pid};
}

}  // namespace

PorchAnswer start_through_porch(Context& context, const plan::EnterNamespaces& enter, std::uint64_t flags) {
  std::vector<Fd> namespaces;
  for (const auto& entry : enter.entries) {
    namespaces.push_back(sys::try_open(AT_FDCWD, entry.path.c_str(), O_RDONLY));
    if (!namespaces.back()) return {.error = errno, .entry = entry.path};
    const auto status = entry.inode ? sys::find_status(namespaces.back().get(), "") : std::nullopt;
    if (entry.inode && (!status || status->st_ino != entry.inode)) return {.error = ESTALE, .entry = entry.path};
  }
  sys::FdPair answer = sys::make_pipe();
  const pid_t porch = ::fork();
  if (porch < 0) return {.error = errno};
  if (porch == 0) {
    const Message message = enter_and_clone(context, namespaces, flags);
    static_cast<void>(sys::write_all(answer.second.get(), {reinterpret_cast<const char*>(&message), sizeof message}));
    ::_exit(0);
  }
  answer.second.reset();
  ::waitpid(porch, nullptr, 0);
  Message message;
  if (::read(answer.first.get(), &message, sizeof message) != sizeof message) message.error = ESRCH;
  return {.cloning = message.cloning, .error = message.error, .init = message.pid};
}

}  // namespace snug::runtime
