// What a container may send to, where that is not everything: --allow. And who answers its questions for names.

#include <arpa/inet.h>
#include <linux/capability.h>

#include <algorithm>
#include <array>

#include "draft.hh"
#include "snug/base/domain.hh"
#include "snug/base/text.hh"
#include "snug/plan/network.hh"

namespace snug::plan {
namespace {

constexpr unsigned last_port = 65535;
// They are told to a monitor that runs in one packet.
constexpr std::size_t most_rules = 256, most_letters = 8192;
constexpr std::size_t most_servers = 3;  // more than that nobody asks: resolv.conf(5)

struct Address {
  int family = 0;
  std::array<unsigned char, 16> bytes{};
  [[nodiscard]] unsigned bits() const { return family == AF_INET ? 32 : 128; }
};

std::optional<Address> find_address(const std::string& text) {
  for (const int family : {AF_INET, AF_INET6}) {
    Address address{.family = family};
    if (::inet_pton(family, text.c_str(), address.bytes.data()) == 1) return address;
  }
  return {};
}

std::string render(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.family, address.bytes.data(), text.data(), text.size());
  return text.data();
}

void clear_behind(Address& address, unsigned prefix) {
  for (unsigned at = prefix; at < address.bits(); ++at) address.bytes[at / 8] &= static_cast<unsigned char>(~(0x80U >> at % 8));
}

// Takes the port away from `text`: false where there is something else in its place.
bool take_port(std::string_view& text, std::uint16_t& port) {
  const std::size_t colon = text.rfind(':');
  std::string_view word;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || (close + 1 < text.size() && text[close + 1] != ':')) return false;
    word = text.substr(close + 1);
    text = text.substr(1, close - 1);
    if (text.find(':') == std::string_view::npos) return false;
  } else if (colon != std::string_view::npos && colon == text.find(':')) {
    word = text.substr(colon);
    text = text.substr(0, colon);
  }
  if (word.empty()) return true;
  const auto number = parse_number(word.substr(1));
  if (!number || *number == 0 || *number > last_port) return false;
  port = static_cast<std::uint16_t>(*number);
  return true;
}

bool take_network(std::string_view text, EgressRule& rule) {
  const std::size_t slash = text.find('/');
  auto address = find_address(std::string(text.substr(0, slash)));
  if (!address) return false;
  const auto prefix = slash == std::string_view::npos ? address->bits() : parse_number(text.substr(slash + 1));
  if (!prefix || *prefix > address->bits()) return false;
  rule.prefix = static_cast<unsigned>(*prefix);
  clear_behind(*address, rule.prefix);
  rule.address = render(*address);
  return true;
}

bool is_label(std::string_view label) {
  constexpr std::size_t longest = 63;
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= longest && std::all_of(label.begin(), label.end(), is_plain);
}

bool take_name(std::string_view text, EgressRule& rule) {
  constexpr std::size_t longest = 253;
  if (text.ends_with('.')) text.remove_suffix(1);
  rule.name = text;
  for (char& c : rule.name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const std::vector<std::string> labels = split(std::string_view(rule.name).substr(rule.name.starts_with("*.") ? 2 : 0), '.');
  // What ends in a number was meant for an address.
  return text.size() <= longest && std::all_of(labels.begin(), labels.end(), is_label) && !parse_number(labels.back());
}

bool is_loopback(const std::string& address) { return address == "::1" || address.starts_with("127."); }

}  // namespace

std::optional<EgressRule> find_rule(std::string_view text) {
  EgressRule rule;
  if (!take_port(text, rule.port)) return {};
  if (take_network(text, rule)) return rule;
  return text.find_first_of("/:") == std::string_view::npos && take_name(text, rule) ? std::optional(std::move(rule)) : std::nullopt;
}

std::string render_rule(const EgressRule& rule) {
  std::string text = rule.name.empty() ? rule.address : rule.name;
  const bool ipv6 = rule.address.find(':') != std::string::npos;
  if (rule.name.empty() && rule.prefix != (ipv6 ? 128 : 32)) text += format("/{}", rule.prefix);
  if (rule.port == 0) return text;
  return ipv6 ? format("[{}]:{}", text, rule.port) : format("{}:{}", text, rule.port);
}

std::optional<Refusal> check_egress(const Spec& spec) {
  const std::vector<std::string>& rules = *spec.network.allow;
  std::size_t letters = 0;
  for (const std::string& rule : rules) letters += rule.size() + 1;
  if (rules.size() > most_rules || letters > most_letters)
    return Refusal{format("--allow: {} rules are too many", rules.size()), format("{} at most, and {} letters", most_rules, most_letters)};
  if (!spec.network.shared.empty())
    return Refusal{"--allow is not for a container on a network that others share: they could pass on what it may not send", "leave one of them out"};
  const auto capabilities = capabilities_of(spec, CAP_LAST_CAP);
  const auto* numbers = std::get_if<std::vector<int>>(&capabilities);
  for (const int number : numbers ? *numbers : std::vector<int>())
    if (number == CAP_NET_ADMIN || number == CAP_NET_RAW)
      return Refusal{format("--allow: who has the capability {} undoes it", describe_capability(number)), "--cap-drop NET_ADMIN --cap-drop NET_RAW"};
  return {};
}

RestrictEgress restriction_of(const Spec& spec) {
  RestrictEgress step;
  if (spec.network.allow) step.rules = *spec.network.allow;
  for (std::size_t at = 0, typed = step.rules.size(); at < typed; ++at) {
    const auto rule = find_rule(step.rules[at]);
    for (const HostEntry& host : spec.hosts) {
      if (!rule || !covers(rule->name, host.name)) continue;
      auto address = find_rule(host.address);
      if (!address) continue;
      address->port = rule->port;
      step.rules.push_back(render_rule(*address));
    }
  }
  return step;
}

bool is_answered(const Spec& spec) { return spec.dns.empty() || spec.network.allow; }

ServeNames service_of(const Spec& spec) { return {gate_of(spec).addresses}; }

// The loopback inside is the container's own business.
OpenGate gate_of(const Spec& spec) {
  OpenGate step;
  for (const std::string& server : spec.dns)
    if (!is_loopback(server) && step.upstream.size() < most_servers) step.upstream.push_back(server);
  step.addresses.emplace_back(name_server);
  return step;
}

OpenGate living_gate_of(const Spec& spec) {
  OpenGate step = gate_of(spec);
  if (!step.upstream.empty()) step.addresses = step.upstream;
  return step;
}

}  // namespace snug::plan
