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

// `$run` starts a container of the small root with a way out; `fetch ADDRESS PORT` prints what a server has there, or "closed".
Result outside(const std::string& script) {
  const Scratch data;
  const std::string head =
      "run=\"$SNUG run --userns single --network private\"\n"
      "fetch='fetch() { word=$(printf \"GET /word HTTP/1.0\\r\\n\\r\\n\" | busybox nc -w 5 \"$1\" \"$2\" 2>/dev/null | tail -n 1); echo \"${word:-closed}\"; }'\n"
      "eval \"$fetch\"\n"
      "served='mkdir -p /www; echo served >/www/word; httpd -h /www -p'\n";
  return run({"tests/setup/outside", "sh", "-c", head + script},
             {.env = {"SNUG=" + program(), "ROOT=" + small_root(), "XDG_DATA_HOME=" + data.path()}, .patience = std::chrono::seconds(120)});
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// All that could lead to the loopback of the machine, where "secret" is served; also with a port published and another one opened.
constexpr const char* leak_script =
    "for place in 127.0.0.1 ::1 192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2 10.0.2.2 169.254.1.1 169.254.1.2 fd73:6e75:67::53; do\n"
    "  [ \"$(fetch $place 8001)\" = closed ] || echo \"leak $place\"\n"
    "done\n";

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("a private network leads out in both families and by name, and to nothing on this machine's loopback") {
  if (!can_have_networks()) return;
  const Result result = outside(
      format("$run \"$ROOT\" sh -c \"$fetch\"'\n"
             "echo \"first $(fetch 203.0.113.7 8000)\"\n"
             "echo \"ipv6 $(fetch 2001:db8:1::7 8000)\"\n"
             "echo \"name $(fetch www.test 8000)\"\n"
             "cat /etc/resolv.conf\n"
             "{0}"
             "ping -c 1 -W 3 127.0.0.1 >/dev/null && echo pings'\n"
             "$run -p 8080:80 --host-loopback 8002 \"$ROOT\" sh -c \"$fetch\"'\n{0}echo looked'\n",
             leak_script));
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK_MESSAGE(result.out == "first outside\nipv6 outside\nname outside\nnameserver 169.254.1.1\npings\nlooked\n", result.out, result.err);
}

TEST_CASE("pasta is there once something is sent, is started anew once, and goes with the container") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "pasta() { pgrep -x 'pasta|pasta.avx2' || echo none; }\n"
      "another() { until [ \"$(pasta)\" != none ] && [ \"$(pasta)\" != \"$1\" ]; do sleep 0.05; done; pasta; }\n"
      "inside() { $SNUG exec -u \"$1\" box sh -c \"$fetch\"'; fetch 203.0.113.7 8000'; }\n"
      "$run -d --name box \"$ROOT\" sleep 1000 >/dev/null\n"
      "echo \"before $(pasta)\"\n"
      "inside 0\n"
      "first=$(another none); kill -9 $first; second=$(another $first)\n"
      "until [ \"$(inside 0)\" = outside ]; do :; done; echo again\n"
      "kill -9 $second; until [ \"$(pasta)\" = none ]; do sleep 0.05; done\n"
      "$SNUG exec box echo lives\n"
      "$SNUG rm -f box >/dev/null; pgrep -x snug >/dev/null || echo gone\n"
      "$run -d --name box -p 8080:80 \"$ROOT\" sleep 1000 >/dev/null\n"
      "third=$(another none); kill -9 $(pgrep -o -x snug)\n"
      "until [ \"$(pasta)\" = none ] && ! pgrep -x sleep >/dev/null; do sleep 0.05; done; echo \"nothing left\"\n");
  CHECK_MESSAGE(result.out == "before none\noutside\nagain\nlives\ngone\nnothing left\n", result.out, result.err);
}

TEST_CASE("published ports: on the loopback alone, listed, and a port that is taken names who has it") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run -d --name web -p 8080:80 -p 81 -p 0.0.0.0:5300:53/udp \"$ROOT\" sh -c \"$served 80; \"'nc -u -l -p 53 -e echo answer & exec sleep 1000' >/dev/null\n"
      "until [ \"$(fetch 127.0.0.1 8080)\" = served ]; do sleep 0.05; done\n"
      "echo \"elsewhere $(fetch 192.0.2.2 8080)\"\n"
      "$SNUG port web 80\n"
      "$SNUG port web 53/udp\n"
      "$SNUG port web | sort | tail -n 1 | sed 's/[0-9]*$//'\n"
      "$SNUG ps --format '{{.Ports}}' | grep -o '127.0.0.1:8080->80/tcp'\n"
      "$run -p 8001:80 \"$ROOT\" true || echo taken\n"
      "$SNUG rm -f web >/dev/null; fetch 127.0.0.1 8080\n");
  CHECK_MESSAGE(result.out == "elsewhere closed\n127.0.0.1:8080\n0.0.0.0:5300\n81/tcp -> 127.0.0.1:\n127.0.0.1:8080->80/tcp\ntaken\nclosed\n", result.out, result.err);
  CHECK_MESSAGE(has(result.err, "published on 127.0.0.1 alone"), result.err);
  CHECK_MESSAGE(has(result.err, "the port 127.0.0.1:8001/tcp is taken by "), result.err);
}

TEST_CASE("one port of the host's loopback is opened by name; another container's network is shared") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$run --host-loopback 8001 \"$ROOT\" sh -c \"$fetch\"'; echo \"door $(fetch host.snug.internal 8001)\"'\n"
      "$run -d --name box \"$ROOT\" sh -c \"$served 127.0.0.1:80; exec sleep 1000\" >/dev/null\n"
      "$SNUG run --network container:box \"$ROOT\" sh -c \"$fetch\"'\n"
      "  until [ \"$(fetch 127.0.0.1 80)\" = served ]; do sleep 0.05; done; fetch 127.0.0.1 80; fetch www.test 8000'\n"
      "$SNUG rm -f box >/dev/null\n");
  CHECK_MESSAGE(result.out == "door secret\nserved\noutside\n", result.out, result.err);
}

TEST_CASE("plan --verify: the steps of a way out are what the kernel is asked for") {
  if (!can_have_networks()) return;
  const Result result = outside(
      "$SNUG plan --verify --userns single --network private \"$ROOT\" true\n"
      "$SNUG plan --verify --userns single -p 8080:80 \"$ROOT\" true\n");
  CHECK_MESSAGE(!has(result.out, "WRONG"), result.out, result.err);
  CHECK_MESSAGE(result.out.find("all as planned") != result.out.rfind("all as planned"), result.out, result.err);
}

TEST_CASE("who asks for nothing has no way out") {
  if (!can_have_networks()) return;
  const Result result = outside("$SNUG run --userns single \"$ROOT\" sh -c \"$fetch\"'; ls /sys/class/net; fetch 203.0.113.7 8000; fetch 127.0.0.1 8001'\n");
  CHECK_MESSAGE(result.out == "lo\nclosed\nclosed\n", result.out, result.err);
  CHECK(result.err.empty());
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
