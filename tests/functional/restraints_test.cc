#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>

#include "containers.hh"
#include "helper.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/restraint.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

std::string volume() { return helper("doors") + ":/doors:ro"; }

using Doors = std::map<std::string, std::string>;

Doors parse(const std::string& out) {
  Doors doors;
  for (const std::string_view line : snug::lines(out)) {
    const std::vector<std::string> words = snug::split(snug::trimmed(line), ' ');
    if (words.size() == 2) doors[words[0]] = words[1];
  }
  return doors;
}

// What a container finds by default, whoever it is in there and however it came in.
Doors usual() {
  Doors doors;
  for (const char* open : {"thread", "unix", "pair-unix", "inet", "inet6", "netlink", "persona-same"}) doors[open] = "open";
  for (const char* shut : {"alg", "alg-high", "vsock", "packet", "key", "can", "tipc", "bluetooth", "rxrpc", "xdp", "pair-vsock", "pair-tipc", "unshare-user", "unshare-mount", "unshare-net",
                           "clone-user", "setns", "mount", "umount2", "fsopen", "open_tree", "pivot_root", "keyctl", "add_key", "request_key", "bpf",
                           "perf_event_open", "io_uring_setup", "userfaultfd", "open_by_handle_at", "init_module", "kexec_load", "process_madvise", "persona-other",
                           "tiocsti", "tiocsti-high", "tioclinux", "trace-init", "trusted-attribute"})
    doors[shut] = "EPERM";
  for (const char* absent : {"clone3", "unknown"}) doors[absent] = "ENOSYS";
  doors["attribute-of-nothing"] = "ENOENT";
#ifdef __x86_64__
  doors["x32"] = doors["i386"] = "ENOSYS";
#endif
  for (const char* closed : {"write-init", "read-init"}) doors[closed] = "EACCES";
  for (const char* path : {"/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"}) doors[path] = "hidden";
  doors["namespaces-inside"] = "none";
  return doors;
}

// Of the mode or of the mount, whichever the kernel looks at first.
void check_writes(Doors& found) {
  for (const char* setting : {"raise-them", "core_pattern"}) {
    CHECK_MESSAGE((found[setting] == "EROFS" || found[setting] == "EACCES"), setting << " " << found[setting]);
    found.erase(setting);
  }
}

void check(const Result& result, const Doors& more = {}) {
  Doors found = parse(result.out), expected = usual();
  for (const auto& [door, what] : more) expected[door] = what;
  check_writes(found);
  const std::string acl = found["acl-of-another"];  // as there is such an id, and a tmpfs with such lists, or not
  CHECK_MESSAGE((acl == "open" || acl == "EINVAL" || acl == "EOPNOTSUPP"), acl);
  CHECK(found["mode-by-acl"] == (acl != "open" ? "as-it-was" : expected["trusted-attribute"] == "open" ? "without-mask" : "with-mask"));
  for (const char* door : {"acl-of-another", "mode-by-acl"}) found.erase(door);
  for (const auto& [door, what] : expected) CHECK_MESSAGE(found[door] == what, door << " " << found[door] << " " << result.err);
  for (const auto& [door, what] : found) CHECK_MESSAGE(expected.contains(door), door);
}

const Doors input_of_a_file{{"input-read", "open"}, {"input-write", "EACCES"}, {"input-truncate", "EACCES"}};

bool has_landlock() { return snug::sys::landlock_abi() >= 3; }

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("restraints: the doors of a container, as root and as another, with this machine's root, without pid 1 of snug's") {
  check(run({program(), "run", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "single", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "keep-id", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "single", "-v", volume(), "host", "/doors"}));
  check(run({program(), "run", "--userns", "single", "--read-only", "--cap-drop", "ALL", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "single", "--network", "host", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "single", "--network", "none", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "single", "--emulate-root", "remembered", "-v", volume(), small_root(), "/doors"}), {{"trusted-attribute", "open"}});
  Doors told = parse(run({program(), "run", "--userns", "single", "--emulate-root", "remembered", "-v", volume(), small_root(), "/doors"}).out);
  CHECK(told["acl-of-another"] == "open");
  CHECK(told["mode-by-acl"] == "without-mask");  // which would be rights that only others in the list have
  Doors alone = parse(run({program(), "run", "--userns", "single", "--no-init", "-v", volume(), small_root(), "/doors"}).out);
  CHECK(alone["unshare-user"] == "EPERM");
  CHECK(alone["namespaces-inside"] == "none");
}

