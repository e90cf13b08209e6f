// What the kernel tells of routes and addresses below /proc/net: numbers in hexadecimal, of IPv4 in the machine's own order.

#include <arpa/inet.h>

#include <array>
#include <bit>
#include <charconv>

#include "parse.hh"
#include "snug/base/text.hh"

namespace snug::probe {
namespace {

using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
  constexpr std::string_view blanks = " \t";
  Words words;
  for (std::size_t at = 0; (at = line.find_first_not_of(blanks, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

template <typename Number>
std::optional<Number> parse_hex(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<std::string> parse_inet6_digits(std::string_view digits) {
  std::array<unsigned char, 16> bytes{};
  if (digits.size() != bytes.size() * 2) return {};
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const auto byte = parse_hex<unsigned char>(digits.substr(at * 2, 2));
    if (!byte) return {};
    bytes[at] = *byte;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

constexpr std::uint32_t up = 1, rejected = 0x200;  // RTF_UP, RTF_REJECT
constexpr std::string_view nowhere6 = "00000000000000000000000000000000";

}  // namespace

std::string render_inet4(std::uint32_t address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

// Iface Destination Gateway Flags RefCnt Use Metric Mask …
std::optional<DefaultRoute> parse_route4(std::string_view text) {
  std::optional<DefaultRoute> best;
  std::uint64_t best_metric = 0;
  for (const std::string_view line : lines(text)) {
    const Words words = words_of(line);
    if (words.size() < 8 || words[1] != "00000000" || words[7] != "00000000") continue;
    const auto gateway = parse_hex<std::uint32_t>(words[2]), flags = parse_hex<std::uint32_t>(words[3]);
    const auto metric = parse_number(words[6]);
    if (!gateway || !flags || !metric || !(*flags & up) || (*flags & rejected) || (best && *metric >= best_metric)) continue;
    best = DefaultRoute{std::string(words[0]), *gateway ? render_inet4(*gateway) : std::string()};
    best_metric = *metric;
  }
  return best;
}

// Destination Prefix Source Prefix Gateway Metric RefCnt Use Flags Iface
std::optional<DefaultRoute> parse_route6(std::string_view text) {
  std::optional<DefaultRoute> best;
  std::uint32_t best_metric = 0;
  for (const std::string_view line : lines(text)) {
    const Words words = words_of(line);
    if (words.size() < 10 || words[0] != nowhere6 || words[1] != "00" || words[3] != "00") continue;
    const auto gateway = parse_inet6_digits(words[4]);
    const auto metric = parse_hex<std::uint32_t>(words[5]), flags = parse_hex<std::uint32_t>(words[8]);
    if (!gateway || !metric || !flags || !(*flags & up) || (*flags & rejected) || (best && *metric >= best_metric)) continue;
    best = DefaultRoute{std::string(words[9]), words[4] == nowhere6 ? std::string() : *gateway};
    best_metric = *metric;
  }
  return best;
}

// Address Index Prefix Scope Flags Iface
std::optional<plan::Uplink> parse_inet6(std::string_view text, std::string_view interface) {
  constexpr std::uint32_t temporary = 0x01, failed = 0x08, deprecated = 0x20, tentative = 0x40;  // IFA_F_…
  std::optional<plan::Uplink> found;
  for (const std::string_view line : lines(text)) {
    const Words words = words_of(line);
    if (words.size() < 6 || words[5] != interface || words[3] != "00") continue;
    const auto address = parse_inet6_digits(words[0]);
    const auto prefix = parse_hex<unsigned>(words[2]);
    const auto flags = parse_hex<std::uint32_t>(words[4]);
    if (!address || !prefix || !flags || (*flags & (failed | tentative))) continue;
    const bool lasting = !(*flags & (temporary | deprecated));
    if (found && !lasting) continue;
    found = plan::Uplink{*address, *prefix, {}};
    if (lasting) break;
  }
  return found;
}

std::vector<std::string> parse_own_inet6(std::string_view text) {
  std::vector<std::string> own;
  for (const std::string_view line : lines(text)) {
    const Words words = words_of(line);
    if (words.size() < 6) continue;
    if (auto address = parse_inet6_digits(words[0]); address && *address != "::1") own.push_back(*std::move(address));
  }
  return own;
}

}  // namespace snug::probe
