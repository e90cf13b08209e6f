#include <doctest/doctest.h>

#include <unistd.h>

#include <string>
#include <vector>

#include "harness.hh"
#include "outside.hh"
#include "snug/base/text.hh"

using namespace snug;
using namespace snug::test;

// Each case is one script in the world of tests/setup/outside; it prints a line for each thing that is to be seen.

TEST_SUITE_BEGIN("any");

TEST_CASE("a network of one's own leads out, and loses nothing of what is sent first: TCP, UDP, both families, ping, names") {
  if (!can_have_networks()) return;
  // The first act of each is another one.
  const Result result = outside(
      "each() { unlost $run \"$ROOT\" /peer \"$@\"; }\n"
      "each first tcp 203.0.113.7 8000\n"
      "each first udp 203.0.113.7 8000\n"
      "each first tcp 2001:db8:1::7 8000\n"
      "each first udp 2001:db8:1::7 8000\n"
      "each ping 203.0.113.7\n"
      "each ping 2001:db8:1::7\n"
      "each resolve udp www.test\n"
      "unlost $run \"$ROOT\" sh -c 'for at in 1 2 3 4 5; do /peer first tcp 203.0.113.7 8000 & done; wait; cat /etc/resolv.conf'\n");
  CHECK_MESSAGE(result.code == 0, result.err);
  std::string wanted = "outside 192.0.2.2\noutside 192.0.2.2\noutside 2001:db8::2\noutside 2001:db8::2\nalive\nalive\n203.0.113.7\n";
  for (int at = 0; at < 5; ++at) wanted += "outside 192.0.2.2\n";
  CHECK_MESSAGE(result.out == wanted + "nameserver 169.254.1.1\n", result.out, result.err);
  CHECK_MESSAGE(result.err.empty(), result.err);
}

TEST_CASE("nothing that is sent reaches what listens on this machine, on its loopback or at any of its addresses, however it is sent") {
  if (!can_have_networks()) return;
  // Answers would be thrown away as coming from nowhere: so whoever is reached notes that, and is asked once more in the end.
  const Result result = outside(
      "came=$XDG_DATA_HOME/came; touch $came; for address in 0.0.0.0 ::; do $peer serve secret $address 8002 $came; done\n"
      "leaks='for address in 127.0.0.1 127.0.0.53 192.0.2.1 192.0.2.2 198.51.100.9 198.51.100.77 10.0.2.2 169.254.1.1 169.254.1.2 ::1 ::ffff:127.0.0.1 2001:db8::1 2001:db8::2 2001:db8:2::9 2001:db8:2::77 fd73:6e75:67::53; do\n"
      "  for protocol in tcp udp; do for interface in \"\" eth0; do timeout 1 /peer ask $protocol $address 8002 $interface >/dev/null & done; done\n"
      "done; wait; reach() { until /peer ask tcp $1 8000 | grep outside; do :; done; }; reach 203.0.113.7'\n"  // some of the many may be in the way
      "$run \"$ROOT\" sh -c \"$leaks\"\n"
      "$run -p 8080:80 --host-loopback 8001 \"$ROOT\" sh -c \"$leaks\"\n"
      "for ip in 127.0.0.1 224.0.0.1 0.0.0.0 192.0.2.255 192.0.2.0 192.0.2.1; do $run --ip $ip \"$ROOT\" true && echo $ip; done; $run --ip6 ::1 \"$ROOT\" true && echo loopback\n"
      "$run --ip 192.0.2.77 --ip6 2001:db8::77 --mac-address 02:00:00:00:00:09 \"$ROOT\" sh -c \"$leaks; cat /sys/class/net/eth0/address; reach 2001:db8:1::7\"\n"
      "cat $came; $peer ask udp 127.0.0.1 8002; cat $came\n");
  CHECK_MESSAGE(result.out == "outside 192.0.2.2\noutside 192.0.2.2\noutside 192.0.2.2\n02:00:00:00:00:09\noutside 2001:db8::2\nsecret 127.0.0.1\n0.0.0.0\n", result.out, result.err);
}

