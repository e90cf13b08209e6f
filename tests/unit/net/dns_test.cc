#include <doctest/doctest.h>

#include <sys/socket.h>

#include "snug/base/text.hh"
#include "snug/net/dns.hh"

using namespace snug;
using namespace snug::net;

namespace {

std::string n16(std::size_t value) { return {static_cast<char>(value >> 8U & 0xffU), static_cast<char>(value & 0xffU)}; }

// "example.org" as it stands in a message.
std::string wire(std::string_view name) {
  std::string out;
  for (const std::string& label : split(name, '.')) out += static_cast<char>(label.size()) + label;
  return out + '\0';
}

std::string header(std::size_t id, std::size_t flags, std::size_t answers, std::size_t more = 0) {
  return n16(id) + n16(flags) + n16(1) + n16(answers) + n16(0) + n16(more);
}

std::string question(std::string_view name, std::size_t type, std::size_t kind = 1) { return wire(name) + n16(type) + n16(kind); }

std::string record(const std::string& owner, std::size_t type, std::size_t ttl, const std::string& data, std::size_t kind = 1) {
  return owner + n16(type) + n16(kind) + n16(ttl >> 16U) + n16(ttl & 0xffffU) + n16(data.size()) + data;
}

const std::string four{"\xc0\x00\x02\x07", 4};  // 192.0.2.7
const std::string asked{"\xc0\x0c", 2};

sys::NetAddress address(const char* text) { return sys::read_address(text); }

std::string text_of(const DnsAddress& found) {
  std::string text = format("{} {}", found.address.family == AF_INET ? "4" : "6", found.ttl);
  for (const char byte : found.address.view()) text += format(" {:02x}", static_cast<unsigned char>(byte));
  return text;
}

DnsQuery query_for(std::string_view name, std::size_t type, bool extended = false) {
  const std::string options = std::string(1, '\0') + n16(41) + n16(4096) + std::string("\0\0\x80\0", 4) + n16(0);
  const auto query = parse_dns_query(header(77, 0x0110, 0, extended) + question(name, type) + (extended ? options : ""));
  REQUIRE(query);
  return *query;
}

}  // namespace

TEST_CASE("a question is read, whatever the case of its letters") {
  const auto query = parse_dns_query(header(77, 0x0110, 0) + question("WWW.Example.org", 28));
  REQUIRE(query);
  CHECK(query->id == 77);
  CHECK(query->question == DnsQuestion{"www.example.org", DnsType::aaaa});
  CHECK(query->wire == question("WWW.Example.org", 28));
  CHECK(query->recursion);
  CHECK(query->checking_disabled);
  CHECK_FALSE(query->extended);
  CHECK(query->size == 512);
  const DnsQuery extended = query_for("a.b", 1, true);
  CHECK(extended.extended);
  CHECK(extended.dnssec);
  CHECK(extended.size == 1232);
  CHECK(parse_dns_query(header(1, 0, 0) + std::string(1, '\0') + n16(2) + n16(1))->question.name.empty());
}

TEST_CASE("what is no question is none") {
  const std::string good = header(1, 0, 0) + question("example.org", 1);
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(parse_dns_query(good.substr(0, size)));
  CHECK(parse_dns_query(good));
  CHECK_FALSE(parse_dns_query(header(1, 0x8000, 0) + question("example.org", 1)));       // an answer
  CHECK_FALSE(parse_dns_query(header(1, 0x2800, 0) + question("example.org", 1)));       // an update
  CHECK_FALSE(parse_dns_query(header(1, 0, 0) + question("example.org", 1, 3)));         // of another class
  CHECK_FALSE(parse_dns_query(header(1, 0, 0, 1) + question("example.org", 1)));         // tells of more than there is
  CHECK_FALSE(parse_dns_query(n16(1) + n16(0) + n16(2) + std::string(6, '\0') + question("a.b", 1) + question("c.d", 1)));
}

