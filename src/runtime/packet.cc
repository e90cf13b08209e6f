#include "packet.hh"

#include <sys/socket.h>

#include <cerrno>

namespace snug::runtime {

// Who closes a socket and has not read all of it leaves an error there, once, in front of what was sent before.
ssize_t receive_packet(int socket, void* buffer, std::size_t size, int flags) noexcept {
  const ssize_t count = ::recv(socket, buffer, size, flags);
  return count < 0 && errno == ECONNRESET ? ::recv(socket, buffer, size, flags) : count;
}

bool Packet::receive(int socket) {
  const ssize_t count = receive_packet(socket, bytes_.data(), bytes_.size(), MSG_DONTWAIT);
  if (count > 0) return size_ = static_cast<std::size_t>(count), true;
  ended_ = count == 0 || (errno != EAGAIN && errno != EINTR);
  return false;
}

}  // namespace snug::runtime
