#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "containers.hh"
#include "snug/base/text.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<std::string> run_words(const std::vector<std::string>& options, const std::vector<std::string>& command) {
  std::vector<std::string> words{"run", "--userns", "single"};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(small_root());
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

/// Where whoever runs the tests says that this machine has limits, a case that finds none is no skip.
void lack_limits(const std::string& reason) {
  const char* const word = std::getenv("SNUG_TEST_LIMITS");
  if (word && std::string_view(word) == "yes") FAIL_CHECK(reason);
  else skip(reason);
}

/// Containers with limits, where those can be had.
class Limited : public Containers {
 public:
  [[nodiscard]] Result run(const std::vector<std::string>& options, const std::string& script) const { return snug(run_words(options, {"sh", "-c", script})); }

  /// Whether these limits can be had here; the program's own reason is the skip's.
  [[nodiscard]] bool can(std::vector<std::string> options) const {
    options.insert(options.end(), {"--require", "limits"});
    const Result result = run(options, "true");
    if (result.code != 0) lack_limits(first_line(result.err));
    return result.code == 0;
  }

  /// A value of `snug inspect`.
  [[nodiscard]] std::string field(const std::string& name, const std::string& pattern) const {
    const std::string out = snug({"inspect", "--format", pattern, name}).out;
    return std::string(snug::trimmed(out));
  }
  [[nodiscard]] std::string cgroup(const std::string& name) const { return field(name, "{{.Cgroup.Path}}"); }

  /// Starts one that has a cgroup of its own, wherever one can be had; false where none can.
  [[nodiscard]] bool start(const std::string& name, const std::string& script) const {
    const Result result = run({"-d", "--name", name, "--pids-limit", "100"}, script);
    CHECK_MESSAGE(result.code == 0, result.err);
    if (!cgroup(name).empty()) return true;
    lack_limits(first_line(snug({"pause", name}).err));
    return false;
  }
};

/// What a container's cgroup says, and the one in it, where the processes are, as well.
std::string setting(const std::string& cgroup, const std::string& file) {
  const std::string outer = read_file(cgroup + "/" + file), inner = read_file(cgroup + "/container/" + file);
  return outer == inner ? outer : outer + "and inside " + inner;
}

struct Change {
  std::vector<std::string> options = {};
  std::string value = {};  ///< of the file
};

/// A container that is started with the first of these, and updated with the others in turn: the file says so each time, also after a restart.
void check_setting(const Limited& containers, const std::string& file, const std::vector<Change>& changes) {
  const Result made = containers.run([&] {
    std::vector<std::string> options{"-d", "--name", "box"};
    options.insert(options.end(), changes[0].options.begin(), changes[0].options.end());
    return options;
  }(), "exec sleep 86607");
  REQUIRE_MESSAGE(made.code == 0, made.err);
  CHECK(setting(containers.cgroup("box"), file) == changes[0].value);
  for (std::size_t at = 1; at < changes.size(); ++at) {
    std::vector<std::string> words{"update"};
    words.insert(words.end(), changes[at].options.begin(), changes[at].options.end());
    words.emplace_back("box");
    const Result updated = containers.snug(words);
    CHECK_MESSAGE(updated.out == "box\n", updated.err);
    CHECK(setting(containers.cgroup("box"), file) == changes[at].value);
  }
  CHECK(containers.snug({"restart", "--time", "1", "box"}).code == 0);
  CHECK(setting(containers.cgroup("box"), file) == changes.back().value);
}

/// Grows by a byte ten times a second, for as long as what writes it is not stopped.
constexpr const char* ticking = "while :; do printf . >>/ticks; sleep 0.1; done";

