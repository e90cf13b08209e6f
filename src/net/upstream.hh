#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "snug/net/dns.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/waiting.hh"

namespace snug::net {

/// Asks name servers from the network that this process is in, one after the other: where none are given, those of /etc/resolv.conf as it is
/// at that moment. Each question has a socket and a number of its own, so that nobody who sees neither can answer it.
class Upstream {
 public:
  /// Gets the answer, a message; "" where nobody gave one.
  using Take = std::function<void(const std::string& answer)>;

  Upstream() = default;
  explicit Upstream(std::vector<std::string> servers) : servers_(std::move(servers)) {}

  /// Asks by UDP, or by TCP, which has room for long answers. More than a bound at once get no answer.
  void ask(const DnsQuery& query, bool tcp, Take take);

  void want(sys::Waiting& waiting) const;
  /// Takes what has come, and asks the next one where it was too long.
  void answer(const sys::Waiting& waiting);
  /// How many milliseconds it may be until answer() has to be called again; -1: as long as it takes.
  [[nodiscard]] int patience() const;

 private:
  struct Question {
    DnsQuery query;
    bool tcp = false;
    Take take;
    sys::Fd socket = {};
    std::uint16_t id = 0;
    std::string unsent = {}, come = {};  ///< by TCP
    std::string refusal = {};            ///< the answer of one who could not say: another one may know
    unsigned attempts = 0;
    std::uint64_t deadline = 0;
  };

  /// False where nobody is left to be asked.
  [[nodiscard]] bool send(Question& question) const;
  /// The answer; nothing where it has not come.
  [[nodiscard]] static std::string receive(Question& question, bool& failed);
  [[nodiscard]] static bool exchange(Question& question, bool& failed);

  std::vector<std::string> servers_;
  std::list<Question> questions_;
};

/// Gives the name servers that the text of a resolv.conf(5) names, at most three; 127.0.0.1 where there is none. Pure.
[[nodiscard]] std::vector<std::string> parse_servers(std::string_view resolv_conf);

}  // namespace snug::net