TEST_CASE("restraints: at a terminal") {
  const Scratch scratch;
  Terminal terminal({program(), "run", "--userns", "single", "-v", volume(), "-v", scratch.path() + ":/out", small_root(), "sh", "-c", "/doors >/out/doors"}, 24, 200);
  CHECK(terminal.wait() == 0);
  check({0, read_file(scratch.path() + "/doors"), "", 0});
  const Containers containers;
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "-v", volume(), "-v", scratch.path() + ":/out", small_root(), "sleep", "86530"}).code == 0);
  for (const char* way : {"exec", "enter"}) {
    Terminal visit({"/bin/sh", "-c", containers.environment() + " exec " + program() + " " + way + " " + (way == std::string("exec") ? "-it " : "") + "box sh -c '/doors >/out/" + way + "'"}, 24, 200);
    CHECK(visit.wait() == 0);
    check({0, read_file(scratch.path() + "/" + way), "", 0});
  }
}

TEST_CASE("restraints: exec and enter find the same doors as the container's own command") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "-v", volume(), small_root(), "sleep", "86530"}).code == 0);
  check(containers.snug({"exec", "box", "/doors"}));
  check(containers.snug({"enter", "box", "/doors"}));
  const std::string inspected = containers.snug({"inspect", "--format", "{{.Restraints.Seccomp}} {{.Restraints.NoNewPrivileges}}", "box"}).out;
  CHECK(inspected == "default true\n");
  // What one of them starts the others can end, but not look into.
  REQUIRE(containers.snug({"exec", "-d", "box", "sleep", "86531"}).code == 0);
  REQUIRE(eventually([] { return find_commands({"sleep", "86531"}).size() == 1; }));
  CHECK(containers.snug({"exec", "box", "sh", "-c", "for p in /proc/[0-9]*; do [ \"$(tr '\\0' . <$p/cmdline)\" != sleep.86531. ] || kill ${p#/proc/}; done"}).code == 0);
  CHECK(eventually([] { return find_commands({"sleep", "86531"}).empty(); }));
}

TEST_CASE("restraints: what copies files works under the filter as well") {
  const Containers containers;
  REQUIRE(containers.run_detached("box", "sleep 86534").code == 0);
  const Background copy({"/bin/sh", "-c", "sleep 86535 | " + containers.environment() + " " + program() + " cp - box:/copied"});
  CHECK(eventually([] {
    for (const pid_t pid : find_processes("box:/copied")) {
      const std::string status = read_file(snug::format("/proc/{}/status", pid));
      if (status.find("Seccomp:\t2") != std::string::npos && status.find("NoNewPrivs:\t1") != std::string::npos) return true;
    }
    return false;
  }));
  for (const pid_t pid : find_commands({"sleep", "86535"})) ::kill(pid, SIGKILL);
}

TEST_CASE("restraints: a file that was given for reading cannot be opened for writing by its descriptor") {
  if (!has_landlock()) return skip("this kernel has no Landlock");
  const Scratch scratch;
  scratch.write("input", "text");
  const auto with_input = [&](const std::string& options, const std::string& command) {
    return run({"/bin/sh", "-c", program() + " run --userns single " + options + " " + small_root() + " " + command + " <" + scratch.path() + "/input"});
  };
  check(with_input("-v " + volume(), "/doors"), input_of_a_file);
  CHECK(with_input("", "sh -c 'cat /dev/stdin; echo more >/dev/stderr'").out == "text");
  CHECK(with_input("--security-opt landlock=off", "sh -c 'echo changed >/proc/self/fd/0'").code == 0);
  CHECK(snug::sys::find_file_text((scratch.path() + "/input").c_str()) == "changed\n");
}

