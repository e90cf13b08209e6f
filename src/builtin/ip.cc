#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <vector>

#include "netlink.hh"
#include "snug/base/text.hh"
#include "system.hh"

namespace snug::builtin {
namespace {

struct Link {
  std::string name, hardware, state;
  unsigned flags = 0, type = 0;
  std::uint32_t mtu = 0;
};

template <typename Head>
bool take_head(std::string_view body, Head& head, std::string_view& rest) {
  constexpr std::size_t length = NLMSG_ALIGN(sizeof head);
  if (body.size() < length) return false;
  std::memcpy(&head, body.data(), sizeof head);
  rest = body.substr(length);
  return true;
}

std::string hardware_text(std::string_view bytes) {
  std::string text;
  for (const char each : bytes) text += format("{}{:02x}", text.empty() ? "" : ":", static_cast<unsigned char>(each));
  return text;
}

std::string state_word(std::uint8_t state) {
  static constexpr std::array words{"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"};
  return state < words.size() ? words[state] : "UNKNOWN";
}

std::map<int, Link> read_links() {
  std::map<int, Link> links;
  ask_kernel(RTM_GETLINK, AF_UNSPEC, [&](std::string_view body) {
    ifinfomsg head{};
    std::string_view rest;
    if (!take_head(body, head, rest)) return;
    const Attributes attributes(rest);
    const std::string_view state = attributes.find(IFLA_OPERSTATE);
    links[head.ifi_index] = {attributes.text(IFLA_IFNAME), hardware_text(attributes.find(IFLA_ADDRESS)), state_word(state.empty() ? 0 : static_cast<std::uint8_t>(state[0])),
                             head.ifi_flags, head.ifi_type, attributes.number(IFLA_MTU)};
  });
  return links;
}

std::string flag_words(unsigned flags) {
  static constexpr std::array<std::pair<unsigned, const char*>, 6> names{
      {{IFF_LOOPBACK, "LOOPBACK"}, {IFF_BROADCAST, "BROADCAST"}, {IFF_POINTOPOINT, "POINTOPOINT"}, {IFF_MULTICAST, "MULTICAST"}, {IFF_UP, "UP"}, {IFF_LOWER_UP, "LOWER_UP"}}};
  std::string text;
  for (const auto& [flag, name] : names)
    if (flags & flag) text += format("{}{}", text.empty() ? "" : ",", name);
  return text;
}

std::string name_of(const std::map<int, Link>& links, int index) {
  const auto found = links.find(index);
  return found == links.end() ? format("{}", index) : found->second.name;
}

std::string scope_word(unsigned char scope) { return scope == RT_SCOPE_UNIVERSE ? "global" : scope == RT_SCOPE_LINK ? "link" : scope == RT_SCOPE_HOST ? "host" : format("{}", scope); }

std::map<int, std::vector<std::string>> read_addresses(unsigned char family) {
  std::map<int, std::vector<std::string>> addresses;
  ask_kernel(RTM_GETADDR, family, [&](std::string_view body) {
    ifaddrmsg head{};
    std::string_view rest;
    if (!take_head(body, head, rest)) return;
    const Attributes attributes(rest);
    const std::string_view local = attributes.find(IFA_LOCAL);
    const std::string address = address_text(local.empty() ? attributes.find(IFA_ADDRESS) : local);
    addresses[static_cast<int>(head.ifa_index)].push_back(format("{} {}/{} scope {}", head.ifa_family == AF_INET ? "inet" : "inet6", address, head.ifa_prefixlen, scope_word(head.ifa_scope)));
  });
  return addresses;
}

/// What is asked for, of which.
struct Question {
  std::string what = "address";
  std::string device = {};  ///< empty: of all
  unsigned char family = AF_UNSPEC;
  bool brief = false;
};

void need_device(const Question& question, const std::map<int, Link>& links) {
  const auto is_it = [&](const auto& each) { return each.second.name == question.device; };
  if (!question.device.empty() && std::none_of(links.begin(), links.end(), is_it)) throw Failure(format("there is no interface {}", quoted(question.device)));
}

// NAME STATE, and in the same line its addresses: "inet 127.0.0.1/8 scope host" is told as the second word.
void tell_briefly(Call& call, const Link& link, const std::vector<std::string>& addresses, bool with_addresses) {
  std::string line = format("{:<16} {:<14}", call.out.name(link.name), link.state);
  for (const std::string& address : addresses) line += " " + split(address, ' ')[1];
  if (!with_addresses) line += format(" {} <{}>", link.hardware, flag_words(link.flags));
  call.out.line(line);
}

void tell_links(Call& call, const Question& question, bool with_addresses) {
  const std::map<int, Link> links = read_links();
  need_device(question, links);
  auto addresses = with_addresses ? read_addresses(question.family) : std::map<int, std::vector<std::string>>();
  for (const auto& [index, link] : links) {
    if (!question.device.empty() && link.name != question.device) continue;
    if (question.brief) {
      tell_briefly(call, link, addresses[index], with_addresses);
      continue;
    }
    call.out.line(format("{}: {}: <{}> mtu {} state {}", index, call.out.name(link.name), flag_words(link.flags), link.mtu, link.state));
    if (!link.hardware.empty()) call.out.line(format("    {} {}", link.type == ARPHRD_LOOPBACK ? "link/loopback" : "link/ether", link.hardware));
    if (const auto own = addresses.find(index); own != addresses.end())
      for (const std::string& address : own->second) call.out.line("    " + address);
  }
}

// Those of the main table, as ip-route(8) shows them.
void tell_routes(Call& call, const Question& question) {
  const std::map<int, Link> links = read_links();
  need_device(question, links);
  ask_kernel(RTM_GETROUTE, question.family == AF_INET6 ? AF_INET6 : AF_INET, [&](std::string_view body) {
    rtmsg head{};
    std::string_view rest;
    if (!take_head(body, head, rest)) return;
    const Attributes attributes(rest);
    const std::uint32_t table = attributes.find(RTA_TABLE).empty() ? head.rtm_table : attributes.number(RTA_TABLE);
    if (table != RT_TABLE_MAIN || (head.rtm_flags & RTM_F_CLONED)) return;
    const std::string_view target = attributes.find(RTA_DST), gateway = attributes.find(RTA_GATEWAY), source = attributes.find(RTA_PREFSRC);
    std::string line = target.empty() ? "default" : format("{}/{}", address_text(target), head.rtm_dst_len);
    if (!gateway.empty()) line += " via " + address_text(gateway);
    const std::string device = attributes.find(RTA_OIF).empty() ? "" : name_of(links, static_cast<int>(attributes.number(RTA_OIF)));
    if (!question.device.empty() && device != question.device) return;
    if (!device.empty()) line += " dev " + call.out.name(device);
    if (!source.empty()) line += " src " + address_text(source);
    if (!attributes.find(RTA_PRIORITY).empty()) line += format(" metric {}", attributes.number(RTA_PRIORITY));
    call.out.line(line);
  });
}

bool stands_for(std::string_view word, std::string_view name) { return !word.empty() && name.starts_with(word); }

bool is_show(std::string_view word) { return stands_for(word, "show") || stands_for(word, "list"); }

// [OBJECT [show] [[dev] NAME]]
Question question_of(Call& call) {
  const bool brief = std::erase_if(call.words, [](const std::string& word) { return word == "-br" || word == "-brief"; }) > 0;
  const Options options(call, "46");
  const auto& operands = options.operands();
  Question question{.family = static_cast<unsigned char>(options.has('4') ? AF_INET : options.has('6') ? AF_INET6 : AF_UNSPEC), .brief = brief};
  std::size_t at = 0;
  if (at < operands.size()) question.what = operands[at++];
  const bool shows = at < operands.size() && is_show(operands[at]);
  at += shows;
  const bool named = at + 1 < operands.size() && operands[at] == "dev";
  at += named;
  if (at < operands.size() && !shows && !named) throw Failure(format("{}: networks are only looked at here: show", quoted(operands[at])), 2);
  if (at < operands.size()) question.device = operands[at++];
  options.need(0, at);
  return question;
}

}  // namespace

int tell_network(Call& call) {
  const Question question = question_of(call);
  const std::string& what = question.what;
  if (stands_for(what, "address")) tell_links(call, question, true);
  else if (stands_for(what, "listeners")) tell_listeners(call);
  else if (stands_for(what, "link")) tell_links(call, question, false);
  else if (stands_for(what, "route")) tell_routes(call, question);
  else throw Failure(format("{} is none of address, link, route and listeners", quoted(what)), 2);
  return 0;
}

}  // namespace snug::builtin
