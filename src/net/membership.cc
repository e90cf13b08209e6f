#include "snug/net/membership.hh"

#include "snug/base/text.hh"

namespace snug::net {
namespace {

constexpr std::size_t fixed = 6;

}  // namespace

std::vector<std::string> words_of(const Membership& membership) {
  std::vector<std::string> words{membership.network, membership.interface, membership.hardware, membership.address4, membership.address6,
                                 membership.internal ? "internal" : ""};
  words.push_back(format("{}", membership.resolvers.size()));
  words.insert(words.end(), membership.resolvers.begin(), membership.resolvers.end());
  words.insert(words.end(), membership.names.begin(), membership.names.end());
  return words;
}

std::optional<Membership> parse_membership(std::span<const std::string> words) {
  if (words.size() <= fixed) return {};
  const auto count = parse_number(words[fixed]);
  const auto rest = words.subspan(fixed + 1);
  if (!count || *count >= rest.size()) return {};  // it has a name, too
  Membership membership{.network = words[0], .interface = words[1], .hardware = words[2], .address4 = words[3], .address6 = words[4],
                        .internal = words[5] == "internal"};
  membership.resolvers.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(*count));
  membership.names.assign(rest.begin() + static_cast<std::ptrdiff_t>(*count), rest.end());
  return membership;
}

}  // namespace snug::net
