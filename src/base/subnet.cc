#include "snug/base/subnet.hh"

#include <arpa/inet.h>

#include <algorithm>

#include "snug/base/text.hh"

namespace snug {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

std::optional<Bytes> read_address(std::string_view text, bool ipv6) {
  Bytes bytes{};
  const std::string word(text);
  return ::inet_pton(ipv6 ? AF_INET6 : AF_INET, word.c_str(), bytes.data()) == 1 ? std::optional(bytes) : std::nullopt;
}

std::string render_address(const Bytes& bytes, bool ipv6) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(ipv6 ? AF_INET6 : AF_INET, bytes.data(), text.data(), text.size());
  return text.data();
}

// The first `prefix` bits.
Bytes cut(Bytes bytes, unsigned prefix) {
  for (unsigned at = 0; at < bytes.size(); ++at) {
    const unsigned bits = prefix > at * 8 ? std::min(prefix - at * 8, 8U) : 0;
    bytes[at] = static_cast<std::uint8_t>(bytes[at] & (0xff00U >> bits));
  }
  return bytes;
}

std::size_t size_of(const Subnet& subnet) { return subnet.ipv6 ? 16 : 4; }

Subnet make_subnet4(unsigned first, unsigned second, unsigned third) {
  return {.address = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second), static_cast<std::uint8_t>(third)}, .prefix = 24};
}

}  // namespace

std::optional<Subnet> parse_subnet(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const bool ipv6 = text.find(':') != std::string_view::npos;
  const auto address = read_address(text.substr(0, slash), ipv6);
  const auto prefix = parse_number(text.substr(slash + 1));
  if (!address || !prefix || *prefix > (ipv6 ? 128U : 32U)) return {};
  const Subnet subnet{*address, static_cast<unsigned>(*prefix), ipv6};
  return cut(*address, subnet.prefix) == *address ? std::optional(subnet) : std::nullopt;
}

std::optional<Subnet> find_subnet(std::string_view text, unsigned prefix) {
  const bool ipv6 = text.find(':') != std::string_view::npos;
  const auto address = read_address(text, ipv6);
  return address ? std::optional(Subnet{cut(*address, prefix), prefix, ipv6}) : std::nullopt;
}

std::string render_subnet(const Subnet& subnet) { return format("{}/{}", render_address(subnet.address, subnet.ipv6), subnet.prefix); }

bool overlap(const Subnet& one, const Subnet& other) {
  const unsigned common = std::min(one.prefix, other.prefix);
  return one.ipv6 == other.ipv6 && cut(one.address, common) == cut(other.address, common);
}

std::string address_in(const Subnet& subnet, std::uint32_t number) {
  Bytes bytes = subnet.address;
  for (std::size_t at = size_of(subnet); at-- > size_of(subnet) - 4; number >>= 8U) bytes[at] = static_cast<std::uint8_t>(bytes[at] | (number & 0xffU));
  return render_address(bytes, subnet.ipv6);
}

std::optional<std::uint32_t> find_number(const Subnet& subnet, std::string_view address) {
  const auto bytes = read_address(address, subnet.ipv6);
  if (!bytes || cut(*bytes, subnet.prefix) != subnet.address) return {};
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < size_of(subnet); ++at) {
    number = number << 8U | static_cast<std::uint8_t>((*bytes)[at] ^ subnet.address[at]);
    if (number > 0xffffffffU) return {};
  }
  return static_cast<std::uint32_t>(number);
}

std::uint32_t last_number(const Subnet& subnet) {
  const unsigned bits = static_cast<unsigned>(size_of(subnet)) * 8 - subnet.prefix;
  const std::uint32_t all = bits >= 32 ? 0xffffffffU : (std::uint32_t{1} << bits) - 1;
  return all > 0 ? all - 1 : 0;
}

std::optional<Subnet> find_free_subnet(std::span<const Subnet> taken) {
  struct Pool {
    unsigned first, from, to;  ///< the second number
  };
  for (const Pool& pool : {Pool{10, 89, 255}, Pool{172, 16, 31}, Pool{192, 168, 168}})
    for (unsigned second = pool.from; second <= pool.to; ++second)
      for (unsigned third = 0; third < 256; ++third) {
        const Subnet subnet = make_subnet4(pool.first, second, third);
        if (std::none_of(taken.begin(), taken.end(), [&](const Subnet& other) { return overlap(subnet, other); })) return subnet;
      }
  return {};
}

Subnet make_unique_subnet(const std::array<std::uint8_t, 5>& random) {
  Subnet subnet{.address = {0xfd}, .prefix = 64, .ipv6 = true};
  std::copy(random.begin(), random.end(), subnet.address.begin() + 1);
  return subnet;
}

}  // namespace snug