TEST_CASE("without pasta slirp4netns carries what is sent, and nothing that listens on this machine is reached either") {
  if (!can_have_networks()) return;
  if (::access("/usr/bin/slirp4netns", X_OK) != 0) return skip("slirp4netns is not installed");
  const Result result = outside(
      "came=$XDG_DATA_HOME/came; touch $came; for address in 0.0.0.0 ::; do $peer serve secret $address 8002 $came; done\n"
      "$run \"$ROOT\" sh -c '/peer ask tcp 203.0.113.7 8000; /peer ask udp 203.0.113.7 8000; /peer ask tcp 2001:db8:1::7 8000; /peer resolve udp www.test; cat /etc/resolv.conf\n"
      "  for address in 127.0.0.1 127.0.0.53 192.0.2.1 192.0.2.2 198.51.100.9 198.51.100.77 10.0.2.2 10.0.2.3 ::1 ::ffff:127.0.0.1 2001:db8::2 2001:db8:2::9 2001:db8:2::77 fd00::2 fd00::3; do\n"
      "    for protocol in tcp udp; do for interface in \"\" eth0; do timeout 1 /peer ask $protocol $address 8002 $interface >/dev/null & done; done\n"
      "  done; wait'\n"
      "cat $came; $run -p 8080:80 \"$ROOT\" true || echo refused; pgrep slirp4netns || echo gone\n", "/usr/bin/pasta");
  CHECK_MESSAGE(result.out == "outside 192.0.2.2\noutside 192.0.2.2\noutside 2001:db8::2\n203.0.113.7\nnameserver 169.254.1.1\nrefused\ngone\n", result.out, result.err);
  CHECK_MESSAGE(has(result.err, "--publish: slirp4netns, which serves as the way out here, cannot do it"), result.err);
}

TEST_CASE("whoever removes the interface for names loses them, and no process of snug's is kept busy") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "for asked in yes no; do\n"
      "  $run -d --name box --cap-add NET_ADMIN \"$ROOT\" sleep 1000 >/dev/null; [ $asked = no ] || $SNUG exec box /peer resolve udp www.test\n"
      "  $SNUG exec box ip link del snug0; until $SNUG logs box 2>&1 | grep -o 'the container has removed its interface'; do sleep 0.05; done\n"
      "  pgrep -x snug-gate || echo gone; $SNUG rm -f box >/dev/null\n"
      "done\n");
  CHECK_MESSAGE(result.out == "203.0.113.7\nthe container has removed its interface\ngone\nthe container has removed its interface\ngone\n", result.out, result.err);
}

TEST_CASE("with IPv6 alone there is a way out, and names are resolved") {
  if (!can_have_networks()) return;
  const Result result = outside("$run \"$ROOT\" sh -c 'for how in udp tcp; do /peer resolve $how www.test; /peer resolve ${how}6 six.test; done; /peer ask tcp 2001:db8:1::7 8000; /peer ask tcp 203.0.113.7 8000'\n", "ipv4");
  CHECK_MESSAGE(result.out == "203.0.113.7\n2001:db8:1::7\n203.0.113.7\n2001:db8:1::7\noutside 2001:db8::2\nclosed\n", result.out, result.err);
}

TEST_CASE("--publish-all: the ports that the image names, from ones that are free") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "tar -C \"$ROOT\" -c . | $SNUG import -q --change 'EXPOSE 80' --change 'EXPOSE 53/udp' - serving:1 >/dev/null\n"
      "$run -d -P --name web serving:1 sh -c '/peer serve served 0.0.0.0 80; exec sleep 1000' >/dev/null\n"
      "$SNUG port web | sed 's/[0-9]*$//' | sort; port=$($SNUG port web 80 | sed 's/.*://'); [ $port -gt 1023 ] && echo free\n"
      "until $peer ask tcp 127.0.0.1 $port | grep served; do sleep 0.05; done; $SNUG rm -f web >/dev/null\n");
  CHECK_MESSAGE(result.out == "53/udp -> 127.0.0.1:\n80/tcp -> 127.0.0.1:\nfree\nserved 127.0.0.1\n", result.out, result.err);
}

