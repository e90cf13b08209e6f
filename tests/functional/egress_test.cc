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

TEST_CASE("what rules name is let out, and nothing else: names, wildcards, ports, networks, TCP, UDP, both families") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "all='for name in www.test six.test a.wild.test b.a.wild.test; do for how in udp tcp; do case $name in six*) how=${how}6;; esac; /peer resolve $how $name; done; done\n"
      "  /peer resolve udp wild.test; /peer resolve udp none.wild.invalid\n"
      "  for to in \"tcp 203.0.113.7\" \"udp 203.0.113.7\" \"tcp 2001:db8:1::7\" \"udp 2001:db8:1::7\"; do /peer ask $to 8000; done; /peer ping 203.0.113.7'\n"
      "echo names; $run --allow www.test --allow six.test \"$ROOT\" sh -c \"$all\"\n"
      "echo wild; $run --allow '*.wild.test:8000' \"$ROOT\" sh -c \"$all\"\n"
      "echo port; $run --allow www.test:8001 \"$ROOT\" sh -c \"$all\"\n"
      "echo networks; $run --allow 203.0.113.0/24:8000 --allow 2001:db8:1::/48 \"$ROOT\" sh -c \"$all\" | grep -v refused\n"
      "echo first; unlost $run --allow 203.0.113.7 \"$ROOT\" /peer first tcp 203.0.113.7 8000\n");
  const std::string refused6 = "refused\nrefused\nrefused\nrefused\nrefused\nrefused\n";
  CHECK_MESSAGE(result.out ==
                    "names\n203.0.113.7\n203.0.113.7\n2001:db8:1::7\n2001:db8:1::7\n" + refused6 + "outside 192.0.2.2\noutside 192.0.2.2\noutside 2001:db8::2\noutside 2001:db8::2\nalive\n"
                    "wild\nrefused\nrefused\nrefused\nrefused\n203.0.113.7\n203.0.113.7\n203.0.113.7\n203.0.113.7\nrefused\nrefused\noutside 192.0.2.2\noutside 192.0.2.2\nclosed\nprohibited\nclosed\n"
                    "port\n203.0.113.7\n203.0.113.7\nrefused\nrefused\n" + refused6 + "closed\nprohibited\nclosed\nprohibited\nclosed\n"
                    "networks\noutside 192.0.2.2\noutside 192.0.2.2\noutside 2001:db8::2\noutside 2001:db8::2\nclosed\n"
                    "first\noutside 192.0.2.2\n", result.out, result.err);
  CHECK_MESSAGE(result.err.empty(), result.err);
}

TEST_CASE("what is feigned over the loopback lets nothing out") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name open \"$ROOT\" sleep 1000 >/dev/null; until $SNUG exec open /peer ask udp 2001:db8:1::7 8000 | grep -q outside; do :; done; $SNUG exec open /peer forge 2001:db8::2 2001:db8:1::7 8000\n"
      "$run -d --name box --allow www.test \"$ROOT\" sleep 1000 >/dev/null\n"
      "for box in box open; do\n"
      "  $SNUG exec $box sh -c '/peer forge 2001:db8::2 2001:db8:1::7 8000; /peer stray'\n"
      "  [ $box = open ] || $SNUG network allow open www.test\n"
      "done\n"
      "$SNUG run --network container:box --cap-add NET_ADMIN \"$ROOT\" true || echo bound\n"
      "$SNUG run -d --name guest --network container:box \"$ROOT\" sleep 1000 >/dev/null\n"
      "$SNUG run --network container:guest --cap-add NET_ADMIN \"$ROOT\" true || echo bound\n"
      "$run -d --name later \"$ROOT\" sleep 1000 >/dev/null; $SNUG run -d --name raw --cap-add NET_RAW --network container:later \"$ROOT\" sleep 1000 >/dev/null\n"
      "$SNUG network allow later www.test || echo bound\n");
  CHECK_MESSAGE(result.out == "answered\nprohibited\nanswered prohibited\nprohibited\nanswered prohibited\nbound\nbound\nbound\n", result.out, result.err);
}

