#include "networking.hh"

#include <doctest/doctest.h>

#include <algorithm>

using namespace snug;
using namespace snug::commands;

namespace {

std::vector<plan::PublishedPort> publish_all(std::vector<std::string> named) {
  Planned planned;
  planned.spec.network.way_out = planned.spec.network.publish_all = true;
  planned.spec.notes.ports = std::move(named);
  settle_ports(planned);
  return planned.spec.network.ports;
}

}  // namespace

TEST_CASE("what an image names is published at ports that are free, and the image has no say in which, nor in how many") {
  const auto ports = publish_all({"0.0.0.0:22222:22/tcp", "33333:23", "80/tcp", "80", "53/udp", "nonsense"});
  REQUIRE(ports.size() == 2);
  CHECK(ports[0].container == 80);
  CHECK(ports[1].container == 53);
  CHECK(ports[1].udp);
  CHECK(std::all_of(ports.begin(), ports.end(), [](const plan::PublishedPort& port) { return port.address.empty() && port.host != 0; }));
  CHECK(publish_all({"1-60000/tcp"}).size() == 256);
}

TEST_CASE("ports that are chosen differ from one another") {
  std::vector<plan::PublishedPort> ports(64, plan::PublishedPort{.address = "127.0.0.1", .host = 0, .container = 80, .udp = false});
  CHECK(settle_ports(ports, 0, "").empty());
  std::sort(ports.begin(), ports.end(), [](const auto& one, const auto& other) { return one.host < other.host; });
  CHECK(std::adjacent_find(ports.begin(), ports.end(), [](const auto& one, const auto& other) { return one.host == other.host; }) == ports.end());
}
