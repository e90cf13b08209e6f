#include <doctest/doctest.h>

#include <string>

#include "harness.hh"
#include "outside.hh"
#include "snug/base/text.hh"

using namespace snug;
using namespace snug::test;

// What goes wrong around a network, in the world of tests/setup/outside. Each case is one script, which prints a line for each thing to be seen.

TEST_SUITE_BEGIN("any");

TEST_CASE("this machine's address, interface and default route change: connections come back, new ones find their way, names are resolved") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "at() { $SNUG exec box /peer \"$@\"; }\n"
      "$run -d --name box -p 8080:80 \"$ROOT\" sh -c '/peer serve served 0.0.0.0 80; exec sleep 1000' >/dev/null 2>&1; $run -d --name late \"$ROOT\" sleep 1000 >/dev/null\n"
      "mkfifo $XDG_DATA_HOME/in; $SNUG exec -i box /peer hold 203.0.113.7 8002 <$XDG_DATA_HOME/in >$XDG_DATA_HOME/out &\n"
      "exec 3>$XDG_DATA_HOME/in; echo before >&3; until grep before $XDG_DATA_HOME/out; do sleep 0.05; done; at ask tcp 192.0.2.1 8000; at ask udp 2001:db8::1 8000\n"
      // The link goes away and comes back.
      "world 'ip link set up0 down'; $SNUG exec box timeout 1 /peer ask tcp 192.0.2.1 8000 || echo down\n"
      "world 'ip link set up0 up; ip route add default via 192.0.2.1; ip -6 address add 2001:db8::2/64 dev up0 nodad; ip -6 route add default via 2001:db8::1'\n"
      "echo after >&3; until grep after $XDG_DATA_HOME/out; do sleep 0.05; done; at ask tcp 192.0.2.1 8000; at ask udp 2001:db8::1 8000\n"
      // Another network, by another interface.
      "world 'ip link del up0; ip link add wlan0 type veth peer name up1 netns /mnt/far; ip link set wlan0 up; ip address add 198.18.0.2/24 dev wlan0; ip -6 address add 2001:db8:9::2/64 dev wlan0 nodad\n"
      "  nsenter --net=/mnt/far sh -c \"ip link set up1 up; ip address add 198.18.0.1/24 dev up1; ip -6 address add 2001:db8:9::1/64 dev up1 nodad; ip address add 192.0.2.1/32 dev lo\"\n"
      "  ip route add default via 198.18.0.1; ip -6 route add default via 2001:db8:9::1'\n"
      "for how in tcp udp; do at ask $how 203.0.113.7 8000; at ask $how 2001:db8:1::7 8000; done; at ask tcp 192.0.2.1 8000; at resolve udp www.test; at resolve tcp6 six.test\n"
      "$peer ask tcp 127.0.0.1 8080; $SNUG exec late /peer ask tcp 203.0.113.7 8000; $SNUG exec late /peer ask udp 2001:db8:1::7 8000\n"
      "$SNUG port add box 8081:80 >/dev/null; $peer ask tcp 127.0.0.1 8081; at ask tcp 203.0.113.7 8000; at ask tcp 2001:db8:1::7 8000; $SNUG logs box\n");
  const std::string first = "outside 192.0.2.2\noutside 2001:db8::2\n", other = "outside 198.18.0.2\noutside 2001:db8:9::2\n";
  CHECK_MESSAGE(result.out == "before\n" + first + "down\nafter\n" + first + other + other + "outside 198.18.0.2\n203.0.113.7\n2001:db8:1::7\nserved 127.0.0.1\n" + other + "served 127.0.0.1\n" + other, result.out, result.err);
}

