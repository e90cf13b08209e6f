// How the wall comes into a network namespace: what init does for its own, and a short process for one that has run for a while.

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "gate_rules.hh"
#include "snug/base/error.hh"
#include "snug/net/gate.hh"
#include "snug/sys/file.hh"
#include "snug/sys/nftables.hh"
#include "snug/sys/process.hh"

namespace snug::net {
namespace {

constexpr std::uint32_t told_size = 128;  // of a packet: its headers

// In the child of a fork: what was opened goes out through `socket`, behind the errno.
[[noreturn]] void go_in(int user, int net, int socket, std::string_view wall, std::span<const sys::NetAddress> servers) {
  WallSockets opened;
  sys::Fd line;
  int error = sys::hide_from_tracers();
  if (!error) error = sys::leave_streams();
  if (!error) error = sys::close_all_but({user, net, socket});
  if (!error) error = ::setns(user, CLONE_NEWUSER) == 0 && ::setns(net, CLONE_NEWNET) == 0 ? raise_wall(wall, opened) : errno;
  if (!error && !servers.empty()) error = lay_line(servers, line);
  if (error && opened[0]) static_cast<void>(sys::send_batch(opened[0].get(), tear_down()));
  const std::array numbers{opened[0].get(), opened[1].get(), line.get()};
  static_cast<void>(sys::send_message(socket, {reinterpret_cast<const char*>(&error), sizeof error}, std::span(numbers).first(error ? 0 : line ? 3 : 2)));
  sys::leave(0);
}

}  // namespace

int raise_wall(std::string_view wall, WallSockets& opened) noexcept {
  auto& [rules, refused] = opened;
  rules = sys::open_netfilter();
  refused = sys::open_netfilter();
  if (!rules || !refused) return errno;
  // A connection that began before the kernel kept account of them is none that it knows.
  static_cast<void>(sys::write_file(AT_FDCWD, "/proc/sys/net/netfilter/nf_conntrack_tcp_loose", "0"));
  if (const int error = sys::send_batch(rules.get(), wall)) return error;
  return sys::receive_logged(refused.get(), refused_group, told_size);
}

RaisedWall raise_wall_in(int user, int net, const std::string& wall, std::span<const sys::NetAddress> servers) {
  auto [ours, theirs] = sys::make_socket_pair();
  const sys::Cloned process = sys::clone_process(0);
  if (process.pid < 0) throw system_error("start a process beside the container", errno);
  if (process.pid == 0) go_in(user, net, theirs.get(), wall, servers);
  theirs.reset();
  int error = 0;
  std::vector<sys::Fd> opened;
  const ssize_t count = sys::receive_message(ours.get(), &error, sizeof error, opened);
  while (::waitpid(process.pid, nullptr, 0) < 0 && errno == EINTR) continue;
  if (count != sizeof error) throw Error("the process that goes into the container's network was killed");
  if (error || opened.size() < 2) throw system_error("restrict what the container sends", error ? error : EMFILE);
  RaisedWall raised{.wall = {std::move(opened[0]), std::move(opened[1])}, .line = {}};
  if (opened.size() > 2) raised.line = std::move(opened[2]);
  return raised;
}

}  // namespace snug::net
