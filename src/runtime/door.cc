#include "door.hh"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::runtime {
namespace {

constexpr int backlog = 64;

// The path of a container's folder may be longer than the address of a socket.
sockaddr_un address_in(int folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = format("/proc/self/fd/{}/{}", folder, door_name);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

sys::Fd make_socket(int more) { return sys::Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | more, 0)); }

}  // namespace

Door::Door(int folder) : folder_(folder), socket_(make_socket(SOCK_NONBLOCK)) {
  const sockaddr_un address = address_in(folder);
  ::unlinkat(folder, door_name, 0);
  // Nobody else may come in, not even for the moment between.
  const mode_t before = ::umask(0177);
  const bool bound = ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  ::umask(before);
  if (!bound || ::listen(socket_.get(), backlog) != 0) throw system_error("open the socket of the container", bound ? errno : error);
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

sys::Fd knock(int folder) {
  sys::Fd socket = make_socket(0);
  const sockaddr_un address = address_in(folder);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? std::move(socket) : sys::Fd();
}

}  // namespace snug::runtime
