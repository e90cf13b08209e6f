#include "snug/state/networks.hh"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "snug/base/error.hh"
#include "snug/state/container_folder.hh"

namespace snug {
namespace {

namespace fs = std::filesystem;
using namespace state;

struct Folder {
  Folder() {
    char name[] = "/tmp/snug-state-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

NetworkRecord network(const std::string& name) {
  return {.name = name, .created = 7, .subnet4 = *parse_subnet("10.89.0.0/29"), .subnet6 = parse_subnet("fd00::/64"), .internal = true, .labels = {{"a", "b"}}};
}

TEST_CASE("a network is read as it was written, is listed, and goes") {
  const Folder store;
  CHECK(list_networks(store.path).empty());
  REQUIRE(make_network(store.path, network("back")));
  CHECK_FALSE(make_network(store.path, network("back")));
  NetworkRecord other = network("away");
  other.subnet6.reset(), other.internal = false, other.labels.clear();
  REQUIRE(make_network(store.path, other));
  const auto read = try_find_network(store.path, "back");
  REQUIRE(read);
  CHECK(read->created == 7);
  CHECK(read->subnet4 == network("").subnet4);
  CHECK(read->subnet6 == network("").subnet6);
  CHECK(read->internal);
  CHECK(read->labels == network("").labels);
  REQUIRE(list_networks(store.path).size() == 2);
  CHECK(list_networks(store.path).front().name == "away");
  CHECK_FALSE(list_networks(store.path).front().subnet6);
  for (const char* name : {"", "no", "../networks/back", ".."}) CHECK_FALSE(try_find_network(store.path, name));
  std::ofstream(store.path + "/networks/away/network.json") << "{\"version\":1,\"subnet4\":\"x\"}";
  CHECK_FALSE(try_find_network(store.path, "away"));  // and it can be made anew
  CHECK(make_network(store.path, other));
  drop_network(store.path, "back");
  CHECK_FALSE(try_find_network(store.path, "back"));
  CHECK_FALSE(fs::exists(store.path + "/networks/back"));
}

TEST_CASE("an address belongs to a container for as long as that is there") {
  const Folder store;
  REQUIRE(make_network(store.path, network("back")));
  ContainerFolder one(store.path), two(store.path);
  const auto take = [&](const std::string& id, std::optional<std::uint32_t> wanted = {}) { return take_lease(store.path, "back", id, wanted, 2, 4); };
  CHECK(take(one.id()) == 2U);
  CHECK(take(two.id()) == 3U);
  CHECK(take(one.id()) == 2U);
  CHECK_FALSE(take(two.id(), 2));  // and he has none any more
  CHECK(take(two.id(), 4) == 4U);
  CHECK(list_leases(store.path, "back") == std::vector<Lease>{{2, one.id()}, {4, two.id()}});
  {
    const ContainerFolder three(store.path), four(store.path);
    CHECK(take(three.id()) == 3U);
    CHECK_FALSE(take(four.id()));
    fs::remove_all(three.path());
    CHECK(take(four.id()) == 3U);
    drop_lease(store.path, "back", four.id());
    CHECK(list_leases(store.path, "back").size() == 2);
  }
  CHECK_THROWS_AS(static_cast<void>(take_lease(store.path, "no", one.id(), {}, 2, 4)), Error);
}

}  // namespace
}  // namespace snug
