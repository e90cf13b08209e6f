#include <doctest/doctest.h>

#include <unistd.h>

#include <string>

#include "containers.hh"
#include "harness.hh"
#include "outside.hh"
#include "snug/base/text.hh"

using namespace snug;
using namespace snug::test;

// nginx, curl, dig and iperf3 as Debian has them, in containers of its root. Each case is one script, which prints a line for each thing to be seen.

namespace {

bool can_serve() {
  if (debian_root().empty()) return skip("no Debian root was made"), false;
  return can_have_networks();
}

// With one id whoever nginx works for is the caller, too.
constexpr const char* head =
    "conf=$XDG_DATA_HOME/nginx.conf; cat >$conf <<'END'\n"
    "daemon off; user root; worker_processes 1; pid /tmp/nginx.pid; error_log stderr;\n"
    "events {}\n"
    "http {\n"
    "  log_format seen '$remote_addr $request_uri';\n"
    "  access_log /dev/stdout seen;\n"
    "  server { listen 80; listen [::]:80; location / { return 200 \"$hostname sees $remote_addr\\n\"; } }\n"
    "}\n"
    "END\n"
    "start() { name=$1 options=$2; shift 2; $SNUG run -d --userns single --name $name -v $conf:/etc/nginx/nginx.conf:ro $options \"$DEBIAN\" \"$@\" >/dev/null || exit 1; }\n"
    "at() { name=$1; shift; $SNUG exec $name \"$@\"; }\n"
    "get() { name=$1; shift; at $name curl -sS --max-time 10 \"$@\"; }\n"
    "flow() { until at $1 timeout 10 iperf3 -n 1M -b 100M -c $2 $3 $4 2>&1 | grep -o 'iperf Done'; do sleep 0.1; done; }\n"  // its server takes a moment between two
    "flows() { flow $1 $2 \"-p $3\"; flow $1 $2 \"-p $3\" -u; }\n"
    "wait_for() { until \"$@\" >/dev/null 2>&1; do sleep 0.1; done; }\n"
    "trap '$SNUG rm -f $($SNUG ps -aq) >/dev/null 2>&1' EXIT\n";

Result served(const std::string& script) { return outside(head + script); }

std::string repeated(int count, const std::string& line) {
  std::string text;
  for (int at = 0; at < count; ++at) text += line;
  return text;
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("nginx, curl, dig and iperf3 between containers, from the host in and out to another machine: TCP, UDP, both families, by name") {
  if (!can_serve()) return;
  const Result result = served(
      "mkdir $XDG_DATA_HOME/log; touch $XDG_DATA_HOME/log/access\n"
      "cat >$XDG_DATA_HOME/far.sh <<END\n"
      "mount --rbind /dev $DEBIAN/dev; for folder in tmp var/lib/nginx var/log; do mount -t tmpfs none $DEBIAN/\\$folder; done\n"
      "mount --bind $XDG_DATA_HOME $DEBIAN/mnt; sed 's:/dev/stdout:/mnt/log/access:; s:[$]hostname:far:' $conf >$DEBIAN/tmp/nginx.conf\n"
      "chroot $DEBIAN iperf3 -s -D; exec chroot $DEBIAN nginx -c /tmp/nginx.conf\n"
      "END\n"
      "world \"nsenter --net=/mnt/far unshare --mount sh $XDG_DATA_HOME/far.sh & exit 0\"\n"
      "$SNUG network create back\n"
      "start web '--network back:alias=www -p 8080:80 -p [::1]:8081:80 -p 0.0.0.0:8090:80 -p [::]:8091:80 -p 5201:5201 -p 5201:5201/udp -p [::1]:5202:5202 -p [::1]:5202:5202/udp' "
      "sh -c 'iperf3 -s -D; iperf3 -s -D -p 5202; exec nginx'\n"
      "start ask '--network back' sleep 1000; start here '--network host' sleep 1000\n"
      "address() { $SNUG inspect -f \"{{.NetworkSettings.Networks.back.$2}}\" $1; }\n"
      "web=$(address web IPAddress) web6=$(address web GlobalIPv6Address) ask=$(address ask IPAddress) ask6=$(address ask GlobalIPv6Address)\n"
      "wait_for get ask http://web; wait_for get ask http://203.0.113.7\n"
      "echo names; for host in web www web.back; do get ask -4 http://$host/ask4; get ask -6 http://$host/ask6; done | sed \"s/ $ask\\$/ ask/; s/ $ask6\\$/ ask/\"\n"
      "dig() { at ask dig +short \"$@\"; }\n"
      "for how in +notcp +tcp; do [ \"$(dig $how web) $(dig $how www.back) $(dig $how AAAA web)\" = \"$web $web $web6\" ] && echo found; dig $how -x $web; dig $how -x $web6; dig $how www.test; dig $how AAAA six.test; done\n"
      "at ask dig none.invalid | grep -o 'status: [A-Z]*'\n"
      "echo between; flows ask $web 5201; flows ask $web6 5201\n"
      "echo in; get here http://127.0.0.1:8080/here4; get here 'http://[::1]:8081/here6'; flows here 127.0.0.1 5201; flows here ::1 5202\n"
      "echo out; get ask http://203.0.113.7/out4; get ask 'http://[2001:db8:1::7]/out6'; flows ask 203.0.113.7 5201; flows ask 2001:db8:1::7 5201\n"
      "world \"for place in 192.0.2.2:8090/far4 [2001:db8::2]:8091/far6; do nsenter --net=/mnt/far chroot $DEBIAN curl -sS --max-time 10 http://\\$place; done\"\n"
      "echo logs; wait_for sh -c '$SNUG logs web | grep -q /far6'; $SNUG logs web | grep -o '.*/here.*\\|.*/far.*'; grep /out $XDG_DATA_HOME/log/access; $SNUG logs web | grep -c \"^$ask /ask4\\|^$ask6 /ask6\"\n");
  const std::string done = repeated(4, "iperf Done\n"), found = "found\nweb.\nweb.\n203.0.113.7\n2001:db8:1::7\n";
  CHECK_MESSAGE(result.out == "back\nnames\n" + repeated(6, "web sees ask\n") + found + found + "status: NXDOMAIN\nbetween\n" + done + "in\nweb sees 127.0.0.1\nweb sees ::1\n" + done + "out\nfar sees 192.0.2.2\nfar sees 2001:db8::2\n" + done + "web sees 203.0.113.7\nweb sees 2001:db8:1::7\nlogs\n127.0.0.1 /here4\n::1 /here6\n203.0.113.7 /far4\n2001:db8:1::7 /far6\n192.0.2.2 /out4\n2001:db8::2 /out6\n6\n", result.out, result.err);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

// A shared network needs nothing of this machine's.
TEST_CASE("Debian's nginx as it comes, with users of its own, is found and reached by who keeps his id, and he by it") {
  if (!can_serve()) return;
  const Containers containers;
  const Result result = run({"sh", "-c", std::string("mkdir $XDG_DATA_HOME\n") + head +
      "$SNUG network create --internal back; $SNUG run -d --name web --network back:alias=www \"$DEBIAN\" nginx -g 'daemon off;' >/dev/null\n"
      "$SNUG run -d --name ask --network back --userns keep-id \"$DEBIAN\" iperf3 -s >/dev/null; until at ask curl -s http://web >/dev/null; do sleep 0.1; done\n"
      "for family in 4 6; do at ask curl -sS -$family --max-time 10 http://www | grep -o 'Welcome to nginx!' | head -n 1; done; at ask id -u\n"
      "at web ps -o user= -C nginx | sort -u; at web grep -q \"^$($SNUG inspect -f '{{.NetworkSettings.Networks.back.IPAddress}}' ask) .*curl\" /var/log/nginx/access.log && echo seen\n"
      "for family in -4 -6; do flow web ask $family; flow web ask $family -u; done; at ask dig +short -x $(at ask dig +short www); at web getent hosts ask | grep -o ask\n"},
      {.env = {"SNUG=" + program(), "DEBIAN=" + debian_root(), containers.environment()}});
  CHECK_MESSAGE(result.out == format("back\nWelcome to nginx!\nWelcome to nginx!\n{}\nroot\nwww-data\nseen\n", ::getuid()) + repeated(4, "iperf Done\n") + "web.\nask\n", result.out, result.err);
  CHECK_MESSAGE(result.err.empty(), result.err);
}

TEST_CASE("it is reached by a published port, too, and sees who asks") {
  if (!can_serve()) return;
  const Containers containers;
  const Result result = run({"sh", "-c", std::string("mkdir $XDG_DATA_HOME\n") + head +
      "ip route | grep -q ^default || exec echo none\n"
      "$SNUG run -d --name web -p 80 \"$DEBIAN\" nginx -g 'daemon off;' >/dev/null 2>&1; $SNUG run -d --name here --network host \"$DEBIAN\" sleep 1000 >/dev/null\n"
      "until $SNUG exec here curl -s --max-time 1 http://$($SNUG port web 80)/in | grep -o '404 Not Found' | head -n 1 | grep .; do sleep 0.1; done; $SNUG exec web grep -o '^127.0.0.1 .*/in' /var/log/nginx/access.log | cut -d' ' -f1\n"},
      {.env = {"SNUG=" + program(), "DEBIAN=" + debian_root(), containers.environment()}});
  if (result.out == "none\n") return skip("this machine has no default route");
  CHECK_MESSAGE(result.out == "404 Not Found\n127.0.0.1\n", result.out, result.err);
}

TEST_SUITE_END();
