// A process between the container and the kernel, for the few calls that its filter names: those about owners, modes and devices. It stands in the
// container's user and mount namespace, as root there, and sees those who ask in the host's /proc: so it finds files as they do, keeps what was asked for
// beside them (base/owner_mark.hh), and has nothing in its own memory that could be lost. Each tree of processes that was given the filter, by run or
// by exec, has one of its own. It ends with the last process of its tree, and that of run with the monitor.
//
// While nobody asks it sleeps. Where it falls, the kernel answers ENOSYS to whoever asks, and the monitor ends the container.
//
// It has few rights, none outside of the container's user namespace, and the filter of system calls that containers have.

#include "owners.hh"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "helpers.hh"
#include "owner_answers.hh"
#include "snug/sys/file.hh"
#include "snug/sys/notification.hh"
#include "snug/sys/restraint.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

// To walk everywhere, to change what is one's own whatever its mode, to read and write the memory of those who ask, and to stand on their root.
constexpr std::array needed{CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SYS_PTRACE, CAP_SYS_CHROOT};

int enter(const OwnersPlace& place, const Fd& processes) noexcept {
  // First of all, or whoever is root inside could read what a process holds that still stands on the host.
  if (const int error = sys::hide_from_tracers()) return error;
  if (const int error = sys::close_all_but({place.user, place.mounts, place.listener, processes.get()})) return error;
  sys::hide_words();
  if (::prctl(PR_SET_NAME, "snug-owners") != 0 || ::setsid() < 0) return errno;
  if (::setns(place.user, CLONE_NEWUSER) != 0 || ::setns(place.mounts, CLONE_NEWNS) != 0) return errno;
  return become_root();
}

int restrain(const plan::FilterProgram& filter, bool dies_with_monitor, const Fd& processes, int listener) noexcept {
  if (::fchdir(processes.get()) != 0) return errno;
  if (const int error = sys::set_capabilities(needed)) return error;
  if (const int error = sys::hide_from_tracers()) return error;  // other rights have undone it
  if (const int error = dies_with_monitor ? sys::die_with_parent() : 0) return error;
  if (const int error = sys::set_no_new_privileges()) return error;
  if (const int error = sys::close_all_but({listener, processes.get()})) return error;
  ::umask(0);
  sys::reset_signals();
  return sys::load_filter(filter);
}

int put_on_streams(int null, int answer) noexcept { return ::dup2(null, 0) < 0 || ::dup2(answer, 1) < 0 || ::dup2(null, 2) < 0 ? errno : 0; }

[[noreturn]] void serve(int listener, int processes) noexcept {
  sys::take_turns(listener);
  OwnerAnswers answers(listener, processes);
  pollfd asked{listener, POLLIN, 0};
  for (;;) {
    if (::poll(&asked, 1, -1) < 0) continue;
    if (asked.revents & POLLIN) answers.take();
    else sys::leave(0);  // nobody has the filter any more
  }
}

[[noreturn]] void work(const plan::FilterProgram& filter, bool dies_with_monitor, const OwnersPlace& place, int answer) noexcept {
  const Fd null = sys::try_open(AT_FDCWD, "/dev/null", O_RDWR), processes = sys::try_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY);
  if (!null || !processes || put_on_streams(null.get(), answer) != 0) sys::leave(1);
  int error = enter(place, processes);
  if (!error) error = restrain(filter, dies_with_monitor, processes, place.listener);
  static_cast<void>(sys::write_all(STDOUT_FILENO, {reinterpret_cast<const char*>(&error), sizeof error}));
  if (error || ::dup2(STDIN_FILENO, STDOUT_FILENO) < 0) sys::leave(1);
  serve(place.listener, processes.get());
}

}  // namespace

Owners::Owners(const plan::RememberOwners& step, const OwnersPlace& place) : dies_with_monitor_(step.dies_with_monitor) {
  const plan::FilterProgram filter = plan::make_filter({.capabilities = std::uint64_t{1} << CAP_SYS_CHROOT | std::uint64_t{1} << CAP_SYS_PTRACE});
  sys::FdPair answer = sys::make_pipe();
  process_ = sys::clone_process(0);
  if (process_.pid == 0) work(filter, dies_with_monitor_, place, answer.second.get());
  error_ = process_.pid < 0 ? errno : ESRCH;
  answer.second.reset();
  int told = 0;
  if (process_.pid > 0 && ::read(answer.first.get(), &told, sizeof told) == sizeof told) error_ = told;
}

// The descriptor tells of the end at once, and the kernel how it was only when whoever traces this has heard of it.
bool Owners::was_done() const noexcept {
  constexpr int patience_ms = 5000;
  constexpr timespec moment{0, 1'000'000};
  siginfo_t info{};
  for (int waited = 0; waited < patience_ms && info.si_pid == 0; ++waited) {
    if (waited > 0) ::nanosleep(&moment, nullptr);
    if (::waitid(P_PIDFD, static_cast<id_t>(process_.pidfd.get()), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return false;
  }
  return info.si_code == CLD_EXITED && info.si_status == 0;
}

Owners::~Owners() {
  constexpr int moment_ms = 20;
  if (!process_.pidfd) return;
  pollfd end{process_.pidfd.get(), POLLIN, 0};
  if (!dies_with_monitor_ && !error_ && ::poll(&end, 1, moment_ms) <= 0) return;  // somebody goes on whom it serves
  static_cast<void>(sys::send_signal(process_.pidfd.get(), SIGKILL));
  while (::waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace snug::runtime
