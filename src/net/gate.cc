// The monitor's side of the gate: it starts the gatekeeper and holds what that needs to be started anew. What that does is told in gatekeeper.cc.

#include "snug/net/gate.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>

#include "gatekeeper.hh"
#include "line.hh"
#include "snug/base/error.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/net/denials.hh"
#include "snug/sys/file.hh"
#include "snug/sys/restraint.hh"

namespace snug::net {
namespace {

// More than it ever needs: who makes it want more ends it.
int limit_itself() noexcept {
  constexpr rlim_t most_memory = rlim_t{64} << 20U, most_file = rlim_t{1} << 20U, most_files = 1500;
  for (const auto& [what, value] : {std::pair{RLIMIT_DATA, most_memory}, {RLIMIT_FSIZE, most_file}, {RLIMIT_NOFILE, most_files}, {RLIMIT_CORE, rlim_t{0}}}) {
    rlimit limit{};
    if (::getrlimit(what, &limit) != 0) return errno;
    limit.rlim_cur = limit.rlim_max = std::min(limit.rlim_max, value);
    if (::setrlimit(what, &limit) != 0) return errno;
  }
  return 0;
}

// The child of a fork, on its way to be the gatekeeper: 0 or an errno.
int restrain(const std::vector<int>& kept, std::span<const std::uint64_t> filter) noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  if (const int error = sys::die_with_parent()) return error;
  if (const int error = sys::hide_from_tracers()) return error;
  if (const int error = sys::leave_streams()) return error;
  if (const int error = sys::close_all_but(kept)) return error;
  if (::setsid() < 0 || ::chdir("/") != 0) return errno;
  sys::hide_words();
  ::prctl(PR_SET_NAME, "snug-gate");
  if (const int error = limit_itself()) return error;
  if (const int error = sys::set_no_new_privileges()) return error;
  if (const int abi = sys::landlock_abi(); abi > 0)
    if (const int error = sys::enforce_reading(abi)) return error;
  return filter.empty() ? 0 : sys::load_filter(filter);
}

bool has_come(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&poll, 1, 0) > 0;
}

}  // namespace

void Gate::start() {
  sys::FdPair control = sys::make_socket_pair();
  const sys::Fd folder = choice_.folder.empty() || !has_wall() ? sys::Fd() : sys::try_open(AT_FDCWD, choice_.folder.c_str(), O_PATH | O_DIRECTORY);
  const sys::Fd log = folder ? sys::try_open(folder.get(), denials_name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600) : sys::Fd();
  process_ = sys::clone_process(0);
  if (process_.pid < 0) throw system_error("start the gate beside the container", errno);
  if (process_.pid == 0) {
    try {
      GateEnd end = make_gate_end(choice_.addresses);
      std::vector<int> kept{control.second.get(), log.get(), keeper_.get(), line_.get(), wall_[0].get(), wall_[1].get(), end.line.get()};
      for (const std::vector<sys::Fd>* more : {&end.udp, &end.tcp})
        for (const sys::Fd& socket : *more) kept.push_back(socket.get());
      if (restrain(kept, choice_.filter) == 0)
        Gatekeeper(choice_, {.control = control.second.get(), .log = log.get(), .rules = wall_[0].get(), .refused = wall_[1].get(), .line = line_.get(), .keeper = std::move(keeper_), .end = std::move(end)}).work();
    } catch (const std::exception& exception) {  // out of memory, or of what a user may have
      const std::string_view reason = exception.what();
      static_cast<void>(::send(control.second.get(), reason.data(), reason.size(), MSG_NOSIGNAL));
    }
    ::_exit(1);
  }
  control_ = std::move(control.first);
}

void Gate::guard(std::vector<GateRule> rules, WallSockets wall) {
  stop();
  choice_.rules = std::move(rules);
  wall_ = std::move(wall);
  lost_ = true;
  start();
  lost_ = false;
}

void Gate::meet(sys::Fd keeper) {
  keeper_ = std::move(keeper);
  const int fd = keeper_.get();
  if (control_) static_cast<void>(sys::send_message(control_.get(), "n", std::span(&fd, keeper_ ? 1 : 0)));
}

bool Gate::change(std::vector<GateRule> rules) {
  const std::string text = '!' + render_rules(rules);
  if (wanted_ || !control_ || ::send(control_.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return false;
  wanted_ = std::move(rules);
  return true;
}

Gate::News Gate::answer() {
  if (!process_.pidfd) return try_start(News::none);
  if (!has_come(control_.get())) return has_come(process_.pidfd.get()) ? note_end({}) : News::none;
  std::array<char, 256> said;
  const ssize_t count = ::recv(control_.get(), said.data(), said.size(), MSG_DONTWAIT);
  int word = 0;
  if (count != sizeof word) return note_end(std::string(said.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))));
  std::memcpy(&word, said.data(), sizeof word);
  if (word == gone_to_sleep && !has_wall()) return told_ = false, stop(), News::none;
  if (word == line_is_gone) line_.reset();
  if (word < 0 || !wanted_) return note_end(word == line_is_gone ? "the container has removed its interface" : "");
  error_ = word;
  if (error_ == 0) choice_.rules = *std::move(wanted_);
  wanted_.reset();
  return News::changed;
}

// Who falls while rules change may have taken them or not: the next one begins with those that are to hold.
Gate::News Gate::note_end(std::string reason) {
  siginfo_t info{};
  static_cast<void>(sys::send_signal(process_.pidfd.get(), SIGKILL));  // who has only closed its end would keep us waiting
  ::waitid(P_PIDFD, static_cast<id_t>(process_.pidfd.get()), &info, WEXITED | WNOWAIT);
  reason_ = !reason.empty() ? std::move(reason) : info.si_code == CLD_EXITED ? format("status {}", info.si_status) : signal_name(info.si_status);
  stop();
  wanted_.reset();
  if (!line_) return News::ended;
  if (!has_wall()) return await_question();
  lost_ = std::exchange(restarted_, true);
  return lost_ ? News::ended : try_start(News::restarted);
}

Gate::News Gate::try_start(News done) {
  try {
    start();
    return done;
  } catch (const Error& error) {
    reason_ = error.message();
    if (!has_wall()) return await_question();
    lost_ = true;
    return News::ended;
  }
}

// What has been asked is thrown away, or it would have us try again without a pause.
Gate::News Gate::await_question() {
  if (!carry(line_.get(), -1)) line_.reset();
  return std::exchange(told_, true) ? News::none : News::fallen;
}

void Gate::stop() {
  control_.reset();
  if (!process_.pidfd) return;
  static_cast<void>(sys::send_signal(process_.pidfd.get(), SIGKILL));
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(process_.pidfd.get()), &info, WEXITED);
  process_.pidfd.reset();
}

}  // namespace snug::net
