#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dns_server.hh"
#include "names.hh"
#include "segment.hh"
#include "snug/sys/waiting.hh"
#include "upstream.hh"

namespace snug::net {

/// Answers questions for names that come to the keeper's sockets, in a network: who is in one of the asker's networks is known; whatever else is
/// asked for is handed on to this machine's name servers, or to nobody.
class NameServer {
 public:
  /// What somebody who asks in `network` from `address` may know.
  struct View {
    std::vector<const Membership*> visible;
    bool handed_on = false;
  };
  using Look = std::function<View(const std::string& network, const std::string& address)>;

  explicit NameServer(Look look);

  /// Serves a network, whose sockets stay the caller's, until it is closed.
  void open(const std::string& network, const Segment& segment);
  void close(const std::string& network);

  void want(sys::Waiting& waiting) const { server_.want(waiting), upstream_.want(waiting); }
  void answer(const sys::Waiting& waiting) { upstream_.answer(waiting), server_.answer(waiting); }
  [[nodiscard]] int patience() const;

 private:
  void judge(int socket, const DnsServer::Question& question, const DnsServer::Reply& reply);

  Look look_;
  std::map<int, std::string> networks_;  ///< by their sockets
  Upstream upstream_;
  DnsServer server_;
};

}  // namespace snug::net
