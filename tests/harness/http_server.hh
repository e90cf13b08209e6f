#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::test {

/// What somebody asked of a server.
struct Asked {
  std::string method, target;
  std::map<std::string, std::string> headers = {};  ///< names in small letters
  std::string body = {};
};

/// What a server says, and how it goes on after that.
struct Reply {
  std::string bytes = {};  ///< status line, headers and body
  enum class Then { close, stall, repeat } then = Then::close;  ///< repeat: the body without end
};

/// Gives a whole answer; headers are lines "Name: value". Content-Length is added.
[[nodiscard]] Reply reply(int status, const std::vector<std::string>& headers = {}, const std::string& body = {});

/// A small HTTP server on the loopback interface, one connection a request, that says whatever a test wants. To TLS it only hangs up.
class HttpServer {
 public:
  explicit HttpServer(std::function<Reply(const Asked&)> handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Gives "127.0.0.1:PORT".
  [[nodiscard]] std::string host() const;
  [[nodiscard]] std::string url() const { return "http://" + host(); }
  [[nodiscard]] std::vector<Asked> asked() const;
  /// Counts the requests whose target ends so.
  [[nodiscard]] std::size_t count(const std::string& end) const;

 private:
  void serve(int connection);

  std::function<Reply(const Asked&)> handler_;
  sys::Fd listener_, stop_, stopper_;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  std::vector<std::jthread> connections_;
  std::jthread acceptor_;
};

}  // namespace snug::test
