#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "denial_log.hh"
#include "dns_server.hh"
#include "openings.hh"
#include "snug/net/gate.hh"
#include "upstream.hh"

namespace snug::net {

/// Writes rules for the gatekeeper to read. Pure.
[[nodiscard]] std::string render_rules(std::span<const GateRule> rules);
[[nodiscard]] std::vector<GateRule> parse_rules(std::string_view text);

/// What the process beside the container does. Its descriptors stay the caller's.
class Gatekeeper {
 public:
  struct Sockets {
    int control = -1, rules = -1, refused = -1, log = -1;
    std::vector<int> udp, tcp;
  };
  Gatekeeper(std::vector<GateRule> rules, std::vector<std::string> upstream, Sockets sockets);

  /// Does it until the other end of `control` is closed.
  void work();

 private:
  void judge(const DnsServer::Question& question, const DnsServer::Reply& reply);
  [[nodiscard]] bool let_out(const DnsServer::Question& question, const std::string& answer);
  [[nodiscard]] bool apply(const DoorChange& change) const;
  void read_refused();
  void note(Denial denial);
  [[nodiscard]] bool obey();
  [[nodiscard]] int change(std::vector<GateRule> rules);
  [[nodiscard]] int patience() const;

  std::vector<GateRule> rules_;
  Sockets sockets_;
  Upstream upstream_;
  DnsServer server_;
  Openings openings_;
  DenialLog log_;
};

}  // namespace snug::net
