#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace snug::net {

/// The address of a socket of IPv4 or IPv6.
class SocketAddress {
 public:
  SocketAddress() = default;
  /// Of IPv6 `address` may have a scope: "fe80::1%eth0".
  SocketAddress(const std::string& address, std::uint16_t port);

  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] std::uint16_t port() const;

  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const { return size_; }
  /// For calls that fill it in.
  [[nodiscard]] socklen_t* room() { return size_ = sizeof storage_, &size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace snug::net
