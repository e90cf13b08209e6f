#include <doctest/doctest.h>

#include <string>

#include "harness.hh"
#include "snug/base/text.hh"

using namespace snug::test;

// What `snug plan --verify` and `snug tour` show of real containers.
namespace {

void verify(std::vector<std::string> words) {
  const std::string shown = snug::join(words, " ");
  words.insert(words.begin(), {program(), "plan", "--verify"});
  const Result result = run(words);
  CHECK_MESSAGE(result.code == 0, shown << "\n" << result.out << result.err);
  CHECK(result.out.find("all as planned\n") != std::string::npos);
  CHECK(result.out.find("WRONG") == std::string::npos);
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("plan --verify: what the kernel is asked for is the plan, with one id") {
  const auto before = traces();
  const std::string root = small_root();
  verify({"--userns", "single", root, "true"});
  verify({"--userns", "single", "--rw", "--no-init", root, "true"});
  verify({"--userns", "single", "--read-only", "--tmpfs", "/scratch", "--network", "host", "--pid", "host", root, "true"});
  verify({"--userns", "single", "-v", "/opt:/opt:ro", "--hostname", "h", "--cap-drop", "ALL", "--ulimit", "nofile=99:100", "-w", "/x", root, "true"});
  verify({"--userns", "keep-id", root, "sh", "-c", "exit 3"});
  verify({"--userns", "single", "--emulate-root", "remembered", root, "true"});
  verify({"--userns", "single", "--emulate-root", "remembered", root, "sh", "-c", "nc -w 1 192.0.2.1 9 </dev/null; true"});  // pasta comes late
  verify({"--userns", "single", "host", "true"});
  verify({"--userns", "single", "-t", root, "true"});  // without one here
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("plan --verify: tells of each step, and of the command by the kernel's word") {
  const Result result = run({program(), "plan", "--verify", "--userns", "single", small_root(), "echo", "hi"});
  CHECK(result.err == "hi\n");
  for (const char* line : {"ok      1  make the folders 'upper0', 'work0'\n", "ok         net namespace\n", "ok         uid map\n", "ok         no new privileges\n", "ok         limit core\n"})
    CHECK_MESSAGE(result.out.find(line) != std::string::npos, line);
  const Result missing = run({program(), "plan", "--verify", "--userns", "single", small_root(), "/bin/nothing"});
  CHECK(missing.code == 127);
  CHECK(missing.err.find("cannot run '/bin/nothing'") != std::string::npos);
}

TEST_CASE("plan --verify: a signal for all of it ends the container, and nothing is left behind") {
  const auto before = traces();
  const Result result = run({"sh", "-c", "setsid \"$0\" plan --verify --userns single \"$1\" sleep 1234 & tree=$!\n"
                                         "until pgrep -u \"$(id -u)\" -f '^sleep 1234$' >/dev/null; do sleep 0.05; done\n"
                                         "env kill -TERM -- -$tree; wait $tree; echo $?", program(), small_root()});
  CHECK_MESSAGE(result.out.ends_with("143\n"), result.out, result.err);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("plan --verify: in namespaces of somebody else's, which are entered by a process between") {
  Background other({"unshare", "--user", "--map-root-user", "--net", "sleep", "1000"});
  const std::string folder = snug::format("/proc/{}/ns/", other.pid());
  REQUIRE(eventually([&] { return run({"cat", folder + "../uid_map"}).out.find(" 1\n") != std::string::npos; }));
  verify({"--userns", "ns:" + folder + "user", "--network", "ns:" + folder + "net", small_root(), "true"});
}

TEST_CASE("plan --verify: with a terminal of the container's own") {
  Terminal terminal({program(), "plan", "--verify", "--userns", "single", small_root(), "true"}, 24, 200);
  const int code = terminal.wait();
  CHECK_MESSAGE(code == 0, terminal.seen());
  CHECK_MESSAGE(terminal.seen().find("all as planned") != std::string::npos, terminal.seen());
}

TEST_CASE("tour --auto: each exercise shows what it says") {
  const auto before = traces();
  const Result result = run({program(), "tour", "--auto"});
  CHECK_MESSAGE(result.code == 0, result.out << result.err);
  CHECK(result.out.ends_with("10 exercises, 0 not as they should be\n"));
  CHECK_MESSAGE((result.out + result.err).find("only one id is mapped") == std::string::npos, result.err);  // it is told once, and in short
  CHECK(run({program(), "tour"}).code == 125);
  CHECK(left_since(before) == "");
}

TEST_CASE("tour: a visitor is told what to look for, and what it means") {
  Terminal terminal({program(), "tour"}, 24, 60);
  REQUIRE_MESSAGE(terminal.expect("inside# "), terminal.seen());
  REQUIRE(terminal.expect("inside# "));
  terminal.send("echo nothing\n");
  CHECK_MESSAGE(terminal.expect("Not yet: look for"), terminal.seen());
  terminal.send("\n");
  CHECK_MESSAGE(terminal.expect("That is it. root is the name of an id. What it may do\r\ndepends on"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("2 of 10"), terminal.seen());
  // Ctrl-C takes a line back, and ends what does not end by itself; neither does an exercise, or ends the tour.
  REQUIRE_MESSAGE((terminal.expect("here$ ") && terminal.expect("here$ ")), terminal.seen());
  terminal.send("half a line\x03");
  REQUIRE_MESSAGE(terminal.expect("here$ "), terminal.seen());
  terminal.send("exec tail -n +1 -f /etc/passwd\n");
  REQUIRE_MESSAGE(terminal.expect("root:"), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect("Not yet: look for"), terminal.seen());
  terminal.send("skip\n");
  CHECK_MESSAGE(terminal.expect("3 of 10"), terminal.seen());
  REQUIRE_MESSAGE((terminal.expect("last is 1.") && terminal.expect("here$ ")), terminal.seen());
  terminal.send("\x04");
  CHECK(terminal.wait() == 0);
  CHECK_MESSAGE(terminal.seen().ends_with("\r\n"), terminal.seen());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("plan --verify: what the kernel is asked for is the plan, with a range of ids") {
  const std::string root = small_root();
  verify({root, "true"});
  verify({"-u", "worker", "--group-add", "50", root, "true"});
  verify({"--userns", "keep-id", root, "true"});
  verify({"host", "true"});
}
