// The process beside the container that knows names. It stands in this machine's network, where it asks for them, and answers at the end of a line to
// the container (line.cc). Where there is a wall it holds sockets that were opened in the container's network: one through which the wall is
// changed, and one that tells of what that has refused. The addresses of a name are let out before whoever asked for it has them. Of containers
// on shared networks the keeper of those knows.
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
constexpr int drowsy = 60'000;  // milliseconds

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
  for (const ifaddrs* each = first; each; each = each->ifa_next) addresses.push_back(address_in(each->ifa_addr));
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

Gatekeeper::Gatekeeper(const GateChoice& choice, Sockets sockets)
    : rules_(choice.rules), sockets_(std::move(sockets)), hands_on_(choice.hands_on), upstream_(choice.upstream),
      server_([this](const DnsServer::Question& question, const DnsServer::Reply& reply) { judge(question, reply); }), log_(sockets_.log) {
  for (const sys::Fd& socket : sockets_.end.udp) server_.open(socket.get(), false);
  for (const sys::Fd& socket : sockets_.end.tcp) server_.open(socket.get(), true);
  neighbours_.meet(std::move(sockets_.keeper));
}

void Gatekeeper::work() {
  // What another one has opened before nobody knows any more.
  if (has_wall() && (sys::send_batch(sockets_.rules, shut_all()) != 0 || sys::send_batch(sockets_.rules, make_networks(rules_)) != 0)) return;
  for (;;) {
    sys::Waiting waiting;
    const int outer = sockets_.line, inner = sockets_.end.line.get();
    for (const int fd : {sockets_.control, sockets_.refused, outer, inner}) waiting.want(fd, POLLIN);
    server_.want(waiting);
    upstream_.want(waiting);
    neighbours_.want(waiting);
    const int patience = least_patience();
    if (!waiting.sleep(patience >= 0 || has_wall() ? patience : drowsy)) continue;
    if (waiting.was_quiet() && patience < 0 && !has_wall()) return say(gone_to_sleep);
    for (const auto& [from, to] : {std::pair{outer, inner}, std::pair{inner, outer}})
      if (waiting.got(from, POLLIN) && !carry(from, to)) return say(line_is_gone);
    upstream_.answer(waiting);
    neighbours_.answer(waiting);
    server_.answer(waiting);
    if (waiting.got(sockets_.refused, POLLIN)) read_refused();
    if (waiting.got(sockets_.control, POLLIN) && !obey()) return;
    log_.flush(std::time(nullptr));
  }
}

void Gatekeeper::say(int word) const { static_cast<void>(::send(sockets_.control, &word, sizeof word, MSG_NOSIGNAL)); }

int Gatekeeper::least_patience() const {
  int least = -1;
  for (const int each : {upstream_.patience(), neighbours_.patience(), server_.patience(), log_.patience()})
    if (each >= 0 && (least < 0 || each < least)) least = each;
  return least;
}

void Gatekeeper::judge(const DnsServer::Question& question, const DnsServer::Reply& reply) {
  const DnsQuery& query = question.query;
  if (!has_wall()) return find(question, reply);
  if (!is_allowed(rules_, query.question.name)) {
    note({.name = query.question.name, .address = {}, .protocol = {}});
    return reply(make_dns_answer(query, DnsCode::refused, {}, question.limit));
  }
  // They hint at addresses that no answer to a question for addresses has named.
  if (query.question.type == DnsType::svcb || query.question.type == DnsType::https) return reply(make_dns_answer(query, DnsCode::ok, {}, question.limit));
  hand_on(question, reply);
}

// Containers first: on their networks nobody outside knows them better.
void Gatekeeper::find(const DnsServer::Question& question, const DnsServer::Reply& reply) {
  const auto asked = question_of(question.query.question);
  if (!asked || !neighbours_.are_there()) return hand_on(question, reply);
  neighbours_.ask(*asked, [this, question, reply](const std::optional<NameAnswer>& answer) {
    if (answer && !answer->known) return hand_on(question, reply);
    reply(make_dns_answer(question.query, answer ? DnsCode::ok : DnsCode::failed, answer ? records_of(question.query.question, *answer) : std::vector<DnsRecord>(), question.limit));
  });
}

void Gatekeeper::hand_on(const DnsServer::Question& question, const DnsServer::Reply& reply) {
  if (!hands_on_) return reply(make_dns_answer(question.query, DnsCode::no_such_name, {}, question.limit));
  upstream_.ask(question.query, question.tcp, [this, question, reply](const std::string& answer) {
    const bool good = !answer.empty() && (!has_wall() || let_out(question, answer));
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
  std::vector<sys::Fd> descriptors;
  const ssize_t count = sys::receive_message(sockets_.control, text.data(), text.size(), descriptors);
  if (count <= 0) return false;
  if (text.front() == 'n') return neighbours_.meet(descriptors.empty() ? sys::Fd() : std::move(descriptors.front())), true;
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
