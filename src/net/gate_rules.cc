// The wall in the container's network namespace, as nft(8) would list it:
//
//   table inet snug {
//     set names4 { type ipv4_addr; flags timeout; }                  addresses of names that may be sent to whatever the port
//     set ports4 { type ipv4_addr . inet_service; flags timeout; }   …and at one port
//     chain leaving { type filter hook output priority raw; oiftype loopback notrack }       what runs over the loopback may be feigned to come
//     chain coming { type filter hook prerouting priority raw; iiftype loopback notrack }    from anywhere: nothing follows from it; nor from
//                                                                                            what is said to the gate, by an interface of type none
//     chain networks { ip daddr 10.0.0.0/8 accept … }                what was allowed by address
//     chain output {
//       type filter hook output priority filter; policy drop;
//       oiftype loopback accept; oiftype none accept
//       ct state established,related accept      what runs goes on when its door is shut; and the answers of whoever was called
//       icmpv6 type 133-136 accept               how neighbours are found
//       icmpv6 type 143 accept                   what the kernel tells of its groups
//       jump networks
//       ip daddr @names4 accept …
//       limit rate 200/second log group 83
//       meta l4proto tcp reject with tcp reset    the caller is told at once: what ICMP tells of TCP comes while the socket is busy with
//       reject with icmpx admin-prohibited       its own connect(2), and counts a second later
//     }
//   }

#include "gate_rules.hh"

#include <netinet/in.h>  // before linux/in.h

#include <linux/if_arp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <type_traits>

#include "snug/base/text.hh"
#include "snug/sys/nftables.hh"

