#include "names.hh"

#include <algorithm>

#include "segment.hh"

namespace snug::net {
namespace {

char small(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool same(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) { return small(a) == small(b); });
}

bool is_called(const Membership& member, std::string_view name) {
  const std::size_t tail = member.network.size() + 1;
  const bool longer = name.size() > tail && name[name.size() - tail] == '.' && same(name.substr(name.size() - tail + 1), member.network);
  return std::any_of(member.names.begin(), member.names.end(),
                     [&](const std::string& own) { return same(own, name) || (longer && same(own, name.substr(0, name.size() - tail))); });
}

std::string address_of(const std::string& text) { return text.empty() ? text : parse_interface_address(text).address; }

}  // namespace

Found find_name(const std::vector<const Membership*>& visible, std::string_view name, bool ipv6) {
  Found found;
  if (name.ends_with('.')) name.remove_suffix(1);
  for (const Membership* member : visible) {
    if (!is_called(*member, name)) continue;
    found.known = true;
    if (std::string address = address_of(ipv6 ? member->address6 : member->address4); !address.empty()) found.addresses.push_back(std::move(address));
  }
  return found;
}

std::string find_name_of(const std::vector<const Membership*>& visible, std::string_view address) {
  if (address.empty()) return {};  // as one without IPv6 has it
  for (const Membership* member : visible)
    if (address_of(member->address4) == address || address_of(member->address6) == address) return member->names.front();
  return {};
}

}  // namespace snug::net
