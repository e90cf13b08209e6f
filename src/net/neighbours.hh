#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "names.hh"
#include "snug/net/dns.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/process.hh"
#include "snug/sys/waiting.hh"

namespace snug::net {

/// Asks the keeper of shared networks for who is on those of the container. Where the keeper ends, nobody answers until there is another.
class Neighbours {
 public:
  /// Gets what is known; nothing where nobody has answered.
  using Take = std::function<void(const std::optional<NameAnswer>& answer)>;

  /// Takes the socket at which a keeper answers, in place of the one it has; none where the container is on no shared network.
  void meet(sys::Fd keeper);
  [[nodiscard]] bool are_there() const { return there_; }

  /// Asks. More than a bound at once get no answer.
  void ask(const NameQuestion& question, Take take);

  void want(sys::Waiting& waiting) const { waiting.want(keeper_.get(), POLLIN); }
  void answer(const sys::Waiting& waiting);
  /// How many milliseconds it may be until answer() has to be called again; -1: as long as it takes.
  [[nodiscard]] int patience() const;

 private:
  struct Waiter {
    Take take;
    std::uint64_t deadline = 0;
  };
  void receive();
  void give_up(std::uint64_t until);

  sys::Fd keeper_;
  bool there_ = false;
  std::uint64_t number_ = sys::monotonic_time();  ///< no other process of the container's has asked under it
  std::map<std::uint64_t, Waiter> waiters_;  ///< by number: who has waited longest comes first
};

/// Puts a question of DNS as the keeper takes it; nothing where it is none about names or addresses. Pure.
[[nodiscard]] std::optional<NameQuestion> question_of(const DnsQuestion& question);
/// Puts what the keeper knows as an answer of DNS has it. Pure.
[[nodiscard]] std::vector<DnsRecord> records_of(const DnsQuestion& question, const NameAnswer& answer);

}  // namespace snug::net