namespace snug::net {
namespace {

using sys::NftBatch;

constexpr const char *table = "snug", *output = "output", *networks = "networks", *leaving = "leaving", *coming = "coming";
constexpr std::array<std::uint16_t, 2> open_types{ARPHRD_LOOPBACK, ARPHRD_NONE};
constexpr std::uint32_t most_elements = 8192;
constexpr std::uint32_t first_register = NFT_REG32_00, size_of_register = 4;

template <typename Value>
std::string bytes_of(const Value& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::uint32_t number(auto value) { return static_cast<std::uint32_t>(value); }

/// What differs between the two families.
struct Family {
  std::uint8_t protocol;
  std::uint32_t destination, size;  ///< of an address in the header
  std::uint32_t key;                ///< what nft(8) calls its type by
  const char *names, *ports;
};
constexpr Family ipv4{NFPROTO_IPV4, 16, 4, 7, "names4", "ports4"}, ipv6{NFPROTO_IPV6, 24, 16, 8, "names6", "ports6"};
constexpr std::uint32_t port_key = 13, key_bits = 6;

const Family& family_of(const sys::NetAddress& address) { return address.family == AF_INET ? ipv4 : ipv6; }

/// A rule in the making: it goes to the end of its chain.
class Rule {
 public:
  Rule(NftBatch& batch, const char* chain) : batch_(batch) {
    batch_.begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    batch_.add_text(NFTA_RULE_TABLE, table);
    batch_.add_text(NFTA_RULE_CHAIN, chain);
    all_ = batch_.open(NFTA_RULE_EXPRESSIONS);
  }
  ~Rule() { batch_.close(all_); }
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  Rule& meta(std::uint32_t key, std::string_view value) {
    expression("meta", [&] { put(NFTA_META_DREG, first_register), put(NFTA_META_KEY, key); });
    return compare(NFT_CMP_EQ, value);
  }
  Rule& is(const Family& family) { return meta(NFT_META_NFPROTO, bytes_of(family.protocol)); }
  Rule& carries(std::uint8_t protocol) { return meta(NFT_META_L4PROTO, bytes_of(protocol)); }

  Rule& load(std::uint32_t base, std::uint32_t offset, std::uint32_t size, std::uint32_t into = first_register) {
    return expression("payload", [&] { put(NFTA_PAYLOAD_DREG, into), put(NFTA_PAYLOAD_BASE, base), put(NFTA_PAYLOAD_OFFSET, offset), put(NFTA_PAYLOAD_LEN, size); });
  }
  Rule& load_destination(const Family& family) { return load(NFT_PAYLOAD_NETWORK_HEADER, family.destination, family.size); }
  Rule& load_port(std::uint32_t into = first_register) { return load(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, into); }

  Rule& compare(std::uint32_t how, std::string_view value) {
    return expression("cmp", [&] { put(NFTA_CMP_SREG, first_register), put(NFTA_CMP_OP, how), data(NFTA_CMP_DATA, value); });
  }
  Rule& mask(std::string_view mask) {
    return expression("bitwise", [&] {
      put(NFTA_BITWISE_SREG, first_register), put(NFTA_BITWISE_DREG, first_register), put(NFTA_BITWISE_LEN, number(mask.size()));
      data(NFTA_BITWISE_MASK, mask), data(NFTA_BITWISE_XOR, std::string(mask.size(), '\0'));
    });
  }
  Rule& load_state() {
    return expression("ct", [&] { put(NFTA_CT_DREG, first_register), put(NFTA_CT_KEY, NFT_CT_STATE); });
  }
  Rule& is_in(const char* set) {
    return expression("lookup", [&] { batch_.add_text(NFTA_LOOKUP_SET, set), put(NFTA_LOOKUP_SREG, first_register); });
  }
  Rule& limit(std::uint64_t rate) {
    return expression("limit", [&] {
      batch_.add(NFTA_LIMIT_RATE, rate), batch_.add(NFTA_LIMIT_UNIT, std::uint64_t{1});
      put(NFTA_LIMIT_BURST, number(rate)), put(NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
    });
  }
  Rule& log() {
    return expression("log", [&] { batch_.add(NFTA_LOG_GROUP, refused_group), batch_.add(NFTA_LOG_QTHRESHOLD, std::uint16_t{1}); });
  }
  Rule& reset() {
    return expression("reject", [&] { put(NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST); });
  }
  Rule& reject() {
    return expression("reject", [&] {
      put(NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
      batch_.add(NFTA_REJECT_ICMP_CODE, bytes_of(std::uint8_t{NFT_REJECT_ICMPX_ADMIN_PROHIBITED}));
    });
  }
  void notrack() {
    expression("notrack", [] {});
  }
  void accept() { decide(NF_ACCEPT); }
  void jump(const char* chain) { decide(NFT_JUMP, chain); }

 private:
  template <typename Fill>
  Rule& expression(const char* name, const Fill& fill) {
    const std::size_t one = batch_.open(NFTA_LIST_ELEM);
    batch_.add_text(NFTA_EXPR_NAME, name);
    const std::size_t inner = batch_.open(NFTA_EXPR_DATA);
    fill();
    batch_.close(inner);
    batch_.close(one);
    return *this;
  }
  void put(std::uint16_t attribute, auto value) { batch_.add(attribute, number(value)); }
  void data(std::uint16_t attribute, std::string_view value) {
    const std::size_t mark = batch_.open(attribute);
    batch_.add(NFTA_DATA_VALUE, value);
    batch_.close(mark);
  }
  void decide(int verdict, const char* chain = nullptr) {
    expression("immediate", [&] {
      put(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
      const std::size_t value = batch_.open(NFTA_IMMEDIATE_DATA), inner = batch_.open(NFTA_DATA_VERDICT);
      put(NFTA_VERDICT_CODE, verdict);
      if (chain) batch_.add_text(NFTA_VERDICT_CHAIN, chain);
      batch_.close(inner);
      batch_.close(value);
    });
  }

  NftBatch& batch_;
  std::size_t all_ = 0;
};

struct Hook {
  std::uint32_t number;
  std::int32_t priority;
  int policy;
};

void add_chain(NftBatch& batch, const char* name, const std::optional<Hook>& where) {
  batch.begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
  batch.add_text(NFTA_CHAIN_TABLE, table);
  batch.add_text(NFTA_CHAIN_NAME, name);
  if (!where) return;
  const std::size_t hook = batch.open(NFTA_CHAIN_HOOK);
  batch.add(NFTA_HOOK_HOOKNUM, where->number);
  batch.add(NFTA_HOOK_PRIORITY, number(where->priority));
  batch.close(hook);
  batch.add(NFTA_CHAIN_POLICY, number(where->policy));
  batch.add_text(NFTA_CHAIN_TYPE, "filter");
}

void add_set(NftBatch& batch, const char* name, std::uint32_t id, std::uint32_t type, std::uint32_t size) {
  batch.begin(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
  batch.add_text(NFTA_SET_TABLE, table);
  batch.add_text(NFTA_SET_NAME, name);
  batch.add(NFTA_SET_FLAGS, number(NFT_SET_TIMEOUT));
  batch.add(NFTA_SET_KEY_TYPE, type);
  batch.add(NFTA_SET_KEY_LEN, size);
  batch.add(NFTA_SET_ID, id);
  const std::size_t description = batch.open(NFTA_SET_DESC);
  batch.add(NFTA_SET_DESC_SIZE, most_elements);
  batch.close(description);
}

std::string mask_of(unsigned prefix, std::size_t size) {
  std::string mask(size, '\0');
  for (unsigned at = 0; at < prefix; ++at) mask[at / 8] = static_cast<char>(static_cast<unsigned char>(mask[at / 8]) | 0x80U >> at % 8);
  return mask;
}

std::string port_bytes(std::uint16_t port) { return bytes_of(htons(port)); }

void add_network(NftBatch& batch, const GateRule& rule, std::optional<std::uint8_t> protocol) {
  const Family& family = family_of(rule.network);
  Rule made(batch, networks);
  made.is(family);
  if (rule.prefix > 0) made.load_destination(family).mask(mask_of(rule.prefix, family.size)).compare(NFT_CMP_EQ, rule.network.view());
  if (protocol) made.carries(*protocol).load_port().compare(NFT_CMP_EQ, port_bytes(rule.port));
  made.accept();
}

void add_networks(NftBatch& batch, std::span<const GateRule> rules) {
  for (const GateRule& rule : rules) {
    if (!rule.name.empty()) continue;
    if (rule.port == 0) add_network(batch, rule, {});
    else
      for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP}) add_network(batch, rule, protocol);
  }
}

void add_names(NftBatch& batch, const Family& family) {
  Rule(batch, output).is(family).load_destination(family).is_in(family.names).accept();
  for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP})
    Rule(batch, output).is(family).carries(protocol).load_destination(family).load_port(first_register + family.size / size_of_register).is_in(family.ports).accept();
}

void add_output(NftBatch& batch) {
  constexpr std::uint32_t goes_on = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
  constexpr std::uint8_t first_neighbour = 133, last_neighbour = 136, groups_report = 143;
  for (const std::uint16_t type : open_types) Rule(batch, output).meta(NFT_META_OIFTYPE, bytes_of(type)).accept();
  Rule(batch, output).load_state().mask(bytes_of(goes_on)).compare(NFT_CMP_NEQ, bytes_of(std::uint32_t{0})).accept();
  Rule(batch, output).is(ipv6).carries(IPPROTO_ICMPV6).load(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1)
      .compare(NFT_CMP_GTE, bytes_of(first_neighbour)).compare(NFT_CMP_LTE, bytes_of(last_neighbour)).accept();
  Rule(batch, output).is(ipv6).carries(IPPROTO_ICMPV6).load(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1).compare(NFT_CMP_EQ, bytes_of(groups_report)).accept();
  Rule(batch, output).jump(networks);
  for (const Family* family : {&ipv4, &ipv6}) add_names(batch, *family);
  constexpr std::uint64_t most_told = 200;  // a second
  Rule(batch, output).limit(most_told).log();
  Rule(batch, output).carries(IPPROTO_TCP).reset();
  Rule(batch, output).reject();
}

// One kind of message names one set.
template <typename Element>
void change_elements(NftBatch& batch, std::uint16_t type, std::uint16_t flags, std::span<const Element> elements) {
  const auto door_of = [](const Element& element) -> const Door& {
    if constexpr (std::is_same_v<Element, TimedDoor>) return element.door;
    else return element;
  };
  for (const Element& element : elements) {
    const Door& door = door_of(element);
    const Family& family = family_of(door.address);
    batch.begin(type, flags);
    batch.add_text(NFTA_SET_ELEM_LIST_TABLE, table);
    batch.add_text(NFTA_SET_ELEM_LIST_SET, door.port ? family.ports : family.names);
    const std::size_t all = batch.open(NFTA_SET_ELEM_LIST_ELEMENTS), one = batch.open(NFTA_LIST_ELEM), key = batch.open(NFTA_SET_ELEM_KEY);
    std::string value(door.address.view());
    if (door.port) value += port_bytes(door.port) + std::string(2, '\0');
    batch.add(NFTA_DATA_VALUE, value);
    batch.close(key);
    if constexpr (std::is_same_v<Element, TimedDoor>) batch.add(NFTA_SET_ELEM_TIMEOUT, element.milliseconds);
    batch.close(one);
    batch.close(all);
  }
}

}  // namespace

std::string make_wall(std::span<const GateRule> rules) {
  NftBatch batch;
  batch.begin(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
  batch.add_text(NFTA_TABLE_NAME, table);
  std::uint32_t id = 1;
  for (const Family* family : {&ipv4, &ipv6}) {
    add_set(batch, family->names, id++, family->key, family->size);
    add_set(batch, family->ports, id++, family->key << key_bits | port_key, family->size + size_of_register);
  }
  constexpr std::int32_t before_tracking = -300;
  add_chain(batch, leaving, Hook{NF_INET_LOCAL_OUT, before_tracking, NF_ACCEPT});
  add_chain(batch, coming, Hook{NF_INET_PRE_ROUTING, before_tracking, NF_ACCEPT});
  for (const std::uint16_t type : open_types) {
    Rule(batch, leaving).meta(NFT_META_OIFTYPE, bytes_of(type)).notrack();
    Rule(batch, coming).meta(NFT_META_IIFTYPE, bytes_of(type)).notrack();
  }
  add_chain(batch, networks, {});
  add_chain(batch, output, Hook{NF_INET_LOCAL_OUT, 0, NF_DROP});
  add_networks(batch, rules);
  add_output(batch);
  return batch.finish();
}

std::string tear_down() {
  NftBatch batch;
  batch.begin(NFT_MSG_DELTABLE, 0);
  batch.add_text(NFTA_TABLE_NAME, table);
  return batch.finish();
}

std::string make_networks(std::span<const GateRule> rules) {
  NftBatch batch;
  batch.begin(NFT_MSG_DELRULE, 0);
  batch.add_text(NFTA_RULE_TABLE, table);
  batch.add_text(NFTA_RULE_CHAIN, networks);
  add_networks(batch, rules);
  return batch.finish();
}

std::string make_doors(std::span<const Door> shut, std::span<const TimedDoor> open) {
  NftBatch batch;
  change_elements(batch, NFT_MSG_DELSETELEM, 0, shut);
  change_elements(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, open);
  return batch.finish();
}

std::string shut_all() {
  NftBatch batch;
  for (const char* set : {ipv4.names, ipv4.ports, ipv6.names, ipv6.ports}) {
    batch.begin(NFT_MSG_DELSETELEM, 0);
    batch.add_text(NFTA_SET_ELEM_LIST_TABLE, table);
    batch.add_text(NFTA_SET_ELEM_LIST_SET, set);
  }
  return batch.finish();
}

}  // namespace snug::net
