#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "snug/plan/plan.hh"

namespace snug::plan {

/// Names the option that only a network with a way out can have, of those that were given; "" where there is none. Pure.
[[nodiscard]] std::string_view option_for_way_out(const Network& network);

/// The address of this machine that a port is published on: 127.0.0.1 where none was given.
[[nodiscard]] const std::string& address_of(const PublishedPort& port);

/// Counts the ports from the one of this number on that are one range: each follows the one before, outside and inside. Pure.
[[nodiscard]] std::size_t count_range(const std::vector<PublishedPort>& ports, std::size_t first);

/// Gives a container's place in a network that it shares: by which names the others find it, and the number of its interface. `store` is
/// where snug keeps its data. Pure.
[[nodiscard]] JoinNetwork make_membership(const SharedNetwork& shared, const KnownNetwork& known, const std::string& store, std::vector<std::string> names, unsigned interface);

/// Gives the words by which pasta(1) opens just these ports, or why one of them cannot be had. Pure.
[[nodiscard]] std::variant<std::vector<std::string>, Refusal> make_port_words(const std::vector<PublishedPort>& ports, const std::vector<BusyPort>& busy);

/// A rule of --allow: NAME[:PORT], *.NAME[:PORT], ADDRESS[:PORT], ADDRESS/BITS[:PORT], and IPv6 addresses in brackets where a port follows.
struct EgressRule {
  std::string name;       ///< as covers() takes it; empty: the network counts
  std::string address;    ///< the first of the network
  unsigned prefix = 0;
  std::uint16_t port = 0;  ///< of TCP and UDP; 0: whatever is sent there
  bool operator==(const EgressRule&) const = default;
};

/// Reads a rule; nothing where it is none. Pure.
[[nodiscard]] std::optional<EgressRule> find_rule(std::string_view text);

/// Gives a rule in its one spelling. Pure.
[[nodiscard]] std::string render_rule(const EgressRule& rule);

/// Says why what the container sends cannot be restricted so: of capabilities that could undo it, and of too many rules. Pure.
[[nodiscard]] std::optional<Refusal> check_egress(const Spec& spec);

/// Gives the step that restricts a container of this kind, which has rules. A name that --add-host has given addresses stands for these. Pure.
[[nodiscard]] RestrictEgress restriction_of(const Spec& spec);

/// Gives the steps that answer a container's questions for names, and whether they are needed: without rules, name servers that the user has chosen
/// are asked by the container itself. Pure.
[[nodiscard]] bool is_answered(const Spec& spec);
[[nodiscard]] ServeNames service_of(const Spec& spec);
[[nodiscard]] OpenGate gate_of(const Spec& spec);

/// The same for a container that runs, and was started without rules: until it is started again it goes on asking whom it was told to ask. Pure.
[[nodiscard]] OpenGate living_gate_of(const Spec& spec);

}  // namespace snug::plan
