// The network of the container's own, and its way out through pasta(1).
//
// The interface is made, addressed and up before anything drives it; what it has to send meanwhile waits for an answer to the
// question who has the gateway's address, which is asked a hundred times a second (TuneNetwork). So nobody waits for pasta but
// who sends, and a container that sends nothing has none.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <tuple>

#include "draft.hh"
#include "snug/base/error.hh"
#include "snug/base/reserved.hh"
#include "snug/base/text.hh"
#include "snug/plan/network.hh"

namespace snug::plan {
namespace {

constexpr const char* interface = "eth0";
constexpr unsigned mtu = 65520;  // of a tap interface at most 65521; a multiple of 8 is what fragments want
// Both ends are made anew for each container, and no other machine sees them. They spell "snug".
constexpr std::array<std::uint8_t, 6> inner_hardware{0x02, 's', 'n', 'u', 'g', 1};
constexpr const char* outer_hardware = "02:73:6e:75:67:02";
constexpr const char* loopback = "127.0.0.1";

bool is_ipv6(std::string_view address) { return address.find(':') != std::string_view::npos; }

std::string_view protocol(bool udp) { return udp ? "udp" : "tcp"; }

std::string place(std::string_view address, std::uint16_t number) { return is_ipv6(address) ? format("[{}]:{}", address, number) : format("{}:{}", address, number); }

// slirp4netns brings a network of its own along, this one unless the host is in it.
std::string slirp_network4(const HostFacts& facts) {
  const auto& own = facts.uplink4 ? facts.uplink4->own : std::vector<std::string>();
  const bool taken = std::any_of(own.begin(), own.end(), [](const std::string& address) { return address.starts_with("10.0.2."); });
  return taken ? "10.0.3." : "10.0.2.";
}

bool by_slirp(const HostFacts& facts) { return facts.pasta.empty() && !facts.slirp4netns.empty(); }

// Why pasta cannot do its work here, and what would help; nothing where it can.
std::optional<Notice> find_hindrance(const Draft& draft) {
  const HostFacts& facts = draft.facts;
  const auto closed = [](std::string_view why) { return Notice{"network", format("the network has no way out: {}", why), {}}; };
  if (!is_new(draft.spec.namespaces.user)) return closed("pasta needs a user namespace of the container's own");
  if (facts.pasta.empty() && facts.slirp4netns.empty()) return closed("pasta is not installed (apt-get install passt)");
  if (facts.tun_error == EACCES) return closed("/dev/net/tun is closed to you (chmod 666 /dev/net/tun)");
  if (facts.tun_error) return closed(format("/dev/net/tun: {} (modprobe tun, or start the outer container with --device /dev/net/tun)", errno_text(facts.tun_error)));
  if (!facts.uplink4 && !facts.uplink6) return closed("this machine has no default route");
  return {};
}

// An address for eth0 that no machine there could have.
Verdict check_address(std::string_view option, const std::optional<std::string>& wanted, const std::optional<Uplink>& uplink) {
  if (!wanted) return {};
  if (!uplink) return Refusal{format("{} {}: this machine has no way out by {}", option, *wanted, is_ipv6(*wanted) ? "IPv6" : "IPv4"), format("leave {} out", option)};
  const auto refused = [&](const std::string& why) { return Refusal{format("{} {}: {}", option, *wanted, why), format("without {} the container has this machine's, {}", option, uplink->address)}; };
  const bool ipv6 = is_ipv6(*wanted);
  const auto alone = find_subnet(*wanted, ipv6 ? 128 : 32), around = find_subnet(uplink->address, uplink->prefix);
  if (!alone) return {};
  if (const Reserved* reserved = find_reserved(*alone)) return refused(format("{} is for {}, and no container has an address of it", reserved->subnet, reserved->use));
  if (*wanted == uplink->gateway) return refused("it is the gateway's");
  const auto number = around && !ipv6 && around->prefix < 31 ? find_number(*around, *wanted) : std::nullopt;
  if (number && (*number == 0 || *number > last_number(*around))) return refused(format("it is the address of all in {}, and of no machine", render_subnet(*around)));
  return {};
}

// pasta takes a number once, whatever the addresses, and would end without a word that helps.
Verdict check_twice(std::vector<PublishedPort> ports) {
  const auto key = [](const PublishedPort& port) { return std::tuple(port.host, port.udp); };
  std::sort(ports.begin(), ports.end(), [&](const PublishedPort& one, const PublishedPort& other) { return key(one) < key(other); });
  const auto twice = std::adjacent_find(ports.begin(), ports.end(), [&](const PublishedPort& one, const PublishedPort& other) { return key(one) == key(other); });
  if (twice == ports.end()) return {};
  return Refusal{format("port {} of this machine is published twice for {}", twice->host, protocol(twice->udp)), "one number can be published once, for one address or for all: -p 0.0.0.0:HOST:CONTAINER"};
}

Verdict check_ports(const std::vector<PublishedPort>& published, const std::vector<BusyPort>& ports) {
  if (Verdict refused = check_twice(published)) return refused;
  for (const BusyPort& busy : ports) {
    const std::string name = format("the port {}/{}", place(busy.address, busy.number), protocol(busy.udp));
    if (busy.error == EACCES)
      return Refusal{format("{} is not for ordinary users", name), format("take one from 1024 on; ask an administrator: sysctl -w net.ipv4.ip_unprivileged_port_start={}", busy.number)};
    if (busy.error == EADDRNOTAVAIL) return Refusal{format("cannot publish {}: this machine does not have the address {}", name, busy.address), "0.0.0.0 is for all that it has, of IPv4; [::] for both"};
    if (busy.error != EADDRINUSE) return Refusal{format("cannot publish {}: {}", name, errno_text(busy.error)), {}};
    return Refusal{format("{} is taken{}{}", name, busy.holder.empty() ? "" : " by ", busy.holder), "choose another one, or '-p INSIDE' for one that is free; 'snug port add|rm' changes those of a container that is there"};
  }
  return {};
}

void tell_of_ports(Draft& draft) {
  const Network& network = draft.spec.network;
  bool unsaid = false;
  for (const PublishedPort& port : network.ports) {
    unsaid |= port.address.empty();
    draft.plan.opened.push_back(format("the host's port {}/{} leads to port {} inside", place(address_of(port), port.host), protocol(port.udp), port.container));
  }
  for (const std::uint16_t port : network.host_loopback) draft.plan.opened.push_back(format("port {} of the loopback inside is the host's", port));
  if (network.publish_all && network.ports.empty()) draft.notice("", "--publish-all: the image names no port, so none is published");
  if (unsaid) draft.plan.notices.push_back({.wall = "", .text = "published on 127.0.0.1 alone; -p 0.0.0.0:HOST:CONTAINER is for everybody", .remedy = {}, .once = true});
}

std::vector<ConfigureInterface::Way> ways_of(const Draft& draft) {
  if (by_slirp(draft.facts)) {
    const std::string network = slirp_network4(draft.facts);
    std::vector<ConfigureInterface::Way> ways{{network + "100", 24, network + "2"}};
    if (draft.facts.uplink6) ways.push_back({"fd00::100", 64, "fd00::2"});
    return ways;
  }
  std::vector<ConfigureInterface::Way> ways;
  const auto add = [&](const std::optional<Uplink>& uplink, const std::optional<std::string>& wanted, std::string_view unknown) {
    if (uplink) ways.push_back({wanted.value_or(uplink->address), uplink->prefix, uplink->gateway.empty() ? std::string(unknown) : uplink->gateway});
  };
  add(draft.facts.uplink4, draft.spec.network.ip, "169.254.1.2");
  add(draft.facts.uplink6, draft.spec.network.ip6, "fe80::1");
  return ways;
}

// pasta would carry what is sent to these to the loopback of the host, since the kernel routes them by the interface that a socket is bound
// to, and to what listens at the host's other addresses.
std::vector<ConfigureInterface::Network> held_by(const Draft& draft) {
  std::vector<ConfigureInterface::Network> held;
  const std::vector<ConfigureInterface::Way> ways = ways_of(draft);
  const auto hold = [&](const std::optional<Uplink>& uplink, ConfigureInterface::Network loopback_network, unsigned whole) {
    if (!uplink) return;
    held.push_back(std::move(loopback_network));
    for (const std::string& address : uplink->own)
      if (std::none_of(ways.begin(), ways.end(), [&](const auto& way) { return way.address == address; })) held.push_back({address, whole});
  };
  hold(draft.facts.uplink4, {"127.0.0.0", 8}, 32);
  hold(draft.facts.uplink6, {"::1", 128}, 128);
  return held;
}

// All groups that are mapped may ping. The kernel wants the two ends in order both inside and outside.
std::string ping_groups(const IdMaps& maps) {
  std::uint32_t last = 0;
  if (!find_range(maps.gids, {0})) return {};
  const std::uint32_t first = find_range(maps.gids, {0})->outside.value;
  for (const IdRange& range : maps.gids)
    if (range.outside.value >= first) last = std::max(last, range.inside.value + (range.count - 1));
  return format("0 {}", last);
}

// In a network that is shared there is somebody to ping without a way out, too.
void let_ping(Draft& draft) {
  std::string groups = ping_groups(draft.maps);
  if (!draft.facts.networks.empty() && !groups.empty()) draft.init(TuneNetwork{{{"ipv4/ping_group_range", std::move(groups)}}});
}

TuneNetwork tuning(const Draft& draft) {
  TuneNetwork tune;
  const auto set = [&](std::string_view name, std::string value) { tune.settings.emplace_back(name, std::move(value)); };
  if (std::string groups = ping_groups(draft.maps); !groups.empty()) set("ipv4/ping_group_range", std::move(groups));
  for (const auto& [family, protocol, uplink] : {std::tuple{"ipv4", "arp", &draft.facts.uplink4}, std::tuple{"ipv6", "ndisc", &draft.facts.uplink6}}) {
    if (!*uplink) continue;
    // Between the monitor's hands and pasta's nobody drives the interface, and what waits would be thrown away: Linux 5.17 on.
    set(format("{}/conf/{}/{}_evict_nocarrier", family, interface, protocol), "0");
    // pasta takes a tenth of a second to start, and on a busy machine many times that: it gets ten seconds.
    set(format("{}/neigh/{}/retrans_time_ms", family, interface), "10");
    for (const char* how : {"mcast_solicit", "ucast_solicit"}) set(format("{}/neigh/{}/{}", family, interface, how), "1000");
  }
  // What the kernel would ask of its own accord has its answer already, or none; a question would have pasta start for nothing.
  if (!draft.facts.uplink6) set(format("ipv6/conf/{}/disable_ipv6", interface), "1");
  else
    for (const char* question : {"accept_ra", "router_solicitations", "dad_transmits"}) set(format("ipv6/conf/{}/{}", interface, question), "0");
  return tune;
}

std::array<std::uint8_t, 6> hardware_of(const Network& network) {
  std::array<std::uint8_t, 6> bytes = inner_hardware;
  if (network.hardware)
    for (std::size_t at = 0; at < bytes.size(); ++at) std::from_chars(&(*network.hardware)[at * 3], &(*network.hardware)[at * 3] + 2, bytes[at], 16);
  return bytes;
}

// Each run of ports is one word: "127.0.0.1/8080-8089:80-89".
void add_ports(std::vector<std::string>& words, const std::vector<PublishedPort>& ports, bool udp) {
  const char* option = udp ? "-u" : "-t";
  bool any = false;
  for (std::size_t at = 0, count = 1; at < ports.size(); at += count) {
    const PublishedPort& first = ports[at];
    count = count_range(ports, at);
    if (first.udp != udp) continue;
    any = true;
    const auto range = [&](std::uint16_t from) { return count == 1 ? format("{}", from) : format("{}-{}", from, from + count - 1); };
    words.insert(words.end(), {option, format("{}/{}:{}", address_of(first), range(first.host), range(first.container))});
  }
  if (!any) words.insert(words.end(), {option, "none"});
}

// Whatever of the host pasta opens by itself is closed: it would lead to what listens on the host's loopback.
std::vector<std::string> pasta_words(const Draft& draft) {
  const Network& network = draft.spec.network;
  const HostFacts& facts = draft.facts;
  std::vector<std::string> words{facts.pasta, "--foreground", "--quiet", "--no-map-gw", "--no-dhcp", "--no-dhcpv6", "--no-ra",
                                 "--ns-ifname", interface, "--mtu", format("{}", mtu), "--mac-addr", outer_hardware, "--pid", "/dev/stdout"};
  if (facts.uid.value == 0) words.insert(words.end(), {"--runas", "0"});  // or it would become nobody, who may not enter
  if (!facts.uplink6) words.emplace_back("--ipv4-only");
  if (!facts.uplink4) words.emplace_back("--ipv6-only");
  for (const auto& way : ways_of(draft)) words.insert(words.end(), {"--address", way.address, "--gateway", way.gateway});
  for (const bool udp : {false, true}) add_ports(words, network.ports, udp);
  std::vector<std::string> doors;
  for (const std::uint16_t port : network.host_loopback) doors.push_back(format("{}", port));
  words.insert(words.end(), {"-T", doors.empty() ? "none" : join(doors, ","), "-U", "none", "PID"});
  return words;
}

// Its doors to the host's loopback and to its name server are closed.
std::vector<std::string> slirp_words(const HostFacts& facts) {
  std::vector<std::string> words{facts.slirp4netns, "--disable-host-loopback", "--disable-dns", "--enable-sandbox", "--enable-seccomp", "--mtu", format("{}", mtu), "--ready-fd", "1",
                                 "--cidr", slirp_network4(facts) + "0/24"};
  if (facts.uplink6) words.emplace_back("--enable-ipv6");
  words.insert(words.end(), {"PID", interface});
  return words;
}

bool asks_gate(const Draft& draft) { return (draft.way_out || !draft.facts.networks.empty()) && is_answered(draft.spec) && !draft.facts.tun_error; }

void plan_names(Draft& draft) {
  if (!draft.facts.networks.empty() && draft.facts.tun_error)
    draft.notice("network", format("the names of other containers are not resolved: /dev/net/tun: {}", errno_text(draft.facts.tun_error)));
  if (!asks_gate(draft)) return;
  OpenGate gate = gate_of(draft.spec);
  gate.hands_on = draft.way_out;
  draft.init(service_of(draft.spec));
  draft.monitor(std::move(gate));
}

// Of one that shares the network of another container, if `other` is a name.
std::string hint_for_guest(std::string_view option, const std::string& other) {
  if (other.empty()) return "choose --network private";
  if (option == "--allow") return format("'snug network allow {} RULE' is for all that share it", shell_quoted(other));
  return option.starts_with("--publish") ? format("'snug port add {} PORT' publishes one of the network that is shared", shell_quoted(other)) : "leave it out";
}

}  // namespace

std::string_view option_for_way_out(const Network& network) {
  if (!network.ports.empty()) return "--publish";
  if (network.publish_all) return "--publish-all";
  if (!network.host_loopback.empty()) return "--host-loopback";
  if (network.allow) return "--allow";
  if (network.hardware) return "--mac-address";
  if (network.ip) return "--ip";
  return network.ip6 ? "--ip6" : "";
}

const std::string& address_of(const PublishedPort& port) {
  static const std::string usual = loopback;
  return port.address.empty() ? usual : port.address;
}

std::size_t count_range(const std::vector<PublishedPort>& ports, std::size_t first) {
  const auto follows = [](const PublishedPort& port, const PublishedPort& before, std::size_t count) {
    return port.address == before.address && port.udp == before.udp && port.host == before.host + count && port.container == before.container + count;
  };
  std::size_t count = 1;
  while (first + count < ports.size() && follows(ports[first + count], ports[first], count)) ++count;
  return count;
}

std::variant<std::vector<std::string>, Refusal> make_port_words(const std::vector<PublishedPort>& ports, const std::vector<BusyPort>& busy) {
  if (Verdict refused = check_ports(ports, busy)) return *std::move(refused);
  std::vector<std::string> words;
  for (const bool udp : {false, true}) add_ports(words, ports, udp);
  return words;
}

Verdict plan_network(Draft& draft) {
  const Network& network = draft.spec.network;
  const std::string_view option = option_for_way_out(network);
  tell_of_clashes(draft);
  if (!is_new(draft.spec.namespaces.network) || !leads_out(draft)) {
    if (option.empty()) return let_ping(draft), plan_names(draft), std::nullopt;
    return Refusal{format("{} is for a network of the container's own with a way out", option), hint_for_guest(option, network.container)};
  }
  if (by_slirp(draft.facts) && !option.empty() && option != "--mac-address")
    return Refusal{format("{}: slirp4netns, which serves as the way out here, cannot do it", option), "pasta can: apt-get install passt"};
  if (const auto hindrance = find_hindrance(draft)) {
    if (!option.empty()) return Refusal{format("{}: {}", option, hindrance->text), {}};
    draft.plan.notices.push_back(*hindrance);
    return let_ping(draft), plan_names(draft), std::nullopt;
  }
  if (Verdict refused = check_ports(network.ports, draft.facts.busy_ports)) return refused;
  if (Verdict refused = check_address("--ip", network.ip, draft.facts.uplink4)) return refused;
  if (Verdict refused = check_address("--ip6", network.ip6, draft.facts.uplink6)) return refused;
  if (Verdict refused = network.allow ? check_egress(draft.spec) : std::nullopt) return refused;
  tell_of_ports(draft);
  draft.way_out = true;
  draft.init(MakeInterface{interface, hardware_of(network), mtu});
  draft.init(tuning(draft));
  draft.init(ConfigureInterface{interface, ways_of(draft), held_by(draft)});
  plan_names(draft);
  return {};
}

void plan_openings(Draft& draft) {
  const Network& network = draft.spec.network;
  plan_memberships(draft);
  const bool awaited = !draft.facts.networks.empty();
  if (draft.way_out && network.allow) draft.init(restriction_of(draft.spec));
  if (!draft.way_out) {
    if (awaited) draft.init(AwaitWayOut{});
    return;
  }
  // Where processes are shared, those inside could trace the one that stands for the container's namespaces while pasta looks for them.
  const bool hidden = is_new(draft.spec.namespaces.pid);
  const bool at_once = !network.ports.empty() || !network.host_loopback.empty() || !hidden;
  draft.monitor(OpenWayOut{interface, by_slirp(draft.facts) ? slirp_words(draft.facts) : pasta_words(draft), at_once, hidden});
  if (at_once || awaited) draft.init(AwaitWayOut{});
}

std::string resolv_conf_of(const Draft& draft) {
  std::string text;
  if (asks_gate(draft)) text = format("nameserver {}\n", name_server);
  else if (draft.spec.dns.empty()) text = is_new(draft.spec.namespaces.network) ? "# no name server: this network has no way out\n" : draft.facts.resolv_conf;
  else
    for (const std::string& address : draft.spec.dns) text += format("nameserver {}\n", address);
  if (const auto& search = draft.spec.network.search; !search.empty()) text += format("search {}\n", join(search, " "));
  return text;
}

std::string hosts_of(const Draft& draft) { return draft.spec.network.host_loopback.empty() ? "" : format("{} host.snug.internal\n", loopback); }

}  // namespace snug::plan
