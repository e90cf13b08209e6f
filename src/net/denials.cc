#include "snug/net/denials.hh"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "snug/base/text.hh"

namespace snug::net {
namespace {

constexpr std::string_view nothing = "-";

std::string_view word_of(std::string_view text) { return text.empty() ? nothing : text; }
std::string text_of(std::string_view word) { return word == nothing ? std::string() : std::string(word); }

std::string render(int family, std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, bytes.data(), text.data(), text.size());
  return text.data();
}

unsigned byte_at(std::string_view packet, std::size_t at) { return static_cast<unsigned char>(packet[at]); }

std::string protocol_name(unsigned number) {
  switch (number) {
    case IPPROTO_TCP: return "tcp";
    case IPPROTO_UDP: return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6: return "icmp";
    default: return format("{}", number);
  }
}

std::optional<Denial> parse_line(std::string_view line) {
  const std::vector<std::string> words = split(line, ' ');
  if (words.size() != 7) return {};
  const auto number = parse_number(words[0]), time = parse_number(words[1]), count = parse_number(words[2]), port = parse_number(words[6]);
  if (!number || !time || !count || !port || *port > 65535) return {};
  return Denial{.number = *number, .time = static_cast<std::int64_t>(*time), .count = *count, .name = text_of(words[3]), .address = text_of(words[4]),
                .protocol = text_of(words[5]), .port = static_cast<std::uint16_t>(*port)};
}

}  // namespace

std::string render_denial(const Denial& denial) {
  return format("{} {} {} {} {} {} {}\n", denial.number, denial.time, denial.count, word_of(denial.name), word_of(denial.address), word_of(denial.protocol), denial.port);
}

std::vector<Denial> parse_denials(std::string_view text) {
  std::vector<Denial> denials;
  for (const std::string_view line : lines(text.substr(0, text.rfind('\n') + 1)))
    if (auto denial = parse_line(line)) denials.push_back(*std::move(denial));
  return denials;
}

std::vector<Denial> sum_up(const std::vector<Denial>& denials) {
  std::vector<Denial> sums;
  for (Denial each : denials) {
    const auto before = std::find_if(sums.begin(), sums.end(), [&](const Denial& other) { return other.is_like(each); });
    if (before != sums.end()) {
      each.count += before->count;
      sums.erase(before);
    }
    sums.push_back(std::move(each));
  }
  return sums;
}

std::optional<Denial> find_denial(std::string_view packet) {
  constexpr std::size_t header4 = 20, header6 = 40;
  if (packet.size() < header4) return {};
  const bool ipv6 = byte_at(packet, 0) >> 4U == 6;
  if (ipv6 && packet.size() < header6) return {};
  const std::size_t size = ipv6 ? header6 : (byte_at(packet, 0) & 0xfU) * 4U;
  const unsigned protocol = byte_at(packet, ipv6 ? 6 : 9);
  Denial denial{.name = {}, .address = ipv6 ? render(AF_INET6, packet.substr(24, 16)) : render(AF_INET, packet.substr(16, 4)), .protocol = protocol_name(protocol)};
  const bool has_port = protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
  if (has_port && packet.size() >= size + 4) denial.port = static_cast<std::uint16_t>(byte_at(packet, size + 2) << 8U | byte_at(packet, size + 3));
  return denial;
}

}  // namespace snug::net
