// The process beside the container that knows names. It stands in this machine's network, where it asks for them, and holds sockets that were
// opened in the container's: those at which names are asked for, one through which the wall is changed, and one that tells of what the
// wall has refused. The addresses of a name are let out before whoever asked for it has them.
//
// Whatever it reads comes from strangers: questions from inside, answers from outside. Where it falls, no name is resolved, and what it has let out
// shuts by itself.

#include "gatekeeper.hh"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/nftables.hh"
#include "snug/sys/process.hh"
#include "snug/sys/waiting.hh"

namespace snug::net {
namespace {

constexpr std::uint64_t nanoseconds = 1'000'000;

std::uint64_t milliseconds_now() { return sys::monotonic_time() / nanoseconds; }

sys::NetAddress address_in(const sockaddr* place) {
  sys::NetAddress address;
  if (!place || (place->sa_family != AF_INET && place->sa_family != AF_INET6)) return address;
  address.family = place->sa_family;
  const bool ipv6 = place->sa_family == AF_INET6;
  const void* bytes = ipv6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(place)->sin6_addr) : &reinterpret_cast<const sockaddr_in*>(place)->sin_addr;
  std::memcpy(address.bytes.data(), bytes, address.view().size());
  return address;
}

// Those of this machine's interfaces, as they are now. Where they are not known, every address may be one.
std::optional<std::vector<sys::NetAddress>> own_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  std::vector<sys::NetAddress> addresses;
  for (const ifaddrs* each = first; each; each = each->ifa_next)
    if (std::string_view(each->ifa_name) != "lo") addresses.push_back(address_in(each->ifa_addr));
  ::freeifaddrs(first);
  return addresses;
}

// What the kernel tells its neighbours of its own accord.
bool is_chatter(const Denial& denial) {
  const bool group = denial.address.starts_with("ff") || denial.address.starts_with("224.0.0.");
  return group && (denial.protocol == "icmp" || denial.protocol == "2");
}

}  // namespace

std::string render_rules(std::span<const GateRule> rules) {
  std::string text;
  for (const GateRule& rule : rules) {
    text += rule.name + ' ';
    for (const std::uint8_t byte : rule.network.bytes) text += format("{:02x}", byte);
    text += format(" {} {} {}\n", rule.network.family, rule.prefix, rule.port);
  }
  return text;
}

std::vector<GateRule> parse_rules(std::string_view text) {
  std::vector<GateRule> rules;
  for (const std::string_view line : lines(text)) {
    const std::vector<std::string> words = split(line, ' ');
    if (words.size() != 5) continue;
    GateRule rule{.name = words[0]};
    for (std::size_t at = 0; at < rule.network.bytes.size(); ++at) rule.network.bytes[at] = static_cast<std::uint8_t>(std::stoul(words[1].substr(2 * at, 2), nullptr, 16));
    rule.network.family = static_cast<int>(parse_number(words[2]).value_or(0));
    rule.prefix = static_cast<unsigned>(parse_number(words[3]).value_or(0));
    rule.port = static_cast<std::uint16_t>(parse_number(words[4]).value_or(0));
    rules.push_back(std::move(rule));
  }
  return rules;
}

Gatekeeper::Gatekeeper(std::vector<GateRule> rules, std::vector<std::string> upstream, Sockets sockets)
    : rules_(std::move(rules)), sockets_(std::move(sockets)), upstream_(std::move(upstream)),
      server_([this](int, const DnsServer::Question& question, const DnsServer::Reply& reply) { judge(question, reply); }), log_(sockets_.log) {
  for (const int socket : sockets_.udp) server_.open(socket, false);
  for (const int socket : sockets_.tcp) server_.open(socket, true);
}

void Gatekeeper::work() {
  // What another one has opened before nobody knows any more.
  if (sys::send_batch(sockets_.rules, shut_all()) != 0 || sys::send_batch(sockets_.rules, make_networks(rules_)) != 0) return;
  for (;;) {
    sys::Waiting waiting;
    for (const int fd : {sockets_.control, sockets_.refused}) waiting.want(fd, POLLIN);
    server_.want(waiting);
    upstream_.want(waiting);
    if (!waiting.sleep(patience())) continue;
    upstream_.answer(waiting);
    server_.answer(waiting);
    if (waiting.got(sockets_.refused, POLLIN)) read_refused();
    if (waiting.got(sockets_.control, POLLIN) && !obey()) return;
    log_.flush(std::time(nullptr));
  }
}

