// How the wall comes into a network namespace: what init does for its own, and a short process for one that has run for a while.

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gate_rules.hh"
#include "snug/base/error.hh"
#include "snug/net/gate.hh"
#include "snug/sys/file.hh"
#include "snug/sys/network.hh"
#include "snug/sys/nftables.hh"
#include "snug/sys/process.hh"

namespace snug::net {
namespace {

constexpr std::uint16_t domain_port = 53;
constexpr std::uint32_t told_size = 128;  // of a packet: its headers
constexpr int backlog = 64;

int open_socket(const sys::NetAddress& address, int type, sys::Fd& opened) noexcept {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } place{};
  const bool ipv6 = address.family == AF_INET6;
  place.any.sa_family = static_cast<sa_family_t>(address.family);
  (ipv6 ? place.v6.sin6_port : place.v4.sin_port) = htons(domain_port);
  std::memcpy(ipv6 ? static_cast<void*>(&place.v6.sin6_addr) : &place.v4.sin_addr, address.bytes.data(), address.view().size());
  opened = sys::Fd(::socket(address.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  if (!opened || ::setsockopt(opened.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return errno;
  // The address comes last, when nothing can go wrong any more.
  if (::setsockopt(opened.get(), IPPROTO_IP, IP_FREEBIND, &yes, sizeof yes) != 0) return errno;
  if (::bind(opened.get(), &place.any, ipv6 ? sizeof place.v6 : sizeof place.v4) != 0) return errno;
  return type == SOCK_DGRAM || ::listen(opened.get(), backlog) == 0 ? 0 : errno;
}

int serve(const sys::NetAddress& server, GateSockets& opened) noexcept {
  if (opened.count + 2 > opened.sockets.size()) return E2BIG;
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    sys::Fd& socket = opened.sockets[opened.count];
    const int error = open_socket(server, type, socket);
    if (!socket && server.family == AF_INET6) return 0;
    if (error) return error;
    ++opened.count;
  }
  return 0;
}

int add_addresses(std::span<const sys::NetAddress> servers) noexcept {
  for (const sys::NetAddress& server : servers) {
    const bool ipv6 = server.family == AF_INET6;
    const int error = sys::add_address("lo", server, ipv6 ? 128 : 32);
    if (error && error != EEXIST && !ipv6) return error;
  }
  return 0;
}

int open_gate(std::span<const sys::NetAddress> servers, GateSockets& opened) noexcept {
  if (const int error = sys::receive_logged(opened.sockets[1].get(), refused_group, told_size)) return error;
  for (const sys::NetAddress& server : servers)
    if (const int error = serve(server, opened)) return error;
  return add_addresses(servers);
}

// In the child of a fork: what was opened goes out through `socket`, behind the errno.
[[noreturn]] void go_in(int user, int net, int socket, std::string_view wall, std::span<const sys::NetAddress> servers) {
  GateSockets opened;
  static_cast<void>(sys::hide_from_tracers());
  int error = ::setns(user, CLONE_NEWUSER) == 0 && ::setns(net, CLONE_NEWNET) == 0 ? raise_wall(wall, servers, opened) : errno;
  if (error && opened.sockets[0]) static_cast<void>(sys::send_batch(opened.sockets[0].get(), tear_down()));
  std::array<int, most_gate_sockets> numbers;
  for (std::size_t at = 0; at < opened.count; ++at) numbers[at] = opened.sockets[at].get();
  static_cast<void>(sys::send_message(socket, {reinterpret_cast<const char*>(&error), sizeof error}, {numbers.data(), error ? 0 : opened.count}));
  ::_exit(0);
}

}  // namespace

int raise_wall(std::string_view wall, std::span<const sys::NetAddress> servers, GateSockets& opened) noexcept {
  sys::Fd &rules = opened.sockets[0], &refused = opened.sockets[1];
  rules = sys::open_netfilter();
  refused = sys::open_netfilter();
  if (!rules || !refused) return errno;
  opened.count = 2;
  // A connection that began before the kernel kept account of them is none that it knows.
  static_cast<void>(sys::write_file(AT_FDCWD, "/proc/sys/net/netfilter/nf_conntrack_tcp_loose", "0"));
  if (const int error = sys::send_batch(rules.get(), wall)) return error;
  return open_gate(servers, opened);
}

std::vector<sys::Fd> raise_wall_in(int user, int net, const std::string& wall, std::span<const sys::NetAddress> servers) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw system_error("make a pair of sockets", errno);
  const sys::Fd ours(ends[0]);
  sys::Fd theirs(ends[1]);
  const sys::Cloned process = sys::clone_process(0);
  if (process.pid < 0) throw system_error("start a process beside the container", errno);
  if (process.pid == 0) go_in(user, net, theirs.get(), wall, servers);
  theirs.reset();
  int error = 0;
  std::vector<sys::Fd> sockets;
  const ssize_t count = sys::receive_message(ours.get(), &error, sizeof error, sockets);
  while (::waitpid(process.pid, nullptr, 0) < 0 && errno == EINTR) continue;
  if (count != sizeof error) throw Error("the process that goes into the container's network was killed");
  if (error) throw system_error("restrict what the container sends", error);
  return sockets;
}

}  // namespace snug::net