TEST_CASE("pasta is there once something is sent, is started anew once, and goes with the container") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "pasta() { pgrep '^pas[st]' || echo none; }\n"
      "another() { until [ \"$(pasta)\" != none ] && [ \"$(pasta)\" != \"$1\" ]; do sleep 0.05; done; pasta; }\n"
      "inside() { $SNUG exec box /peer ask tcp 203.0.113.7 8000; }\n"
      "$run -d --name box \"$ROOT\" sleep 1000 >/dev/null\n"
      "echo \"before $(pasta)\"\n"
      "inside\n"
      "first=$(another none); kill -9 $first; second=$(another $first)\n"
      "until inside | grep '^outside' | cut -d' ' -f1,2 | grep outside; do :; done\n"  // in between a packet may be lost
      "kill -9 $second; until [ \"$(pasta)\" = none ]; do sleep 0.05; done\n"
      "$SNUG exec box echo lives\n"
      "until $SNUG logs box 2>&1 | grep 'no way out any more'; do sleep 0.05; done\n"
      "$SNUG rm -f box >/dev/null; pgrep -x snug >/dev/null || echo gone\n"
      "$run -d --name box -p 8080:80 \"$ROOT\" sleep 1000 >/dev/null\n"
      "third=$(another none); kill -9 $(pgrep -o -x snug)\n"
      "until [ \"$(pasta)\" = none ] && ! pgrep -x sleep >/dev/null; do sleep 0.05; done; echo \"nothing left\"\n");
  CHECK_MESSAGE(result.out == "before none\noutside 192.0.2.2\noutside 192.0.2.2\nlives\nsnug: notice: pasta has ended (SIGKILL): the network has no way out any more, until its next start\ngone\nnothing left\n", result.out, result.err);
}

TEST_CASE("names: over UDP and TCP, from whichever server this machine has at that moment, with port 53 left to the container") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name box \"$ROOT\" sh -c '/peer serve own 0.0.0.0 53; exec sleep 1000' >/dev/null; gate() { pgrep -x snug-gate || echo none; }; gate\n"
      "at() { $SNUG exec box /peer \"$@\"; }; for how in udp tcp udp6; do at resolve $how www.test; done; at resolve tcp6 six.test; at ask tcp 127.0.0.1 53\n"
      "echo nameserver 127.0.0.54 >/mnt/resolv.conf; at resolve udp www.test; at resolve tcp six.test\n"
      "for n in 1 2; do kill -9 $(gate); until [ $(gate) = none ]; do sleep 0.05; done; at resolve tcp www.test; done; $SNUG logs box 2>&1\n"
      "$SNUG rm -f box >/dev/null; gate\n");
  CHECK_MESSAGE(result.out == "none\n203.0.113.7\n203.0.113.7\nnone\n2001:db8:1::7\nown 127.0.0.1\n203.0.113.9\nnone\n203.0.113.9\n203.0.113.9\n"
                              "snug: notice: the gate of the network has ended (SIGKILL): the next question for a name starts it again\nnone\n",
                result.out, result.err);
}

