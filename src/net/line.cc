// How questions for names leave a container without taking port 53 away from it: what is sent to the name server's address goes out by an
// interface of its own, snug0, whose outer end the monitor holds until the gate carries packets from it to one in a namespace of the gate's, where
// the kernel itself takes them for sockets. Nobody else can send there, and nothing else is reached from there.

#include "line.hh"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "snug/base/error.hh"
#include "snug/net/gate.hh"
#include "snug/sys/file.hh"
#include "snug/sys/network.hh"
#include "snug/sys/process.hh"
#include "socket_address.hh"

namespace snug::net {
namespace {

using sys::Fd;
using sys::NetAddress;

constexpr const char *inner = "snug0", *outer = "line";
constexpr const char* inner_address = "169.254.1.3";  // by which it asks, where it has no other
constexpr std::uint16_t domain_port = 53;
constexpr int backlog = 64;

unsigned bits_of(const NetAddress& address) { return address.family == AF_INET6 ? 128 : 32; }

Fd open_server(const std::string& address, int type) {
  SocketAddress place(address, domain_port);
  Fd socket(::socket(place.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::bind(socket.get(), place.get(), place.size()) != 0 || (type == SOCK_STREAM && ::listen(socket.get(), backlog) != 0)) return {};
  return socket;
}

bool is_ipv6(const NetAddress& address) { return address.family == AF_INET6; }

// In the new namespaces, where nothing is handed on. A machine without IPv6 has no such address either.
int make_inside(const std::vector<std::string>& addresses, std::vector<Fd>& opened) {
  static_cast<void>(sys::write_file(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", "0"));
  opened.emplace_back();
  if (const int error = sys::make_tun(outer, opened.front())) return error;
  if (const int error = sys::bring_up(outer)) return error;
  for (const std::string& text : addresses) {
    const NetAddress address = sys::read_address(text.c_str());
    const int error = sys::add_address(outer, address, bits_of(address));
    if (error && is_ipv6(address)) continue;
    if (error) return error;
    const int back = sys::add_route(outer, NetAddress{.family = address.family}, 0);
    if (back && back != EEXIST) return back;
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
      opened.push_back(open_server(text, type));
      if (!opened.back()) return errno;
    }
  }
  return 0;
}

[[noreturn]] void be_maker(int told, const std::vector<std::string>& addresses) {
  std::vector<Fd> opened;
  const int error = make_inside(addresses, opened);
  std::vector<int> numbers;
  for (const Fd& each : opened)
    if (!error) numbers.push_back(each.get());
  static_cast<void>(sys::send_message(told, {reinterpret_cast<const char*>(&error), sizeof error}, numbers));
  ::_exit(0);
}

}  // namespace

GateEnd make_gate_end(const std::vector<std::string>& addresses) {
  auto [here, there] = sys::make_socket_pair();
  const sys::Cloned maker = sys::clone_process(CLONE_NEWUSER | CLONE_NEWNET);
  if (maker.pid < 0) throw system_error("make the namespaces of the gate", errno);
  if (maker.pid == 0) be_maker(there.get(), addresses);
  there.reset();
  int error = 0;
  std::vector<Fd> opened;
  const bool told = sys::receive_message(here.get(), &error, sizeof error, opened) == static_cast<ssize_t>(sizeof error);
  while (::waitpid(maker.pid, nullptr, 0) < 0 && errno == EINTR) continue;
  if (!told || error || opened.empty()) throw system_error("make the gate's end of the line", told && error ? error : EPIPE);
  GateEnd end{.line = std::move(opened.front()), .udp = {}, .tcp = {}};
  for (std::size_t at = 1; at < opened.size(); ++at) (at % 2 == 1 ? end.udp : end.tcp).push_back(std::move(opened[at]));
  return end;
}

int lay_line(std::span<const NetAddress> servers, Fd& line) noexcept {
  Fd made;
  if (const int error = sys::make_tun(inner, made)) return error;
  // What the kernel would ask there of its own accord would wake the gate.
  if (std::none_of(servers.begin(), servers.end(), is_ipv6)) static_cast<void>(sys::write_file(AT_FDCWD, "/proc/sys/net/ipv6/conf/snug0/disable_ipv6", "1"));
  if (const int error = sys::add_address(inner, sys::read_address(inner_address), 32)) return error;
  if (const int error = sys::bring_up(inner)) return error;
  for (const NetAddress& server : servers) {
    const int error = sys::add_route(inner, server, bits_of(server));
    if (error && !is_ipv6(server)) return error;
  }
  line = std::move(made);
  return 0;
}

bool carry(int from, int to) noexcept {
  constexpr std::size_t longest = 65536;
  constexpr int most = 64;  // then it is somebody else's turn
  static std::array<char, longest> packet;
  for (int at = 0; at < most; ++at) {
    const ssize_t count = ::read(from, packet.data(), packet.size());
    if (count <= 0) return count < 0 && (errno == EAGAIN || errno == EINTR);
    static_cast<void>(::write(to, packet.data(), static_cast<std::size_t>(count)) < 0);  // what is lost is sent anew
  }
  return true;
}

}  // namespace snug::net
