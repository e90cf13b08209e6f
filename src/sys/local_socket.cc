#include "snug/sys/local_socket.hh"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "snug/base/text.hh"

namespace snug::sys {
namespace {

// The path of the folder may be longer than the address of a socket.
sockaddr_un address_in(int folder, const char* name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = format("/proc/self/fd/{}/{}", folder, name);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

Fd make_socket(int more) { return Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | more, 0)); }

Fd failed(int error) {
  errno = error;
  return {};
}

}  // namespace

Fd listen_in(int folder, const char* name, int backlog, int more) {
  Fd socket = make_socket(more);
  const sockaddr_un address = address_in(folder, name);
  ::unlinkat(folder, name, 0);
  // Nobody else may come in, not even for the moment between.
  const mode_t before = ::umask(0177);
  const bool bound = socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  ::umask(before);
  if (!bound) return failed(error);
  return ::listen(socket.get(), backlog) == 0 ? std::move(socket) : failed(errno);
}

Fd connect_in(int folder, const char* name) {
  Fd socket = make_socket(0);
  const sockaddr_un address = address_in(folder, name);
  const bool connected = socket && ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  return connected ? std::move(socket) : failed(errno);
}

}  // namespace snug::sys
