#include "snug/net/membership.hh"

namespace snug::net {
namespace {

constexpr std::ptrdiff_t fixed = 5;  // and a name at least

}  // namespace

std::vector<std::string> words_of(const Membership& membership) {
  std::vector<std::string> words{membership.network, membership.interface, membership.hardware, membership.address4, membership.address6};
  words.insert(words.end(), membership.names.begin(), membership.names.end());
  return words;
}

std::optional<Membership> parse_membership(std::span<const std::string> words) {
  if (std::ssize(words) <= fixed) return {};
  Membership membership{.network = words[0], .interface = words[1], .hardware = words[2], .address4 = words[3], .address6 = words[4]};
  membership.names.assign(words.begin() + fixed, words.end());
  return membership;
}

}  // namespace snug::net
