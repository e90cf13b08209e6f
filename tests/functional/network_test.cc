#include <doctest/doctest.h>

#include <unistd.h>

#include <string>
#include <vector>

#include "harness.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug;
using namespace snug::test;

// Each case is one script in the world of tests/setup/outside; it prints a line for each thing that is to be seen.

namespace {

bool can_have_networks() {
  if (::access("/usr/bin/pasta", X_OK) != 0) return skip("pasta is not installed"), false;
  if (::access("/usr/sbin/ip", X_OK) != 0 && ::access("/sbin/ip", X_OK) != 0) return skip("ip(8) is not installed"), false;
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return skip("/dev/net/tun is closed"), false;
  return true;
}

// `$run` starts a container of the small root; `fetch URL` prints what is there, or "closed".
Result outside(const std::string& script) {
  const Scratch data;
  const std::string head =
      "run=\"$SNUG run --userns single --network private\"\n"
      "fetch='fetch() { wget -q -T 3 -O - \"http://$1\" 2>/dev/null || echo closed; }'\n"
      "eval \"$fetch\"\n";
  return run({"tests/setup/outside", "sh", "-c", head + script},
             {.env = {"SNUG=" + program(), "ROOT=" + small_root(), "XDG_DATA_HOME=" + data.path()}, .patience = std::chrono::seconds(120)});
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("a private network leads out in both families and by name, and to nothing on this machine's loopback") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run \"$ROOT\" sh -c \"$fetch\"'\n"
      "  echo \"first $(fetch 203.0.113.7:8000/word)\"\n"
      "  echo \"ipv6 $(fetch \"[2001:db8:1::7]:8000/word\")\"\n"
      "  echo \"name $(fetch www.test:8000/word)\"\n"
      "  cat /etc/resolv.conf\n"
      "  for place in 127.0.0.1 [::1] 192.0.2.1 192.0.2.2 [2001:db8::2] 10.0.2.2 169.254.1.1; do echo \"$place $(fetch $place:8001/word)\"; done\n"
      "  ping -c 1 -W 3 127.0.0.1 >/dev/null && echo pings'\n");
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.err.empty());
  for (const std::string_view line : {"first outside\n", "ipv6 outside\n", "name outside\n", "nameserver 169.254.1.1\n", "pings\n"}) CHECK_MESSAGE(has(result.out, line), result.out);
  for (const std::string_view place : {"127.0.0.1", "[::1]", "192.0.2.1", "192.0.2.2", "[2001:db8::2]", "10.0.2.2", "169.254.1.1"})
    CHECK_MESSAGE(has(result.out, format("{} closed\n", place)), result.out);
}

TEST_CASE("pasta is there once something is sent, is started anew once, and goes with the container") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "pasta() { pgrep -x 'pasta|pasta.avx2' || echo none; }\n"
      "another() { until [ \"$(pasta)\" != none ] && [ \"$(pasta)\" != \"$1\" ]; do sleep 0.05; done; pasta; }\n"
      "$run -d --name box \"$ROOT\" sleep 1000 >/dev/null\n"
      "echo \"before $(pasta)\"\n"
      "$SNUG exec box wget -q -T 9 -O - http://203.0.113.7:8000/word\n"
      "first=$(another none); kill -9 $first; second=$(another $first)\n"
      "echo \"again $($SNUG exec box wget -q -T 9 -O - http://203.0.113.7:8000/word)\"\n"
      "kill -9 $second; until [ \"$(pasta)\" = none ]; do sleep 0.05; done\n"
      "$SNUG exec box echo lives\n"
      "$SNUG rm -f box >/dev/null; pgrep -x snug >/dev/null || echo gone\n");
  CHECK_MESSAGE(has(result.out, "before none\noutside\nagain outside\nlives\ngone\n"), result.out, result.err);
}

TEST_CASE("published ports: on the loopback alone, listed, and a port that is taken names who has it") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name web -p 8080:80 -p 81 \"$ROOT\" sh -c 'mkdir -p /www; echo served >/www/word; httpd -p 80 -h /www; exec sleep 1000' >/dev/null\n"
      "until [ \"$(fetch 127.0.0.1:8080/word)\" = served ]; do sleep 0.05; done\n"
      "echo \"elsewhere $(fetch 192.0.2.2:8080/word)\"\n"
      "$SNUG port web 80\n"
      "$SNUG port web | sort\n"
      "$SNUG ps --format '{{.Ports}}'\n"
      "$run -p 8001:80 \"$ROOT\" true || echo taken\n"
      "$SNUG rm -f web >/dev/null; fetch 127.0.0.1:8080/word\n");
  CHECK_MESSAGE(has(result.out, "elsewhere closed\n127.0.0.1:8080\n80/tcp -> 127.0.0.1:8080\n81/tcp -> 127.0.0.1:"), result.out);
  CHECK_MESSAGE(has(result.out, "127.0.0.1:8080->80/tcp, "), result.out);
  CHECK_MESSAGE(has(result.out, "taken\nclosed\n"), result.out);
  CHECK_MESSAGE(has(result.err, "published on 127.0.0.1 alone"), result.err);
  CHECK_MESSAGE(has(result.err, "the port 127.0.0.1:8001/tcp is taken by "), result.err);
}

TEST_CASE("one port of the host's loopback is opened by name; another container's network is shared") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run --host-loopback 8001 \"$ROOT\" sh -c \"$fetch\"'\n"
      "  echo \"door $(fetch host.snug.internal:8001/word)\"'\n"
      "$run -d --name box \"$ROOT\" sh -c 'mkdir -p /www; echo neighbour >/www/word; httpd -p 127.0.0.1:80 -h /www; exec sleep 1000' >/dev/null\n"
      "$SNUG run --network container:box \"$ROOT\" sh -c \"$fetch\"'\n"
      "  until [ \"$(fetch 127.0.0.1/word)\" = neighbour ]; do sleep 0.05; done; fetch 127.0.0.1/word; fetch www.test:8000/word'\n"
      "$SNUG rm -f box >/dev/null\n");
  CHECK_MESSAGE(result.out == "door secret\nneighbour\noutside\n", result.out, result.err);
}

TEST_CASE("without a way out there is a notice and a container; --require makes an error of it; none is silent") {
  const Result result = run({"unshare", "--user", "--map-user", format("{}", ::getuid()), "--net", program(), "run", "--userns", "single", "--network", "private", small_root(), "cat",
                             "/etc/resolv.conf"});
  if (has(result.err, "unshare:")) return skip("no user namespaces for ordinary users");
  CHECK(result.code == 0);
  CHECK_MESSAGE(has(result.err, "snug: notice: the network has no way out: "), result.err);
  CHECK(result.out == "# no name server: this network has no way out\n");
  const Result required = run({"unshare", "--user", "--map-user", format("{}", ::getuid()), "--net", program(), "run", "--userns", "single", "--network", "private", "--require",
                               "network", small_root(), "true"});
  CHECK(required.code == 125);
  CHECK(inside("true", {"--network", "none"}).err.empty());
}

TEST_CASE("what is for a network with a way out is refused elsewhere") {
  for (const std::string& network : {std::string("none"), std::string("host")}) {
    const Result result = inside("true", {"--network", network, "-p", "8080:80"});
    CHECK(result.code == 125);
    CHECK_MESSAGE(has(result.err, "--publish is for a network of the container's own with a way out"), result.err);
  }
}

TEST_SUITE_END();
