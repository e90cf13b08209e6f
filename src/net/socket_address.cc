#include "socket_address.hh"

#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "snug/sys/network.hh"

namespace snug::net {

SocketAddress::SocketAddress(const std::string& text, std::uint16_t port) {
  const std::size_t scope = std::min(text.find('%'), text.size());
  const sys::NetAddress address = sys::read_address(text.substr(0, scope).c_str());
  if (address.family == AF_INET) {
    sockaddr_in inet{};
    inet.sin_family = AF_INET;
    inet.sin_port = htons(port);
    std::memcpy(&inet.sin_addr, address.bytes.data(), sizeof inet.sin_addr);
    std::memcpy(&storage_, &inet, size_ = sizeof inet);
    return;
  }
  sockaddr_in6 inet{};
  inet.sin6_family = AF_INET6;
  inet.sin6_port = htons(port);
  std::memcpy(&inet.sin6_addr, address.bytes.data(), sizeof inet.sin6_addr);
  if (scope < text.size()) inet.sin6_scope_id = ::if_nametoindex(text.c_str() + scope + 1);
  std::memcpy(&storage_, &inet, size_ = sizeof inet);
}

// Both kinds of address have it in the same place.
std::uint16_t SocketAddress::port() const {
  sockaddr_in inet{};
  std::memcpy(&inet, &storage_, sizeof inet);
  return ntohs(inet.sin_port);
}

}  // namespace snug::net
