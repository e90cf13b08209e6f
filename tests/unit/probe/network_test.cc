#include <doctest/doctest.h>

#include "parse.hh"

using namespace snug;
using namespace snug::probe;

TEST_CASE("route: the default route with the least metric counts") {
  const std::string head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
  const std::string wlan = "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n", lan = "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
                    net = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
  for (const std::string& text : {head + wlan + lan + net, head + net + lan + wlan}) {
    const auto route = parse_route4(text);
    REQUIRE(route);
    CHECK(route->interface == "eth0");
    CHECK(route->gateway == "192.0.2.1");
  }
  CHECK(parse_route4(head + "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n")->gateway.empty());
  CHECK_FALSE(parse_route4(head + net));
  CHECK_FALSE(parse_route4(head + "*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0\n"));
  CHECK_FALSE(parse_route4(""));
}

TEST_CASE("ipv6_route: what is rejected is no way out") {
  const std::string zero(32, '0');
  const std::string reject = zero + " 00 " + zero + " 00 " + zero + " ffffffff 00000001 00000000 00200200       lo\n";
  const std::string good = zero + " 00 " + zero + " 00 fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth0\n";
  CHECK(parse_route6(reject + good)->interface == "eth0");
  CHECK(parse_route6(good)->gateway == "fe80::1");
  CHECK_FALSE(parse_route6(reject));
  CHECK_FALSE(parse_route6("fd000000000000000000000000000000 40 " + zero + " 00 " + zero + " 00000100 00000001 00000000 00000001     eth0\n"));
}

TEST_CASE("if_inet6: the lasting address of the interface is preferred") {
  const std::string text =
      "fe8000000000000000fc00fffe000001 02 40 20 80     eth0\n"
      "20010db8000000000000000000000099 02 40 00 01     eth0\n"
      "20010db8000000000000000000000002 02 40 00 80     eth0\n"
      "20010db8000000000000000000000003 03 40 00 80     eth1\n";
  CHECK(parse_inet6(text, "eth0") == plan::Uplink{"2001:db8::2", 64, ""});
  CHECK(parse_inet6(text.substr(0, text.find("20010db8000000000000000000000002")), "eth0") == plan::Uplink{"2001:db8::99", 64, ""});
  CHECK_FALSE(parse_inet6(text, "eth2"));
  const std::string loopback = "00000000000000000000000000000001 01 80 10 80       lo\n20010db8000200000000000000000077 01 80 00 80       lo\n";
  CHECK(parse_own_inet6(loopback + text) == std::vector<std::string>{"2001:db8:2::77", "fe80::fc:ff:fe00:1", "2001:db8::99", "2001:db8::2", "2001:db8::3"});
  CHECK_FALSE(parse_inet6("20010db8000000000000000000000002 02 40 00 c0     eth0\n", "eth0"));  // tentative
}