TEST_CASE("a name that leads in a circle, forward or too far is none") {
  const auto read = [](const std::string& name) { return parse_dns_query(header(1, 0, 0) + name + n16(1) + n16(1)); };
  CHECK_FALSE(read("\xc0\x0c"));                               // itself
  CHECK_FALSE(read(std::string("\x01") + "a\xc0\x0c"));        // its own front
  CHECK_FALSE(read(std::string("\xc0\x12\0\0\0\0\0", 7)));     // further on
  CHECK_FALSE(read(std::string("\xc0\x00", 2)));               // the header
  CHECK_FALSE(read(std::string("\x80\x0c", 2)));               // no such kind of label
  std::string longest, label = std::string(1, '\x3f') + std::string(63, 'x');
  for (int i = 0; i < 3; ++i) longest += label;
  CHECK(read(longest + '\x3d' + std::string(61, 'y') + '\0'));
  CHECK_FALSE(read(longest + '\x3e' + std::string(62, 'y') + '\0'));
}

TEST_CASE("bytes that no host's name has never read like one") {
  const auto query = parse_dns_query(header(1, 0, 0) + std::string("\x0c") + "evil.example" + std::string("\x03") + "org" + '\0' + n16(1) + n16(1));
  REQUIRE(query);
  CHECK(query->question.name == "evil\\046example.org");
  const auto other = parse_dns_query(header(1, 0, 0) + std::string("\x03") + "a\\\x1b" + '\0' + n16(1) + n16(1));
  REQUIRE(other);
  CHECK(other->question.name == "a\\092\\027");
}

TEST_CASE("an answer tells the addresses of the name that was asked for, and of those that it stands for") {
  const std::string away = wire("cdn.example.net");
  const auto answer = parse_dns_answer(header(9, 0x8180, 5) + question("www.example.org", 1) + record(away, 1, 300, four) + record(asked, 5, 60, away) +
                                       record(wire("other.example.org"), 1, 300, "\x0a\x01\x01\x01") + record(away, 1, 300, "\x0a\x01\x01\x02", 3) +
                                       record(away, 28, 0x80000001, std::string(16, '\x20')));
  REQUIRE(answer);
  CHECK(answer->id == 9);
  CHECK(answer->code == DnsCode::ok);
  CHECK(answer->question == DnsQuestion{"www.example.org", DnsType::a});
  REQUIRE(answer->addresses.size() == 2);
  CHECK(text_of(answer->addresses[0]) == "4 60 c0 00 02 07");
  CHECK(text_of(answer->addresses[1]).starts_with("6 0 20 20"));
}

TEST_CASE("an answer whose names lead in a circle comes to an end") {
  const auto answer = parse_dns_answer(header(9, 0x8180, 2) + question("a.org", 1) + record(asked, 5, 60, wire("b.org")) + record(wire("b.org"), 5, 60, wire("a.org")));
  REQUIRE(answer);
  CHECK(answer->addresses.empty());
}

TEST_CASE("what is no answer is none") {
  const std::string good = header(9, 0x8180, 1) + question("a.org", 1) + record(asked, 1, 60, four);
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(parse_dns_answer(good.substr(0, size)));
  CHECK(parse_dns_answer(good));
  CHECK_FALSE(parse_dns_answer(header(9, 0x0180, 0) + question("a.org", 1)));
  const auto odd = parse_dns_answer(header(9, 0x8180, 1) + question("a.org", 1) + record(asked, 1, 60, "abc"));
  REQUIRE(odd);
  CHECK(odd->addresses.empty());
  const auto cut = parse_dns_answer(header(9, 0x8380, 3) + question("a.org", 1) + record(asked, 1, 60, four));
  REQUIRE(cut);
  CHECK(cut->truncated);
}

TEST_CASE("an answer is one to what was asked") {
  const DnsQuery query = query_for("Example.ORG", 1);
  const auto read = [](std::string_view name, std::size_t type, std::size_t id) { return *parse_dns_answer(header(id, 0x8180, 0) + question(name, type)); };
  CHECK(answers(read("example.org", 1, 5), query, 5));
  CHECK_FALSE(answers(read("example.org", 1, 6), query, 5));
  CHECK_FALSE(answers(read("example.org", 28, 5), query, 5));
  CHECK_FALSE(answers(read("example.com", 1, 5), query, 5));
}

