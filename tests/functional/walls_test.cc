#include <doctest/doctest.h>
#include <csignal>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "harness.hh"

using namespace snug::test;

namespace {

std::string own(const std::string& kind) {
  std::array<char, 64> link{};
  const ssize_t length = ::readlink(("/proc/self/ns/" + kind).c_str(), link.data(), link.size());
  return std::string(link.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
}

std::string theirs(const std::string& kind, const std::vector<std::string>& options) {
  std::string out = inside("readlink /proc/self/ns/" + kind, options).out;
  if (!out.empty()) out.pop_back();
  return out;
}

// The process that became the command with `mark`, or 0; before its exec it is closed to everybody, as init is.
pid_t find_payload(const std::string& mark) {
  const auto marked = find_processes(mark), snug = find_processes(program());
  for (const pid_t pid : marked)
    if (std::find(snug.begin(), snug.end(), pid) == snug.end()) return pid;
  return 0;
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("each namespace is the container's own") {
  for (const char* kind : {"user", "mnt", "pid", "net", "uts", "ipc", "cgroup"}) {
    const std::string there = theirs(kind, {});
    CHECK(there.starts_with(kind));
    CHECK(there != own(kind));
  }
}

TEST_CASE("clocks are the container's own where they are asked for") {
  if (own("time").empty()) return skip("this kernel has no time namespaces");
  CHECK(theirs("time", {}) == own("time"));
  const std::string there = theirs("time", {"--timens", "private"});
  CHECK(there.starts_with("time"));
  CHECK(there != own("time"));
}

TEST_CASE("each wall but the user namespace can be left out, and the plan says what that opens") {
  struct Wall {
    const char* option;
    const char* kind;
  };
  for (const Wall& wall : {Wall{"--network", "net"}, Wall{"--uts", "uts"}, Wall{"--ipc", "ipc"}, Wall{"--cgroupns", "cgroup"}, Wall{"--pid", "pid"}}) {
    CHECK_MESSAGE(theirs(wall.kind, {wall.option, "host"}) == own(wall.kind), wall.kind);
    const Result plan = run({program(), "plan", wall.option, "host", small_root(), "true"});
    CHECK(plan.out.find("Opened by you:\n    " + std::string(wall.option) + " host") != std::string::npos);
  }
  const Result user = inside("true", {"--userns", "host"});
  CHECK(user.code == 125);
  CHECK(user.err.find("--userns host") != std::string::npos);
}

TEST_CASE("namespaces of another container can be joined") {
  Background other({program(), "run", "--userns", "single", "--hostname", "first", small_root(), "sleep", "7531"});
  REQUIRE(eventually([] { return find_payload("7531") != 0; }));
  const std::string ns = "ns:/proc/" + std::to_string(find_payload("7531")) + "/ns/";
  const Result result = run({program(), "run", "--userns", ns + "user", "--uts", ns + "uts", "--network", ns + "net", small_root(), "hostname"});
  CHECK_MESSAGE(result.out == "first\n", result.err);
  other.signal(SIGTERM);
  CHECK(other.wait() == 143);
}

TEST_CASE("a network without a way out has the loopback interface and nothing else") {
  CHECK(inside("ls /sys/class/net; ip addr show lo | grep -c 'inet 127.0.0.1'", {"--network", "none"}).out == "lo\n1\n");
}

TEST_CASE("nothing of the host's root is left: neither above the new one nor in the table of mounts") {
  const std::string look = "cut -d' ' -f5 /proc/self/mountinfo | grep -cx /; [ \"$(stat -c %d:%i /)\" = \"$(stat -c %d:%i /..)\" ] && echo same";
  for (const char* writes : {"--rw=false", "--rw", "--read-only"})
    CHECK_MESSAGE(inside(look, {writes}).out == "1\nsame\n", std::string(writes));
  for (const char* writes : {"--read-only=false", "--read-only"})
    CHECK_MESSAGE(run({program(), "run", "--userns", "single", writes, "host", "sh", "-c", look}).out == "1\nsame\n", std::string(writes));
}

TEST_CASE("pid 1 is closed to tracers and readers") {
  const Result result = inside("ls /proc/1/fd; cat /proc/1/exe | head -c 1; true");
  CHECK(result.out.empty());
}

TEST_CASE("pid 1 does not show the words with which snug was called") {
  for (const char* terminal : {"--tty=false", "--init"}) CHECK(inside("tr -d '\\0' </proc/1/cmdline", {"-e", "SECRET=geheim", terminal}).out == "snug");
  const Background outside({program(), "run", "--userns", "single", "-e", "SECRET=geheim", small_root(), "sleep", "86415"});
  REQUIRE(eventually([] { return find_commands({"sleep", "86415"}).size() == 1; }));
  CHECK(find_processes("geheim") == std::vector<pid_t>{outside.pid()});  // out here the monitor shows what was typed
}

TEST_CASE("/sys and /sys/fs/cgroup are read-only, and no cgroup v1 is there") {
  CHECK(inside("mkdir /sys/fs/cgroup/x 2>/dev/null || echo no; ls /sys/fs/cgroup | grep -c release_agent").out == "no\n0\n");
}

TEST_CASE("walls cannot be taken down from a user namespace made inside") {
  Scratch scratch;
  const Result result = inside("unshare -U -r -m sh -c 'mount -o remount,bind,rw /data; umount /data; umount /proc/sys; umount /sys/fs/cgroup; "
                               "touch /data/x; echo 1 >/proc/sys/kernel/sysrq; mount -t proc proc /proc && ls /proc | grep -c kcore' 2>&1",
                               {"--nested", "-v", scratch.path() + ":/data:ro"});
  CHECK_MESSAGE(result.out.find("Read-only file system") != std::string::npos, result.out);
  CHECK(snapshot(scratch.path()).empty());
}

TEST_CASE("processes of the host are neither seen nor reached") {
  Background outside({"sleep", "86407"});
  CHECK(inside("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[s]leep 86407'").out == "0\n");
  static_cast<void>(inside("kill -9 -1"));
  CHECK(::kill(outside.pid(), 0) == 0);
  outside.signal(SIGTERM);
  CHECK(outside.wait() == 143);  // and not killed by the one inside
}

TEST_CASE("walls: with the host's processes its /proc is shown whatever is mounted below, and read-only all the same") {
  const Result shown = run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /proc/sys/fs && exec \"$@\"", "sh", program(), "run", "--userns", "single",
                            "--network", "none", "--pid", "host", small_root(), "sh", "-c", "grep ' /proc/sys' /proc/mounts | cut -d' ' -f2-4 | cut -d, -f1; >/proc/sys/fs/x"});
  for (const char* line : {"/proc/sys proc ro\n", "/proc/sys/fs tmpfs ro\n"}) CHECK_MESSAGE(has(shown.out, line), shown.out << shown.err);  // there may be others
  CHECK(has(shown.err, "Read-only file system"));
}
