#include "snug/runtime/errand.hh"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>

#include "helpers.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/plan/plan.hh"
#include "snug/sys/file.hh"
#include "snug/sys/restraint.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

// What it takes to read what is others', and to make what is theirs.
constexpr std::array needed{CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP};

// How an answer begins; the parts of an Error are NUL-terminated: message, hint, context.
constexpr char good = '+', bad = '-';

int enter(const ErrandPlace& place) noexcept {
  // First of all, or whoever is root inside could read what a process holds that still stands on the host.
  if (const int error = sys::hide_from_tracers()) return error;
  for (const int fd : {place.user, place.mounts})
    if (fd >= 0 && ::setns(fd, 0) != 0) return errno;
  return 0;
}

int restrain(const plan::FilterProgram& filter, int stream, int answer) noexcept {
  if (const int error = become_root()) return error;
  if (const int error = sys::set_capabilities(needed)) return error;
  if (const int error = sys::hide_from_tracers()) return error;  // other ids have undone it
  if (const int error = sys::set_no_new_privileges()) return error;
  ::umask(0);
  if (const int error = sys::close_all_but(stream, answer)) return error;
  // As the container itself, and as strictly as can be, whatever that was allowed.
  const int abi = sys::landlock_abi();
  if (const auto landlock = plan::landlock_of(abi, true, true))
    if (const int error = sys::enforce_landlock(abi, {landlock->shut_sockets, landlock->shut_signals}, -1)) return error;
  return sys::load_filter(filter);
}

std::string do_work(const std::function<std::string()>& work) noexcept {
  try {
    return good + work();
  } catch (const Error& error) {
    return bad + error.message() + '\0' + error.hint() + '\0' + join(error.contexts(), "; ") + '\0';
  } catch (const std::exception& error) {
    return bad + std::string(error.what()) + std::string(3, '\0');
  }
}

// The child of a fork that goes inside: 0 or errno.
int go_inside(const ErrandPlace& place, const plan::FilterProgram& filter, int stream, int answer, const Fd& null) noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  for (int at = 0; at < 3; ++at)
    if (::dup2(null.get(), at) < 0) return errno;
  if (const int error = enter(place)) return error;
  return restrain(filter, stream, answer);
}

}  // namespace

Errand::Errand(const std::function<std::string()>& work) {
  start([](int) { return sys::die_with_parent(); }, work);
}

Errand::Errand(const ErrandPlace& place, int stream, const std::function<std::string()>& work) {
  const Fd null = sys::open(AT_FDCWD, "/dev/null", O_RDWR);
  const plan::FilterProgram filter = plan::make_filter({});
  start([&](int answer) { return go_inside(place, filter, stream, answer, null); }, work);
}

void Errand::start(const Prepare& prepare, const std::function<std::string()>& work) {
  sys::FdPair answer = sys::make_pipe();
  process_ = sys::clone_process(0);
  if (process_.pid < 0) throw system_error("start another process", errno);
  if (process_.pid == 0) {
    const int error = prepare(answer.second.get());
    const std::string words = do_work([&] { return error ? throw system_error("enter the container", error) : work(); });
    static_cast<void>(sys::write_all(answer.second.get(), words));
    ::_exit(0);
  }
  answer_ = std::move(answer.first);
}

Errand::~Errand() {
  constexpr int patience_ms = 5000;
  if (!process_.pidfd) return;
  pollfd end{process_.pidfd.get(), POLLIN, 0};
  if (::poll(&end, 1, patience_ms) <= 0) static_cast<void>(sys::send_signal(process_.pidfd.get(), SIGKILL));
  ::waitpid(process_.pid, nullptr, 0);
}

std::string Errand::finish() {
  const std::string words = sys::read_all(answer_.get());
  while (::waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) continue;
  process_.pidfd.reset();
  if (words.starts_with(good)) return words.substr(1);
  if (!words.starts_with(bad)) throw Error("the process that works inside the container was killed");
  const std::vector<std::string> parts = split(std::string_view(words).substr(1), '\0');
  Error error(parts.at(0), parts.at(1));
  if (!parts.at(2).empty()) error.during(parts.at(2));
  throw error;
}

}  // namespace snug::runtime