TEST_CASE("rules for a container that runs end what was open to elsewhere") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name box \"$ROOT\" sleep 1000 >/dev/null\n"
      "mkfifo $XDG_DATA_HOME/in; $SNUG exec -i box /peer hold 203.0.113.7 8002 <$XDG_DATA_HOME/in >$XDG_DATA_HOME/out &\n"
      "exec 3>$XDG_DATA_HOME/in; echo before >&3; until grep before $XDG_DATA_HOME/out; do sleep 0.05; done\n"
      "$SNUG network allow box www.test; echo after >&3; until grep lost $XDG_DATA_HOME/out; do sleep 0.05; done; exec 3>&-\n");
  CHECK_MESSAGE(result.out == "before\nlost\n", result.out, result.err);
}

TEST_CASE("an answer never lets out what is this machine's own, or local") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "came=$XDG_DATA_HOME/came; touch $came; for address in 0.0.0.0 ::; do $peer serve secret $address 8003 $came; done\n"
      "$run -d --name box --allow bind.test --allow www.test \"$ROOT\" sleep 1000 >/dev/null\n"
      // What was there when the container began stays inside whatever is let out.
      "world 'ip address add 198.51.100.78/32 dev lo; ip -6 address add 2001:db8:2::78/128 dev lo nodad'\n"
      "$SNUG exec box sh -c '/peer resolve udp bind.test; /peer resolve udp6 bind.test; for address in 169.254.1.2 198.51.100.78 2001:db8:2::78 192.0.2.2 198.51.100.9 198.51.100.77 2001:db8::2 2001:db8:2::9 2001:db8:2::77; do /peer ask udp $address 8003; done\n"
      "  for address in 169.254.1.2 198.51.100.78 2001:db8:2::78; do /peer ask tcp $address 8003; done'\n"
      "$SNUG exec box sh -c '/peer resolve udp www.test; /peer ask tcp 203.0.113.7 8000'; cat $came\n");
  CHECK_MESSAGE(result.out == "127.0.0.1\n2001:db8::2\nprohibited\nprohibited\nprohibited\nclosed\nclosed\nclosed\nclosed\nclosed\nclosed\nclosed\nclosed\nclosed\n203.0.113.7\noutside 192.0.2.2\n", result.out, result.err);
}

TEST_CASE("when an answer's time is over, nothing new is let out, and what stands goes on") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name box --allow short.test \"$ROOT\" sleep 1000 >/dev/null\n"
      "mkfifo $XDG_DATA_HOME/in; $SNUG exec -i box sh -c '/peer resolve udp short.test >/dev/null; exec /peer hold 203.0.113.7 8002' <$XDG_DATA_HOME/in >$XDG_DATA_HOME/out &\n"
      "exec 3>$XDG_DATA_HOME/in; echo before >&3; until grep before $XDG_DATA_HOME/out; do sleep 0.05; done\n"
      "$SNUG exec box sh -c 'until [ \"$(/peer ask tcp 203.0.113.7 8000)\" = closed ]; do sleep 0.2; done; echo shut'\n"
      "echo after >&3; until grep after $XDG_DATA_HOME/out; do sleep 0.05; done; exec 3>&-\n"
      "$SNUG exec box sh -c '/peer resolve udp short.test; /peer ask tcp 203.0.113.7 8000'\n");
  CHECK_MESSAGE(result.out == "before\nshut\nafter\n203.0.113.7\noutside 192.0.2.2\n", result.out, result.err);
}