TEST_CASE("published ports: on the loopback alone, who asks is seen as he is, listed, and a port that is taken names who has it") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name web -p 8080:80 -p 8070-8072:70-72 -p 81 -p 0.0.0.0:5300-5301:53-54/udp -p 0.0.0.0:8090:80 \"$ROOT\" "
      "sh -c '/peer serve served 0.0.0.0 53; /peer serve served 0.0.0.0 80; exec sleep 1000' >/dev/null\n"
      "until $peer ask tcp 127.0.0.1 8080 | grep served; do sleep 0.05; done\n"
      "echo \"elsewhere $($peer ask tcp 192.0.2.2 8080)\"\n"
      "world \"for each in 'tcp 192.0.2.2 8090' 'udp 192.0.2.2 5300'; do nsenter --net=/mnt/far $peer ask \\$each; done\"\n"
      "$SNUG port web 80\n"
      "$SNUG port web 54/udp\n"
      "$SNUG port web | grep ^81 | sed 's/[0-9]*$//'\n"
      "$SNUG walls --json web | grep -c 127.0.0.1:8080-.80/tcp; $SNUG walls | grep -c '127.0.0.1:8080->80/tcp'\n"
      "$SNUG ps --format '{{.Ports}}' | grep -o '127.0.0.1:8080->80/tcp, 127.0.0.1:8070-8072->70-72/tcp'\n"
      "$SNUG plan -p 8071:80 \"$ROOT\" true | grep -o -m 1 \"the host's port 127.0.0.1:8071/tcp leads to port 80 inside\"\n"
      "$run -p 8071:80 \"$ROOT\" true || $SNUG port rm web 8071 || $SNUG run --network container:web -p 8073:80 \"$ROOT\" true || echo all refused\n"
      "$peer serve mine 127.0.0.1 8003; $run -p 8003:80 \"$ROOT\" true || echo taken\n"
      "$SNUG port add web 8081:80; $SNUG port add web 8003:80 || echo taken\n"
      "until $peer ask tcp 127.0.0.1 8081 | grep served; do sleep 0.05; done; $peer ask tcp 127.0.0.1 8080\n"
      "$SNUG port rm web 8080:80; until [ \"$($peer ask tcp 127.0.0.1 8080)\" = closed ]; do sleep 0.05; done; $SNUG port web 80\n"
      "for n in 4 5 6; do $SNUG port add web 808$n:80 >/dev/null & adding=\"$adding $!\"; done; wait $adding; $SNUG port web 80 | grep -c :808\n"
      "$SNUG stop -t 0 web >/dev/null; $peer ask tcp 127.0.0.1 8081; $SNUG port rm web 8081:80; $SNUG port add web 8079:80; $SNUG port rm web 70; $SNUG port web 80 | grep -c .; $SNUG start web >/dev/null 2>$XDG_DATA_HOME/started; grep -c alone $XDG_DATA_HOME/started\n"
      "until $peer ask tcp 127.0.0.1 8079 | grep served; do sleep 0.05; done; $peer ask tcp 127.0.0.1 8081; $SNUG rm -f web >/dev/null\n");
  CHECK_MESSAGE(result.out == "served 127.0.0.1\nelsewhere closed\nserved 203.0.113.7\nserved 203.0.113.7\n127.0.0.1:8080\n0.0.0.0:8090\n0.0.0.0:5301\n81/tcp -> 127.0.0.1:\n1\n1\n"
                              "127.0.0.1:8080->80/tcp, 127.0.0.1:8070-8072->70-72/tcp\nthe host's port 127.0.0.1:8071/tcp leads to port 80 inside\nall refused\ntaken\n"
                              "80/tcp -> 127.0.0.1:8081\ntaken\nserved 127.0.0.1\nserved 127.0.0.1\n0.0.0.0:8090\n127.0.0.1:8081\n4\nclosed\n80/tcp -> 127.0.0.1:8079\n5\n0\nserved 127.0.0.1\nclosed\n", result.out, result.err);
  CHECK_MESSAGE(has(result.err, "published on 127.0.0.1 alone"), result.err);
  CHECK_MESSAGE(has(result.err, "now it could not be started: the port 127.0.0.1:8071/tcp is taken by the container 'web'"), result.err);
  CHECK_MESSAGE(has(result.err, "the port 127.0.0.1:8003/tcp is taken by peer (pid "), result.err);
  CHECK_MESSAGE(has(result.err, "the port 127.0.0.1:8071/tcp is taken by the container 'web'\n"), result.err);
  CHECK_MESSAGE(has(result.err, "the one of this machine leads to 71/tcp: snug port rm web 71/tcp"), result.err);
  CHECK_MESSAGE(has(result.err, "'snug port add web PORT' publishes one of the network that is shared"), result.err);
}

TEST_CASE("a restart by policy publishes the ports that are there by then") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name again --restart always -p 8100:80 \"$ROOT\" "
      "sh -c '/peer serve again 0.0.0.0 80; until [ -e /go ]; do sleep 0.05; done; rm /go; exit 1' >/dev/null\n"
      "$SNUG port add again 8101:80 >/dev/null; $SNUG port rm again 8100:80\n"
      "$SNUG exec again touch /go\n"
      "until [ \"$($SNUG inspect -f '{{.RestartCount}}' again)\" = 1 ]; do sleep 0.05; done\n"
      "until $peer ask tcp 127.0.0.1 8101 | grep again; do sleep 0.05; done; $peer ask tcp 127.0.0.1 8100\n");
  CHECK_MESSAGE(result.out == "again 127.0.0.1\nclosed\n", result.out, result.err);
}