TEST_CASE("without a default route pasta cannot start; it does once there is one again") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name box \"$ROOT\" sleep 1000 >/dev/null; at() { $SNUG exec box /peer \"$@\"; }; told() { until [ $($SNUG logs box 2>&1 | grep -c 'starts it again') = $1 ]; do sleep 0.05; done; }\n"
      "world 'ip link set up0 down'; $SNUG exec box timeout 1 /peer ask tcp 192.0.2.1 8000 || echo down; told 1\n"
      "world 'ip link set up0 up; ip route add default via 192.0.2.1'; until at ask tcp 192.0.2.1 8000 | grep -o 'outside [0-9.]*'; do sleep 0.05; done; at ask udp 192.0.2.1 8000\n"
      "world 'ip route del default'; kill -9 $(pgrep '^pas[st]'); told 2\n"
      "world 'ip route add default via 192.0.2.1'; until at ask tcp 192.0.2.1 8000 | grep -o 'outside [0-9.]*'; do sleep 0.05; done; $SNUG logs box 2>&1\n");
  const std::string lost = "snug: notice: pasta has ended (External interface not usable): the network has no way out; the next default route of this machine starts it again\n",
                    back = "snug: notice: pasta has ended (External interface not usable): was started anew\n";
  CHECK_MESSAGE(result.out == "down\noutside 192.0.2.2\noutside 192.0.2.2\noutside 192.0.2.2\n" + lost + back + "snug: notice: pasta has ended (SIGKILL): was started anew\n" + lost + back, result.out, result.err);
}

TEST_CASE("where all ports are taken, of this machine or inside, what wants one is told, or waits, and goes on once there are some") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "fill='for port in 40000 40001; do for address in 0.0.0.0 ::; do $0 serve full $address $port; done; done' range=/proc/sys/net/ipv4/ip_local_port_range\n"
      "$run -d --name box \"$ROOT\" sleep 1000 >/dev/null; at() { $SNUG exec box /peer \"$@\"; }; by_eth0() { until at ask udp 2001:db8::1 8000 eth0 | grep outside; do :; done; }; at ask tcp 192.0.2.1 8000; by_eth0; at resolve udp www.test\n"
      "usual=$(cat $range); world \"echo 40000 40001 >$range\"; sh -c \"$fill\" $peer\n"
      "by_eth0; for how in udp tcp; do at resolve $how www.test; done; $run -p 80 \"$ROOT\" true || echo refused; $run -p 8080:80 \"$ROOT\" echo runs\n"
      "at ask tcp 2001:db8::1 8000 >$XDG_DATA_HOME/told & world \"echo $usual >$range\"; wait; sed 's/ (.*//' $XDG_DATA_HOME/told\n"
      "by_eth0; for how in udp tcp; do at resolve $how www.test; done; $SNUG logs box 2>&1\n"
      "world \"nsenter --user --preserve-credentials --net --target $($SNUG inspect -f '{{.State.Pid}}' box) sh -c 'echo 40000 40001 >$range'\"\n"
      "$SNUG exec box sh -c \"$fill; wget -q -O - http://192.0.2.1:8000 2>&1\" /peer\n"
      "$SNUG rm -f box >/dev/null; pgrep -x snug || pgrep '^pas[st]' || pgrep -x snug-gate || echo 'nothing left'\n");
  CHECK_MESSAGE(result.out == "outside 192.0.2.2\noutside 2001:db8::2\n203.0.113.7\noutside 2001:db8::2\nfailed\nfailed\nrefused\nruns\noutside 2001:db8::2\noutside 2001:db8::2\n203.0.113.7\n203.0.113.7\n"
                              "wget: can't connect to remote host (192.0.2.1): Cannot assign requested address\nnothing left\n", result.out, result.err);
  CHECK_MESSAGE(has(result.err, "cannot find a free port of '127.0.0.1': Address already in use (EADDRINUSE)\n  hint:  all of net.ipv4.ip_local_port_range are taken"), result.err);
}

TEST_CASE("whoever removes eth0 has no way out any more, and no process of snug's is kept busy") {
  if (!can_have_networks()) return;
  // A process that is kept busy has another time each time.
  const Result result = outside(
      "rests() { before=$(cut -d' ' -f14,15 /proc/$1/stat); sleep 0.3; [ \"$before\" = \"$(cut -d' ' -f14,15 /proc/$1/stat)\" ]; }\n"
      "for asked in '' yes; do\n"
      "  $run -d --name box --cap-add NET_ADMIN \"$ROOT\" sleep 1000 >/dev/null; [ -z \"$asked\" ] || $SNUG exec box /peer ask tcp 203.0.113.7 8000\n"
      "  $SNUG exec box ip link del eth0; until $SNUG logs box 2>&1 | grep '^snug: notice'; do sleep 0.05; done\n"
      "  $SNUG exec box /peer resolve udp www.test; until rests $($SNUG inspect -f '{{.State.MonitorPid}}' box); do :; done; $SNUG exec box ls /sys/class/net; pgrep '^pas[st]'; $SNUG rm -f box >/dev/null\n"
      "done\n");
  const std::string told = "snug: notice: pasta has ended (the container has removed eth0): the network has no way out any more, until its next start\n203.0.113.7\nlo\nsnug0\n";
  CHECK_MESSAGE(result.out == told + "outside 192.0.2.2\n" + told, result.out, result.err);
}

