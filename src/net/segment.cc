// What is done inside of namespaces is done by processes that enter them for that moment. Only the pair of interfaces between two
// namespaces is made from here: the caller owns both, and nobody who stands in one of them has a right in the other.

#include "segment.hh"

#include <linux/netlink.h>
#include <net/if.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <span>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/network.hh"
#include "snug/sys/process.hh"

namespace snug::net {
namespace {

using sys::Fd;

constexpr const char* bridge_name = "bridge";
constexpr std::array<std::uint8_t, 6> bridge_hardware{0x02, 's', 'n', 'u', 'g', 3};

void set(const std::string& name, std::string_view value) noexcept {
  static_cast<void>(sys::write_file(AT_FDCWD, ("/proc/sys/net/" + name).c_str(), value));
}

// Nothing is handed on between networks, and nobody on one of them tells where others are to be reached.
void close_ways(const std::string& interface) {
  set("ipv4/ip_forward", "0");
  set("ipv6/conf/all/forwarding", "0");
  for (const char* setting : {"accept_ra", "autoconf", "dad_transmits", "router_solicitations", "accept_redirects"}) set(format("ipv6/conf/{}/{}", interface, setting), "0");
  set("ipv4/conf/all/accept_redirects", "0");
  set(format("ipv4/conf/{}/accept_redirects", interface), "0");
  // It answers for its own address alone, and takes nothing from who cannot be there.
  set(format("ipv4/conf/{}/arp_ignore", interface), "1");
  set(format("ipv4/conf/{}/rp_filter", interface), "1");
}

// A machine that has no IPv6 at all goes without.
bool can_have(const std::string& address) { return !address.empty() && (address.find(':') == std::string::npos || ::access("/proc/sys/net/ipv6", F_OK) == 0); }

int add_address(const char* interface, const std::string& text) {
  const InterfaceAddress address = parse_interface_address(text);
  return sys::add_address(interface, sys::read_address(address.address.c_str()), address.prefix);
}

/// What the maker of a segment tells; with it comes a descriptor that acts there.
struct Made {
  int error = 0;
  unsigned bridge = 0;
};

// In the new namespaces. The bridge has no address: nobody who listens is there.
int make_inside(Made& made, Fd& route) {
  set("ipv6/conf/default/disable_ipv6", "1");
  set("ipv4/ip_forward", "0");
  if (const int error = sys::make_bridge(bridge_name, bridge_hardware)) return error;
  if (const int error = sys::bring_up(bridge_name)) return error;
  made.bridge = ::if_nametoindex(bridge_name);
  route = sys::open_route_socket();
  return route ? 0 : errno;
}

[[noreturn]] void be_maker(int told) {
  Made made;
  Fd route;
  made.error = make_inside(made, route);
  const int number = route.get();
  static_cast<void>(sys::send_message(told, {reinterpret_cast<const char*>(&made), sizeof made}, std::span(&number, made.error ? 0 : 1)));
  ::_exit(0);
}

int configure(const Membership& membership) {
  const char* interface = membership.interface.c_str();
  close_ways(membership.interface);
  for (const std::string& address : {membership.address4, membership.address6})
    if (can_have(address))
      if (const int error = add_address(interface, address)) return error;
  return sys::bring_up(interface);
}

void go_in(int user, int net) {
  if (const int error = sys::leave_streams()) ::_exit(error);
  if (const int error = sys::close_all_but({user, net})) ::_exit(error);
  if ((user >= 0 && ::setns(user, CLONE_NEWUSER) != 0) || ::setns(net, CLONE_NEWNET) != 0) ::_exit(errno);
}

// Gives an errno as its exit code.
[[noreturn]] void be_fitter(const Membership& membership, int user, int net) {
  go_in(user, net);
  sys::leave(configure(membership));
}

// The same.
[[noreturn]] void be_remover(const Membership& membership, int user, int net) {
  go_in(user, net);
  const Fd route(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sys::leave(route ? sys::remove_link(route.get(), membership.interface.c_str()) : errno);
}

int wait_for(const Fd& process) {
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(process.get()), &info, WEXITED) != 0) return errno;
  return info.si_code == CLD_EXITED ? info.si_status : EINTR;
}

std::array<std::uint8_t, 6> parse_hardware(const std::string& text) {
  std::array<std::uint8_t, 6> bytes{};
  const std::vector<std::string> words = split(text, ':');
  for (std::size_t at = 0; at < bytes.size() && at < words.size(); ++at) std::from_chars(words[at].data(), words[at].data() + words[at].size(), bytes[at], 16);
  return bytes;
}

}  // namespace

InterfaceAddress parse_interface_address(const std::string& text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  return {text.substr(0, slash), static_cast<unsigned>(slash < text.size() ? parse_number(text.substr(slash + 1)).value_or(0) : 0)};
}

Segment::Segment() {
  auto [here, there] = sys::make_socket_pair();
  auto [pid, process] = sys::clone_process(CLONE_NEWUSER | CLONE_NEWNET);
  if (pid < 0) throw system_error("make the namespaces of the network", errno);
  if (pid == 0) be_maker(there.get());
  there.reset();
  Made made;
  std::vector<Fd> route;
  const bool told = sys::receive_message(here.get(), &made, sizeof made, route) == static_cast<ssize_t>(sizeof made);
  static_cast<void>(wait_for(process));
  if (!told || made.error) throw system_error("make the bridge of the network", told ? made.error : EPIPE, made.error == EOPNOTSUPP ? "this kernel has no bridges: modprobe bridge" : "");
  if (route.empty()) throw Error("cannot make the network: too many descriptors are open");
  bridge_ = made.bridge;
  route_ = std::move(route.front());
}

int Segment::plug(const Membership& membership, const std::string& port, int user, int net, std::string& what) const {
  const auto make = [&] {
    return sys::make_veth(route_.get(), {.port = port.c_str(), .bridge = bridge_, .peer = membership.interface.c_str(), .net = net, .hardware = parse_hardware(membership.hardware)});
  };
  what = format("make the interface {}", membership.interface);
  int made = make();
  if (made == EEXIST) {
    // It led to a keeper that was killed, whose namespaces the kernel takes its time to clear away.
    auto [pid, process] = sys::clone_process(0);
    if (pid == 0) be_remover(membership, user, net);
    if (pid > 0) static_cast<void>(wait_for(process));
    made = make();
  }
  if (made) return made;
  what = format("give the interface {} its addresses", membership.interface);
  auto [pid, process] = sys::clone_process(0);
  if (pid == 0) be_fitter(membership, user, net);
  const int error = pid < 0 ? errno : wait_for(process);
  if (error) unplug(port);
  return error;
}

void Segment::unplug(const std::string& port) const { static_cast<void>(sys::remove_link(route_.get(), port.c_str())); }

}  // namespace snug::net
