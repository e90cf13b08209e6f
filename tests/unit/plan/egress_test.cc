#include <doctest/doctest.h>

#include "made.hh"
#include "snug/base/domain.hh"
#include "snug/base/text.hh"
#include "snug/plan/network.hh"
#include "snug/plan/plan.hh"

using namespace snug;
using namespace snug::plan;
using snug::test::plan_of;
using snug::test::refusal;

namespace {

Spec a_spec(std::vector<std::string> rules) {
  Spec spec;
  spec.rootfs = {Rootfs::Kind::directory, "/srv/root", "/srv/root"};
  spec.command = {"make"};
  spec.network.way_out = true;
  spec.network.allow = std::move(rules);
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
  facts.resolv_conf = "nameserver 127.0.0.53\n";
  return facts;
}

std::string again(std::string_view text) {
  const auto rule = find_rule(text);
  return rule ? render_rule(*rule) : "none";
}

std::string resolv_conf(const Plan& plan) {
  for (const MakeFiles::File& each : plan.find<MakeFiles>()->files)
    if (each.name == "resolv.conf") return each.content;
  return "";
}

}  // namespace

TEST_CASE("a rule has one spelling") {
  CHECK(again("Example.ORG.") == "example.org");
  CHECK(again("*.Example.org:443") == "*.example.org:443");
  CHECK(again("localhost") == "localhost");
  CHECK(again("xn--bcher-kva.example:80") == "xn--bcher-kva.example:80");
  CHECK(again("10.1.2.3/8") == "10.0.0.0/8");
  CHECK(again("10.1.2.3/32") == "10.1.2.3");
  CHECK(again("192.0.2.7:443") == "192.0.2.7:443");
  CHECK(again("192.0.2.77/29:53") == "192.0.2.72/29:53");
  CHECK(again("0.0.0.0/0") == "0.0.0.0/0");
  CHECK(again("2001:DB8::1") == "2001:db8::1");
  CHECK(again("[2001:db8::1]") == "2001:db8::1");
  CHECK(again("[2001:db8::1]:443") == "[2001:db8::1]:443");
  CHECK(again("2001:db8:ffff::/32") == "2001:db8::/32");
  CHECK(again("[2001:db8::/32]:443") == "[2001:db8::/32]:443");
  for (const char* text : {"example.org:443", "*.a.b", "10.0.0.0/8", "[2001:db8::/32]:1"}) CHECK(again(text) == text);
}

TEST_CASE("what is no rule is none") {
  for (const char* text : {"", ".", "*", "*.", "a..b", "a b", "*.*.org", "a.*.org", "*example.org", "bücher.example", "example.org:", "example.org:0", "example.org:65536", "example.org:http",
                           "10.0.0", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "2001:db8::/129", "[2001:db8::1", "[2001:db8::1]443", "[10.0.0.1]:80", "[example.org]:80",
                           "example.org/8", "http://example.org", "example.org:80:80", ":80", "a\\.b"})
    CHECK_MESSAGE(again(text) == "none", text);
  CHECK(again(std::string(64, 'a') + ".org") == "none");
  CHECK(again(std::string(63, 'a') + ".org") != "none");
}

TEST_CASE("a wildcard is for what lies below, whole labels at a time") {
  CHECK(covers("example.org", "example.org"));
  CHECK_FALSE(covers("example.org", "www.example.org"));
  CHECK(covers("*.example.org", "www.example.org"));
  CHECK(covers("*.example.org", "a.b.example.org"));
  CHECK_FALSE(covers("*.example.org", "example.org"));
  CHECK_FALSE(covers("*.example.org", "badexample.org"));
  CHECK_FALSE(covers("*.example.org", "evil\\046example.org"));
  CHECK_FALSE(covers("*.example.org", ".example.org"));
}

TEST_CASE("the wall stands before pasta") {
  const Plan plan = plan_of(a_spec({"example.org:443"}), some_facts());
  const auto* step = plan.find<RestrictEgress>();
  REQUIRE(step);
  CHECK(step->rules == std::vector<std::string>{"example.org:443"});
  CHECK(plan.find<ServeNames>()->addresses == std::vector<std::string>{"169.254.1.1"});
  CHECK(plan.find<OpenGate>()->upstream.empty());
  CHECK(resolv_conf(plan) == "nameserver 169.254.1.1\n");
  std::size_t wall = 0, names = 0, out = 0, fork = 0;
  for (std::size_t at = 0; at < plan.steps.size(); ++at) {
    if (std::holds_alternative<RestrictEgress>(plan.steps[at].action)) wall = at;
    if (std::holds_alternative<ServeNames>(plan.steps[at].action)) names = at;
    if (std::holds_alternative<OpenWayOut>(plan.steps[at].action)) out = at;
    if (std::holds_alternative<ForkPayload>(plan.steps[at].action)) fork = at;
  }
  CHECK(names < wall);
  CHECK(wall < out);
  CHECK(wall < fork);
  CHECK(plan.steps[wall].actor == Actor::init);
  Spec open = a_spec({});
  open.network.allow.reset();
  CHECK_FALSE(plan_of(open, some_facts()).find<RestrictEgress>());
  CHECK(describe(plan, plan.steps[wall]) == "let nothing out but to example.org:443");
  CHECK(plan_of(a_spec({}), some_facts()).find<RestrictEgress>()->rules.empty());
}

TEST_CASE("name servers that were chosen are asked by the gate, and a name of --add-host stands for its addresses") {
  Spec spec = a_spec({"db.office:5432", "*.office"});
  spec.dns = {"192.0.2.53", "127.0.0.1", "2001:db8::53"};
  spec.hosts = {{"db.office", "10.0.0.5"}, {"db.office", "fd00::5"}, {"other", "10.0.0.6"}};
  const RestrictEgress step = restriction_of(spec);
  CHECK(is_answered(spec));
  CHECK(service_of(spec).addresses == std::vector<std::string>{"169.254.1.1"});
  CHECK(gate_of(spec).upstream == std::vector<std::string>{"192.0.2.53", "2001:db8::53"});
  CHECK(resolv_conf(plan_of(spec, some_facts())) == "nameserver 169.254.1.1\n");
  CHECK(step.rules == std::vector<std::string>{"db.office:5432", "*.office", "10.0.0.5:5432", "[fd00::5]:5432", "10.0.0.5", "fd00::5"});
}

TEST_CASE("whoever could undo it is refused, and so is a network without it") {
  for (const char* name : {"NET_ADMIN", "NET_RAW", "ALL"}) {
    Spec spec = a_spec({"example.org"});
    spec.cap_add = {name};
    CHECK_MESSAGE(refusal(spec, some_facts()).find("undoes it") != std::string::npos, name);
  }
  Spec all = a_spec({"example.org"});
  all.cap_add = {"ALL"};
  all.cap_drop = {"NET_ADMIN", "NET_RAW"};
  CHECK(plan_of(all, some_facts()).find<RestrictEgress>());
  Spec none = a_spec({"example.org"});
  none.network.way_out = false;
  CHECK(refusal(none, some_facts()).find("--allow is for a network of the container's own with a way out") == 0);
  CHECK(refusal(a_spec(std::vector<std::string>(300, "a.org")), some_facts()).find("too many") != std::string::npos);
}
