#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include "snug/base/text.hh"
#include "snug/net/ports.hh"

using namespace snug;
using namespace snug::net;

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
