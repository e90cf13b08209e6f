#include "name_server.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "snug/sys/network.hh"

namespace snug::net {
namespace {

// Whoever keeps answers finds soon that somebody has come or gone.
constexpr std::uint32_t ttl = 2;  // seconds

std::string render(const sys::NetAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.family, address.bytes.data(), text.data(), text.size());
  return text.data();
}

std::vector<DnsRecord> records_of(const std::vector<std::string>& addresses) {
  std::vector<DnsRecord> records;
  for (const std::string& address : addresses) records.push_back({sys::read_address(address.c_str()), ttl});
  return records;
}

// What is known here; nothing where somebody else has to know it.
std::optional<std::vector<DnsRecord>> find_records(const DnsQuestion& question, const std::vector<const Membership*>& visible) {
  if (question.type == DnsType::ptr) {
    const auto address = find_reverse(question.name);
    std::string name = address ? find_name_of(visible, render(*address)) : std::string();
    return name.empty() ? std::nullopt : std::optional(std::vector<DnsRecord>{{std::move(name), ttl}});
  }
  const Found found = find_name(visible, question.name, question.type == DnsType::aaaa);
  if (!found.known) return {};
  const bool of_address = question.type == DnsType::a || question.type == DnsType::aaaa;
  return of_address ? records_of(found.addresses) : std::vector<DnsRecord>();
}

}  // namespace

NameServer::NameServer(Look look)
    : look_(std::move(look)), server_([this](int socket, const DnsServer::Question& question, const DnsServer::Reply& reply) { judge(socket, question, reply); }) {}

void NameServer::open(const std::string& network, const Segment& segment) {
  for (const bool tcp : {false, true})
    for (const sys::Fd& socket : tcp ? segment.tcp() : segment.udp()) {
      networks_[socket.get()] = network;
      server_.open(socket.get(), tcp);
    }
}

void NameServer::close(const std::string& network) {
  for (auto each = networks_.begin(); each != networks_.end();) {
    if (each->second == network) server_.close(each->first), each = networks_.erase(each);
    else ++each;
  }
}

int NameServer::patience() const {
  const int one = server_.patience(), other = upstream_.patience();
  return one < 0 || (other >= 0 && other < one) ? other : one;
}

void NameServer::judge(int socket, const DnsServer::Question& question, const DnsServer::Reply& reply) {
  const DnsQuery& query = question.query;
  const std::size_t limit = question.limit;
  const View view = look_(networks_.at(socket), question.from);
  if (const auto records = find_records(query.question, view.visible)) return reply(make_dns_answer(query, DnsCode::ok, *records, limit));
  if (!view.handed_on) return reply(make_dns_answer(query, DnsCode::no_such_name, {}, limit));
  upstream_.ask(query, question.tcp, [query, limit, reply](const std::string& answer) {
    reply(answer.empty() ? make_dns_answer(query, DnsCode::failed, {}, limit) : pass_dns_answer(answer, query, limit));
  });
}

}  // namespace snug::net