TEST_CASE("nobody inside takes the wall away, and who could is refused") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run --allow www.test \"$ROOT\" sh -c 'id -u; /peer undo; /peer ask tcp 203.0.113.7 8000'\n"
      "for more in '--cap-add NET_ADMIN' '--cap-add NET_RAW' '--cap-add ALL' '--network none' '--network host'; do $run $more --allow www.test \"$ROOT\" true 2>&1 | head -n 1; done\n"
      "$run --nested --allow www.test \"$ROOT\" sh -c '/peer undo | sed s/,.namespace.*//'\n"
      "$run -d --name box --allow www.test \"$ROOT\" sleep 1000 >/dev/null\n"
      "$SNUG run --network container:box --cap-add NET_RAW \"$ROOT\" true 2>&1 | head -n 1\n"
      "$SNUG run --network container:box -v $PEER:/peer:ro \"$ROOT\" sh -c '/peer ask tcp 203.0.113.7 8000; /peer resolve udp www.test'\n");
  CHECK_MESSAGE(result.out ==
                    "0\ntable: Operation not permitted, packet: Operation not permitted, raw: Operation not permitted, namespace: Operation not permitted\nclosed\n"
                    "snug: --allow: who has the capability net_admin undoes it\nsnug: --allow: who has the capability net_raw undoes it\nsnug: --allow: who has the capability net_admin undoes it\n"
                    "snug: --allow is for a network of the container's own with a way out\nsnug: --allow is for a network of the container's own with a way out\n"
                    "table: Operation not permitted, packet: Operation not permitted, raw: Operation not permitted\n"
                    "snug: the network of the container 'box' is restricted: --allow: who has the capability net_raw undoes it\nclosed\n203.0.113.7\n", result.out, result.err);
}

TEST_CASE("rules come and go while a container runs, and a restart keeps them; what was refused is told") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "ask() { $SNUG exec box /peer ask tcp 203.0.113.7 8000; }\n"
      "$run -d --name box \"$ROOT\" sleep 1000 >/dev/null; ask; $SNUG network denied box || echo nothing\n"
      "$SNUG network allow box www.test; ask; $SNUG exec box sh -c '/peer resolve udp www.test; /peer resolve tcp other.test; /peer ask tcp 203.0.113.7 8000'\n"
      "$SNUG network deny box www.test; ask; $SNUG network deny box www.test || echo unknown\n"
      "$SNUG network allow box 203.0.113.7:8000; ask; $SNUG network deny box 203.0.113.7:8000; ask\n"
      "$SNUG exec --allow www.test box sh -c '/peer resolve udp www.test; /peer ask tcp 203.0.113.7 8000'\n"
      "$SNUG network denied box | sed 's/^[0-9TZ:-]*  *[0-9]* *//'\n"
      "$SNUG network denied --json box | grep -c other.test; $SNUG inspect -f '{{json .NetworkSettings.Allow}}' box\n"
      "$SNUG network denied -f box >$XDG_DATA_HOME/told & $SNUG exec box /peer resolve udp late.test; until grep -q late.test $XDG_DATA_HOME/told; do sleep 0.05; done; echo told\n"
      "$SNUG stop -t 0 box >/dev/null; $SNUG network allow box six.test; $SNUG start box >/dev/null; ask; $SNUG exec box sh -c '/peer resolve udp6 six.test; /peer ask tcp 2001:db8:1::7 8000'\n");
  CHECK_MESSAGE(result.out ==
                    "outside 192.0.2.2\nnothing\nclosed\n203.0.113.7\nrefused\noutside 192.0.2.2\nclosed\nunknown\noutside 192.0.2.2\nclosed\n203.0.113.7\noutside 192.0.2.2\n"
                    "LAST                  COUNT  NAME        SENT TO\n-           203.0.113.7:8000/tcp\nother.test  -\nwww.test    203.0.113.7:8000/tcp\n1\n[\"www.test\"]\nrefused\ntold\nclosed\n2001:db8:1::7\noutside 2001:db8::2\n", result.out, result.err);
}

