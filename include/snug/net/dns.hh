#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "snug/sys/network.hh"

namespace snug::net {

// Messages of the Domain Name System, RFC 1035 and 6891. Pure. What is read was written by strangers: whatever is out of bounds, too
// long or led in a circle is no message.
//
// A name is text here: its labels with dots between, in small letters, without the dot at the end; the root is "". A byte that a
// host's name cannot have, also a dot within a label, is a backslash and three digits: no name reads like another.

/// The types of record that are told apart.
enum class DnsType : std::uint16_t { a = 1, cname = 5, ptr = 12, aaaa = 28, options = 41, svcb = 64, https = 65 };

/// How a question was answered: the RCODE.
enum class DnsCode : std::uint8_t { ok = 0, malformed = 1, failed = 2, no_such_name = 3, not_implemented = 4, refused = 5 };

struct DnsQuestion {
  std::string name;
  DnsType type = DnsType::a;
  bool operator==(const DnsQuestion&) const = default;
};

/// A question as a program asks it.
struct DnsQuery {
  std::uint16_t id = 0;
  DnsQuestion question = {};
  std::string wire = {};           ///< the question as it came: an answer repeats it, capital letters and all
  bool recursion = false, checking_disabled = false;
  bool extended = false;        ///< EDNS, of which come
  bool dnssec = false;          ///< …the DO bit
  std::uint16_t size = 512;     ///< …and how long an answer by UDP may be
};

/// Reads a question: a message that asks one thing, in the class IN.
[[nodiscard]] std::optional<DnsQuery> parse_dns_query(std::string_view message);

struct DnsAddress {
  sys::NetAddress address;
  std::uint32_t ttl = 0;  ///< seconds: the least of those of the names that led here
};

/// What an answer says of the name that was asked for.
struct DnsAnswer {
  std::uint16_t id = 0;
  DnsQuestion question = {};
  DnsCode code = DnsCode::ok;
  bool truncated = false;
  std::vector<DnsAddress> addresses = {};  ///< the name's own, and those of the names that it stands for, of which the answer tells
};

/// Reads an answer. Records of names that nobody asked for are passed over.
[[nodiscard]] std::optional<DnsAnswer> parse_dns_answer(std::string_view message);

/// What is told of the name that was asked for: an address, of type A or AAAA, or the name that an address has, PTR.
struct DnsRecord {
  std::variant<sys::NetAddress, std::string> data;
  std::uint32_t ttl = 0;
};

/// Longest message there is: the limit of an answer by TCP.
inline constexpr std::size_t dns_longest = 65535;

/// Makes an answer of ours. Where it does not fit into `limit` bytes it says so, and tells nothing: the same is asked again by TCP then.
[[nodiscard]] std::string make_dns_answer(const DnsQuery& query, DnsCode code, std::span<const DnsRecord> records, std::size_t limit);

/// Makes the same question for somebody else, under another number: of what came with it nothing else is passed on.
[[nodiscard]] std::string make_dns_query(const DnsQuery& query, std::uint16_t id);

/// Whether `answer`, which came from who was asked under the number `id`, is one to this question.
[[nodiscard]] bool answers(const DnsAnswer& answer, const DnsQuery& query, std::uint16_t id);

/// Makes of somebody's answer one to `query`, cut short as make_dns_answer does it. It is one that parse_dns_answer could read.
[[nodiscard]] std::string pass_dns_answer(std::string_view message, const DnsQuery& query, std::size_t limit);

/// Puts a host's name into the form above; nothing where it is none. A dot at its end is allowed.
[[nodiscard]] std::optional<std::string> find_dns_name(std::string_view text);

/// Gives the address that a name below in-addr.arpa or ip6.arpa asks the name of; nothing where it asks that of none.
[[nodiscard]] std::optional<sys::NetAddress> find_reverse(std::string_view name);

}  // namespace snug::net
