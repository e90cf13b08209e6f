#include "uplink.hh"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bit>
#include <cstring>

#include "parse.hh"
#include "snug/base/text.hh"
#include "snug/probe/host.hh"
#include "snug/sys/file.hh"
#include "snug/sys/routes.hh"

namespace snug::probe {
namespace {

constexpr std::size_t limit = std::size_t{16} << 20U;

// The first address of an interface and its mask, which the kernel has set for it.
std::optional<in_addr> find_inet(int socket, unsigned long what, const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_addr.sa_family = AF_INET;
  if (::ioctl(socket, what, &request) != 0) return {};
  sockaddr_in inet{};
  std::memcpy(&inet, &request.ifr_addr, sizeof inet);
  return inet.sin_addr;
}

// A stranger's interface may go while we look: the second question takes what there is by then.
std::vector<std::string> own_inet(int socket) {
  ifconf list{};
  if (::ioctl(socket, SIOCGIFCONF, &list) != 0 || list.ifc_len <= 0) return {};
  std::vector<ifreq> requests(static_cast<std::size_t>(list.ifc_len) / sizeof(ifreq));
  list.ifc_req = requests.data();
  if (::ioctl(socket, SIOCGIFCONF, &list) != 0) return {};
  requests.resize(static_cast<std::size_t>(list.ifc_len) / sizeof(ifreq));
  std::vector<std::string> own;
  for (const ifreq& request : requests) {
    sockaddr_in inet{};
    std::memcpy(&inet, &request.ifr_addr, sizeof inet);
    // Others may be on that interface, too: of services, for example.
    if (ntohl(inet.sin_addr.s_addr) >> 24U != IN_LOOPBACKNET) own.push_back(render_inet4(inet.sin_addr.s_addr));
  }
  return own;
}

}  // namespace

std::optional<plan::Uplink> find_uplink4() {
  const auto text = sys::find_file_text("/proc/net/route", limit);
  const auto route = text ? parse_route4(*text) : std::nullopt;
  const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!route || !socket) return {};
  const auto address = find_inet(socket.get(), SIOCGIFADDR, route->interface), mask = find_inet(socket.get(), SIOCGIFNETMASK, route->interface);
  if (!address || !mask) return {};
  return plan::Uplink{render_inet4(address->s_addr), static_cast<unsigned>(std::popcount(mask->s_addr)), route->gateway, own_inet(socket.get())};
}

std::optional<plan::Uplink> find_uplink6() {
  const auto routes = sys::find_file_text("/proc/net/ipv6_route", limit), addresses = sys::find_file_text("/proc/net/if_inet6", limit);
  const auto route = routes ? parse_route6(*routes) : std::nullopt;
  if (!route || !addresses) return {};
  auto uplink = parse_inet6(*addresses, route->interface);
  if (!uplink) return {};
  uplink->gateway = route->gateway;
  uplink->own = parse_own_inet6(*addresses);
  return uplink;
}

std::vector<RoutedSubnet> routed_subnets() {
  constexpr unsigned parted = 3;  // "0.0.0.0/1 and 128.0.0.0/1" are the default route of a VPN, and 2000::/3 one of IPv6
  std::vector<RoutedSubnet> routed;
  for (const sys::Route& each : sys::list_routes()) {
    const bool ipv6 = each.network.family == AF_INET6;
    if (each.prefix > parted && (ipv6 || each.network.family == AF_INET)) routed.push_back({{.address = each.network.bytes, .prefix = each.prefix, .ipv6 = ipv6}, each.direct});
  }
  return routed;
}

}  // namespace snug::probe