TEST_CASE("whoever shares a network that is restricted is shown so, and is told whom to ask for a change") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name box --allow www.test:8000 --host-loopback 8001 \"$ROOT\" sleep 1000 >/dev/null 2>&1\n"
      "$SNUG run -d --name guest -v $PEER:/peer:ro --network container:box \"$ROOT\" sleep 1000 >/dev/null\n"
      "$SNUG exec guest /peer resolve udp other.test; $SNUG network denied guest | grep -o other.test; $SNUG inspect -f '{{json .NetworkSettings.Allow}} {{json .NetworkSettings.HostLoopback}}' guest\n"
      "for word in 'network allow guest 10.0.0.0/8' 'network deny guest www.test' 'port guest' 'port add guest 8080:80' 'port rm guest 80'; do $SNUG $word || echo told; done\n"
      "for box in box guest; do $SNUG walls $box | grep -A 1 -e 'alone it may send to' -e 'reaches of the host'; done; $SNUG walls --ascii | grep -o -e 'allow www.test:8000' -e 'host-loopback 127.0.0.1:8001' | sort\n"
      "$SNUG network allow box 10.1.2.3/8 || $SNUG run --allow '[2001:db8::1/32]:443' \"$ROOT\" true || echo address\n");
  const std::string sheet = "what alone it may send to\n  www.test:8000\n--\nwhat it reaches of the host's loopback\n  127.0.0.1:8001\n";
  CHECK_MESSAGE(result.out == "refused\nother.test\n[\"www.test:8000\"] [8001]\ntold\ntold\ntold\ntold\ntold\n" + sheet + sheet +
                                  "allow www.test:8000\nallow www.test:8000\nhost-loopback 127.0.0.1:8001\nhost-loopback 127.0.0.1:8001\naddress\n", result.out, result.err);
  for (const char* words : {"the container 'guest' shares the network of 'box'\n  hint:  snug network allow box\n", "hint:  snug network deny box\n", "hint:  snug port box\n", "hint:  snug port add box\n", "hint:  snug port rm box\n",
                            "did you mean 10.0.0.0/8?", "did you mean [2001:db8::/32]:443?"})
    CHECK_MESSAGE(result.err.find(words) != std::string::npos, words, result.err);
}

TEST_CASE("a gate that was killed is started anew once; without it nothing is resolved, and published ports go on") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "gate() { pgrep -x snug-gate || echo none; }\n"
      "$run -d --name box -p 8080:80 --allow www.test \"$ROOT\" sh -c '/peer serve served 0.0.0.0 80; exec sleep 1000' >/dev/null 2>&1\n"
      "until $peer ask tcp 127.0.0.1 8080 | grep served; do sleep 0.05; done\n"
      "first=$(gate); kill -9 $first; until [ \"$(gate)\" != none ] && [ \"$(gate)\" != $first ]; do sleep 0.05; done\n"
      "$SNUG exec box sh -c '/peer ask tcp 203.0.113.7 8000; /peer resolve udp www.test; /peer ask tcp 203.0.113.7 8000'\n"
      "kill -9 $(gate); until [ \"$(gate)\" = none ]; do sleep 0.05; done; until $SNUG logs box 2>&1 | grep 'no name is resolved'; do sleep 0.05; done\n"
      "$SNUG network allow box six.test || echo refused; $peer ask tcp 127.0.0.1 8080\n"
      "$SNUG rm -f box >/dev/null\n"
      "$run -d --name box --allow www.test \"$ROOT\" sleep 1000 >/dev/null; until [ \"$(gate)\" != none ]; do sleep 0.05; done\n"
      "kill -9 $(pgrep -o -x snug); until [ \"$(gate)\" = none ]; do sleep 0.05; done; echo gone\n");
  CHECK_MESSAGE(result.out ==
                    "served 127.0.0.1\nclosed\n203.0.113.7\noutside 192.0.2.2\n"
                    "snug: notice: the gate of the network has ended (SIGKILL): no name is resolved any more, and nothing new is let out\nrefused\nserved 127.0.0.1\ngone\n", result.out, result.err);
}

TEST_CASE("plan --verify: the wall is what the kernel is asked for") {
  if (!can_have_networks()) return;
  const Result result = outside("$SNUG plan --verify --userns single --allow www.test --allow 10.0.0.0/8:443 \"$ROOT\" true\n");
  CHECK_MESSAGE(result.out.find("WRONG") == std::string::npos, result.out, result.err);
  CHECK_MESSAGE(result.out.find("all as planned") != std::string::npos, result.out, result.err);
  // A port has pasta be started before the gate is, which is a step behind it.
  const Result both = outside("$SNUG plan --verify --userns single --allow www.test -p 127.0.0.1:8099:80 \"$ROOT\" true\n");
  CHECK_MESSAGE(both.out.find("WRONG") == std::string::npos, both.out, both.err);
  CHECK_MESSAGE(both.out.find("all as planned") != std::string::npos, both.out, both.err);
}

TEST_SUITE_END();
