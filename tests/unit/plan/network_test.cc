#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>

#include "made.hh"
#include "snug/base/text.hh"
#include "snug/plan/network.hh"
#include "snug/plan/plan.hh"

using namespace snug;
using namespace snug::plan;
using snug::test::plan_of;
using snug::test::refusal;

namespace {

Spec a_spec() {
  Spec spec;
  spec.rootfs = {Rootfs::Kind::directory, "/srv/root", "/srv/root"};
  spec.command = {"make"};
  spec.network.way_out = true;
  return spec;
}

HostFacts some_facts() {
  HostFacts facts;
  facts.uid = facts.gid = {1000};
  facts.account = {"me", 1000, 1000, "/home/me", "/bin/sh"};
  facts.store = "/home/me/.local/share/snug";
  facts.current_folder = "/home/me";
  facts.open_files_hard = 4096;
  facts.last_capability = 40;
  facts.rootfs.shells = {"/bin/sh"};
  facts.pasta = "/usr/bin/pasta";
  facts.uplink4 = Uplink{"192.0.2.2", 24, "192.0.2.1"};
  facts.uplink6 = Uplink{"2001:db8::2", 64, "fe80::1"};
  facts.resolv_conf = "nameserver 127.0.0.53\nsearch office\n";
  return facts;
}

std::string words_of(const Plan& plan) {
  const auto* open = plan.find<OpenWayOut>();
  return open ? join(open->words, " ") : "";
}

std::string file(const Plan& plan, std::string_view name) {
  for (const MakeFiles::File& each : plan.find<MakeFiles>()->files)
    if (each.name == name) return each.content;
  return "";
}

std::string network_notice(const Plan& plan) {
  for (const Notice& notice : plan.notices)
    if (notice.wall == "network") return notice.text;
  return "";
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the interface has the host's addresses, and pasta opens nothing of the host") {
  const Plan plan = plan_of(a_spec(), some_facts());
  const auto* configure = plan.find<ConfigureInterface>();
  REQUIRE(configure);
  CHECK(configure->ways == std::vector<ConfigureInterface::Way>{{"192.0.2.2", 24, "192.0.2.1"}, {"2001:db8::2", 64, "fe80::1"}});
  CHECK(configure->held == std::vector<ConfigureInterface::Network>{{"127.0.0.0", 8}, {"::1", 128}});
  const std::string words = words_of(plan);
  for (const std::string_view closed : {" -t none", " -u none", " -T none", " -U none", " --no-map-gw"}) CHECK_MESSAGE(has(words, closed), words);
  CHECK(has(words, "--address 192.0.2.2 --gateway 192.0.2.1 --address 2001:db8::2 --gateway fe80::1"));
  CHECK_FALSE(plan.find<OpenWayOut>()->at_once);
  CHECK_FALSE(plan.find<AwaitWayOut>());
  CHECK(network_notice(plan).empty());
}

TEST_CASE("without a way out there is none of its steps, and what is for it alone is refused") {
  Spec spec = a_spec();
  spec.network.way_out = false;
  const Plan plan = plan_of(spec, some_facts());
  CHECK_FALSE(plan.find<MakeInterface>());
  CHECK_FALSE(plan.find<OpenWayOut>());
  CHECK(file(plan, "resolv.conf") == "# no name server: this network has no way out\n");
  spec.network.ports = {{"", 8080, 80, false}};
  CHECK(refusal(spec, some_facts()) == "--publish is for a network of the container's own with a way out");
}

TEST_CASE("what the machine lacks costs the way out and is told; or the start, where it was required") {
  struct Lack {
    void (*take)(HostFacts&);
    std::string_view said;
  };
  for (const Lack& lack : {Lack{[](HostFacts& facts) { facts.pasta.clear(); }, "pasta is not installed"}, Lack{[](HostFacts& facts) { facts.tun_error = EACCES; }, "/dev/net/tun"},
                           Lack{[](HostFacts& facts) { facts.tun_error = ENOENT; }, "modprobe tun"},
                           Lack{[](HostFacts& facts) { facts.uplink4.reset(), facts.uplink6.reset(); }, "no default route"}}) {
    HostFacts facts = some_facts();
    lack.take(facts);
    Spec spec = a_spec();
    const Plan plan = plan_of(spec, facts);
    CHECK_MESSAGE(has(network_notice(plan), lack.said), network_notice(plan));
    CHECK_FALSE(plan.find<MakeInterface>());
    spec.require = {"network"};
    CHECK(has(refusal(spec, facts), lack.said));
    spec.require.clear();
    spec.network.ports = {{"", 8080, 80, false}};
    CHECK(has(refusal(spec, facts), lack.said));
  }
}

TEST_CASE("one family alone is enough") {
  HostFacts facts = some_facts();
  facts.uplink6.reset();
  CHECK(has(words_of(plan_of(a_spec(), facts)), "--ipv4-only"));
  facts = some_facts();
  facts.uplink4.reset();
  CHECK(has(words_of(plan_of(a_spec(), facts)), "--ipv6-only"));
  CHECK(plan_of(a_spec(), facts).find<ConfigureInterface>()->ways.size() == 1);
}

TEST_CASE("what is sent to another address of this machine stays inside, and to the first one where the container has another") {
  HostFacts facts = some_facts();
  facts.uplink4->own = {"192.0.2.2", "172.17.0.1"};
  facts.uplink6->own = {"2001:db8::2", "fe80::2"};
  Spec spec = a_spec();
  using Networks = std::vector<ConfigureInterface::Network>;
  CHECK(plan_of(spec, facts).find<ConfigureInterface>()->held == Networks{{"127.0.0.0", 8}, {"172.17.0.1", 32}, {"::1", 128}, {"fe80::2", 128}});
  spec.network.ip = "192.0.2.9";
  CHECK(plan_of(spec, facts).find<ConfigureInterface>()->held == Networks{{"127.0.0.0", 8}, {"192.0.2.2", 32}, {"172.17.0.1", 32}, {"::1", 128}, {"fe80::2", 128}});
}

TEST_CASE("a capability with which packets are made is said to open what lies behind pasta") {
  Spec spec = a_spec();
  spec.cap_add = {"NET_RAW", "SYS_TIME"};
  const auto opened = [&] { return join(plan_of(spec, some_facts()).opened, "; "); };
  CHECK(opened() == "capability net_raw: packets made by hand can reach what listens on this machine; capability sys_time");
  spec.cap_add = {"ALL"};
  CHECK_MESSAGE(has(opened(), "all capabilities over what is the container's; capability net_admin: packets"), opened());
  spec.network.way_out = false;
  CHECK(opened() == "all capabilities over what is the container's; Landlock is left out: it would forbid what the capability is for");
}

TEST_CASE("where pasta is missing slirp4netns serves, with a network of its own, and nothing of the host is open to it") {
  HostFacts facts = some_facts();
  facts.pasta.clear();
  facts.slirp4netns = "/usr/bin/slirp4netns";
  facts.uplink4->own = {"192.0.2.2", "172.17.0.1"};
  Spec spec = a_spec();
  const Plan plan = plan_of(spec, facts);
  CHECK(words_of(plan) == "/usr/bin/slirp4netns --disable-host-loopback --disable-dns --enable-sandbox --enable-seccomp --mtu 65520 --ready-fd 1 --cidr 10.0.2.0/24 --enable-ipv6 PID eth0");
  const auto* configure = plan.find<ConfigureInterface>();
  CHECK(configure->ways == std::vector<ConfigureInterface::Way>{{"10.0.2.100", 24, "10.0.2.2"}, {"fd00::100", 64, "fd00::2"}});
  CHECK(configure->held == std::vector<ConfigureInterface::Network>{{"127.0.0.0", 8}, {"192.0.2.2", 32}, {"172.17.0.1", 32}, {"::1", 128}});
  CHECK(file(plan, "resolv.conf") == "nameserver 169.254.1.1\n");
  facts.uplink4->own = {"10.0.2.15"};
  CHECK(has(words_of(plan_of(spec, facts)), "--cidr 10.0.3.0/24"));
  spec.network.ports = {{"", 8080, 80, false}};
  CHECK(refusal(spec, facts) == "--publish: slirp4netns, which serves as the way out here, cannot do it");
}

TEST_CASE("a default route without a gateway gets one inside, which is nobody's") {
  HostFacts facts = some_facts();
  facts.uplink4->gateway.clear();
  CHECK(plan_of(a_spec(), facts).find<ConfigureInterface>()->ways.front().gateway == "169.254.1.2");
}

TEST_CASE("names are asked for at the gate, whichever server the host has; those that were chosen are asked by the container itself") {
  const HostFacts facts = some_facts();
  const Plan plan = plan_of(a_spec(), facts);
  CHECK(file(plan, "resolv.conf") == "nameserver 169.254.1.1\n");
  CHECK(plan.find<ServeNames>()->addresses == std::vector<std::string>{"169.254.1.1"});
  CHECK(*plan.find<OpenGate>() == OpenGate{.addresses = {"169.254.1.1"}});
  CHECK_FALSE(has(words_of(plan), "dns"));
  Spec spec = a_spec();
  spec.dns = {"9.9.9.9"};
  spec.network.search = {"lan", "example.org"};
  CHECK(file(plan_of(spec, facts), "resolv.conf") == "nameserver 9.9.9.9\nsearch lan example.org\n");
  CHECK_FALSE(plan_of(spec, facts).find<ServeNames>());
  CHECK_FALSE(plan_of(spec, facts).find<OpenGate>());
}

TEST_CASE("ports are bound to the loopback unless told otherwise, which is told, and the command waits for them") {
  Spec spec = a_spec();
  spec.network.ports = {{"", 8080, 80, false}, {"", 8081, 81, false}, {"0.0.0.0", 53, 53, true}, {"", 9000, 9000, false}};
  const Plan plan = plan_of(spec, some_facts());
  CHECK(has(words_of(plan), "-t 127.0.0.1/8080-8081:80-81 -t 127.0.0.1/9000:9000 -u 0.0.0.0/53:53"));
  CHECK(plan.find<OpenWayOut>()->at_once);
  CHECK(plan.find<AwaitWayOut>());
  CHECK(std::any_of(plan.notices.begin(), plan.notices.end(), [](const Notice& notice) { return has(notice.text, "127.0.0.1 alone"); }));
  CHECK(std::find(plan.opened.begin(), plan.opened.end(), "the host's port 0.0.0.0:53/udp leads to port 53 inside") != plan.opened.end());
}

TEST_CASE("a port that is taken is an error that names its holder") {
  Spec spec = a_spec();
  spec.network.ports = {{"", 8080, 80, false}};
  HostFacts facts = some_facts();
  facts.busy_ports = {{"127.0.0.1", 8080, false, EADDRINUSE, "nginx (pid 12)"}};
  CHECK(refusal(spec, facts) == "the port 127.0.0.1:8080/tcp is taken by nginx (pid 12)");
  facts.busy_ports = {{"::1", 80, false, EACCES, ""}};
  CHECK(refusal(spec, facts) == "the port [::1]:80/tcp is not for ordinary users");
}

TEST_CASE("a port of the host can be published once") {
  using Ports = std::vector<PublishedPort>;
  const auto refused = [](Ports ports) {
    Spec spec = a_spec();
    spec.network.ports = std::move(ports);
    return refusal(spec, some_facts());
  };
  CHECK(refused({{"", 8080, 80, false}, {"", 9000, 80, false}, {"::1", 8080, 81, false}}) == "port 8080 of this machine is published twice for tcp");
  CHECK(refused({{"", 80, 80, false}, {"", 80, 80, true}, {"", 81, 80, false}}) == "a plan");
}

TEST_CASE("one port of the host's loopback is opened by name") {
  Spec spec = a_spec();
  spec.network.host_loopback = {5432, 6379};
  const Plan plan = plan_of(spec, some_facts());
  CHECK(has(words_of(plan), "-T 5432,6379"));
  CHECK(has(file(plan, "hosts"), "127.0.0.1 host.snug.internal\n"));
  CHECK(plan.find<AwaitWayOut>());
}

TEST_CASE("addresses that were asked for go before the host's") {
  Spec spec = a_spec();
  spec.network.ip = "10.1.2.3";
  spec.network.hardware = "02:00:00:00:00:ab";
  const Plan plan = plan_of(spec, some_facts());
  CHECK(plan.find<ConfigureInterface>()->ways.front().address == "10.1.2.3");
  CHECK(has(words_of(plan), "--address 10.1.2.3 "));
  CHECK(plan.find<MakeInterface>()->hardware == std::array<std::uint8_t, 6>{2, 0, 0, 0, 0, 0xab});
}

TEST_CASE("where processes are shared nobody stands in the namespaces while the command runs") {
  Spec spec = a_spec();
  spec.namespaces.pid = HostNamespace{};
  const Plan plan = plan_of(spec, some_facts());
  CHECK(plan.find<OpenWayOut>()->at_once);
  CHECK_FALSE(plan.find<OpenWayOut>()->again);
  CHECK(plan.find<AwaitWayOut>());
}

TEST_CASE("the kernel sends nothing of its own accord, for which pasta would be started") {
  HostFacts facts = some_facts();
  const auto value = [&](std::string_view name) {
    const Plan plan = plan_of(a_spec(), facts);
    for (const auto& [setting, text] : plan.find<TuneNetwork>()->settings)
      if (setting == name) return text;
    return std::string();
  };
  facts.uplink6.reset();
  CHECK(value("ipv6/conf/eth0/disable_ipv6") == "1");
  facts.uplink6 = Uplink{.address = "2001:db8::2", .gateway = "fe80::1"};
  CHECK(value("ipv6/conf/eth0/disable_ipv6").empty());
  for (const char* question : {"accept_ra", "router_solicitations", "dad_transmits"}) CHECK(value(snug::format("ipv6/conf/eth0/{}", question)) == "0");
}

TEST_CASE("all groups that are mapped may ping, as far as the kernel takes them for a range") {
  HostFacts facts = some_facts();
  const auto range = [&] { return plan_of(a_spec(), facts).find<TuneNetwork>()->settings.front().second; };
  CHECK(range() == "0 0");
  facts.newuidmap = "/usr/bin/newuidmap", facts.newgidmap = "/usr/bin/newgidmap";
  facts.subuids = facts.subgids = {{{100000}, 65536}};
  CHECK(range() == "0 65536");
  facts.gid = {2'000'000};  // above all sub-ids
  CHECK(range() == "0 0");
}

TEST_CASE("ports that change while a container runs are pasta's words for all of them, or why one cannot be had") {
  const std::vector<PublishedPort> ports{{"", 8080, 80, false}, {"::1", 5300, 53, true}};
  const auto words = make_port_words(ports, {});
  REQUIRE(std::holds_alternative<std::vector<std::string>>(words));
  CHECK(join(std::get<std::vector<std::string>>(words), " ") == "-t 127.0.0.1/8080:80 -u ::1/5300:53");
  CHECK(join(std::get<std::vector<std::string>>(make_port_words({}, {})), " ") == "-t none -u none");
  const auto refused = make_port_words(ports, {{"127.0.0.1", 8080, false, EADDRINUSE, "nginx (pid 12)"}});
  REQUIRE(std::holds_alternative<Refusal>(refused));
  CHECK(std::get<Refusal>(refused).message == "the port 127.0.0.1:8080/tcp is taken by nginx (pid 12)");
}

namespace {

KnownNetwork known(const std::string& name, bool internal = false) {
  return {.name = name, .subnet4 = *parse_subnet("10.89.0.0/24"), .subnet6 = parse_subnet("fd00:1::/64"), .internal = internal, .number = 5};
}

std::vector<JoinNetwork> joins(const Plan& plan) {
  std::vector<JoinNetwork> found;
  for (const Step& step : plan.steps)
    if (const auto* join = std::get_if<JoinNetwork>(&step.action)) found.push_back(*join);
  return found;
}

// Shares networks, and asks for no way out in so many words.
Spec sharing(std::vector<SharedNetwork> shared) {
  Spec spec = a_spec();
  spec.network = {.shared = std::move(shared)};
  spec.name = "web";
  return spec;
}

}  // namespace

TEST_CASE("a network that is shared is one more interface, and the way out stays what it is") {
  Spec spec = sharing({{.name = "back", .aliases = {"www"}}, {.name = "front", .hardware = "02:00:00:00:00:09"}});
  spec.hostname = "box";
  HostFacts facts = some_facts();
  facts.networks = {known("back"), known("front", true)};
  facts.networks[1].subnet6.reset();
  facts.id = "0123456789abcdef";
  const Plan plan = plan_of(spec, facts);
  REQUIRE(joins(plan).size() == 2);
  const JoinNetwork back = joins(plan).front(), front = joins(plan).back();
  CHECK(back == JoinNetwork{"/home/me/.local/share/snug/networks", "back", "eth1", "02:73:0a:59:00:05", "10.89.0.5/24", "fd00:1::5/64",
                            {"web", "www", "box", "0123456789ab"}});
  CHECK(front.interface == "eth2");
  CHECK(front.hardware == "02:00:00:00:00:09");
  CHECK(front.address6.empty());
  CHECK(plan.find<ConfigureInterface>()->name == "eth0");
  CHECK(plan.find<OpenWayOut>());
  CHECK_FALSE(plan.find<OpenWayOut>()->at_once);
  CHECK(plan.find<AwaitWayOut>());
  CHECK(file(plan, "resolv.conf") == "nameserver 169.254.1.1\n");
}

TEST_CASE("internal networks bring no way out, unless one is asked for beside them") {
  Spec spec = sharing({{.name = "back"}});
  HostFacts facts = some_facts();
  facts.networks = {known("back", true)};
  const Plan closed = plan_of(spec, facts);
  CHECK_FALSE(closed.find<OpenWayOut>());
  CHECK_FALSE(closed.find<MakeInterface>());
  CHECK(closed.find<TuneNetwork>()->settings.size() == 1);
  CHECK(closed.find<AwaitWayOut>());
  CHECK(file(closed, "resolv.conf") == "nameserver 169.254.1.1\n");
  CHECK_FALSE(closed.find<OpenGate>()->hands_on);
  spec.network.way_out = true;
  CHECK(plan_of(spec, facts).find<OpenWayOut>());
  CHECK(plan_of(spec, facts).find<OpenGate>()->hands_on);
  spec.network.way_out = false;
  spec.network.ports = {{"", 8080, 80, false}};
  CHECK(refusal(spec, facts) == "--publish is for a network of the container's own with a way out");
}

TEST_CASE("without pasta the networks are there all the same, and one that hides this machine's is told of") {
  HostFacts facts = some_facts();
  facts.pasta.clear();
  facts.networks = {known("back")};
  CHECK(joins(plan_of(sharing({{.name = "back"}}), facts)).size() == 1);
  CHECK(network_notice(plan_of(sharing({{.name = "back"}}), facts)).starts_with("the network has no way out"));
  facts = some_facts();
  facts.networks = {known("back")};
  CHECK(network_notice(plan_of(sharing({{.name = "back"}}), facts)).empty());
  facts.networks.front().subnet4 = *parse_subnet("192.0.0.0/16");
  CHECK(network_notice(plan_of(sharing({{.name = "back"}}), facts)) == "the network 'back' has the addresses of the network that this machine is in, 192.0.2.0/24, which are out of reach now");
}
