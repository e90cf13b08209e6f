#include <doctest/doctest.h>

#include <unistd.h>

#include <string>

#include "harness.hh"
#include "helper.hh"

using namespace snug;
using namespace snug::test;

// Networks that containers share, in the world of tests/setup/outside: each case is one script, which prints a line for each thing to be seen.

namespace {

bool can_have_networks() {
  if (::access("/usr/sbin/ip", X_OK) != 0 && ::access("/sbin/ip", X_OK) != 0) return skip("ip(8) is not installed"), false;
  return true;
}

bool can_lead_out() {
  if (::access("/usr/bin/pasta", X_OK) != 0) return skip("pasta is not installed"), false;
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return skip("/dev/net/tun is closed"), false;
  return can_have_networks();
}

// `start NAME NETWORKS… -- WORDS…` makes a container that stays, `at NAME …` runs the peer in it, `keeper` prints the keeper's number, and
// `both WORD` serves a word in it over TCP and UDP, of both families.
Result shared(const std::string& script) {
  const Scratch data;
  const std::string head =
      "start() { name=$1; shift; $SNUG run -d --userns single -v $PEER:/peer:ro --name $name \"$@\" \"$ROOT\" sh -c \"for at in 0.0.0.0 ::; do /peer serve $name \\$at 80; done; exec sleep 1000\" >/dev/null; }\n"
      "at() { name=$1; shift; $SNUG exec $name /peer \"$@\"; }\n"
      "keeper() { pgrep -x snug-networks || echo none; }\n"
      "address() { $SNUG inspect -f \"{{.NetworkSettings.Networks.$2.IPAddress}}\" $1; }\n"
      "address6() { $SNUG inspect -f \"{{.NetworkSettings.Networks.$2.GlobalIPv6Address}}\" $1; }\n"
      "until_is() { wanted=$1; shift; until [ \"$(\"$@\" 2>/dev/null)\" = \"$wanted\" ]; do sleep 0.05; done; }\n"
      "trap '$SNUG rm -f $($SNUG ps -aq) >/dev/null 2>&1' EXIT\n";
  return run({"tests/setup/outside", helper("peer"), "sh", "-c", head + script},
             {.env = {"SNUG=" + program(), "PEER=" + helper("peer"), "ROOT=" + small_root(), "XDG_DATA_HOME=" + data.path()}, .patience = std::chrono::seconds(120)});
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("containers on a shared network find and reach each other: by name, alias and address, over both families, back as well, and following starts and stops") {
  if (!can_lead_out()) return;
  const Result result = shared(
      "$SNUG network create back\n"
      "start web --network back:alias=www --network-alias site\n"
      "start ask --network back\n"
      "web=$(address web back) web6=$(address6 web back)\n"
      "echo $web | cut -d. -f1-2; for name in web www site web.back WEB; do [ \"$(at ask resolve udp $name)\" = $web ] && [ \"$(at ask resolve tcp6 $name)\" = $web6 ] && echo found; done\n"
      "at ask reverse udp $web; at ask reverse tcp $web6\n"
      "for address in $web $web6; do at ask ask tcp $address 80 | cut -d' ' -f1; at ask ask udp $address 80 | cut -d' ' -f1; at ask ping $address; done\n"
      "[ \"$(at ask ask tcp $web 80)\" = \"web $(address ask back)\" ] && echo 'seen as who he is'\n"
      "at web ask tcp $(at web resolve udp ask) 80 | cut -d' ' -f1\n"
      "at ask resolve udp www.test; at ask resolve tcp www.test; at ask ask tcp 203.0.113.7 8000\n"
      "at ask resolve udp late; start late --network back; at ask resolve udp late | sed s/$(address late back)/late/; $SNUG stop -t 0 late >/dev/null; at ask resolve udp late\n"
      "$SNUG exec ask ls /sys/class/net; $SNUG exec ask cat /etc/resolv.conf\n"
      "$SNUG run -d --name beside --network container:web \"$ROOT\" sleep 1000 >/dev/null 2>&1; $SNUG walls --compare beside ask | grep -c 'both are on the network back'\n");
  CHECK_MESSAGE(result.out == "back\n10.89\nfound\nfound\nfound\nfound\nfound\nweb\nweb\nweb\nweb\nalive\nweb\nweb\nalive\nseen as who he is\nask\n203.0.113.7\n203.0.113.7\noutside 192.0.2.2\n"
                              "none\nlate\nnone\neth0\neth1\nlo\nsnug0\nnameserver 169.254.1.1\n1\n",
                result.out, result.err);
  CHECK_MESSAGE(result.err.empty(), result.err);
}

TEST_CASE("an internal network has no way out, not for names either; networks do not see each other") {
  if (!can_have_networks()) return;
  const Result result = shared(
      "$SNUG network create --internal --ipv6=false inner; $SNUG network create --internal other\n"
      "start one --network inner; start two --network inner; start three --network other\n"
      "at two ask tcp $(at two resolve udp one) 80 | cut -d' ' -f1; at two resolve udp6 one\n"
      "at two resolve udp www.test; at two resolve tcp www.test; at two ask tcp 203.0.113.7 8000; at two ask udp 203.0.113.7 8000\n"
      "at two ask tcp $(address three other) 80; at three resolve udp one; at three ask tcp $(address one inner) 80\n"
      "$SNUG exec two ls /sys/class/net; $SNUG exec two ip route\n"
      "$SNUG run --network inner -p 8080:80 \"$ROOT\" true || echo refused\n");
  CHECK_MESSAGE(has(result.out, "inner\nother\none\nnone\nnone\nnone\nclosed\nclosed\nclosed\nnone\nclosed\neth1\nlo\nsnug0\n10.89."), result.out, result.err);
  CHECK_MESSAGE(!has(result.out, "default"), result.out);
  CHECK_MESSAGE(has(result.out, "refused\n"), result.out, result.err);
  CHECK_MESSAGE(has(result.err, "--publish is for a network of the container's own with a way out"), result.err);
}

TEST_CASE("beside an internal network a way out brings the names outside, and lends them to nobody on it") {
  if (!can_lead_out()) return;
  const Result result = shared(
      "$SNUG network create --internal inner; start both --network private --network inner; start closed --network inner --cap-add NET_ADMIN\n"
      "at both resolve udp closed | sed s/$(address closed inner)/found/; at both resolve tcp www.test; at both ask tcp 203.0.113.7 8000\n"
      "at closed resolve tcp both | sed s/$(address both inner)/found/; at closed resolve udp www.test\n"
      "$SNUG exec closed sh -c \"ip link set snug0 down; ip route add 169.254.1.1 via $(address both inner); ip route\" | grep -c 169.254.1.1\n"
      "at closed resolve udp www.test\n");
  CHECK_MESSAGE(result.out == "inner\nfound\n203.0.113.7\noutside 192.0.2.2\nfound\nnone\n1\nsilent\n", result.out, result.err);
}

TEST_CASE("networks are joined and left while the container runs, and that stays; whoever is in two finds all") {
  if (!can_lead_out()) return;
  const Result result = shared(
      "$SNUG network create front; $SNUG network create back; start plain; start web --network front; start db --network back\n"
      "at plain resolve udp web; $SNUG network connect --alias box front plain; $SNUG network connect back plain\n"
      "for name in web db; do at plain ask tcp $(at plain resolve udp $name) 80 | cut -d' ' -f1; done; at plain resolve udp www.test; at web resolve udp db\n"
      "at web ask tcp $(at web resolve udp box) 80 | cut -d' ' -f1\n"
      "$SNUG inspect -f '{{.NetworkSettings.NetworkMode}}' plain; $SNUG network connect back plain || echo already\n"
      "$SNUG network rm front || echo used; $SNUG network disconnect front plain\n"
      "at plain resolve udp web; at web resolve udp box; at plain ask tcp $(at plain resolve udp db) 80 | cut -d' ' -f1; at plain resolve udp www.test\n"
      "$SNUG stop -t 0 plain >/dev/null; $SNUG network connect --ip $(address web front | sed 's/[0-9]*$/200/') front plain; $SNUG start plain >/dev/null\n"
      "until_is web sh -c \"$SNUG exec plain /peer ask tcp $(address web front) 80 | cut -d' ' -f1\"; address plain front | grep -o '[0-9]*$'\n"
      "$SNUG network rm -f front; at plain resolve udp web; $SNUG ps --format '{{.Names}} {{.Networks}}' | sort; $SNUG network ls -q; yes | $SNUG network prune 2>/dev/null\n"
      "$SNUG network disconnect back plain; at plain resolve udp www.test; at plain ask tcp 203.0.113.7 8000\n"
      "$SNUG network create --internal inner; start late --network inner; $SNUG port add late 18099:80 || echo closed; $SNUG network connect back late; $SNUG port add late 18099:80 || echo later\n"
      "$SNUG restart -t 0 late >/dev/null; $SNUG port add late 18099:80; $SNUG network disconnect back late || $SNUG network rm -f back || echo needed; $SNUG port rm late 80; $SNUG network disconnect back late\n"
      "$SNUG network disconnect nosuch late || echo none; at late resolve udp late | sed \"s/$($SNUG exec late sh -c 'grep late /etc/hosts | cut -d\" \" -f1')/same/\"\n");
  CHECK_MESSAGE(result.out == "front\nback\nnone\nweb\ndb\n203.0.113.7\nnone\nplain\nprivate,front,back\nalready\nused\nnone\nnone\ndb\n203.0.113.7\n200\nfront\nnone\ndb back\nplain back\nweb none\nback\n"
                              "203.0.113.7\noutside 192.0.2.2\ninner\nclosed\nlater\n80/tcp -> 127.0.0.1:18099\nneeded\nnone\nsame\n",
                result.out, result.err);
  for (const char* words : {"the way out that 'back' brings: with the container's next start", "its way out comes with its next start", "the container 'late' has --publish, which takes the way out that the network 'back' brings", "hint:  snug port rm late PORT; or connect it",
                            "notice: the way out of the container 'late' goes with its next start", "there is no network 'nosuch'"})
    CHECK_MESSAGE(has(result.err, words), words, result.err);
  CHECK_MESSAGE(has(result.err, "the container 'plain' is in the network 'back' already"), result.err);
  CHECK_MESSAGE(has(result.err, "the network 'front' is in use, by "), result.err);
}

TEST_CASE("the keeper lives as long as somebody needs it, is started anew once, and who loses his monitor is not found any more") {
  if (!can_have_networks()) return;
  const Result result = shared(
      "keeper; $SNUG network create --internal inner >/dev/null; start one --network inner; start two --network inner\n"
      "first=$(keeper); [ \"$first\" = \"$($SNUG network inspect --format '{{.KeeperPid}}' inner)\" ] && echo 'one keeper'\n"
      "at two resolve udp one | sed s/$(address one inner)/found/\n"
      "kill -9 $first; until [ \"$(keeper)\" != none ] && [ \"$(keeper)\" != $first ]; do sleep 0.05; done; second=$(keeper)\n"
      "until_is \"$(address one inner)\" $SNUG exec two /peer resolve udp one; at two ask tcp $(address one inner) 80 | cut -d' ' -f1\n"
      "until $SNUG logs two 2>&1 | grep 'another one was started'; do sleep 0.05; done\n"
      "kill -9 $($SNUG inspect -f '{{.State.MonitorPid}}' one); until_is none $SNUG exec two /peer resolve udp one; echo gone\n"
      "kill -9 $second; until $SNUG logs two 2>&1 | grep -o 'in none of them any more'; do sleep 0.05; done; keeper; $SNUG exec two echo lives\n"
      "$SNUG restart -t 0 two >/dev/null; until_is \"$(address two inner)\" $SNUG exec two /peer resolve udp two; echo back\n"
      "$SNUG rm -f two >/dev/null; until_is none keeper; ls $XDG_DATA_HOME/snug/networks; pgrep -x snug || echo 'nothing left'\n");
  CHECK_MESSAGE(result.out == "none\none keeper\nfound\none\nsnug: notice: the keeper of the shared networks has ended: another one was started\ngone\nin none of them any more\nnone\nlives\nback\ninner\nnothing left\n", result.out, result.err);
}

TEST_CASE("sixteen that start at once have sixteen addresses, and each is found") {
  if (!can_have_networks()) return;
  const Result result = shared(
      "$SNUG network create --internal inner; all='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16'\n"
      "for n in $all; do start c$n --network inner & starting=\"$starting $!\"; done; wait $starting\n"
      "for n in $all; do address c$n inner; done | sort -u | wc -l\n"
      "for n in $all; do [ \"$(at c1 resolve udp c$n)\" = \"$(address c$n inner)\" ] && at c1 ask tcp $(address c$n inner) 80 | cut -d' ' -f1; done | sort -u | wc -l; keeper | wc -l\n");
  CHECK_MESSAGE(result.out == "inner\n16\n16\n1\n", result.out, result.err);
}

TEST_CASE("networks are made clear of this machine's, are listed, and errors lead on") {
  if (!can_have_networks()) return;
  const Result result = shared(
      "$SNUG network create first; $SNUG network ls --format '{{.Name}} {{.Subnet}}'; $SNUG network create first || echo taken\n"
      "$SNUG network create --subnet 192.0.2.0/25 second || $SNUG network create --subnet 10.89.1.7/24 second || $SNUG network create --gateway 10.0.0.1 second || $SNUG network create private || echo refused\n"
      "$SNUG network create --internal --subnet 10.99.0.0/29 --subnet fd12:3456::/64 --label a=b second; $SNUG network inspect --format '{{.Internal}} {{.Labels.a}}' second\n"
      "$SNUG run --network frist \"$ROOT\" true || echo unknown; $SNUG run --network bridge \"$ROOT\" true || echo docker; $SNUG run --network none --network first \"$ROOT\" true || echo apart\n"
      "start one --network second --ip 10.99.0.5 --mac-address 02:00:00:00:00:05; $SNUG exec one cat /sys/class/net/eth1/address; address one second; address6 one second\n"
      "$SNUG run --network second:ip=10.99.0.5 \"$ROOT\" true || $SNUG run --network second:ip=10.99.0.7 \"$ROOT\" true || echo 'no address'\n"
      "$SNUG plan --network second \"$ROOT\" true | grep -o \"join the network 'second' as eth1, 10.99.0.2/29\"; for word in 'connect none one' 'inspect nonet' 'rm host' 'create container'; do $SNUG network $word || echo word; done; $SNUG network --help | grep -c '^prune   '\n"
      "$SNUG network frobnicate || echo action; $SNUG network ls --internal || echo option\n"
      "for subnet in 127.5.0.0/16 169.254.7.0/24 224.0.0.0/24 0.0.0.0/8 240.1.0.0/16 fe80:1::/64 ::/64 ff02::/64 2001:db8::/64 2001:db8:2::/48 10.80.0.0/33; do $SNUG network create --subnet $subnet third && echo $subnet; done; $SNUG network rm third\n"
      "for two in 'none --network host' 'none --network private' 'private --network none' 'host --network none'; do $SNUG run --network $two \"$ROOT\" true || echo two; done\n"
      "$SNUG run -d --name open --network host \"$ROOT\" sleep 1000 >/dev/null; for words in 'port add open 8080:80' 'network allow open a.test' 'network deny open a.test' 'network denied open' 'network connect second open'; do $SNUG $words || echo open; done; $SNUG port open\n");
  CHECK_MESSAGE(result.out == "first\nfirst 10.89.1.0/24\ntaken\nrefused\nsecond\ntrue b\nunknown\ndocker\napart\n02:00:00:00:00:05\n10.99.0.5\nfd12:3456::5\nno address\njoin the network 'second' as eth1, 10.99.0.2/29\nword\nword\nword\nword\n1\naction\noption\ntwo\ntwo\ntwo\ntwo\nopen\nopen\nopen\nopen\nopen\n", result.out, result.err);
  const std::string open = "the container 'open' has no network of its own: it was made with --network host\n";
  std::size_t told = 0;
  for (std::size_t at = 0; (at = result.err.find(open, at)) != std::string::npos; ++at) ++told;
  CHECK_MESSAGE(told == 5, result.err);
  for (const char* words : {"this machine reaches others at 192.0.2.0/24", "'none' is a word of --network", "'container' is a word of --network", "there is no network 'nonet'\n  hint:  'snug network create nonet' makes it", "did you mean 10.89.1.0/24?", "did you mean 'first'?", "'snug network create frist' makes it", "is --network private", "another container has the address 10.99.0.5",
                            "from 10.99.0.2 to 10.99.0.6", "it cannot be had beside other networks", "--subnet 127.5.0.0/16: 127.0.0.0/8 is for the loopback, and no container has an address of it", "169.254.0.0/16 is for one link",
                            "fe80::/10 is for one link", "this machine reaches others at 2001:db8::/64 already", "10.80.0.0/33: it is no network\n  hint:  such as 10.89.0.0/24"})
    CHECK_MESSAGE(has(result.err, words), words, result.err);
}

TEST_SUITE_END();