std::uintmax_t ticks(const Limited& containers, const std::string& name) {
  std::error_code none;
  const auto size = fs::file_size(containers.upper(name) + "/ticks", none);
  return none ? 0 : size;
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("a limit holds, or what is done in its place is said, and --require limits refuses") {
  const Limited containers;
  const std::string script = "cat /sys/fs/cgroup/memory.max 2>/dev/null; ulimit -d; cat /proc/self/limits | grep processes";
  const Result result = containers.run({"--memory", "64m", "--pids-limit", "40"}, script);
  REQUIRE_MESSAGE(result.code == 0, result.err);
  const Result required = containers.run({"--memory", "64m", "--pids-limit", "40", "--require", "limits"}, "echo started");
  if (result.err.empty()) {
    CHECK(has(result.out, "67108864\n"));
    CHECK(required.out == "started\n");
    CHECK(!has(result.out, "65536\n"));
  } else {
    CHECK(has(result.err, "snug: notice: --memory holds for each process by itself, --pids-limit holds for each user inside by itself: "));
    CHECK(has(result.err, "  hint:  "));
    CHECK(has(result.out, "65536\n"));  // ulimit -d, in KiB
    CHECK(has(result.out, " 40 "));
    CHECK(required.code == 125);
    CHECK(has(required.err, "snug: --require limits: --memory holds for each process by itself"));
    CHECK(required.out.empty());
  }
  CHECK(containers.run({"--memory", "1k"}, "true").code == 125);
  CHECK(has(containers.run({"--memory-swap", "1g"}, "true").err, "--memory-swap needs --memory"));
  CHECK(containers.is_empty());
}

TEST_CASE("the plan and inspect tell of limits") {
  const Limited containers;
  const Result plan = containers.snug({"plan", "--memory", "64m", "--cpus", "1.5", small_root(), "true"});
  CHECK(plan.code == 0);
  CHECK((has(plan.out, "limited to memory.max 67108864") || has(plan.err, "--memory holds for each process by itself") || has(plan.out, "setrlimit(RLIMIT_DATA, {67108864")));
  CHECK(containers.snug({"create", "--userns", "single", "--name", "box", "--memory", "64m", "--cpus", "1.5", "--io-weight", "7", small_root(), "true"}).code == 0);
  CHECK(containers.field("box", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.IoWeight}} {{.HostConfig.PidsLimit}}") == "67108864 1500000000 7 0");
  // Of one that sleeps, what is asked for is changed.
  CHECK(containers.snug({"update", "--memory", "65m", "--pids-limit", "9", "box"}).out == "box\n");
  CHECK(containers.field("box", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.IoWeight}} {{.HostConfig.PidsLimit}}") == "68157440 1500000000 7 9");
  CHECK(containers.snug({"update", "--memory-swap", "1m", "box"}).code == 1);
  CHECK(containers.snug({"update", "box"}).err == "snug: 'snug update' needs a limit\n  hint:  --cpus, --cpuset-cpus, --io-weight, --memory, --memory-swap, --pids-limit\n");
}

TEST_CASE("inspect tells which limits are not in force, and what is done in their place, while it runs") {
  const Limited containers;
  REQUIRE(containers.snug(run_words({"-d", "--name", "box", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "40", "--io-weight", "7"}, {"sleep", "1000"})).code == 0);
  const std::string missing = containers.field("box", "{{json .Cgroup.Missing}}"), limits = containers.field("box", "{{json .Cgroup.Limits}}"), ulimits = containers.field("box", "{{json .Restraints.Ulimits}}");
  for (const auto& [option, file, instead] : {std::array{"--memory", "memory.max", "holds for each process by itself"}, std::array{"--cpus", "cpu.max", "is not in force"},
                                              std::array{"--pids-limit", "pids.max", "holds for each user inside by itself"}, std::array{"--io-weight", "io.weight", "is not in force"}}) {
    const bool holds = has(limits, snug::format("\"{}\"", file));
    CHECK_MESSAGE(has(missing, snug::format("\"{}\":\"{}\"", option, instead)) == !holds, missing << limits);
  }
  CHECK(has(ulimits, "{\"Name\":\"data\",\"Soft\":67108864,\"Hard\":67108864}") == has(missing, "\"--memory\""));
  CHECK(has(ulimits, "{\"Name\":\"nproc\",\"Soft\":40,\"Hard\":40}") == has(missing, "\"--pids-limit\""));
  REQUIRE(containers.snug({"stop", "-t", "0", "box"}).code == 0);
  CHECK(containers.field("box", "{{json .Cgroup.Missing}}") == "{}");
}

TEST_CASE("a container is paused whole, and goes on; stop, kill and rm --force end one that is") {
  const Limited containers;
  if (!containers.start("box", ticking)) return;
  REQUIRE(eventually([&] { return ticks(containers, "box") > 1; }));
  CHECK(containers.snug({"unpause", "box"}).code == 1);
  const Result paused = containers.snug({"pause", "box"});
  CHECK_MESSAGE(paused.out == "box\n", paused.err);
  const auto before = ticks(containers, "box");
  CHECK(has(containers.snug({"ps"}).out, "(Paused)"));
  CHECK(containers.snug({"ps", "--format", "{{.State}}", "--filter", "status=paused"}).out == "paused\n");
  CHECK(containers.field("box", "{{.State.Status}} {{.State.Paused}}") == "paused true");
  const Result refused = containers.snug({"exec", "box", "true"});
  CHECK(refused.code == 125);
  CHECK(has(refused.err, "is paused\n  hint:  snug unpause box"));
  CHECK(ticks(containers, "box") == before);
  CHECK(containers.snug({"unpause", "box"}).out == "box\n");
  CHECK(eventually([&] { return ticks(containers, "box") > before; }));
  const std::string cgroup = containers.cgroup("box");
  CHECK(fs::exists(cgroup));

  CHECK(containers.snug({"pause", "box"}).code == 0);
  CHECK(containers.snug({"stop", "--time", "1", "box"}).out == "box\n");
  CHECK(!fs::exists(cgroup));
  CHECK(containers.snug({"start", "box"}).code == 0);
  CHECK(containers.snug({"pause", "box"}).code == 0);
  CHECK(containers.snug({"kill", "box"}).code == 0);
  CHECK(containers.snug({"wait", "box"}).out == "137\n");
  CHECK(containers.snug({"start", "box"}).code == 0);
  CHECK(containers.snug({"pause", "box"}).code == 0);
  CHECK(containers.snug({"rm", "--force", "box"}).out == "box\n");
  CHECK(containers.is_empty());
  CHECK(!fs::exists(cgroup));
}

TEST_CASE("what has no cgroup of its own cannot be paused, and it is said why") {
  const Limited containers;
  const Background box({program(), "run", "--userns", "single", "--name", "fore", small_root(), "sleep", "86601"});
  const Result none = containers.snug({"pause", "no-such"});
  CHECK(none.code == 1);
  REQUIRE(eventually([] { return !find_commands({"sleep", "86601"}).empty(); }));
  // It lives in the account's own store, not in this one.
  REQUIRE(eventually([] { return run({program(), "inspect", "fore"}).code == 0; }));
  const Result refused = run({program(), "pause", "fore"});
  CHECK(refused.code == 1);
  CHECK(has(refused.err, "the container 'fore' has no cgroup of its own, by which it could be paused\n  hint:  "));
  box.signal(SIGTERM);
  CHECK(eventually([] { return run({program(), "inspect", "fore"}).code != 0; }));
}

TEST_CASE("the container's cgroup is the root of those that it sees, for all who come in; who kills the monitor leaves none behind for long") {
  const Limited containers;
  if (!containers.start("box", "exec sleep 86602")) return;
  const std::string cgroup = containers.cgroup("box");
  for (const std::string option : {"--env=A=1", "--detach=false"})
    CHECK(has(containers.snug({"exec", option, "box", "cat", "/proc/self/cgroup"}).out, "0::/\n"));
  const Result listed = containers.snug({"exec", "box", "sh", "-c", "echo $$; exec cat /sys/fs/cgroup/cgroup.procs"});
  CHECK(snug::lines(listed.out).size() >= 4);  // its number, pid 1, sleep, cat
  CHECK(has(containers.snug({"exec", "box", "cat", "/proc/self/mountinfo"}).out, " / /sys/fs/cgroup ro,"));
  CHECK(has(containers.snug({"top", "box"}).out, "sleep 86602"));
  const Result stats = containers.snug({"stats", "--json", "box"});
  CHECK_MESSAGE(has(stats.out, "\"from\": \"cgroup\""), stats.out);
  CHECK(has(stats.out, "\"processes\": 2"));

  const pid_t monitor = containers.monitor("box"), init = containers.init("box");
  CHECK(::kill(monitor, SIGKILL) == 0);
  REQUIRE(eventually([&] { return !is_alive(init); }));
  CHECK(containers.snug({"rm", "box"}).code == 0);
  CHECK(eventually([&] { return !fs::exists(cgroup); }));
  CHECK(containers.is_empty());
}

TEST_CASE("a start finds the cgroup of one that was killed with its monitor, and begins with a fresh one") {
  const Limited containers;
  if (!containers.start("box", "exec sleep 86603")) return;
  const pid_t monitor = containers.monitor("box"), init = containers.init("box");
  CHECK(::kill(monitor, SIGKILL) == 0);
  REQUIRE(eventually([&] { return !is_alive(init); }));
  REQUIRE(eventually([&] { return containers.snug({"start", "box"}).code == 0; }));
  const std::string cgroup = containers.cgroup("box");
  CHECK(fs::exists(cgroup + "/container"));
  CHECK(containers.snug({"rm", "--force", "box"}).code == 0);
  CHECK(!fs::exists(cgroup));
}

TEST_CASE("memory is limited for all together; the kernel's kills are told and counted") {
  const Limited containers;
  if (!containers.can({"--memory", "32m"})) return;
  // A file system in memory is charged to who writes into it.
  const std::string greedy = "head -c 60000000 /dev/zero | tail -c 50000000 | wc -c";
  const Result result = containers.run({"--memory", "32m", "--memory-swap", "32m", "--rm=false", "--name", "greedy"}, greedy + "; exit 3");
  CHECK(result.code == 3);
  CHECK(has(result.err, "snug: the kernel ended 1 of the container's processes: out of memory\n"));
  CHECK(containers.field("greedy", "{{.State.OOMKilled}} {{.State.OOMKills}} {{.State.ExitCode}}") == "true 1 3");
  const Result alone = containers.run({"--memory", "32m", "--memory-swap", "32m"}, "exec tail -c 50000000 /dev/zero");
  CHECK(alone.code == 137);
  CHECK(has(alone.err, "out of memory\n"));
  const Result enough = containers.run({"--memory", "32m"}, "head -c 3000000 /dev/zero | tail -c 2000000 | wc -c");
  CHECK_MESSAGE(enough.code == 0, enough.err);
  CHECK(enough.err.empty());
}

TEST_CASE("processes are limited, also those that come in; an update holds at once and after a restart") {
  const Limited containers;
  if (!containers.can({"--pids-limit", "10", "--memory", "64m"})) return;
  CHECK(containers.run({"-d", "--name", "box", "--pids-limit", "10", "--memory", "64m"}, "exec sleep 86604").code == 0);
  const std::string many = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; echo all; kill $(jobs -p)";
  CHECK(!has(containers.snug({"exec", "box", "sh", "-c", many}).out, "all"));
  CHECK(containers.snug({"exec", "box", "cat", "/sys/fs/cgroup/pids.max"}).out == "10\n");
  CHECK(has(containers.snug({"stats", "--json", "box"}).out, "\"processesLimit\": 10"));
  CHECK(containers.field("box", "{{json .Cgroup.Limits}}") != "{}");

  CHECK(containers.snug({"update", "--pids-limit", "60", "--memory", "80m", "box"}).out == "box\n");
  CHECK(has(containers.snug({"exec", "box", "sh", "-c", many}).out, "all"));
  CHECK(containers.snug({"exec", "box", "cat", "/sys/fs/cgroup/memory.max"}).out == "83886080\n");
  CHECK(containers.snug({"restart", "--time", "1", "box"}).code == 0);
  CHECK(containers.snug({"exec", "box", "cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max"}).out == "83886080\n60\n");
  CHECK(containers.snug({"update", "--memory", "-1", "--pids-limit", "-1", "box"}).out == "box\n");
  CHECK(containers.snug({"exec", "box", "cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max"}).out == "max\nmax\n");
}

TEST_CASE("processors are limited") {
  const Limited containers;
  if (!containers.can({"--cpus", "0.5", "--cpuset-cpus", "0"})) return;
  CHECK(containers.run({"--cpus", "0.5", "--cpuset-cpus", "0"}, "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpuset.cpus.effective; grep Cpus_allowed_list /proc/self/status").out ==
        "50000 100000\n0\nCpus_allowed_list:\t0\n");
  const Result few = containers.run({"--cpuset-cpus", "0,60000"}, "true");
  CHECK(few.code == 125);
  CHECK(has(few.err, "cpuset.cpus 0,60000"));
}

TEST_CASE("swap is limited to what memory leaves of both, and to as much as memory where nothing is said of it") {
  const Limited containers;
  if (!containers.can({"--memory", "64m", "--memory-swap", "96m"})) return;
  if (containers.run({"--memory", "64m"}, "test -e /sys/fs/cgroup/memory.swap.max").code != 0) return skip("this kernel does not account swap");
  check_setting(containers, "memory.swap.max", {{{"--memory", "64m", "--memory-swap", "96m"}, "33554432\n"},
                                                {{"--memory-swap", "128m"}, "67108864\n"},
                                                {{"--memory", "32m"}, "100663296\n"},
                                                {{"--memory-swap", "32m"}, "0\n"},
                                                {{"--memory-swap", "-1"}, "max\n"}});
  CHECK(containers.snug({"rm", "--force", "box"}).code == 0);
  check_setting(containers, "memory.swap.max", {{{"--memory", "64m"}, "67108864\n"}, {{"--memory", "32m"}, "33554432\n"}});
}

TEST_CASE("a share of the processors is what was asked for, and what an update makes of it") {
  const Limited containers;
  if (!containers.can({"--cpus", "0.5"})) return;
  check_setting(containers, "cpu.max", {{{"--cpus", "0.5"}, "50000 100000\n"}, {{"--cpus", "-1"}, "max 100000\n"}, {{"--cpus", "1.25"}, "125000 100000\n"}});
}

TEST_CASE("the processors are those that were asked for, and those that an update names") {
  const Limited containers;
  if (!containers.can({"--cpuset-cpus", "0"})) return;
  const std::string last = snug::format("{}", ::sysconf(_SC_NPROCESSORS_ONLN) - 1);
  check_setting(containers, "cpuset.cpus", {{{"--cpuset-cpus", "0"}, "0\n"}, {{"--cpuset-cpus", last}, last + "\n"}});
  CHECK(containers.snug({"update", "--cpuset-cpus", "60000", "box"}).code == 1);
  CHECK(setting(containers.cgroup("box"), "cpuset.cpus") == last + "\n");
}

TEST_CASE("a share of the disks is what was asked for, and what an update makes of it") {
  const Limited containers;
  if (!containers.can({"--pids-limit", "100"})) return;  // a cgroup as such
  const Result made = containers.run({"--io-weight", "50", "--require", "limits"}, "ls /sys/fs/cgroup | grep '^io.*weight$'");
  if (made.code != 0) return skip(first_line(made.err));  // not all kernels schedule disks by weights
  const std::string file = has(made.out, "io.weight\n") ? "io.weight" : "io.bfq.weight";
  check_setting(containers, file, {{{"--io-weight", "50"}, "default 50\n"}, {{"--io-weight", "200"}, "default 200\n"}});
}

TEST_CASE("nothing inside raises a limit") {
  const Limited containers;
  if (!containers.can({"--memory", "64m"})) return;
  const std::string script = "mkdir -p /tmp/c; mount -t cgroup2 cgroup2 /tmp/c 2>/dev/null; for d in /tmp/c /sys/fs/cgroup; do echo max >$d/memory.max; done 2>/dev/null; "
                             "cat /sys/fs/cgroup/memory.max; ls -d /sys/fs/cgroup/.. /tmp/c/../snug-* 2>/dev/null | grep snug-";
  const Result result = containers.run({"-d", "--name", "box", "--memory", "64m", "--cap-add", "SYS_ADMIN"}, script + "; exec sleep 86605");
  REQUIRE_MESSAGE(result.code == 0, result.err);
  REQUIRE(eventually([] { return !find_commands({"sleep", "86605"}).empty(); }));
  CHECK(read_file(containers.cgroup("box") + "/memory.max") == "67108864\n");
  CHECK(!has(containers.snug({"logs", "box"}).out, "snug-"));
}

TEST_CASE("what was in the caller's cgroup is where it was when the last container has ended") {
  const Limited containers;
  const std::string own = "/proc/self/cgroup";
  const std::string before = read_file(own);
  if (!containers.start("box", "exec sleep 86606")) return;
  CHECK(containers.snug({"rm", "--force", "box"}).code == 0);
  CHECK(read_file(own) == before);
}

TEST_SUITE_END();
