#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "denial_log.hh"
#include "gatekeeper.hh"
#include "openings.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/nftables.hh"

using namespace snug;
using namespace snug::net;

namespace {

sys::NetAddress address(const char* text) { return sys::read_address(text); }
GateRule rule(const char* name, std::uint16_t port = 0) { return {.name = name, .network = {}, .prefix = 0, .port = port}; }

std::string text_of(const DoorChange& change) {
  std::string text;
  for (const Door& door : change.shut) text += format("-{}:{} ", static_cast<int>(door.address.bytes[3]), door.port);
  for (const TimedDoor& door : change.open) text += format("+{}:{}/{} ", static_cast<int>(door.door.address.bytes[3]), door.door.port, door.milliseconds);
  return text;
}

std::string learn(Openings& openings, const std::vector<GateRule>& rules, const char* name, std::vector<DnsAddress> addresses, std::uint64_t now) {
  const auto change = openings.learn(rules, name, addresses, now);
  return change ? text_of(*change) : "full";
}

const sys::Fd& file() {
  static const sys::Fd made(::memfd_create("denied", MFD_CLOEXEC));
  ::ftruncate(made.get(), 0);
  ::lseek(made.get(), 0, SEEK_SET);
  return made;
}

std::vector<Denial> written(const sys::Fd& file) {
  ::lseek(file.get(), 0, SEEK_SET);
  return parse_denials(sys::read_all(file.get()));
}

Denial refused(const char* name) {
  Denial denial;
  denial.name = name;
  return denial;
}

}  // namespace

