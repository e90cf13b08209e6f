// pasta finds the container's namespaces by the number of a process in them. pid 1 is closed to everybody by then, and what lives in
// there besides is none of snug's: so a process of snug's own, the porter, stands in them until pasta is ready.

#include "snug/net/way_out.hh"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "snug/base/error.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/network.hh"
#include "snug/sys/process.hh"

namespace snug::net {
namespace {

using sys::Fd;
using sys::FdPair;

// What the porter says: pasta can come, or would make an interface that nobody has asked for.
constexpr std::string_view is_inside = "!", found_no_interface = "0";

// Stands in the namespaces until it is killed.
[[noreturn]] void be_porter(int user, int net, int told, const char* interface) noexcept {
  const bool inside = !sys::die_with_parent() && !sys::leave_streams() && !sys::close_all_but({user, net, told}) && ::setns(user, CLONE_NEWUSER) == 0 && ::setns(net, CLONE_NEWNET) == 0;
  // The interface has just lost whoever drove it. Once the kernel has dealt with that, it takes the next driver at once.
  static_cast<void>(sys::has_carrier(interface));
  if (inside) static_cast<void>(sys::write_all(told, sys::has_interface(interface) ? is_inside : found_no_interface));
  static_cast<void>(sys::close_all_but({}));
  for (;;) ::pause();
}

void end(Fd& process) noexcept {
  if (!process) return;
  static_cast<void>(sys::send_signal(process.get(), SIGKILL));
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(process.get()), &info, WEXITED);
  process.reset();
}

bool has_come(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&poll, 1, 0) > 0;
}

// What is there to read, and the last line of it, but for pasta's complaint that it cannot write into the system's log, too.
std::string last_line(int fd) {
  std::array<char, 4096> buffer;
  std::string text;
  for (ssize_t count = 0; (count = ::read(fd, buffer.data(), buffer.size())) > 0;) text.append(buffer.data(), static_cast<std::size_t>(count));
  auto all = lines(text);
  std::erase_if(all, [](std::string_view line) { return line.starts_with("Failed to send "); });
  return all.empty() ? std::string() : std::string(trimmed(all.back()));
}

// A pipe whose ends do not block: neither does pasta wait for a reader, nor the monitor for a writer.
FdPair make_open_pipe() {
  FdPair pipe = sys::make_pipe();
  for (const int fd : {pipe.first.get(), pipe.second.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return pipe;
}

}  // namespace

void WayOut::start_porter() {
  FdPair told = sys::make_pipe();
  auto [pid, process] = sys::clone_process(0);
  if (pid < 0) throw system_error("start a process beside the container", errno);
  if (pid == 0) {
    told.first.reset();
    be_porter(user_, net_, told.second.get(), choice_.interface.c_str());
  }
  told.second.reset();
  porter_number_ = pid;
  porter_ = std::move(process);
  const std::string said = sys::read_all(told.first.get());
  if (said == found_no_interface) throw Error(format("the container has removed {}", choice_.interface));
  if (said != is_inside) reason_ = "the container has ended meanwhile";
}

void WayOut::start() {
  if (choice_.again) routes_ = sys::watch_routes();
  sys::release_tap(tap_);
  start_porter();
  FdPair told = make_open_pipe(), errors = make_open_pipe();
  const Fd null = sys::open(AT_FDCWD, "/dev/null", O_RDONLY);
  std::vector<std::string> words = choice_.words;
  std::replace(words.begin(), words.end(), std::string("PID"), format("{}", porter_number_));
  constexpr std::array<const char*, 1> environment{nullptr};
  auto [pid, process] = sys::start_program(choice_.words.front(), std::move(words), environment.data(),
                                           std::array{null.get(), told.second.get(), errors.second.get()}, SIGKILL, true);
  if (pid < 0) throw system_error("start " + choice_.words.front(), errno);
  pasta_ = std::move(process);
  told_ = std::move(told.first);
  errors_ = std::move(errors.first);
}

std::vector<std::string> WayOut::restart(const std::vector<std::string>& ports) {
  stop();
  ready_ = false;
  std::vector<std::string> former, words;
  for (std::size_t at = 0; at < choice_.words.size(); ++at) {
    const bool opens = (choice_.words[at] == "-t" || choice_.words[at] == "-u") && at + 1 < choice_.words.size();
    if (!opens) words.push_back(choice_.words[at]);
    else former.insert(former.end(), {choice_.words[at], choice_.words[at + 1]}), ++at;
  }
  words.insert(words.end() - 1, ports.begin(), ports.end());  // what comes last is PID
  choice_.words = std::move(words);
  static_cast<void>(try_start());
  return former;
}

bool WayOut::renew() {
  if (!is_started()) return true;
  stop();
  ready_ = false;
  return try_start();
}

// A container that runs goes on without it.
bool WayOut::try_start() {
  try {
    start();
    return true;
  } catch (const Error& error) {
    reason_ = error.message();
    stop();
    routes_.reset();
    return false;
  }
}

// pasta writes its number once it is ready, and closes the file; slirp4netns a 1, after what it would have us know.
WayOut::News WayOut::read_word() {
  std::array<char, 32> word;
  const ssize_t count = ::read(told_.get(), word.data(), word.size());
  if (count < 0 && errno == EAGAIN) return News::none;
  if (count <= 0) return told_.reset(), News::none;
  const std::string_view said = trimmed({word.data(), static_cast<std::size_t>(count)});
  if (said.empty() || said.back() < '0' || said.back() > '9' || std::exchange(ready_, true)) return News::none;
  end(porter_);
  routes_.reset();
  return News::ready;
}

WayOut::News WayOut::note_end() {
  siginfo_t info{};
  const bool ended = ::waitid(P_PIDFD, static_cast<id_t>(pasta_.get()), &info, WEXITED | WNOWAIT) == 0;
  // What it has said before somebody killed it is no reason.
  reason_ = ended && info.si_code != CLD_EXITED ? signal_name(info.si_status) : last_line(errors_.get());
  const bool was_ready = std::exchange(ready_, false);
  stop();
  if (!was_ready && !restarted_) return News::refused;
  if (restarted_ || !choice_.again) return News::ended;
  restarted_ = true;
  return try_start() ? News::restarted : News::ended;
}

WayOut::News WayOut::answer() {
  if (has_come(told_.get()))
    if (const News news = read_word(); news != News::none) return news;
  if (has_come(pasta_.get())) return note_end();
  if (user_ >= 0 && has_come(tap_.get())) return try_start() ? News::none : News::ended;
  if (awaits_route() && sys::has_told_of_default_route(routes_.get())) return try_start() ? News::restarted : News::ended;
  return News::none;
}

void WayOut::stop() {
  end(pasta_);
  end(porter_);
  told_.reset();
  errors_.reset();
}

}  // namespace snug::net