TEST_CASE("restraints: what the caller gave for writing is reached by name as well") {
  const Scratch scratch;
  const std::string out = scratch.path() + "/out";
  CHECK(run({"/bin/sh", "-c", program() + " run --userns single " + small_root() + " sh -c 'echo a >>/dev/stdout; echo b >>/dev/stderr' >" + out + " 2>&1"}).code == 0);
  CHECK(snug::sys::find_file_text(out.c_str()) == "a\nb\n");
}

TEST_CASE("restraints: what is opened is open, and no more") {
  const auto doors = [](std::vector<std::string> options) {
    options.insert(options.begin(), {program(), "run", "--userns", "single"});
    options.insert(options.end(), {"-v", volume(), small_root(), "/doors"});
    return parse(run(options).out);
  };
  Doors nested = doors({"--nested"});
  for (const char* open : {"unshare-user", "unshare-mount", "unshare-net", "clone-user"}) CHECK_MESSAGE(nested[open] == "open", open);
  for (const char* shut : {"bpf", "io_uring_setup", "userfaultfd", "alg", "tiocsti"}) CHECK_MESSAGE(nested[shut] == "EPERM", shut);
  CHECK(nested["namespaces-inside"] == "some");
  Doors unconfined = doors({"--security-opt", "seccomp=unconfined"});
  CHECK(unconfined["userfaultfd"] != "EPERM");
  CHECK(unconfined["unknown"] == "ENOSYS");
  CHECK(unconfined["unshare-user"] == "ENOSPC");  // the second wall
  CHECK(unconfined["/proc/keys"] == "hidden");
  Doors unmasked = doors({"--security-opt", "unmask=/proc/interrupts"});
  CHECK(unmasked["/proc/interrupts"] == "open");
  CHECK(unmasked["/proc/keys"] == "hidden");
  CHECK(doors({"--cap-add", "SYS_PTRACE"})["process_madvise"] == "EBADF");
#ifdef __x86_64__
  if (parse(run({helper("doors")}).out)["i386"] == "open")
    CHECK(doors({"--allow-32bit"})["i386"] == "open");
  else
    skip("this kernel runs no 32-bit programs");
#endif
  CHECK(inside("cat /etc/passwd /srv 2>&1 | wc -c", {"--security-opt", "mask=/etc/passwd"}).code == 0);
  CHECK(inside("mount -t tmpfs none /tmp && echo mounted", {"--cap-add", "SYS_ADMIN"}).out == "mounted\n");
  CHECK(inside("wc -c </etc/passwd", {"--security-opt", "mask=/etc/passwd"}).out == "0\n");
}

TEST_CASE("restraints: a profile of the user's own, also for those who enter, and after a restart") {
  const Containers containers;
  const Scratch scratch;
  scratch.write("p.json", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sethostname", "mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]})");
  const std::string option = "seccomp=" + scratch.path() + "/p.json";
  CHECK(inside("mkdir /x 2>&1", {"--security-opt", option}).out.find("No space left") != std::string::npos);
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "--security-opt", option, "-v", volume(), small_root(), "sleep", "86532"}).code == 0);
  fs::remove(scratch.path() + "/p.json");
  CHECK(containers.snug({"exec", "box", "mkdir", "/x"}).err.find("No space left") != std::string::npos);
  CHECK(parse(containers.snug({"exec", "box", "/doors"}).out)["tiocsti"] == "EPERM");
  REQUIRE(containers.snug({"restart", "-t", "0", "box"}).code == 0);
  CHECK(containers.snug({"exec", "box", "mkdir", "/x"}).err.find("No space left") != std::string::npos);
  scratch.write("bad.json", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": 7}");
  const Result bad = inside("true", {"--security-opt", "seccomp=" + scratch.path() + "/bad.json"});
  CHECK(bad.code == 125);
  CHECK_MESSAGE(bad.err.find("bad.json") != std::string::npos, bad.err);
}