TEST_CASE("published ports are free when a container has ended: with its last visitor, by stop, by restart, under who was attached") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name web -p 8110:80 \"$ROOT\" sh -c '/peer serve web 0.0.0.0 80; until [ -e /go ]; do sleep 0.05; done; rm /go' >/dev/null\n"
      "served() { until $peer ask tcp 127.0.0.1 8110 | grep web; do sleep 0.05; done; }\n"
      "$SNUG stop -t 0 web >/dev/null; $SNUG enter web true; $SNUG start web >/dev/null; served\n"
      "$SNUG stop -t 0 web >/dev/null; $SNUG debug web -c :; $SNUG start web >/dev/null; served\n"
      "$SNUG restart -t 0 web >/dev/null; served; $SNUG stop -t 0 web >/dev/null; $SNUG start web >/dev/null; served\n"
      "$SNUG exec web touch /go; $SNUG attach web; $SNUG start web >/dev/null; served; $SNUG rm -f web >/dev/null\n");
  CHECK_MESSAGE(result.out == "web 127.0.0.1\nweb 127.0.0.1\nweb 127.0.0.1\nweb 127.0.0.1\nweb 127.0.0.1\n", result.out, result.err);
}

TEST_CASE("one port of the host's loopback is opened by name; another container's network is shared") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run --host-loopback 8001 \"$ROOT\" sh -c '/peer ask tcp 127.0.0.1 8001; grep snug.internal /etc/hosts'\n"
      "$run -d --name box \"$ROOT\" sh -c '/peer serve box 127.0.0.1 80; exec sleep 1000' >/dev/null\n"
      "$SNUG run -v $PEER:/peer:ro --network container:box \"$ROOT\" sh -c '\n"
      "  until /peer ask tcp 127.0.0.1 80 | grep box; do sleep 0.05; done; /peer ask tcp $(/peer resolve udp www.test) 8000'\n"
      "$SNUG rm -f box >/dev/null\n");
  CHECK_MESSAGE(result.out == "secret 127.0.0.1\n127.0.0.1 host.snug.internal\nbox 127.0.0.1\noutside 192.0.2.2\n", result.out, result.err);
}

TEST_CASE("namespaces of another container, by its name: they are its own at each start, and whoever it shuts in is shut in as well") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name box --hostname here --allow www.test \"$ROOT\" sh -c 'exec sleep 1001' >/dev/null\n"
      "all='--pid container:box --ipc container:box --uts container:box'\n"
      "$SNUG run $all --network none \"$ROOT\" sh -c 'hostname; echo $HOSTNAME; ps -o args | grep -c \"^sleep 1001\"; for kind in pid ipc uts net; do readlink /proc/self/ns/$kind; done' >$XDG_DATA_HOME/guest\n"
      "$SNUG exec box sh -c 'for kind in pid ipc uts net; do readlink /proc/self/ns/$kind; done' >$XDG_DATA_HOME/box; head -n 3 $XDG_DATA_HOME/guest; grep -c -x -F -f $XDG_DATA_HOME/box $XDG_DATA_HOME/guest\n"
      "$SNUG create --name guest --pid container:box \"$ROOT\" sh -c 'ps -o args | grep -c \"^sleep 1001\"' >/dev/null; $SNUG restart -t 0 box >/dev/null; $SNUG start -a guest\n"
      "$SNUG run --pid container:box --cap-add NET_ADMIN \"$ROOT\" true || $SNUG run --pid container:box --ipc container:guest \"$ROOT\" true || $SNUG run --pid container:box --userns keep-id \"$ROOT\" true || echo refused\n"
      "$SNUG run --network container:box \"$ROOT\" ls /sys/class/net | grep -c -x -e eth0 -e snug0\n"
      "$SNUG run -d --name hop --pid container:box \"$ROOT\" sleep 1000 >/dev/null; $SNUG run --pid container:hop --cap-add NET_ADMIN \"$ROOT\" true || echo bound\n"
      "$run -d --name later \"$ROOT\" sleep 1000 >/dev/null; $SNUG run -d --name first --pid container:later \"$ROOT\" sleep 1000 >/dev/null\n"
      "$SNUG run -d --name second --ipc container:first --cap-add NET_ADMIN \"$ROOT\" sleep 1000 >/dev/null; $SNUG rm -f first >/dev/null; $SNUG network allow later www.test || echo bound\n"
      "$SNUG plan --pid container:box \"$ROOT\" true | grep -- '--pid container:box'; $SNUG stop -t 0 box >/dev/null; $SNUG start guest || echo asleep\n");
  CHECK_MESSAGE(result.out == "here\nhere\n1\n3\n1\nrefused\n2\nbound\nbound\n    --pid container:box: shared with whoever lives there\nasleep\n", result.out, result.err);
}

