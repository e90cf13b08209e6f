#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include "snug/base/text.hh"
#include "snug/net/ports.hh"
#include "snug/net/way_out.hh"

using namespace snug;
using namespace snug::net;

namespace {

// A frame of Ethernet with IPv6 in it.
std::string ipv6_frame(char to, char next, char type) {
  std::string frame(14 + 40 + 8, '\0');
  frame[12] = '\x86', frame[13] = '\xdd';
  frame[14 + 6] = next, frame[14 + 24] = to, frame[14 + 40] = type;
  return frame;
}

}  // namespace

TEST_CASE("the kernel's own chatter starts nothing, whoever wants something does") {
  constexpr char group = '\xff', icmp = 58, tcp = 6;
  CHECK_FALSE(wants_out(""));
  CHECK_FALSE(wants_out(ipv6_frame(group, 0, 58)));                    // reports of groups
  CHECK_FALSE(wants_out(ipv6_frame(group, icmp, '\x85')));             // router solicitation
  CHECK(wants_out(ipv6_frame(group, icmp, '\x87')));                   // who has the gateway's address?
  CHECK(wants_out(ipv6_frame('\x20', tcp, 0)));
  std::string arp(42, '\0');
  arp[12] = 8, arp[13] = 6;
  CHECK(wants_out(arp));
}

TEST_CASE("who listens at a port is found by its socket") {
  const std::string text =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 00000000:0000 01 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0\n"
      "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 22 1 0 100 0 0 10 0\n";
  Holding found;
  REQUIRE(find_holding(text, 8080, false, found));
  CHECK(found.uid == 33);
  CHECK(found.inode == 22);
  CHECK_FALSE(find_holding(text, 8081, false, found));
  CHECK_FALSE(find_holding(text, 8080, true, found));
}

TEST_CASE("a port that is taken is refused, and its holder named") {
  const std::uint16_t number = find_free_port("127.0.0.1", false);
  const Port port{"127.0.0.1", number, false};
  CHECK(find_refusal(port) == 0);
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  REQUIRE(::listen(taken, 1) == 0);  // at a port that the kernel chooses, of all addresses
  REQUIRE(::getsockname(taken, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&storage);
  const Port other{"127.0.0.1", static_cast<std::uint16_t>(bytes[2] << 8U | bytes[3]), false};
  CHECK(find_refusal(other) == EADDRINUSE);
  CHECK(find_holder(other).ends_with(format("(pid {})", ::getpid())));
  ::close(taken);
  CHECK(find_refusal(other) == 0);
}