TEST_CASE("restraints: each that cannot be had ends the start, but for those that are preferred") {
  const auto without = [](const std::vector<std::pair<long, int>>& calls, std::vector<std::string> options) {
    std::vector<std::string> words{helper("refusing")};
    for (const auto& [call, error] : calls) words.push_back(snug::format("{}={}", call, error));
    words.insert(words.end(), {program(), "run", "--userns", "single"});
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {small_root(), "echo", "ran"});
    return run(words);
  };
  for (const int error : {ENOSYS, EINVAL, EACCES}) {
    const Result filter = without({{SYS_seccomp, error}}, {});
    CHECK(filter.code == 125);
    CHECK(filter.out.empty());
    CHECK_MESSAGE(filter.err.find("seccomp=unconfined") != std::string::npos, filter.err);
    CHECK(without({{SYS_seccomp, error}}, {"--security-opt", "seccomp=unconfined"}).out == "ran\n");
  }
  const Result landlock = without({{SYS_landlock_create_ruleset, EOPNOTSUPP}}, {});
  CHECK(landlock.out == "ran\n");
  CHECK_MESSAGE(landlock.err.find("Landlock is off since the boot") != std::string::npos, landlock.err);
  CHECK(without({{SYS_landlock_create_ruleset, ENOSYS}}, {"--require", "landlock"}).code == 125);
  const Result nameless = without({{SYS_landlock_create_ruleset, EINVAL}}, {});
  CHECK_MESSAGE(nameless.err.find("not confined by Landlock: Invalid argument (EINVAL)") != std::string::npos, nameless.err);
  const Result keyring = without({{SYS_keyctl, EPERM}}, {});
  CHECK(keyring.code == 125);
  CHECK_MESSAGE(keyring.err.find("keyring") != std::string::npos, keyring.err);
  CHECK(without({{SYS_keyctl, ENOSYS}}, {}).out == "ran\n");  // a kernel without them
  CHECK(without({{SYS_pivot_root, EPERM}}, {}).code == 125);
  if (has_landlock()) {
    const Result refused = without({{SYS_landlock_restrict_self, EPERM}}, {});
    CHECK(refused.code == 125);
    CHECK_MESSAGE(refused.err.find("Landlock") != std::string::npos, refused.err);
  }
}

TEST_CASE("restraints: doctor tells what cannot be had, and why") {
  const Result filter = run({helper("refusing"), snug::format("{}={}", SYS_seccomp, ENOSYS), program(), "doctor"});
  CHECK(filter.code == 1);
  CHECK_MESSAGE(filter.out.find("built without filters of system calls") != std::string::npos, filter.out);
  const Result landlock = run({helper("refusing"), snug::format("{}={}", SYS_landlock_create_ruleset, EOPNOTSUPP), program(), "doctor"});
  CHECK_MESSAGE(landlock.out.find("Landlock is off since the boot") != std::string::npos, landlock.out);
  for (const long call : {SYS_keyctl, SYS_pivot_root}) {
    const Result refused = run({helper("refusing"), snug::format("{}={}", call, EPERM), program(), "doctor"});
    CHECK(refused.code == 1);
    CHECK_MESSAGE(refused.out.find("DOES NOT") != std::string::npos, refused.out);
    CHECK_MESSAGE(refused.out.find("start the outer container without it") != std::string::npos, refused.out);
  }
}