TEST_CASE("another container's network is shared by images too, and found anew at each start") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "tar -C \"$ROOT\" -c . | $SNUG import -q - beside >/dev/null; $SNUG create --network container:nobody beside 2>&1\n"
      "for id in root keep-id; do\n"
      "  $run -d --name box --userns $id \"$ROOT\" sh -c '/peer serve $0 127.0.0.1 8080; exec sleep 1000' $id >/dev/null\n"
      "  [ $id != root ] || $SNUG create --name guest -v $PEER:/peer:ro --network container:box beside sh -c '\n"
      "    cat /etc/hostname; until /peer ask tcp 127.0.0.1 8080 | grep -v closed; do sleep 0.05; done' >/dev/null\n"
      "  $SNUG run --rm -v $PEER:/peer:ro --network container:box beside sh -c 'until /peer ask tcp 127.0.0.1 8080 | grep -v closed; do sleep 0.05; done; id -u'\n"
      "  [ $id != root ] || $SNUG start -a guest; $SNUG inspect guest | grep -c '/proc/[0-9]'; $SNUG rm -f box >/dev/null\n"
      "done; $SNUG rm guest >/dev/null; $SNUG run --userns keep-id --network container:box beside true 2>&1 | head -n 1\n");
  CHECK_MESSAGE(result.out == "snug: there is no container 'nobody'\n  hint:  'snug ps --all' lists them\nroot 127.0.0.1\n0\nguest\nroot 127.0.0.1\n0\nkeep-id 127.0.0.1\n" + format("{}\n", ::getuid()) +
                              "0\nsnug: container:box brings that container's user namespace along, which --userns contradicts\n", result.out, result.err);
}

TEST_CASE("plan --verify: the steps of a way out are what the kernel is asked for") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$SNUG plan --verify --userns single \"$ROOT\" true\n"
      "$SNUG plan --verify --userns single -p 8080:80 \"$ROOT\" true\n"
      "$SNUG plan --verify --userns single -p 8080:80 host true\n");
  CHECK_MESSAGE(!has(result.out, "WRONG"), result.out, result.err);
  CHECK_MESSAGE(result.out.find("all as planned") != result.out.rfind("all as planned"), result.out, result.err);
}

TEST_CASE("without a way out there is a notice and a container; --require makes an error of it; none is silent") {
  const auto apart = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"unshare", "--user", "--map-user", format("{}", ::getuid()), "--map-group", format("{}", ::getgid()), "--net", program(), "run", "--userns", "single"});
    return run(words);
  };
  const Result result = apart({small_root(), "cat", "/etc/resolv.conf"});
  if (has(result.err, "unshare:")) return skip("no user namespaces for ordinary users");
  CHECK(result.code == 0);
  CHECK_MESSAGE((result.err.starts_with("snug: notice: the network has no way out: ") && lines(result.err).size() == 1), result.err);
  CHECK(result.out == "# no name server: this network has no way out\n");
  CHECK(apart({"--require", "network", small_root(), "true"}).code == 125);
  const Result none = inside("ls /sys/class/net", {"--network", "none"});
  CHECK_MESSAGE(none.out == "lo\n", none.out);
  CHECK_MESSAGE(none.err.empty(), none.err);
}

TEST_CASE("what is for a network with a way out is refused elsewhere") {
  for (const std::string& network : {std::string("none"), std::string("host")}) {
    const Result result = inside("true", {"--network", network, "-p", "8080:80"});
    CHECK(result.code == 125);
    CHECK_MESSAGE(has(result.err, "--publish is for a network of the container's own with a way out"), result.err);
  }
}

TEST_SUITE_END();
