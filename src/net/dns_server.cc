#include "dns_server.hh"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "snug/sys/process.hh"
#include "socket_address.hh"

namespace snug::net {
namespace {

constexpr std::size_t most_connections = 64, most_datagrams = 32;
constexpr std::uint64_t nanoseconds = 1'000'000, patience_with_tcp = 20'000 * nanoseconds;

short direction(const std::string& unsent) { return unsent.empty() ? POLLIN : POLLOUT; }

}  // namespace

void DnsServer::want(sys::Waiting& waiting) const {
  for (const int socket : udp_) waiting.want(socket, POLLIN);
  for (const int socket : tcp_)
    if (connections_.size() < most_connections) waiting.want(socket, POLLIN);
  for (const auto& each : connections_)
    if (!each->waits) waiting.want(each->socket.get(), direction(each->unsent));
}

int DnsServer::patience() const {
  int least = -1;
  const std::uint64_t now = sys::monotonic_time();
  for (const auto& each : connections_) {
    const int own = each->deadline > now ? static_cast<int>((each->deadline - now) / nanoseconds + 1) : 0;
    if (least < 0 || own < least) least = own;
  }
  return least;
}

void DnsServer::answer(const sys::Waiting& waiting) {
  for (const auto& each : connections_)
    if (!each->waits && waiting.got(each->socket.get(), direction(each->unsent))) {
      converse(*each);
      if (each->socket) read_question(each);
    }
  const std::uint64_t now = sys::monotonic_time();
  connections_.remove_if([&](const auto& each) { return !each->socket || now >= each->deadline; });
  for (const int socket : udp_)
    if (waiting.got(socket, POLLIN)) receive(socket);
  for (const int socket : tcp_)
    if (waiting.got(socket, POLLIN)) admit(socket);
}

void DnsServer::receive(int socket) {
  std::array<char, 4096> message;
  for (std::size_t at = 0; at < most_datagrams; ++at) {  // then it is somebody else's turn
    SocketAddress from;
    const ssize_t count = ::recvfrom(socket, message.data(), message.size(), 0, from.get(), from.room());
    if (count < 0) return;
    const auto query = parse_dns_query({message.data(), static_cast<std::size_t>(count)});
    if (!query) continue;
    judge_({.query = *query, .tcp = false, .limit = query->size}, [socket, from](const std::string& reply) {
      if (!reply.empty()) static_cast<void>(::sendto(socket, reply.data(), reply.size(), MSG_NOSIGNAL, from.get(), from.size()));
    });
  }
}

void DnsServer::admit(int socket) {
  sys::Fd connection(::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (connection) connections_.push_back(std::make_shared<Connection>(Connection{.socket = std::move(connection), .deadline = sys::monotonic_time() + patience_with_tcp}));
}

void DnsServer::converse(Connection& connection) {
  if (!connection.unsent.empty()) {
    const ssize_t count = ::send(connection.socket.get(), connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (count > 0) connection.unsent.erase(0, static_cast<std::size_t>(count));
    else if (errno != EAGAIN && errno != EINTR) connection.socket.reset();
    return;
  }
  std::array<char, 4096> part;
  const ssize_t count = ::recv(connection.socket.get(), part.data(), part.size(), 0);
  if (count > 0) connection.come.append(part.data(), static_cast<std::size_t>(count));
  else if (count == 0 || (errno != EAGAIN && errno != EINTR)) connection.socket.reset();
}

// By TCP a message has its length in front.
void DnsServer::read_question(const std::shared_ptr<Connection>& connection) {
  std::string& come = connection->come;
  if (!connection->unsent.empty() || come.size() < 2) return;
  const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(come[0])) << 8U | static_cast<unsigned char>(come[1]);
  if (come.size() < length + 2) return;
  const auto query = parse_dns_query(std::string_view(come).substr(2, length));
  come.erase(0, length + 2);
  if (!query) return connection->socket.reset();
  connection->waits = true;
  connection->deadline = sys::monotonic_time() + patience_with_tcp;
  judge_({.query = *query, .tcp = true, .limit = dns_longest}, [weak = std::weak_ptr(connection)](const std::string& reply) {
    const auto there = weak.lock();
    if (!there) return;
    there->waits = false;
    if (reply.empty()) return there->socket.reset();
    there->unsent = std::string{static_cast<char>(reply.size() >> 8U), static_cast<char>(reply.size() & 0xffU)} + reply;
  });
}

}  // namespace snug::net
