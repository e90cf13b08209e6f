#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "snug/net/dns.hh"

// What is read of a message is in bounds; what is made of it is read again as the same; and an answer keeps to its limit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace net = snug::net;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  if (const auto query = net::parse_dns_query(message)) {
    const auto again = net::parse_dns_query(net::make_dns_query(*query, 7));
    if (!again || again->question != query->question || again->extended != query->extended || again->id != 7) std::abort();
    const net::DnsRecord records[]{{snug::sys::NetAddress{.family = 2}, 5}, {query->question.name, 6}};
    for (const std::size_t limit : {std::size_t{query->size}, net::dns_longest}) {
      const std::string made = net::make_dns_answer(*query, net::DnsCode::ok, records, limit);
      const auto answer = net::parse_dns_answer(made);
      if (!answer || made.size() > limit || !net::answers(*answer, *query, query->id)) std::abort();
      if (answer->truncated != answer->addresses.empty()) std::abort();
    }
  }
  if (const auto answer = net::parse_dns_answer(message)) {
    if (const auto name = net::find_dns_name(answer->question.name); name && *name != answer->question.name) std::abort();
    for (const auto& each : answer->addresses)
      if (each.address.family == 0 || each.ttl > 0x7fffffffU) std::abort();
  }
  static_cast<void>(net::find_reverse(message));
  return 0;
}
