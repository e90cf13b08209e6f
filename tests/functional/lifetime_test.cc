#include <doctest/doctest.h>

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

bool running(const std::string& mark) { return find_processes(mark).size() >= 4; }  // monitor, init, sh, sleeps

// utime, stime and context switches: what a process that sleeps does not spend.
std::string effort(pid_t pid) {
  const std::string stat = snug::sys::find_file_text(snug::format("/proc/{}/stat", pid).c_str()).value_or("");
  const auto fields = snug::split(stat, ' ');
  const std::string status = snug::sys::find_file_text(snug::format("/proc/{}/status", pid).c_str()).value_or("");
  return (fields.size() > 15 ? fields[13] + " " + fields[14] : "gone") + status.substr(status.find("voluntary_ctxt_switches"));
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
  CHECK(inside("true").code == 0);
  const std::string left = difference(before, traces());
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("signals reach the payload, which has the last word") {
  Background monitor({program(), "run", "--userns", "single", small_root(), "sh", "-c", "trap 'exit 7' TERM; sleep 86403 & wait"});
  REQUIRE(eventually([] { return find_processes("86403").size() >= 3; }));
  pause_briefly();
  monitor.signal(SIGTERM);
  CHECK(monitor.wait() == 7);
}

TEST_CASE("a hundred starts in a row and twenty at once leave nothing behind") {
  static_cast<void>(inside("true"));
  const auto before = traces();
  int good = 0;
  for (int round = 0; round < 100; ++round) good += inside("touch /x").code == 0;
  CHECK(good == 100);
  std::vector<std::unique_ptr<Background>> all;
  for (int number = 0; number < 20; ++number)
    all.push_back(std::make_unique<Background>(std::vector<std::string>{program(), "run", "--userns", "single", small_root(), "touch", "/x"}));
  for (auto& each : all) good += each->wait() == 0;
  CHECK(good == 120);
  const std::string left = difference(before, traces());
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("while the payload computes, monitor and init sleep") {
  Background monitor({program(), "run", "--userns", "single", small_root(), "sh", "-c", "while :; do :; done # 86404"});
  REQUIRE(eventually([] { return find_processes("86404").size() >= 3; }));
  for (int round = 0; round < 10; ++round) pause_briefly();
  const pid_t outer = monitor.pid(), inner = only_child(outer);
  const std::string before = effort(outer) + effort(inner);
  for (int round = 0; round < 20; ++round) pause_briefly();
  CHECK(effort(outer) + effort(inner) == before);
  monitor.signal(SIGKILL);
  CHECK(monitor.wait() == 137);
  CHECK(eventually([] { return find_processes("86404").empty(); }));
}
