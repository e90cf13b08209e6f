#include "socket_address.hh"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "snug/sys/network.hh"

namespace snug::net {

SocketAddress::SocketAddress(const std::string& text, std::uint16_t port) {
  const sys::NetAddress address = sys::read_address(text.c_str());
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
  std::memcpy(&storage_, &inet, size_ = sizeof inet);
}

std::string SocketAddress::address() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool ipv6 = family() == AF_INET6;
  const std::size_t from = ipv6 ? offsetof(sockaddr_in6, sin6_addr) : offsetof(sockaddr_in, sin_addr);
  ::inet_ntop(family(), reinterpret_cast<const char*>(&storage_) + from, text.data(), text.size());
  return text.data();
}

// Both kinds of address have it in the same place.
std::uint16_t SocketAddress::port() const {
  sockaddr_in inet{};
  std::memcpy(&inet, &storage_, sizeof inet);
  return ntohs(inet.sin_port);
}

}  // namespace snug::net
