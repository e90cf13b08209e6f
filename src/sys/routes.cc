#include "snug/sys/routes.hh"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>
#include <string_view>

namespace snug::sys {
namespace {

using Bytes = std::string_view;  // of a message of netlink(7), or of an attribute of one

// Takes a T from the beginning; false where there is none.
template <typename T>
bool read(Bytes bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  return true;
}

// Cuts the next piece off, whose length it tells itself, `begin` bytes of that being its head.
template <typename Head, typename Length>
std::optional<Bytes> take(Bytes& rest, Head& head, Length Head::*length, std::size_t begin) {
  if (!read(rest, head) || head.*length < begin || head.*length > rest.size()) return {};
  const Bytes body = rest.substr(begin, head.*length - begin);
  rest.remove_prefix(std::min<std::size_t>(rest.size(), (head.*length + 3U) & ~std::size_t{3}));
  return body;
}

// One that leads to others by a network of theirs.
std::optional<Route> parse_route(Bytes body) {
  rtmsg message{};
  if (!read(body, message) || message.rtm_type != RTN_UNICAST || (message.rtm_flags & RTM_F_CLONED) != 0 || message.rtm_dst_len == 0) return {};
  Route route{.network = {.family = message.rtm_family}, .prefix = message.rtm_dst_len, .direct = true};
  Bytes rest = body.substr(NLMSG_ALIGN(sizeof message));
  rtattr head{};
  while (const auto value = take(rest, head, &rtattr::rta_len, RTA_LENGTH(0))) {
    if (head.rta_type == RTA_DST) value->copy(reinterpret_cast<char*>(route.network.bytes.data()), route.network.bytes.size());
    if (head.rta_type == RTA_GATEWAY || head.rta_type == RTA_VIA || head.rta_type == RTA_MULTIPATH) route.direct = false;
  }
  return route;
}

// Whether more of them come.
bool read_routes(int socket, std::vector<Route>& routes) {
  std::array<char, 32768> told;
  const ssize_t size = ::recv(socket, told.data(), told.size(), 0);
  if (size <= 0) return false;
  Bytes rest(told.data(), static_cast<std::size_t>(size));
  nlmsghdr head{};
  while (const auto body = take(rest, head, &nlmsghdr::nlmsg_len, NLMSG_HDRLEN)) {
    if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR) return false;
    if (auto route = parse_route(*body)) routes.push_back(*route);
  }
  return true;
}

}  // namespace

std::vector<Route> list_routes() {
  std::vector<Route> routes;
  for (const int family : {AF_INET, AF_INET6}) {
    const Fd socket = open_route_socket();
    struct {
      nlmsghdr head;
      rtmsg body;
    } question{};
    question.head = {.nlmsg_len = sizeof question, .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1, .nlmsg_pid = 0};
    question.body.rtm_family = static_cast<unsigned char>(family);
    if (!socket || ::send(socket.get(), &question, sizeof question, 0) < 0) continue;
    while (read_routes(socket.get(), routes)) continue;
  }
  return routes;
}

}  // namespace snug::sys
