#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "denial_log.hh"
#include "dns_server.hh"
#include "line.hh"
#include "neighbours.hh"
#include "openings.hh"
#include "snug/net/gate.hh"
#include "snug/sys/fd.hh"
#include "upstream.hh"

namespace snug::net {

/// Writes rules for the gatekeeper to read. Pure.
[[nodiscard]] std::string render_rules(std::span<const GateRule> rules);
[[nodiscard]] std::vector<GateRule> parse_rules(std::string_view text);

/// What it says to who has started it before it ends: that nobody asks, or that nobody can any more. Whatever else it says is an errno, or text.
inline constexpr int gone_to_sleep = -1, line_is_gone = -2;

/// What the process beside the container does. Its plain descriptors stay the caller's.
class Gatekeeper {
 public:
  struct Sockets {
    int control = -1, log = -1;
    int rules = -1, refused = -1;  ///< of the wall, where there is one
    int line = -1;                 ///< to the container
    sys::Fd keeper = {};
    GateEnd end = {};
  };
  Gatekeeper(const GateChoice& choice, Sockets sockets);

  /// Does it until the other end of `control` is closed, or, where there is no wall, until nobody has asked for a while.
  void work();

 private:
  [[nodiscard]] bool has_wall() const { return sockets_.rules >= 0; }
  void say(int word) const;
  void judge(const DnsServer::Question& question, const DnsServer::Reply& reply);
  void find(const DnsServer::Question& question, const DnsServer::Reply& reply);
  void hand_on(const DnsServer::Question& question, const DnsServer::Reply& reply);
  [[nodiscard]] bool let_out(const DnsServer::Question& question, const std::string& answer);
  [[nodiscard]] bool apply(const DoorChange& change) const;
  void read_refused();
  void note(Denial denial);
  [[nodiscard]] bool obey();
  [[nodiscard]] int change(std::vector<GateRule> rules);
  [[nodiscard]] int least_patience() const;

  std::vector<GateRule> rules_;
  Sockets sockets_;
  bool hands_on_;
  Upstream upstream_;
  Neighbours neighbours_;
  DnsServer server_;
  Openings openings_;
  DenialLog log_;
};

}  // namespace snug::net