TEST_CASE("restraints: who comes later is under Landlock as well where the container is, and tells where not; inspect tells how it was started") {
  if (!has_landlock()) return skip("this kernel has no Landlock");
  const Containers containers;
  const auto with = [&](const std::string& refuse, const std::string& words) { return run({"/bin/sh", "-c", "env " + containers.environment() + " " + (refuse.empty() ? "" : helper("refusing") + " " + refuse + " ") + program() + " " + words}); };
  const std::string without = snug::format("{}={}", SYS_landlock_create_ruleset, EOPNOTSUPP), start = "run -d --userns single --network none ", rest = " " + small_root() + " sleep 86530";
  const auto abi = [&](const std::string& name) { return with("", "inspect -f '{{json .Restraints.Landlock}}' " + name).out + with(without, "inspect -f '{{json .Restraints.Landlock}}' " + name).out; };
  REQUIRE(with("", start + "--name plain" + rest).code == 0);
  REQUIRE(with("", start + "--name strict --require landlock" + rest).code == 0);
  REQUIRE(with(without, start + "--name bare" + rest).code == 0);
  CHECK(abi("plain") == snug::format("{0}\n{0}\n", snug::sys::landlock_abi()));
  CHECK(abi("bare") == "null\nnull\n");
  CHECK(with("", "exec plain echo in").err.empty());
  CHECK(with("", "exec strict echo in").out == "in\n");
  const Result told = with(without, "exec plain echo in");
  CHECK(told.out == "in\n");
  CHECK_MESSAGE(told.err.find("not confined by Landlock") != std::string::npos, told.err);
  CHECK(with(without, "exec bare echo in").err.empty());  // which has none, and said so
  REQUIRE(with("", "create --name asleep --userns single --network none --require landlock" + rest).code == 0);
  for (const char* words : {"exec strict echo in", "enter strict echo in", "cp strict:/bin/sh -", "enter asleep echo in", "cp asleep:/bin/sh -"}) {
    const Result refused = with(without, words);
    CHECK_MESSAGE(refused.code != 0, words);
    CHECK_MESSAGE(refused.err.find("--require landlock") != std::string::npos, refused.err);
  }
}

TEST_CASE("restraints: with the host's processes in sight, theirs are not signalled") {
  if (snug::sys::landlock_abi() < 6) return skip("this kernel's Landlock has no scopes");
  const Background outside({"sleep", "86533"});
  REQUIRE(eventually([] { return find_commands({"sleep", "86533"}).size() == 1; }));
  const std::string signal = snug::format("kill -0 {} && echo reached", outside.pid());
  CHECK(inside(signal, {"--pid", "host"}).out.empty());
  CHECK(inside(signal, {"--pid", "host", "--security-opt", "landlock=off"}).out == "reached\n");
}

TEST_CASE("restraints: a container in a container, with --nested") {
  const std::string folder = fs::path(program()).parent_path().string();
  const Result result = run({program(), "run", "--userns", "single", "--nested", "-v", folder + ":/snug:ro", "-v", small_root() + ":/inner:ro", "-v", volume(), "host", "sh", "-c",
                             "/snug/" + fs::path(program()).filename().string() + " run --userns single -v /doors:/doors:ro /inner /doors"});
  Doors found = parse(result.out);
  CHECK_MESSAGE(found["unshare-user"] == "EPERM", result.err);
  CHECK(found["namespaces-inside"] == "none");
  // In a home that holds snug's data, which is put together from an overlay of an overlay: the kernel takes no third.
  const Result copied = run({program(), "run", "--userns", "single", "--nested", "-v", folder + ":/snug:ro", "host", "/snug/" + fs::path(program()).filename().string(), "run", "--userns", "single", small_root(), "echo", "third"});
  CHECK_MESSAGE(copied.out == "third\n", copied.err);
  const Result examined = run({program(), "run", "--userns", "single", "--nested", "-v", folder + ":/snug:ro", "host", "/snug/" + fs::path(program()).filename().string(), "doctor"});
  CHECK_MESSAGE(examined.code == 0, examined.out);
  if (!snug::sys::find_status(AT_FDCWD, "/usr/bin/bwrap")) return skip("bubblewrap is not installed");
  const std::vector<std::string> bwrap{"bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "echo", "nested"};
  std::vector<std::string> words{program(), "run", "--userns", "single", "--nested", "host"};
  words.insert(words.end(), bwrap.begin(), bwrap.end());
  const Result nested = run(words);
  CHECK_MESSAGE(nested.out == "nested\n", nested.err);
  words.erase(words.begin() + 4);
  CHECK(run(words).out.empty());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("restraints: the doors of another user than root") {
  check(run({program(), "run", "-u", "1000", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "-u", "1000", "-v", volume(), "host", "/doors"}));
  check(run({program(), "run", "--security-opt", "no-new-privileges=false", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--security-opt", "no-new-privileges=false", "-u", "1000", "-v", volume(), small_root(), "/doors"}));
}

TEST_SUITE_END();
