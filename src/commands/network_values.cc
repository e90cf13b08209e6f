// The values of run's options for networks.

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "keys.hh"
#include "snug/plan/network.hh"
#include "values.hh"

namespace snug::commands {
namespace {

constexpr unsigned last_port = 65535;

struct Range {
  unsigned first = 0, last = 0;
  [[nodiscard]] unsigned count() const { return last - first + 1; }
};

std::uint16_t parse_one(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number == 0 || *number > last_port) throw UsageError(format("{} is no port: a number from 1 to {}", quoted(text), last_port));
  return static_cast<std::uint16_t>(*number);
}

Range parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const unsigned first = parse_one(text.substr(0, dash)), last = dash == std::string_view::npos ? first : parse_one(text.substr(dash + 1));
  if (last < first) throw UsageError(format("the range {} ends before it begins", quoted(text)));
  return {first, last};
}

// Takes what stands behind the last colon away from `text`; all of it where there is none.
std::string_view take_last(std::string_view& text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view last = colon == std::string_view::npos ? text : text.substr(colon + 1);
  text = colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  return last;
}

bool take_protocol(std::string_view& text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return false;
  std::string word(text.substr(slash + 1));
  std::transform(word.begin(), word.end(), word.begin(), [](char each) { return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each; });
  if (word != "tcp" && word != "udp") refuse_word("protocol", word, {"tcp", "udp"});
  text = text.substr(0, slash);
  return word == "udp";
}

constexpr std::array shared_keys = std::to_array<Key<plan::SharedNetwork>>({
    {"alias", Key<plan::SharedNetwork>::Value::needed, [](auto& shared, auto value) { shared.aliases.push_back(parse_alias(value)); }},
    {"ip", Key<plan::SharedNetwork>::Value::needed, [](auto& shared, auto value) { shared.ip = parse_address_of(value, false); }},
    {"mac", Key<plan::SharedNetwork>::Value::needed, [](auto& shared, auto value) { shared.hardware = parse_hardware(value); }},
});

// 10.1.2.3/8: who wrote it meant that one address, or did not count.
void check_whole(std::string_view text, const plan::EgressRule& rule) {
  const std::size_t slash = text.find('/'), start = text.starts_with('[') ? 1 : 0;
  if (!rule.name.empty() || slash == std::string_view::npos) return;
  const auto typed = plan::find_rule(text.substr(start, slash - start));
  if (typed && typed->address != rule.address) throw UsageError(format("{} is no network: its address goes on behind the first {} bits", quoted(text), rule.prefix), format("did you mean {}?", plan::render_rule(rule)));
}

}  // namespace

std::uint16_t parse_port(std::string_view text) { return parse_one(text); }

std::vector<plan::PublishedPort> parse_publish(std::string_view text) {
  const bool udp = take_protocol(text);
  const Range inside = parse_range(take_last(text));
  const std::string_view host = text.empty() ? std::string_view() : take_last(text);
  const std::string address = text.empty() ? std::string() : parse_address(text);
  const Range outside = host.empty() ? Range{} : parse_range(host);
  if (!host.empty() && outside.count() != inside.count())
    throw UsageError(format("{} ports of the host for {} of the container", outside.count(), inside.count()), "both ranges have to be of one length");
  std::vector<plan::PublishedPort> ports;
  for (unsigned at = 0; at < inside.count(); ++at)
    ports.push_back({.address = address, .host = static_cast<std::uint16_t>(host.empty() ? 0 : outside.first + at),
                     .container = static_cast<std::uint16_t>(inside.first + at), .udp = udp});
  return ports;
}

NetworkChoice parse_network(std::string_view text, std::string_view folder) {
  constexpr std::string_view container = "container:";
  if (text == "none") return {.wall = plan::NewNamespace{}};
  if (text == "private") return {.wall = plan::NewNamespace{}, .way_out = true};
  if (text == "host" || text.starts_with("ns:")) return {.wall = parse_namespace(text, folder)};
  if (text.starts_with(container)) return {.wall = plan::NewNamespace{}, .container = parse_name(text.substr(container.size()))};
  const std::size_t colon = text.find(':');
  plan::SharedNetwork shared{.name = parse_network_name(text.substr(0, colon))};
  if (colon != std::string_view::npos) set_keys<plan::SharedNetwork>(shared, "key of a network", shared_keys, text.substr(colon + 1));
  return {.wall = plan::NewNamespace{}, .shared = std::move(shared)};
}

std::string parse_network_name(std::string_view text) {
  static constexpr std::array<std::string_view, 8> taken{"none", "private", "host", "default", "bridge", "container", "ns", "pasta"};
  if (std::find(taken.begin(), taken.end(), text) == taken.end()) return parse_name(text);
  if (text == "bridge" || text == "default" || text == "pasta") throw UsageError(format("{} is no network", quoted(text)), "a network of the container's own, with a way out, is --network private");
  throw UsageError(format("{} is a word of --network, and no name of a network that is shared", quoted(text)), "'snug network ls' lists those that are there; another name makes another one");
}

std::string parse_alias(std::string_view text) { return parse_hostname(text); }

std::string parse_allow(std::string_view text) {
  const auto rule = plan::find_rule(text);
  if (!rule) throw UsageError(format("{} is no rule: NAME[:PORT], '*.NAME', or ADDRESS[/BITS][:PORT]", quoted(text)), "such as example.org:443, '*.example.org', 10.0.0.0/8 or [2001:db8::1]:443");
  check_whole(text, *rule);
  return plan::render_rule(*rule);
}

std::string parse_hardware(std::string_view text) {
  const std::vector<std::string> bytes = split(text, ':');
  const auto is_byte = [](const std::string& byte) { return byte.size() == 2 && byte.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos; };
  if (bytes.size() != 6 || !std::all_of(bytes.begin(), bytes.end(), is_byte) || text == "00:00:00:00:00:00")
    throw UsageError(format("{} is no hardware address: six bytes, such as 02:00:00:00:00:01", quoted(text)));
  constexpr std::string_view odd = "13579bdfBDF";
  if (odd.find(text[1]) != std::string_view::npos) throw UsageError(format("{} is the address of a group: its first byte is odd", quoted(text)));
  return std::string(text);
}

std::string parse_address_of(std::string_view text, bool ipv6) {
  std::string address = parse_address(text);
  if ((address.find(':') != std::string::npos) != ipv6) throw UsageError(format("{} is no IPv{} address", quoted(text), ipv6 ? 6 : 4));
  return address;
}

}  // namespace snug::commands
