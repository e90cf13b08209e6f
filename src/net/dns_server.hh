#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "snug/net/dns.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/waiting.hh"

namespace snug::net {

/// Takes questions for names at sockets of UDP and TCP, and gives the answers back. What to answer somebody else knows.
class DnsServer {
 public:
  /// Gets the answer, now or later: a message; "" where there is none.
  using Reply = std::function<void(const std::string& message)>;
  struct Question {
    DnsQuery query;
    bool tcp = false;
    std::size_t limit = 0;  ///< how long an answer may be
  };
  using Judge = std::function<void(const Question& question, const Reply& reply)>;

  explicit DnsServer(Judge judge) : judge_(std::move(judge)) {}

  /// Serves at a socket, which stays the caller's.
  void open(int socket, bool tcp) { (tcp ? tcp_ : udp_).push_back(socket); }

  void want(sys::Waiting& waiting) const;
  void answer(const sys::Waiting& waiting);
  /// How many milliseconds it may be until answer() has to be called again; -1: as long as it takes.
  [[nodiscard]] int patience() const;

 private:
  /// Somebody who asks by TCP: one question after the other.
  struct Connection {
    sys::Fd socket;
    std::uint64_t deadline = 0;
    std::string come = {}, unsent = {};
    bool waits = false;  ///< for an answer
  };

  void receive(int socket);
  void admit(int socket);
  static void converse(Connection& connection);
  void read_question(const std::shared_ptr<Connection>& connection);

  Judge judge_;
  std::vector<int> udp_, tcp_;
  std::list<std::shared_ptr<Connection>> connections_;
};

}  // namespace snug::net