TEST_CASE("no answer opens the loopback, what is local to a link, groups, or IPv4 in the clothes of IPv6") {
  for (const char* shut : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "169.254.1.1", "169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1",
                           "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "fe80::1", "febf::1", "ff02::1"})
    CHECK_MESSAGE(!may_open(address(shut)), shut);
  for (const char* open : {"1.1.1.1", "10.0.0.1", "128.0.0.1", "169.253.0.1", "192.0.2.1", "223.255.255.255", "2001:db8::1", "fd00::1", "64:ff9b::192.0.2.1", "fec0::1"}) CHECK_MESSAGE(may_open(address(open)), open);
}

TEST_CASE("an answer opens its addresses for as long as it holds, at the ports of the rules that allow the name") {
  Openings openings;
  const std::vector<GateRule> rules{rule("a.org", 443), rule("a.org", 80), rule("*.b.org"), rule("*.b.org", 80)};
  CHECK(learn(openings, rules, "a.org", {{address("192.0.2.1"), 60}}, 1000) == "+1:443/60000 +1:80/60000 ");
  CHECK(learn(openings, rules, "x.b.org", {{address("192.0.2.2"), 60}, {address("192.0.2.3"), 60}}, 1000) == "+2:0/60000 +3:0/60000 ");
  CHECK(learn(openings, rules, "c.org", {{address("192.0.2.4"), 60}}, 1000).empty());
  CHECK(openings.name_of(address("192.0.2.1")) == "a.org");
  CHECK(openings.name_of(address("192.0.2.4")) == "c.org");
  CHECK(openings.name_of(address("192.0.2.5")).empty());
}

TEST_CASE("what is open is opened for longer, never for less; and an end has a floor and a ceiling") {
  Openings openings;
  const std::vector<GateRule> rules{rule("a.org")};
  CHECK(learn(openings, rules, "a.org", {{address("192.0.2.1"), 0}}, 0) == "+1:0/5000 ");
  CHECK(learn(openings, rules, "a.org", {{address("192.0.2.1"), 60}}, 1000) == "-1:0 +1:0/60000 ");
  CHECK(learn(openings, rules, "a.org", {{address("192.0.2.1"), 10}}, 2000).empty());
  CHECK(learn(openings, rules, "a.org", {{address("192.0.2.1"), 10}}, 61000) == "+1:0/10000 ");
  CHECK(learn(openings, rules, "a.org", {{address("192.0.2.2"), 1000000}}, 0) == "+2:0/3600000 ");
}

TEST_CASE("a door that many names want is open as long as the last of them does") {
  Openings openings;
  const std::vector<GateRule> rules{{.name = "*.b.org"}};
  for (const char* name : {"1.b.org", "2.b.org", "3.b.org", "4.b.org", "5.b.org", "6.b.org", "7.b.org", "8.b.org"}) static_cast<void>(learn(openings, rules, name, {{address("192.0.2.1"), 7}}, 0));
  CHECK(learn(openings, rules, "1.b.org", {{address("192.0.2.1"), 7}}, 5000) == "-1:0 +1:0/7000 ");
  CHECK(learn(openings, rules, "9.b.org", {{address("192.0.2.1"), 7}}, 10000) == "-1:0 +1:0/7000 ");
  for (const char* name : {"a.b.org", "b.b.org", "c.b.org", "d.b.org", "e.b.org", "f.b.org", "g.b.org"}) static_cast<void>(learn(openings, rules, name, {{address("192.0.2.1"), 7}}, 10000));
  CHECK(learn(openings, rules, "h.b.org", {{address("192.0.2.1"), 5}}, 10000).empty());
  CHECK(learn(openings, rules, "i.b.org", {{address("192.0.2.1"), 9}}, 10000) == "-1:0 +1:0/9000 ");
}

TEST_CASE("a rule that is taken back shuts what it alone has opened") {
  Openings openings;
  const std::vector<GateRule> both{rule("a.org"), rule("b.org")};
  static_cast<void>(learn(openings, both, "a.org", {{address("192.0.2.1"), 60}, {address("192.0.2.2"), 60}}, 0));
  static_cast<void>(learn(openings, both, "b.org", {{address("192.0.2.2"), 60}}, 0));
  const std::vector<GateRule> left{rule("b.org")};
  const std::vector<Door> shut = openings.review(left, 1000);
  REQUIRE(shut.size() == 1);
  CHECK(shut[0].address == address("192.0.2.1"));
  CHECK(openings.review(left, 1000).empty());
  CHECK(openings.review({}, 70000).empty());  // its time has run out by then
}

TEST_CASE("there is no end of names, but one of doors") {
  Openings openings;
  const std::vector<GateRule> rules{rule("*.a.org")};
  std::string last;
  for (unsigned at = 0; at < 5000; ++at) {
    sys::NetAddress each = address("10.0.0.0");
    each.bytes[2] = static_cast<std::uint8_t>(at >> 8U), each.bytes[3] = static_cast<std::uint8_t>(at);
    last = learn(openings, rules, "x.a.org", {{each, 60}}, 0);
  }
  CHECK(last == "full");
  CHECK(learn(openings, rules, "x.a.org", {{address("192.0.2.1"), 60}}, 61000) == "+1:0/60000 ");
}

TEST_CASE("rules are read as they were written") {
  const std::vector<GateRule> rules{rule("*.a.org", 443), {.name = {}, .network = address("2001:db8::"), .prefix = 32, .port = 0}, {.name = {}, .network = address("10.0.0.0"), .prefix = 8, .port = 53}};
  const std::vector<GateRule> again = parse_rules(render_rules(rules));
  REQUIRE(again.size() == 3);
  for (std::size_t at = 0; at < 3; ++at) {
    CHECK(again[at].name == rules[at].name);
    CHECK(again[at].network == rules[at].network);
    CHECK(again[at].prefix == rules[at].prefix);
    CHECK(again[at].port == rules[at].port);
  }
  CHECK(parse_rules("").empty());
}

TEST_CASE("what was refused is read from the front of a packet") {
  const std::string tcp("\x45\0\0\x3c\0\0\0\0\x40\x06\0\0\xc0\x00\x02\x02\xcb\x00\x71\x07\x80\0\x01\xbb", 24);
  const auto found = find_denial(tcp);
  REQUIRE(found);
  CHECK(found->address == "203.0.113.7");
  CHECK(found->protocol == "tcp");
  CHECK(found->port == 443);
  std::string udp6(40, '\0');
  udp6[0] = '\x60', udp6[6] = 17, udp6[24] = '\x20', udp6[25] = '\x01', udp6[39] = 7;
  CHECK(find_denial(udp6 + std::string("\0\x35\0\x35", 4))->address == "2001::7");
  CHECK(find_denial(udp6)->port == 0);
  for (std::size_t size = 0; size < 20; ++size) CHECK_FALSE(find_denial(tcp.substr(0, size)));
  CHECK_FALSE(find_denial(udp6.substr(0, 39)));
}

TEST_CASE("a log of refusals says the same only now and then, and all of it in the end") {
  const sys::Fd& log_file = file();
  DenialLog log(log_file.get());
  for (int at = 0; at < 5; ++at) log.note(refused("a.org"), 100);
  log.note(refused("b.org"), 101);
  CHECK(written(log_file).size() == 2);
  CHECK(log.patience() > 0);
  log.flush(111);
  const std::vector<Denial> lines = written(log_file);
  REQUIRE(lines.size() == 3);
  CHECK(lines[2].name == "a.org");
  CHECK(lines[2].count == 4);
  CHECK(lines[2].number == 3);
  CHECK(log.patience() == -1);
  const std::vector<Denial> sums = sum_up(lines);
  REQUIRE(sums.size() == 2);
  CHECK(sums[1].name == "a.org");
  CHECK(sums[1].count == 5);
}

TEST_CASE("a log of refusals stays small, and another one goes on with its numbers") {
  const sys::Fd& log_file = file();
  {
    DenialLog log(log_file.get());
    for (int at = 0; at < 5000; ++at) log.note(refused(format("name{}.example.org", at).c_str()), 100);
  }
  const off_t size = ::lseek(log_file.get(), 0, SEEK_END);
  CHECK(size < 65537);
  CHECK(written(log_file).back().name == "name4999.example.org");
  CHECK(written(log_file).back().number == 5000);
  ::lseek(log_file.get(), 0, SEEK_SET);
  DenialLog next(log_file.get());
  next.note(refused("z.org"), 200);
  CHECK(written(log_file).back().number == 5001);
}

TEST_CASE("what is no line of the log is passed over") {
  CHECK(parse_denials("").empty());
  CHECK(parse_denials("1 2 3\nx 100 1 a - - 0\n1 100 1 a - - 70000\n1 100 1 a.org - - 0\n2 100 1 half").size() == 1);
}

TEST_CASE("a batch says of itself how long it is, and asks for one answer") {
  const std::string batch = make_wall({});
  const auto number = [&](std::size_t at) { return static_cast<unsigned char>(batch[at]) | static_cast<unsigned>(static_cast<unsigned char>(batch[at + 1])) << 8U; };
  unsigned asked = 0, messages = 0;
  std::size_t at = 0;
  for (; at + 16 <= batch.size() && number(at) >= 16; at += (number(at) + 3) & ~3U, ++messages) asked += (number(at + 6) & 4U) != 0;
  CHECK(at == batch.size());
  CHECK(asked == 1);
  CHECK(messages > 10);
  std::string_view odd("\x14\0\0\0\x01\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  CHECK(sys::take_logged(odd).empty());
  CHECK(odd.empty());
}
