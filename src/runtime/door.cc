#include "door.hh"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "snug/base/error.hh"
#include "snug/sys/local_socket.hh"

namespace snug::runtime {
namespace {

constexpr int backlog = 64;

}  // namespace

Door::Door(int folder) : folder_(folder), socket_(sys::listen_in(folder, door_name, backlog, SOCK_NONBLOCK)) {
  if (!socket_) throw system_error("open the socket of the container", errno);
}

sys::Fd Door::admit() const {
  sys::Fd visitor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  ucred who{};
  socklen_t size = sizeof who;
  if (!visitor || ::getsockopt(visitor.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || who.uid != ::geteuid()) return {};
  return visitor;
}

void Door::close() {
  if (socket_) ::unlinkat(folder_, door_name, 0);
  socket_.reset();
}

sys::Fd knock(int folder) { return sys::connect_in(folder, door_name); }

}  // namespace snug::runtime
