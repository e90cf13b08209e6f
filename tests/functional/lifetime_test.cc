#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>
#include <string>

#include "harness.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug::test;

namespace {

std::vector<std::string> sleeper(const std::string& mark) {
  return {program(), "run", "--userns", "single", small_root(), "sh", "-c", "sleep " + mark + " & sleep " + mark};
}

// The promise is one second; the machine that runs the tests may be busy with others.
constexpr std::chrono::seconds soon{3};

bool running(const std::string& mark) { return find_commands({"sleep", mark}).size() == 2; }

// utime, stime and context switches: what a process that sleeps does not spend.
std::string effort(pid_t pid) {
  const std::string stat = snug::sys::find_file_text(snug::format("/proc/{}/stat", pid).c_str()).value_or("");
  const auto fields = snug::split(stat, ' ');
  const std::string status = snug::sys::find_file_text(snug::format("/proc/{}/status", pid).c_str()).value_or("");
  return (fields.size() > 15 ? fields[13] + " " + fields[14] : "gone") + status.substr(status.find("voluntary_ctxt_switches"));
}

void check_sleeper_dies_with_monitor(const std::vector<std::string>& options) {
  const std::string mark = snug::format("86413.{}", ::getpid());
  std::vector<std::string> words{program(), "run"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {small_root(), "sleep", mark});
  Background monitor(words);
  REQUIRE(eventually([&] { return find_commands({"sleep", mark}).size() == 1; }));
  monitor.signal(SIGKILL);
  CHECK(monitor.wait() == 137);
  CHECK(eventually([&] { return find_commands({"sleep", mark}).empty(); }, soon));
}

// A hundred in a row, twenty at once: all of them end well, and nothing is left of them.
void check_many_starts(const std::vector<std::string>& words) {
  CHECK(run(words).code == 0);
  const auto before = traces();
  int good = 0;
  for (int round = 0; round < 100; ++round) good += run(words).code == 0;
  CHECK(good == 100);
  std::vector<std::unique_ptr<Background>> all;
  for (int number = 0; number < 20; ++number) all.push_back(std::make_unique<Background>(words));
  for (auto& each : all) good += each->wait() == 0;
  CHECK(good == 120);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("when the monitor is killed, everything inside dies") {
  Background monitor(sleeper("86401"));
  REQUIRE(eventually([] { return running("86401"); }));
  monitor.signal(SIGKILL);
  CHECK(eventually([] { return find_processes("86401").size() <= 1; }, soon));  // the zombie of the monitor is ours to reap
  CHECK(monitor.wait() == 137);
  CHECK(inside("true").code == 0);  // and the next start finds nothing in its way
}

TEST_CASE("when pid 1 is killed, everything inside dies and the monitor says so") {
  Background monitor(sleeper("86402"));
  REQUIRE(eventually([] { return running("86402"); }));
  ::kill(only_child(monitor.pid()), SIGKILL);
  CHECK(eventually([] { return find_processes("86402").size() <= 1; }, soon));
  CHECK(monitor.wait() == 137);
}

TEST_CASE("killed at any moment of its start, snug leaves nothing that the next start does not clear") {
  static_cast<void>(inside("true"));
  const auto before = traces();
  for (int delay = 0; delay < 60; ++delay) {
    Background monitor({program(), "run", small_root(), "sleep", "86405"});
    const timespec time{0, delay * 300'000};
    ::nanosleep(&time, nullptr);
    monitor.signal(SIGKILL);
    CHECK(monitor.wait() == 137);
  }
  CHECK(eventually([] { return find_processes(program()).empty(); }));
  std::string left;
  CHECK_MESSAGE(eventually([&] {  // one who was killed may still be on his way out at the first
    CHECK(inside("true").code == 0);
    left = difference(before, traces());
    return left.empty();
  }), left);
}

TEST_CASE("nohup keeps a container from the end of its terminal") {
  const Scratch scratch;
  const Result result = run({"sh", "-c", "nohup \"$SNUG\" run --userns single -v \"$PWD:/meet\" \"$ROOT\" sh -c 'echo >/meet/up; until [ -e /meet/go ]; do sleep 0.05; done; exit 4' & "
                                         "until [ -e up ]; do sleep 0.05; done; kill -HUP $!; sleep 0.2; echo >go; wait $!; echo $?"},
                            {.env = {"SNUG=" + program(), "ROOT=" + small_root()}, .folder = scratch.path()});
  CHECK_MESSAGE(has(result.out, "4\n"), result.err);
}

TEST_CASE("in the host's PID namespace, too, everything ends with the command, with the monitor and with its first process") {
  const std::string mark = snug::format("86414.{}", ::getpid());
  const std::vector<std::string> words{program(), "run", "--userns", "single", "--pid", "host", "--network", "none", "--nested", small_root(), "sh", "-c", snug::format("setsid sleep {0} & (unshare -U -m sleep {0} &); read line", mark)};
  const auto count = [&] { return find_commands({"sleep", mark}).size(); };
  for (const bool first : {false, true}) {
    std::vector<std::string> waiting = words;
    waiting.back() += "; sleep " + mark;
    Background monitor(waiting);
    REQUIRE(eventually([&] { return count() == 3; }));
    first ? static_cast<void>(::kill(only_child(monitor.pid()), SIGKILL)) : monitor.signal(SIGKILL);
    CHECK(monitor.wait() == 137);
    CHECK(eventually([&] { return count() == 0; }, soon));
  }
  CHECK(run(words).code == 1);  // there is no line
  CHECK(count() == 0);
}

TEST_CASE("the command dies with the monitor where no pid 1 of snug's takes it along") {
  check_sleeper_dies_with_monitor({"--userns", "single", "--no-init"});
  check_sleeper_dies_with_monitor({"--userns", "single", "--pid", "host"});
  check_sleeper_dies_with_monitor({"--userns", "single", "--pid", "host", "--no-init"});
}

TEST_CASE("signals reach the payload, which has the last word") {
  Background monitor({program(), "run", "--userns", "single", small_root(), "sh", "-c", "trap 'exit 7' TERM; sleep 86403 & wait"});
  REQUIRE(eventually([] { return find_commands({"sleep", "86403"}).size() == 1; }));
  pause_briefly();
  monitor.signal(SIGTERM);
  CHECK(monitor.wait() == 7);
}

TEST_CASE("a hundred starts in a row and twenty at once leave nothing behind") {
  check_many_starts({program(), "run", "--userns", "single", small_root(), "touch", "/x"});
}

TEST_CASE("folders in folders are removed, however deep") {
  const auto before = traces();
  const Result result = run({"/bin/sh", "-c", "ulimit -n 64; exec " + program() + " run --userns single " + small_root() +
                             " sh -c 'cd /var; n=0; while [ $n -lt 300 ]; do mkdir d && cd d && n=$((n+1)); done; touch f; chmod 0 .; echo $n'"});
  CHECK(result.out == "300\n");
  CHECK(result.err.empty());
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("while the payload computes, monitor and init sleep") {
  const std::vector<std::string> busy{"sh", "-c", "while :; do :; done # 86404"};
  Background monitor({program(), "run", "--userns", "single", small_root(), busy[0], busy[1], busy[2]});
  REQUIRE(eventually([&] { return find_commands(busy).size() == 1; }));
  for (int round = 0; round < 10; ++round) pause_briefly();
  const pid_t outer = monitor.pid(), inner = only_child(outer);
  const std::string before = effort(outer) + effort(inner);
  for (int round = 0; round < 20; ++round) pause_briefly();
  CHECK(effort(outer) + effort(inner) == before);
  monitor.signal(SIGKILL);
  CHECK(monitor.wait() == 137);
  CHECK(eventually([] { return find_processes("86404").empty(); }));
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("the command dies with the monitor as another user, too") {
  check_sleeper_dies_with_monitor({"--no-init", "-u", "worker"});
  check_sleeper_dies_with_monitor({"--pid", "host", "-u", "worker"});
}

TEST_CASE("a hundred starts in a row and twenty at once of a real Debian leave nothing behind, with a range of ids, too") {
  if (debian_root().empty()) return skip("no Debian root was made");
  // A file of another id is in the way of whoever cleans up.
  check_many_starts({program(), "run", debian_root(), "sh", "-c", "touch /x && chown 5:5 /x"});
}