TEST_CASE("an answer of ours repeats the question as it came") {
  const DnsQuery query = query_for("DB", 1);
  const DnsRecord records[]{{address("10.89.0.2"), 5}, {address("10.89.0.3"), 7}};
  const std::string made = make_dns_answer(query, DnsCode::ok, records, query.size);
  CHECK(made.substr(12).starts_with(question("DB", 1)));
  const auto answer = parse_dns_answer(made);
  REQUIRE(answer);
  CHECK(answers(*answer, query, 77));
  REQUIRE(answer->addresses.size() == 2);
  CHECK(text_of(answer->addresses[1]) == "4 7 0a 59 00 03");
  const DnsQuery six = query_for("db", 28);
  const DnsRecord of_six[]{{address("fd00::2"), 5}};
  CHECK(text_of(parse_dns_answer(make_dns_answer(six, DnsCode::ok, of_six, 512))->addresses.at(0)).starts_with("6 5 fd 00 00"));
  const DnsQuery reverse = query_for("2.0.89.10.in-addr.arpa", 12);
  const DnsRecord name[]{{std::string("db.net\\046work"), 5}};
  const std::string pointer = make_dns_answer(reverse, DnsCode::ok, name, 512);
  CHECK(pointer.ends_with(std::string("\x02") + "db" + '\x08' + "net.work" + '\0'));
}

TEST_CASE("an answer that is too long is cut short, and a refusal says so") {
  const DnsQuery query = query_for("db", 1);
  const std::vector<DnsRecord> many(100, {address("10.89.0.2"), 5});
  const std::string made = make_dns_answer(query, DnsCode::ok, many, query.size);
  CHECK(made.size() < 100);
  CHECK(parse_dns_answer(made)->truncated);
  CHECK(parse_dns_answer(make_dns_answer(query, DnsCode::ok, many, dns_longest))->addresses.size() == 100);
  CHECK(parse_dns_answer(make_dns_answer(query, DnsCode::refused, {}, 512))->code == DnsCode::refused);
  const DnsQuery extended = query_for("db", 1, true);
  CHECK(make_dns_answer(extended, DnsCode::refused, {}, 512).ends_with(std::string("\0\x0f\0\x02\0\x12", 6)));
}

TEST_CASE("a question is passed on without what came with it, and the answer under the asker's number") {
  const DnsQuery query = query_for("Example.org", 1, true);
  const auto again = parse_dns_query(make_dns_query(query, 1234));
  REQUIRE(again);
  CHECK(again->id == 1234);
  CHECK(again->wire == query.wire);
  CHECK(again->dnssec);
  const std::string answer = header(1234, 0x8180, 1) + question("Example.org", 1) + record(asked, 1, 60, four);
  CHECK(pass_dns_answer(answer, query, 512) == n16(77) + answer.substr(2));
  CHECK(parse_dns_answer(pass_dns_answer(answer, query, answer.size() - 1))->truncated);
}

TEST_CASE("names and reverse names") {
  CHECK(find_dns_name("Example.ORG.") == "example.org");
  CHECK(find_dns_name("_srv.xn--bcher-kva.example") == "_srv.xn--bcher-kva.example");
  for (const char* none : {"", ".", "a..b", "a b", "b\xc3\xbc" "cher.example", "a.b..", "*.example.org"}) CHECK_FALSE(find_dns_name(none));
  CHECK_FALSE(find_dns_name(std::string(64, 'a')));
  CHECK(find_reverse("7.2.0.192.in-addr.arpa")->bytes == address("192.0.2.7").bytes);
  CHECK_FALSE(find_reverse("2.0.192.in-addr.arpa"));
  CHECK_FALSE(find_reverse("256.2.0.192.in-addr.arpa"));
  const std::string six = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
  REQUIRE(find_reverse(six));
  CHECK(find_reverse(six)->bytes == address("2001:db8::1").bytes);
  CHECK_FALSE(find_reverse("1.0.ip6.arpa"));
  CHECK_FALSE(find_reverse("example.org"));
}
