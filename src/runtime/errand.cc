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
#include "snug/base/text.hh"
#include "snug/plan/plan.hh"
#include "snug/sys/file.hh"
#include "snug/sys/restraint.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

// What it takes to read what is others', and to make what is theirs.
constexpr std::array needed{CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP};

// How an answer begins; the parts of an Error are NUL-terminated: message, hint, context; of a wall its letter and an errno.
constexpr char good = '+', bad = '-', refused = '!';

enum class Wall : char { keyring = 'k', capabilities = 'c', privileges = 'p', landlock = 'l', filter = 'f' };

/// A wall that cannot be raised.
struct Refused {
  Wall wall;
  int error;
};

plan::Action action_of(Wall wall) {
  switch (wall) {
    case Wall::keyring: return plan::JoinKeyring{};
    case Wall::capabilities: return plan::SetCapabilities{{needed.begin(), needed.end()}};
    case Wall::privileges: return plan::NoNewPrivileges{};
    case Wall::landlock: return plan::EnforceLandlock{};
    case Wall::filter: break;
  }
  return plan::LoadFilter{"default", {}};
}

void raise(Wall wall, int error) {
  if (error) throw Refused{wall, error};
}

void check(int error) {
  if (error) throw system_error("enter the container", error);
}

// As strictly as can be, whatever the container was allowed. Where the kernel has none, whoever wanted it is told before.
template <typename Enforce>
void raise_landlock(Enforce enforce) {
  const int abi = sys::landlock_abi();
  if (plan::landlock_of(abi, true, true)) raise(Wall::landlock, enforce(abi));
}

void close_others(int one, int other, int third = -1) {
  if (const int error = sys::close_all_but(one, other, third)) throw system_error("close all descriptors but those of the copy", error);
}

void detach_streams(const Fd& null) {
  for (int at = 0; at < 3; ++at)
    if (::dup2(null.get(), at) < 0) throw system_error("leave the caller's streams", errno);
}

// What both halves of a copy have, but for Landlock and the filters.
void restrain() {
  if (const int error = sys::forbid_core_dumps()) throw system_error("forbid core dumps", error);
  raise(Wall::privileges, sys::set_no_new_privileges());
}

/// The container's own, as strict as can be, and what keeps who copies from all but files.
struct Filters {
  plan::FilterProgram usual = plan::make_filter({}), copying = plan::make_copying_filter();
  void load() const {
    raise(Wall::filter, sys::load_filter(usual));
    raise(Wall::filter, sys::load_filter(copying));
  }
};

// It ends with the caller, and keeps none of what that has locked.
void stay_outside(int stream, int answer, const Fd& null) {
  if (const int error = sys::die_with_parent()) throw system_error("work in another process", error);
  close_others(stream, answer, null.get());
}

void go_inside(const ErrandPlace& place, int stream, int answer, const Fd& null) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  detach_streams(null);
  // First of all, or whoever is root inside could read what a process holds that still stands on the host.
  check(sys::hide_from_tracers());
  for (const int fd : {place.user, place.mounts})
    if (fd >= 0 && ::setns(fd, 0) != 0) check(errno);
  check(become_root());
  raise(Wall::capabilities, sys::drop_bounding(needed));
  raise(Wall::capabilities, sys::set_capabilities(needed));
  check(sys::hide_from_tracers());  // other ids have undone it
  ::umask(0);
  close_others(stream, answer);
  raise(Wall::keyring, sys::join_new_session_keyring());  // outside the caller's may be what opens his files
  restrain();
}

std::string do_work(const std::function<std::string()>& work) noexcept {
  try {
    return good + work();
  } catch (const Refused& wall) {
    return format("{}{}{}", refused, static_cast<char>(wall.wall), wall.error);
  } catch (const Error& error) {
    return bad + error.message() + '\0' + error.hint() + '\0' + join(error.contexts(), "; ") + '\0';
  } catch (const std::exception& error) {
    return bad + std::string(error.what()) + std::string(3, '\0');
  }
}

Error refusal(const ErrandPlace& place, std::string_view told) {
  const plan::Action wall = action_of(static_cast<Wall>(told.at(0)));
  const int why = static_cast<int>(parse_number(told.substr(1)).value_or(0));
  Error error = place.refused ? place.refused(wall, why) : system_error(plan::describe({}, {.action = wall}), why);
  return error.during(place.is_inside() ? "shutting in who works on the container's files" : "shutting in who works on the files outside");
}

}  // namespace

Errand::Errand(const std::function<std::string()>& work) {
  start([&](int) {
    if (const int error = sys::die_with_parent()) throw system_error("work in another process", error);
    return work();
  });
}

Errand::Errand(const ErrandPlace& place, int stream, const std::function<std::string()>& work) : place_(place) {
  const Fd null = sys::open(AT_FDCWD, "/dev/null", O_RDWR);
  const Filters filters;
  start([&](int answer) {
    place.is_inside() ? go_inside(place, stream, answer, null) : (stay_outside(stream, answer, null), restrain());
    raise_landlock(sys::enforce_reading);
    filters.load();
    return work();
  });
}

Errand::Errand(const ErrandPlace& place, int stream, const std::function<std::string(const Confine&)>& work) : place_(place) {
  const Fd null = sys::open(AT_FDCWD, "/dev/null", O_RDWR);
  const Filters filters;
  start([&](int answer) {
    if (place.is_inside()) {
      go_inside(place, stream, answer, null);
      filters.load();
    } else {
      stay_outside(stream, answer, null);
    }
    return work([&](int folder) {
      if (!place.is_inside()) {
        detach_streams(null);
        close_others(stream, answer, folder);
        restrain();
      }
      raise_landlock([&](int abi) { return sys::enforce_writing(abi, folder); });
      if (!place.is_inside()) filters.load();
    });
  });
}

void Errand::start(const std::function<std::string(int answer)>& work) {
  sys::FdPair answer = sys::make_pipe();
  process_ = sys::clone_process(0);
  if (process_.pid < 0) throw system_error("start another process", errno);
  if (process_.pid == 0) {
    const std::string words = do_work([&] { return work(answer.second.get()); });
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
  if (words.starts_with(refused)) throw refusal(place_, std::string_view(words).substr(1));
  if (!words.starts_with(bad)) throw Error(place_.is_inside() ? "the process that works inside the container was killed" : "a process that copies was killed");
  const std::vector<std::string> parts = split(std::string_view(words).substr(1), '\0');
  Error error(parts.at(0), parts.at(1));
  if (!parts.at(2).empty()) error.during(parts.at(2));
  throw error;
}

}  // namespace snug::runtime