int Gatekeeper::patience() const {
  int least = -1;
  for (const int each : {upstream_.patience(), server_.patience(), log_.patience()})
    if (each >= 0 && (least < 0 || each < least)) least = each;
  return least;
}

void Gatekeeper::judge(const DnsServer::Question& question, const DnsServer::Reply& reply) {
  const DnsQuery& query = question.query;
  if (!is_allowed(rules_, query.question.name)) {
    note({.name = query.question.name, .address = {}, .protocol = {}});
    return reply(make_dns_answer(query, DnsCode::refused, {}, question.limit));
  }
  // They hint at addresses that no answer to a question for addresses has named.
  if (query.question.type == DnsType::svcb || query.question.type == DnsType::https) return reply(make_dns_answer(query, DnsCode::ok, {}, question.limit));
  upstream_.ask(query, question.tcp, [this, question, reply](const std::string& answer) {
    const bool good = !answer.empty() && let_out(question, answer);
    reply(good ? pass_dns_answer(answer, question.query, question.limit) : make_dns_answer(question.query, DnsCode::failed, {}, question.limit));
  });
}

bool Gatekeeper::let_out(const DnsServer::Question& question, const std::string& message) {
  auto answer = parse_dns_answer(message);
  if (!answer) return false;
  if (answer->addresses.empty()) return true;
  const auto own = own_addresses();
  std::erase_if(answer->addresses, [&](const DnsAddress& each) { return !own || !may_open(each.address) || std::find(own->begin(), own->end(), each.address) != own->end(); });
  const auto change = openings_.learn(rules_, question.query.question.name, answer->addresses, milliseconds_now());
  return change && apply(*change);
}

bool Gatekeeper::apply(const DoorChange& change) const {
  if (change.open.empty()) return true;
  const int error = sys::send_batch(sockets_.rules, make_doors(change.shut, change.open));
  return error == 0 || (error == ENOENT && sys::send_batch(sockets_.rules, make_doors({}, change.open)) == 0);
}

void Gatekeeper::read_refused() {
  alignas(8) std::array<char, 8192> buffer;
  constexpr int most = 64;  // then it is somebody else's turn
  for (int at = 0; at < most; ++at) {
    const ssize_t count = ::recv(sockets_.refused, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == ENOBUFS) continue;  // more than anybody reads
    if (count <= 0) return;
    for (std::string_view rest(buffer.data(), static_cast<std::size_t>(count)); !rest.empty();) {
      auto denial = find_denial(sys::take_logged(rest));
      if (!denial || is_chatter(*denial)) continue;
      denial->name = openings_.name_of(sys::read_address(denial->address.c_str()));
      note(*std::move(denial));
    }
  }
}

void Gatekeeper::note(Denial denial) { log_.note(std::move(denial), std::time(nullptr)); }

bool Gatekeeper::obey() {
  std::vector<char> text(std::size_t{1} << 17U);
  const ssize_t count = ::recv(sockets_.control, text.data(), text.size(), 0);
  if (count <= 0) return false;
  // The first letter is there so that no rules at all are a message, too.
  const int error = change(parse_rules(std::string_view(text.data(), static_cast<std::size_t>(count)).substr(1)));
  return ::send(sockets_.control, &error, sizeof error, MSG_NOSIGNAL) == sizeof error;
}

int Gatekeeper::change(std::vector<GateRule> rules) {
  if (const int error = sys::send_batch(sockets_.rules, make_networks(rules))) return error;
  rules_ = std::move(rules);
  int first = 0;
  for (const Door& door : openings_.review(rules_, milliseconds_now())) {
    const int error = sys::send_batch(sockets_.rules, make_doors({&door, 1}, {}));
    if (error && error != ENOENT && !first) first = error;  // its time may have just run out
  }
  return first;
}

}  // namespace snug::net
