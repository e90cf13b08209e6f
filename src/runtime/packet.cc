#include "packet.hh"

#include <sys/socket.h>

#include <cerrno>

namespace snug::runtime {

bool Packet::receive(int socket) {
  const ssize_t count = ::recv(socket, bytes_.data(), bytes_.size(), MSG_DONTWAIT);
  if (count > 0) return size_ = static_cast<std::size_t>(count), true;
  ended_ = count == 0 || (errno != EAGAIN && errno != EINTR);
  return false;
}

}  // namespace snug::runtime
