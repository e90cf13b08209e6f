#include "snug/net/membership.hh"

#include <doctest/doctest.h>

#include "names.hh"
#include "snug/base/text.hh"
#include "upstream.hh"

using namespace snug;
using namespace snug::net;

namespace {

Membership web() {
  return {.network = "back", .interface = "eth1", .hardware = "02:73:0a:59:00:02", .address4 = "10.89.0.2/24", .address6 = "fd00::2/64", .internal = true,
          .resolvers = {"10.89.0.1/24", "169.254.1.1/32"}, .names = {"web", "www"}};
}

std::string addresses(const Found& found) { return found.known ? "known " + join(found.addresses, ",") : "unknown"; }

}  // namespace

TEST_CASE("a membership is read from its words, and from no others") {
  Membership other = web();
  CHECK(parse_membership(words_of(other)) == other);
  other.address6.clear(), other.internal = false, other.resolvers.clear(), other.names = {"a"};
  CHECK(parse_membership(words_of(other)) == other);
  std::vector<std::string> words = words_of(web());
  while (words.size() > 9) words.pop_back();  // not even one name
  CHECK_FALSE(parse_membership(words));
  words.resize(3);
  CHECK_FALSE(parse_membership(words));
  CHECK_FALSE(parse_membership({}));
  words = words_of(web());
  for (const char* count : {"x", "-1", "99", "18446744073709551615"}) {
    words[6] = count;
    CHECK_FALSE(parse_membership(words));
  }
}

TEST_CASE("members are found by name, alias and with their network, in letters of either size") {
  const Membership one = web();
  Membership two = web();
  two.address4 = "10.89.0.3/24", two.address6.clear(), two.names = {"Db", "www"};
  const std::vector<const Membership*> all{&one, &two};
  CHECK(addresses(find_name(all, "web", false)) == "known 10.89.0.2");
  CHECK(addresses(find_name(all, "WEB.", false)) == "known 10.89.0.2");
  CHECK(addresses(find_name(all, "db.back", false)) == "known 10.89.0.3");
  CHECK(addresses(find_name(all, "www", false)) == "known 10.89.0.2,10.89.0.3");
  CHECK(addresses(find_name(all, "www.Back", true)) == "known fd00::2");
  CHECK(addresses(find_name(all, "db", true)) == "known ");
  for (const char* name : {"", "we", "webb", "web.front", "back", ".back", "web.back.back", "x.web"}) CHECK(addresses(find_name(all, name, false)) == "unknown");
  CHECK(find_name_of(all, "10.89.0.3") == "Db");
  CHECK(find_name_of(all, "fd00::2") == "web");
  CHECK(find_name_of(all, "10.89.0.4").empty());
  CHECK(find_name_of(all, "").empty());
}

TEST_CASE("the name servers of this machine are those of its resolv.conf") {
  const auto servers = [](std::string_view text) { return join(parse_servers(text), " "); };
  CHECK(servers("# none\nsearch a\n") == "127.0.0.1");
  CHECK(servers("nameserver 127.0.0.53\noptions edns0\n") == "127.0.0.53");
  CHECK(servers("nameserver\t192.0.2.1 # a\nnameserver 2001:db8::1\nnameserver x\nnameservers 1.1.1.1\nnameserver fe80::1%eth0\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n") == "192.0.2.1 2001:db8::1 192.0.2.2");
}
