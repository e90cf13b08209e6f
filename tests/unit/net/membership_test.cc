#include "snug/net/membership.hh"

#include <doctest/doctest.h>

#include "names.hh"
#include "snug/base/text.hh"
#include "upstream.hh"

using namespace snug;
using namespace snug::net;

namespace {

Membership web() {
  return {.network = "back", .interface = "eth1", .hardware = "02:73:0a:59:00:02", .address4 = "10.89.0.2/24", .address6 = "fd00::2/64",
          .names = {"web", "www"}};
}

using Kind = NameQuestion::Kind;

std::string found(const std::vector<const Membership*>& all, Kind kind, const std::string& text) {
  const NameAnswer answer = find_name(all, {kind, text});
  return answer.known ? "known " + join(answer.found, ",") : "unknown";
}

}  // namespace

TEST_CASE("a membership is read from its words, and from no others") {
  Membership other = web();
  CHECK(parse_membership(words_of(other)) == other);
  other.address6.clear(), other.names = {"a"};
  CHECK(parse_membership(words_of(other)) == other);
  std::vector<std::string> words = words_of(web());
  words.resize(5);  // not even one name
  CHECK_FALSE(parse_membership(words));
  words.resize(3);
  CHECK_FALSE(parse_membership(words));
  CHECK_FALSE(parse_membership({}));
}

TEST_CASE("members are found by name, alias and with their network, in letters of either size") {
  const Membership one = web();
  Membership two = web();
  two.address4 = "10.89.0.3/24", two.address6.clear(), two.names = {"Db", "www"};
  const std::vector<const Membership*> all{&one, &two};
  CHECK(found(all, Kind::address4, "web") == "known 10.89.0.2");
  CHECK(found(all, Kind::address4, "WEB.") == "known 10.89.0.2");
  CHECK(found(all, Kind::address4, "db.back") == "known 10.89.0.3");
  CHECK(found(all, Kind::address4, "www") == "known 10.89.0.2,10.89.0.3");
  CHECK(found(all, Kind::address6, "www.Back") == "known fd00::2");
  CHECK(found(all, Kind::address6, "db") == "known ");
  for (const char* name : {"", "we", "webb", "web.front", "back", ".back", "web.back.back", "x.web"}) CHECK(found(all, Kind::address4, name) == "unknown");
  CHECK(found(all, Kind::other, "db") == "known ");
  CHECK(found(all, Kind::other, "dc") == "unknown");
  CHECK(found(all, Kind::name, "10.89.0.3") == "known Db");
  CHECK(found(all, Kind::name, "fd00::2") == "known web");
  for (const char* address : {"10.89.0.4", "10.89.0.2/24", ""}) CHECK(found(all, Kind::name, address) == "unknown");
}

TEST_CASE("questions for names and their answers are read as they were written, and nothing else is") {
  for (const Kind kind : {Kind::address4, Kind::address6, Kind::name, Kind::other}) {
    const auto question = parse_name_question(render_packet(Numbered<NameQuestion>{"7", {kind, "web"}}));
    REQUIRE(question);
    CHECK(question->number == "7");
    CHECK(question->what.kind == kind);
    CHECK(question->what.text == "web");
  }
  for (const NameAnswer& each : {NameAnswer{}, NameAnswer{.known = true}, NameAnswer{.known = true, .found = {"10.89.0.2", "10.89.0.3"}}}) {
    const auto answer = parse_name_answer(render_packet(Numbered<NameAnswer>{"8", each}));
    REQUIRE(answer);
    CHECK(answer->number == "8");
    CHECK(answer->what.known == each.known);
    CHECK(answer->what.found == each.found);
  }
  for (const std::string_view packet : {"", "7", "7\0five\0web"}) {
    CHECK_FALSE(parse_name_question(packet));
    CHECK_FALSE(parse_name_answer(packet));
  }
  CHECK_FALSE(parse_name_question(std::string_view("7\0five\0web", 10)));
  CHECK_FALSE(parse_name_answer(std::string_view("7\0five", 6)));
}

TEST_CASE("the name servers of this machine are those of its resolv.conf") {
  const auto servers = [](std::string_view text) { return join(parse_servers(text), " "); };
  CHECK(servers("# none\nsearch a\n") == "127.0.0.1");
  CHECK(servers("nameserver 127.0.0.53\noptions edns0\n") == "127.0.0.53");
  CHECK(servers("nameserver\t192.0.2.1 # a\nnameserver 2001:db8::1\nnameserver x\nnameservers 1.1.1.1\nnameserver 192.0.2.9%eth0\nnameserver fe80::1%eth0\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n") == "192.0.2.1 2001:db8::1 fe80::1%eth0");
}
