#include "http_server.hh"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::test {
namespace {

constexpr char tls_handshake = 0x16;

bool readable(int fd, int stop) {
  pollfd polls[2]{{fd, POLLIN, 0}, {stop, POLLIN, 0}};
  return ::poll(polls, 2, -1) > 0 && polls[1].revents == 0;
}

bool receive(int fd, int stop, std::string& text) {
  char buffer[65536];
  const ssize_t count = readable(fd, stop) ? ::recv(fd, buffer, sizeof buffer, 0) : 0;
  if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
  return count > 0;
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string small(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; });
  return text;
}

Asked parse(const std::string& head) {
  Asked asked;
  const std::vector<std::string> all = split(head, '\n');
  const std::vector<std::string> words = split(all[0], ' ');
  asked.method = words[0];
  if (words.size() > 1) asked.target = words[1];
  for (std::size_t at = 1; at < all.size(); ++at)
    if (const std::size_t colon = all[at].find(':'); colon != std::string::npos)
      asked.headers[small(all[at].substr(0, colon))] = trimmed(std::string_view(all[at]).substr(colon + 1));
  return asked;
}

}  // namespace

Reply reply(int status, const std::vector<std::string>& headers, const std::string& body) {
  std::string text = format("HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n", status, body.size());
  for (const std::string& header : headers) text += header + "\r\n";
  return {text + "\r\n" + body};
}

HttpServer::HttpServer(std::function<Reply(const Asked&)> handler) : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_.get(), 64) != 0)
    throw std::runtime_error("cannot listen on the loopback interface");
  sys::FdPair pipe = sys::make_pipe();
  stop_ = std::move(pipe.first);
  stopper_ = std::move(pipe.second);
  acceptor_ = std::jthread([this] {
    while (readable(listener_.get(), stop_.get()))
      if (const int connection = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC); connection >= 0)
        connections_.emplace_back([this, connection] { serve(connection); });
  });
}

HttpServer::~HttpServer() {
  stopper_.reset();  // the other end is readable from now on
  acceptor_.join();
}

std::string HttpServer::host() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return format("127.0.0.1:{}", ::ntohs(address.sin_port));
}

std::vector<Asked> HttpServer::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::size_t HttpServer::count(const std::string& end) const {
  const std::vector<Asked> all = asked();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Asked& one) { return one.target.ends_with(end); }));
}

void HttpServer::serve(int connection) {
  const sys::Fd fd(connection);
  std::string text;
  while (text.find("\r\n\r\n") == std::string::npos)
    if (!receive(connection, stop_.get(), text) || text[0] == tls_handshake) return;
  const std::size_t end = text.find("\r\n\r\n");
  Asked asked = parse(text.substr(0, end));
  asked.body = text.substr(end + 4);
  const std::size_t length = parse_number(asked.headers["content-length"]).value_or(0);
  while (asked.body.size() < length && receive(connection, stop_.get(), asked.body)) continue;
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(asked);
  }
  const Reply reply = handler_(asked);
  const std::size_t head = reply.bytes.find("\r\n\r\n") + 4;
  bool alive = send_all(connection, asked.method == "HEAD" ? reply.bytes.substr(0, head) : reply.bytes);
  while (alive && reply.then == Reply::Then::repeat) alive = send_all(connection, reply.bytes.substr(head));
  if (reply.then == Reply::Then::stall) static_cast<void>(receive(connection, stop_.get(), text));
}

}  // namespace snug::test