TEST_CASE("with IPv4 alone there is a way out, names are resolved and ports published") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name box -p 8080:80 \"$ROOT\" sh -c '/peer serve served 0.0.0.0 80; exec sleep 1000' >/dev/null; until $peer ask tcp 127.0.0.1 8080 | grep served; do sleep 0.05; done\n"
      "$SNUG exec box sh -c 'for how in tcp udp; do /peer ask $how 203.0.113.7 8000; /peer resolve $how www.test; /peer resolve ${how}6 six.test; done; /peer ask tcp 2001:db8:1::7 8000'\n"
      "$run -p '[::1]:8080:80' \"$ROOT\" true || echo refused\n", "ipv6");
  CHECK_MESSAGE(result.out == "served 127.0.0.1\noutside 192.0.2.2\n203.0.113.7\n2001:db8:1::7\noutside 192.0.2.2\n203.0.113.7\n2001:db8:1::7\nclosed\nrefused\n", result.out, result.err);
  CHECK_MESSAGE(has(result.err, "cannot publish the port [::1]:8080/tcp: "), result.err);
}

TEST_CASE("without /dev/net/tun there is a notice, or an error where it was required; networks that are shared work, by address") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run \"$ROOT\" ls /sys/class/net; $run --require network \"$ROOT\" true || echo required; $run -p 8080:80 \"$ROOT\" true || echo refused\n"
      "$SNUG network create back; $run -d --name web --network back \"$ROOT\" sh -c '/peer serve web 0.0.0.0 80; exec sleep 1000' >/dev/null\n"
      "until $run --network back \"$ROOT\" /peer ask tcp $($SNUG inspect -f '{{.NetworkSettings.Networks.back.IPAddress}}' web) 80 | grep -o web; do sleep 0.05; done; $SNUG rm -f web >/dev/null\n",
      "/dev/net/tun");
  CHECK_MESSAGE(result.out == "lo\nrequired\nrefused\nback\nweb\n", result.out, result.err);
  CHECK_MESSAGE(has(result.err, "the network has no way out: /dev/net/tun: "), result.err);
}

TEST_CASE("networks are clear of routes in all tables, and not of those that lead nowhere or everywhere") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "world 'ip route add 0.0.0.0/1 dev up0; ip route add 128.0.0.0/1 dev up0; ip -6 route add 2000::/3 dev up0; ip route add unreachable 10.0.0.0/8; ip -6 route add unreachable fd00::/8; ip rule add to 10.90.0.0/16 lookup 77'\n"
      "world 'ip route add 10.90.0.0/16 dev up0 table 77; ip route add 10.128.0.0/9 via 192.0.2.1'; $SNUG network create one\n"
      "for subnet in 10.90.0.0/24 10.128.0.0/8 10.200.0.0/24 fd12:3456::/64 2001:db8:77::/64; do $SNUG network create --subnet $subnet n$(echo $subnet | tr -d .:/); done; $SNUG network ls --format '{{.Name}} {{.Subnet}}'\n");
  CHECK_MESSAGE(result.out == "one\nn102000024\nnfd12345664\nn2001db87764\nn102000024 10.200.0.0/24\nn2001db87764 10.89.3.0/24\nnfd12345664 10.89.2.0/24\none 10.89.1.0/24\n", result.out, result.err);
  CHECK_MESSAGE(has(result.err, "notice: 10.200.0.0/24 lies in 10.128.0.0/9, which this machine has a route to"), result.err);
}

TEST_SUITE_END();
