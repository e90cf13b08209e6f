#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "harness.hh"
#include "snug/base/text.hh"

using namespace snug::test;
namespace fs = std::filesystem;

// The script of `snug plan --sh`, held against `snug run` with the same words: both run a command that tells what it sees.
namespace {

constexpr const char* look =
    "for kind in cgroup ipc mnt net pid time user uts; do echo ns $kind $(readlink /proc/self/ns/$kind); done\n"
    "echo map; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups\n"
    // Without the two signals that glibc keeps to itself: no program can reset them, and who started the tests may ignore them.
    // And without the filter, which is what a script cannot do.
    "echo status; grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|SigBlk|SigIgn)' /proc/self/status | sed 's/\\(SigIgn:.*\\)00000001[89ab]/\\1000000000/'\n"
    "echo name $(cat /proc/sys/kernel/hostname), folder $(pwd), umask $(umask)\n"
    "cat /proc/self/limits; env | grep -v ^_= | sort\n"
    "cat /proc/net/dev | cut -d: -f1; cat /etc/hosts /etc/resolv.conf /etc/hostname\n"
    "ls -ln / | awk '{ print $1, $3, $4, $9, $10, $11 }'\n"
    "ls -ln /dev | awk '{ print $1, $3, $4, $5, $6, $9, $10, $11, $12 }' | sed 's/  *[0-9:]* *$//; s/ [0-9]*:[0-9]* / /'\n"
    "echo mounts; cat /proc/self/mountinfo\n";

std::string link_of(const std::string& path) {
  std::error_code error;
  return fs::read_symlink(path, error).string();
}

// "ns net net:[4026531840]" -> "ns net host"
std::string namespace_line(std::string_view line) {
  const auto words = snug::split(line, ' ');
  return snug::format("ns {} {}", words.at(1), words.at(2) == link_of("/proc/self/ns/" + words.at(1)) ? "host" : "new");
}

// What is the same in both: where it is, what lies above it, what of what it shows, and how. Overlays name their layers as they were
// handed over, and numbers are whatever was free.
std::vector<std::string> mounts_of(const std::vector<std::string_view>& lines) {
  std::map<std::string, std::string> targets;
  for (const std::string_view line : lines) targets[snug::split(line, ' ').at(0)] = snug::split(line, ' ').at(4);
  std::vector<std::string> mounts;
  for (const std::string_view line : lines) {
    const auto words = snug::split(line, ' ');
    std::string options;
    for (const std::string& option : snug::split(words.back(), ','))
      if (!option.starts_with("lowerdir=") && !option.starts_with("upperdir=") && !option.starts_with("workdir=")) options += option + ",";
    const auto dash = std::find(words.begin(), words.end(), "-");
    mounts.push_back(snug::format("{} in {}: {} {} {} {}", words[4], targets[words[1]], words[5], dash[1], dash[2], options));
    if (dash[1] != "overlay" && words[3] != "/") mounts.back() += words[3];
  }
  return mounts;
}

std::vector<std::string> seen(const Result& result) {
  std::vector<std::string> out{snug::format("code {}", result.code)};
  const auto all = snug::lines(result.out);
  const auto mounts = std::find(all.begin(), all.end(), "mounts");
  for (auto line = all.begin(); line != mounts; ++line) out.push_back(line->starts_with("ns ") ? namespace_line(*line) : std::string(*line));
  if (mounts != all.end())
    for (std::string& mount : mounts_of({mounts + 1, all.end()})) out.push_back(std::move(mount));
  std::sort(out.begin(), out.end());
  return out;
}

// Some two hundred programs are started in turn.
Result run_script(std::vector<std::string> words, Options options = {}) {
  options.patience = std::chrono::seconds(300);
  words.insert(words.begin(), {program(), "plan", "--sh", "--name", "one"});
  const Result script = run(words);
  REQUIRE_MESSAGE(script.code == 0, script.err);
  Scratch scratch;
  scratch.write("script", script.out);
  return run({"sh", scratch.path() + "/script"}, options);
}

Result run_snug(std::vector<std::string> words, const Options& options = {}) {
  words.insert(words.begin(), {program(), "run", "--name", "one"});
  return run(words, options);
}

void compare(std::vector<std::string> words) {
  // A script has nobody who could hold the outer end of an interface.
  if (std::find(words.begin(), words.end(), "--network") == words.end()) words.insert(words.begin(), {"--network", "none"});
  const std::string shown = snug::join(words, " ");
  words.insert(words.end(), {"sh", "-c", look});
  const Result by_script = run_script(words);
  const auto script = seen(by_script), snug = seen(run_snug(words));
  const std::string left = difference(script, snug);
  CHECK_MESSAGE(left.empty(), shown << "\n" << left << by_script.err);
  CHECK_MESSAGE(script.size() > 60, shown << "\n" << by_script.err);
  for (const auto& entry : fs::directory_iterator(std::string(std::getenv("HOME")) + "/.local/share/snug"))
    CHECK_MESSAGE(!entry.path().filename().string().starts_with("script-"), "left behind: " << entry.path());
}

// A folder for PATH in which unshare(1) is another program.
std::string with_unshare(Scratch& scratch, const std::string& commands) {
  fs::create_directory(scratch.path() + "/fake");
  scratch.write("fake/unshare", "#!/bin/sh\n" + commands + "\n");
  fs::permissions(scratch.path() + "/fake/unshare", fs::perms::all);
  return scratch.path() + "/fake";
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("plan --sh: what the script builds is what run builds, with one id") {
  Scratch scratch;
  fs::create_directory(scratch.path() + "/we,ir d$(x)");
  const auto before = traces();
  const std::string root = small_root();
  compare({"--userns", "single", root});
  compare({"--userns", "single", "--rw", root});
  compare({"--userns", "single", "--read-only", "--tmpfs", "/scratch:uid=0,gid=0,mode=750", "--network", "host", root});
  compare({"--userns", "single", "-v", scratch.path() + "/we,ir d$(x):/a b/c", "-v", "/opt:/opt:ro", "-w", "/x y", "--no-init", root});
  compare({"--userns", "single", "--hostname", "h", "--cap-drop", "ALL", "--cap-add", "kill", "--ulimit", "nofile=99:100", "-e", "A=it's $(id) \\ \"q\"",
           "-e", "B=\x1b[31m\n\x7f", "--dns", "9.9.9.9", "--add-host", "db:10.0.0.1", "--ipc", "host", "--pid", "host", root});
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("plan --sh: on the machine's own root") {
  const auto before = traces();
  compare({"--userns", "single", "host"});
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("plan --sh: the script ends as its command does, and reads what it is given") {
  const std::vector<std::string> words{"--userns", "single", small_root(), "sh", "-c", "read line; echo \"got $line\"; exit 7"};
  for (const Result& result : {run_script(words, {.input = "this\n"}), run_snug(words, {.input = "this\n"})}) {
    CHECK_MESSAGE(result.code == 7, result.err);
    CHECK(result.out == "got this\n");
  }
  CHECK(run_script({"--userns", "single", small_root(), "/bin/nothing"}).code == 127);
}

TEST_CASE("plan --sh: the old root is out of reach, also for root") {
  const Result result = run_script({"--userns", "single", small_root(), "sh", "-c", "cd /..; ls -d etc/passwd var/tmp/snug-tests.* /../usr/sbin 2>/dev/null; ls /proc/*/root/usr/sbin 2>/dev/null; ls -l /proc/self/fd | grep -c home"});
  CHECK_MESSAGE(result.out == "etc/passwd\n0\n", result.out);
}

TEST_CASE("plan --sh: a link of the root leads nowhere outside") {
  Scratch scratch;
  const std::string root = scratch.path() + "/root";
  fs::copy(small_root(), root, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  fs::remove_all(root + "/etc/hosts");
  fs::create_directory(scratch.path() + "/outside");
  fs::create_symlink("/out/../../../../../.." + scratch.path() + "/outside/made", root + "/etc/hosts");
  compare({"--userns", "single", root});
  CHECK(fs::is_empty(scratch.path() + "/outside"));
}

TEST_CASE("plan --sh says what it cannot do, in words that are harmless to a terminal") {
  const Result script = run({program(), "plan", "--sh", "--userns", "single", "-e", "A=\x1b[31m\nrm -rf /", small_root(), "true"});
  CHECK(script.code == 0);
  CHECK(script.out.find('\x1b') == std::string::npos);
  CHECK(script.out.find("Not done: only keyctl(1)") != std::string::npos);
  CHECK(run({program(), "plan", "--sh", "--json", small_root()}).code == 125);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("plan --sh: where no namespaces can be had the script says so once, and nothing of it stays") {
  Scratch scratch;
  const std::string fake = with_unshare(scratch, "echo no namespaces >&2; exit 1"), path = scratch.path() + "/script";
  const auto before = traces();
  scratch.write("script", run({program(), "plan", "--sh", small_root(), "true"}).out);
  const Result result = run({"sh", "-c", "PATH=$1:$PATH sh $2", "sh", fake, path});
  CHECK(result.code == 1);
  CHECK(result.err == "no namespaces\n");
  CHECK_MESSAGE(run({"pgrep", "-f", path}).out.empty(), "the one that maps ids still waits");
  const std::string left = difference(before, traces());
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("plan --sh: who maps ids ends with the script, whatever signals are lost on the way") {
  Scratch scratch;
  const std::string fake = with_unshare(scratch, "exit 1"), path = scratch.path() + "/script";
  const std::string script = run({program(), "plan", "--sh", small_root(), "true"}).out;
  REQUIRE(has(script, "mapper=$!"));
  scratch.write("script", script);
  for (const char* shell : {"dash", "bash"}) {
    const Result result = run({"sh", "-c", "trap '' TERM; PATH=$1:$PATH exec $3 $2", "sh", fake, path, shell});
    CHECK_MESSAGE(result.code == 1, shell);
    CHECK_MESSAGE(result.err.empty(), result.err);
    CHECK_MESSAGE(run({"pgrep", "-f", path}).out.empty(), shell);
  }
}

TEST_CASE("plan --sh: what the script builds is what run builds, with a range of ids") {
  const auto before = traces();
  const std::string root = small_root();
  compare({root});
  compare({"-u", "worker", "--group-add", "50", root});
  compare({"--userns", "keep-id", root});
  compare({"--userns", "keep-id", "--read-only", "host"});
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}
