#include "snug/sys/network.hh"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace snug::sys {
namespace {

int result_of(long value) noexcept { return value < 0 ? errno : 0; }

ifreq request_for(const char* name) noexcept {
  ifreq request{};
  std::memcpy(request.ifr_name, name, std::min(std::strlen(name), sizeof request.ifr_name - 1));
  return request;
}

// Lets through what somebody wants out, and nothing of what the kernel tells of itself when an interface of IPv6 comes up, so that nobody
// is woken by it: reports of groups (in a hop-by-hop header), and the search for routers. Offsets of an Ethernet frame.
const std::array<sock_filter, 11> quiet_filter{{
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),                    // the protocol
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 7),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 38),                    // to a group?
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xff, 0, 5),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),                    // the next header
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_HOPOPTS, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 2),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),                    // the type of an ICMP message
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 133, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    BPF_STMT(BPF_RET | BPF_K, 0),
}};

Fd open_socket() noexcept { return Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

/// A message of rtnetlink(7): a header, the body of its kind, and attributes.
template <typename Body>
class Message {
 public:
  Message(std::uint16_t type, const Body& body) noexcept {
    header_.nlmsg_type = type;
    header_.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    if (type != RTM_DELLINK) header_.nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
    put(&body, sizeof body);
  }

  void add(std::uint16_t type, std::string_view value) noexcept {
    rtattr attribute{};
    attribute.rta_type = type;
    attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size()));
    put(&attribute, sizeof attribute);
    put(value.data(), value.size());
  }

  void add(std::uint16_t type, std::uint32_t value) noexcept { add(type, {reinterpret_cast<const char*>(&value), sizeof value}); }

  // Adds an attribute of which those are parts that are added before end().
  std::size_t begin(std::uint16_t type) noexcept {
    const std::size_t start = size_;
    add(type, std::string_view());
    return start;
  }

  void end(std::size_t start) noexcept {
    const auto length = static_cast<std::uint16_t>(size_ - start);
    std::memcpy(bytes_.data() + start, &length, sizeof length);  // rta_len is its first member
  }

  void put(const void* data, std::size_t size) noexcept {
    if (size_ + size > bytes_.size()) return;
    if (size > 0) std::memcpy(bytes_.data() + size_, data, size);
    size_ = std::min(bytes_.size(), (size_ + size + 3U) & ~std::size_t{3});
  }

  // Sends it and waits for the kernel's answer.
  int send() noexcept {
    const Fd socket = open_route_socket();
    return socket ? send(socket.get()) : errno;
  }

  // The same through a socket of any namespace. With the destination named, the kernel asks for the rights of who sends now, and not also for
  // those of who opened the socket.
  int send(int socket) noexcept {
    header_.nlmsg_len = static_cast<std::uint32_t>(size_);
    std::memcpy(bytes_.data(), &header_, sizeof header_);
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (::sendto(socket, bytes_.data(), size_, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) return errno;
    struct {
      nlmsghdr header;
      nlmsgerr answer;
      std::array<char, 256> more;  // it repeats the question
    } reply{};
    if (::recv(socket, &reply, sizeof reply, 0) < 0) return errno;
    return reply.header.nlmsg_type == NLMSG_ERROR ? -reply.answer.error : EPROTO;
  }

 private:

  nlmsghdr header_{};
  std::array<char, 256> bytes_{};
  std::size_t size_ = NLMSG_HDRLEN;
};

struct RouteKind {
  std::uint8_t table, scope, type;
};

int add_route_of(const RouteKind& kind, const char* name, const NetAddress& network, unsigned prefix, unsigned metric) noexcept {
  rtmsg body{};
  body.rtm_family = static_cast<std::uint8_t>(network.family);
  body.rtm_dst_len = static_cast<std::uint8_t>(prefix);
  body.rtm_table = kind.table;
  body.rtm_protocol = RTPROT_BOOT;
  body.rtm_scope = kind.scope;
  body.rtm_type = kind.type;
  Message message(RTM_NEWROUTE, body);
  message.add(RTA_DST, network.view());
  message.add(RTA_OIF, ::if_nametoindex(name));
  message.add(RTA_PRIORITY, metric);
  return message.send();
}

}  // namespace

std::string_view NetAddress::view() const noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), family == AF_INET ? std::size_t{4} : std::size_t{16}};
}

NetAddress read_address(const char* text) noexcept {
  NetAddress address;
  for (const int family : {AF_INET, AF_INET6})
    if (::inet_pton(family, text, address.bytes.data()) == 1) address.family = family;
  return address;
}

int make_tap(const char* name, Fd& tap) noexcept {
  Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return errno;
  ifreq request = request_for(name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  sock_fprog filter{static_cast<unsigned short>(quiet_filter.size()), const_cast<sock_filter*>(quiet_filter.data())};
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0 || ::ioctl(fd.get(), TUNSETPERSIST, 1) != 0 || ::ioctl(fd.get(), TUNATTACHFILTER, &filter) != 0) return errno;
  tap = std::move(fd);
  return 0;
}

int make_tun(const char* name, Fd& tun) noexcept {
  Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return errno;
  ifreq request = request_for(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  // Who closes the descriptor of one that goes with it waits for the kernel, some 25 ms; the namespace's end nobody waits for.
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0 || ::ioctl(fd.get(), TUNSETPERSIST, 1) != 0) return errno;
  tun = std::move(fd);
  return 0;
}

void release_tap(Fd& tap) noexcept {
  sock_fprog none{};
  if (tap) ::ioctl(tap.get(), TUNDETACHFILTER, &none);
  tap.reset();
}

int set_link(const char* name, const std::array<std::uint8_t, 6>& hardware, unsigned mtu) noexcept {
  const Fd socket = open_socket();
  if (!socket) return errno;
  ifreq request = request_for(name);
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(request.ifr_hwaddr.sa_data, hardware.data(), hardware.size());
  if (::ioctl(socket.get(), SIOCSIFHWADDR, &request) != 0) return errno;
  request = request_for(name);
  request.ifr_mtu = static_cast<int>(mtu);
  return result_of(::ioctl(socket.get(), SIOCSIFMTU, &request));
}

int bring_up(const char* name) noexcept {
  const Fd socket = open_socket();
  if (!socket) return errno;
  ifreq request = request_for(name);
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return errno;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return result_of(::ioctl(socket.get(), SIOCSIFFLAGS, &request));
}

int add_address(const char* name, const NetAddress& address, unsigned prefix) noexcept {
  ifaddrmsg body{};
  body.ifa_family = static_cast<std::uint8_t>(address.family);
  body.ifa_prefixlen = static_cast<std::uint8_t>(prefix);
  body.ifa_index = ::if_nametoindex(name);
  Message message(RTM_NEWADDR, body);
  message.add(IFA_LOCAL, address.view());
  message.add(IFA_ADDRESS, address.view());
  if (address.family == AF_INET6) message.add(IFA_FLAGS, std::uint32_t{IFA_F_NODAD});
  return message.send();
}

int add_default_route(const char* name, const NetAddress& gateway) noexcept {
  rtmsg body{};
  body.rtm_family = static_cast<std::uint8_t>(gateway.family);
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_BOOT;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  body.rtm_type = RTN_UNICAST;
  body.rtm_flags = RTNH_F_ONLINK;
  Message message(RTM_NEWROUTE, body);
  message.add(RTA_OIF, ::if_nametoindex(name));
  message.add(RTA_GATEWAY, gateway.view());
  return message.send();
}

int add_local_route(const char* name, const NetAddress& network, unsigned prefix) noexcept {
  constexpr std::uint32_t after_the_loopbacks_own = 1;
  return add_route_of({RT_TABLE_LOCAL, RT_SCOPE_HOST, RTN_LOCAL}, name, network, prefix, after_the_loopbacks_own);
}

int add_route(const char* name, const NetAddress& network, unsigned prefix) noexcept {
  return add_route_of({RT_TABLE_MAIN, RT_SCOPE_LINK, RTN_UNICAST}, name, network, prefix, 0);
}

Fd open_route_socket() noexcept { return Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)); }

Fd watch_routes() noexcept {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0) return {};
  return socket;
}

bool has_told_of_default_route(int socket) noexcept {
  alignas(nlmsghdr) std::array<char, 4096> told;  // each time one message
  bool found = false;
  for (;;) {
    const ssize_t count = ::recv(socket, told.data(), told.size(), 0);
    if (count < 0 && errno == ENOBUFS) found = true;
    else if (count < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(rtmsg)))) return found;
    nlmsghdr header{};
    rtmsg route{};
    std::memcpy(&header, told.data(), sizeof header);
    std::memcpy(&route, told.data() + NLMSG_HDRLEN, sizeof route);
    found |= header.nlmsg_type == RTM_NEWROUTE && route.rtm_dst_len == 0 && route.rtm_table == RT_TABLE_MAIN && route.rtm_type == RTN_UNICAST;
  }
}

int make_bridge(const char* name, const std::array<std::uint8_t, 6>& hardware) noexcept {
  Message message(RTM_NEWLINK, ifinfomsg{});
  message.add(IFLA_IFNAME, {name, std::strlen(name) + 1});
  message.add(IFLA_ADDRESS, {reinterpret_cast<const char*>(hardware.data()), hardware.size()});
  const std::size_t info = message.begin(IFLA_LINKINFO);
  message.add(IFLA_INFO_KIND, "bridge");
  const std::size_t data = message.begin(IFLA_INFO_DATA);
  const char off = 0;
  message.add(IFLA_BR_MCAST_SNOOPING, {&off, 1});
  message.end(data);
  message.end(info);
  return message.send();
}

int make_veth(int socket, const VethPair& pair) noexcept {
  ifinfomsg body{};
  body.ifi_flags = body.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, body);
  message.add(IFLA_IFNAME, {pair.port, std::strlen(pair.port) + 1});
  message.add(IFLA_MASTER, pair.bridge);
  const std::size_t info = message.begin(IFLA_LINKINFO);
  message.add(IFLA_INFO_KIND, "veth");
  const std::size_t data = message.begin(IFLA_INFO_DATA), peer = message.begin(VETH_INFO_PEER);
  const ifinfomsg there{};
  message.put(&there, sizeof there);
  message.add(IFLA_IFNAME, {pair.peer, std::strlen(pair.peer) + 1});
  message.add(IFLA_ADDRESS, {reinterpret_cast<const char*>(pair.hardware.data()), pair.hardware.size()});
  message.add(IFLA_NET_NS_FD, static_cast<std::uint32_t>(pair.net));
  for (const std::size_t start : {peer, data, info}) message.end(start);
  return message.send(socket);
}

int remove_link(int socket, const char* name) noexcept {
  Message message(RTM_DELLINK, ifinfomsg{});
  message.add(IFLA_IFNAME, {name, std::strlen(name) + 1});
  return message.send(socket);
}

bool has_interface(const char* name) noexcept { return ::if_nametoindex(name) != 0; }

bool has_carrier(const char* name) noexcept {
  const Fd socket = open_socket();
  if (!socket) return false;
  ethtool_value value{};
  value.cmd = ETHTOOL_GLINK;
  ifreq request = request_for(name);
  request.ifr_data = reinterpret_cast<char*>(&value);
  return ::ioctl(socket.get(), SIOCETHTOOL, &request) == 0 && value.data != 0;
}

}  // namespace snug::sys
