#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "containers.hh"
#include "helper.hh"
#include "snug/base/text.hh"
#include "snug/sys/restraint.hh"

using namespace snug::test;

namespace {

bool has_landlock() { return snug::sys::landlock_abi() >= 3; }

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("restraints: ps tells which filter each container has") {
  const Containers containers;
  const Scratch scratch;
  scratch.write("p.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
  const std::vector<std::pair<std::string, std::vector<std::string>>> all{{"default", {}}, {"unconfined", {"--security-opt", "seccomp=unconfined"}}, {"nested", {"--nested"}},
                                                                          {scratch.path() + "/p.json", {"--security-opt", "seccomp=" + scratch.path() + "/p.json"}}};
  int number = 0;
  for (const auto& [filter, options] : all) {
    const std::string name = snug::format("box{}", number++);
    std::vector<std::string> words{"create", "--name", name, "--userns", "single"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {small_root(), "true"});
    REQUIRE(containers.snug(words).code == 0);
    CHECK(containers.snug({"ps", "-a", "--filter", "name=" + name, "--format", "{{.Names}} {{.Seccomp}}"}).out == name + " " + filter + "\n");
    const std::string json = containers.snug({"ps", "-a", "--filter", "name=" + name, "--json"}).out;
    CHECK_MESSAGE(has(json, "\"Seccomp\": \"" + filter + "\""), json);
    CHECK(containers.snug({"inspect", "-f", "{{.Restraints.Seccomp}}", name}).out == filter + "\n");
  }
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

TEST_CASE("restraints: without clone3, which filters of outer containers have missing, clone does") {
  CHECK(run({helper("refusing"), snug::format("{}={}", SYS_clone3, ENOSYS), program(), "run", "--userns", "single", small_root(), "echo", "ran"}).out == "ran\n");
  const Result timed = run({helper("refusing"), snug::format("{}={}", SYS_clone3, ENOSYS), program(), "run", "--userns", "single", "--timens", "private", small_root(), "echo", "ran"});
  CHECK(timed.code == 125);
  CHECK_MESSAGE(has(timed.err, "has clone3(2) missing, which makes time namespaces; use snug run --timens host"), timed.err);
}

TEST_CASE("restraints: each that cannot be had ends every way in, and nothing is done") {
  const Containers containers;
  const Scratch scratch;
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "--network", "none", small_root(), "sleep", "86530"}).code == 0);
  scratch.write("file", "copied");
  REQUIRE(run({"tar", "-C", small_root(), "-cf", scratch.path() + "/root.tar", "bin/busybox", "etc"}).code == 0);
  REQUIRE(containers.snug({"import", "-q", scratch.path() + "/root.tar", "image"}).code == 0);
  const std::vector<std::string> start{"run", "--userns", "single", "--network", "none"};
  const auto with = [&](std::vector<std::string> words, const std::vector<std::string>& end) {
    words.insert(words.end(), end.begin(), end.end());
    return words;
  };
  const auto refused = [&](const std::string& what, const std::vector<std::string>& words) {
    return run(with({"env", containers.environment(), helper("refusing"), what, program()}, words));
  };
  struct Way {
    const char* name;
    std::vector<std::string> words;
  };
  const std::vector<Way> ways{{"run", with(start, {small_root(), "echo", "ran"})}, {"exec", {"exec", "box", "echo", "ran"}}, {"exec --detach", {"exec", "-d", "box", "touch", "/ran"}},
                              {"enter", {"enter", "box", "echo", "ran"}}, {"debug", {"debug", "box", "-c", "echo ran"}}, {"cp in", {"cp", scratch.path() + "/file", "box:/ran"}},
                              {"cp out", {"cp", "box:/etc/passwd", "-"}}, {"an image", with(start, {"image", "busybox", "echo", "ran"})},
                              {"an archive", with(start, {"tar:" + scratch.path() + "/root.tar", "busybox", "echo", "ran"})}};
  struct Restraint {
    std::string call;
    const char* words;
    const char* on_the_way = words;  ///< of those who come to a container that runs: it may fail before it is a step of its own
  };
  std::vector<Restraint> restraints{{snug::format("{}={}", SYS_seccomp, EACCES), "load the filter of system calls"},
                                    {snug::format("{}={}", SYS_keyctl, EPERM), "join a new session keyring"},
                                    {snug::format("{}={}", SYS_close_range, ENOSYS), "close all descriptors but", "enter the container's namespaces"},
                                    {snug::format("{}:0:{}={}", SYS_prctl, PR_SET_NO_NEW_PRIVS, EINVAL), "forbid new privileges"},
                                    {snug::format("{}:0:{}={}", SYS_prctl, PR_CAPBSET_DROP, EPERM), "capabilities for ever"},
                                    {snug::format("{}:0:{}={}", SYS_prctl, PR_SET_DUMPABLE, EPERM), "to tracers", "enter the container's namespaces"},
                                    {snug::format("{}={}", SYS_capset, EPERM), "drop all"},
                                    {snug::format("{}={}", SYS_prlimit64, EPERM), "set the limits"}};
  if (has_landlock()) restraints.push_back({snug::format("{}={}", SYS_landlock_restrict_self, EPERM), "(Landlock)"});
  for (const Restraint& restraint : restraints)
    for (const Way& way : ways) {
      const Result result = refused(restraint.call, way.words);
      CHECK_MESSAGE(result.code == 125, std::string(way.name) << " without " << restraint.call << ": " << result.err);
      CHECK_MESSAGE(result.out.empty(), std::string(way.name) << " without " << restraint.call << ": " << result.out);
      CHECK_MESSAGE((has(result.err, restraint.words) || has(result.err, restraint.on_the_way)), std::string(way.name) << " without " << restraint.call << ": " << result.err);
    }
  // Each of them does it where nothing is refused; and until then none has done anything.
  CHECK(containers.snug({"exec", "box", "ls", "/ran"}).code != 0);
  const std::string harmless = snug::format("{}={}", SYS_acct, EPERM);
  for (const Way& way : ways) {
    const Result result = refused(harmless, way.words);
    CHECK_MESSAGE(result.code == 0, std::string(way.name) << ": " << result.err);
    CHECK_MESSAGE((has(result.out, "ran\n") || has(result.out, "root:x:0:0") || containers.snug({"exec", "box", "rm", "/ran"}).code == 0), std::string(way.name));
  }
  // The covers of what is hidden, and what makes the rest read-only.
  for (const auto& [cover, network] : {std::pair{snug::format("{}:2:{}={}", SYS_mount_setattr, AT_EMPTY_PATH | AT_RECURSIVE, EPERM), "none"}, std::pair{snug::format("{}:2:15={}", SYS_fsmount, EPERM), "host"}}) {
    const Result result = refused(cover, {"run", "--userns", "single", "--network", network, small_root(), "echo", "ran"});
    CHECK(result.code == 125);
    CHECK(result.out.empty());
    CHECK_MESSAGE(has(result.err, "cannot cover "), result.err);
  }
}

TEST_CASE("restraints: doctor tells what cannot be had, and why") {
  const Result filter = run({helper("refusing"), snug::format("{}={}", SYS_seccomp, ENOSYS), program(), "doctor"});
  CHECK(filter.code == 1);
  CHECK_MESSAGE(filter.out.find("a filter around this refuses further ones") != std::string::npos, filter.out);
  const Result landlock = run({helper("refusing"), snug::format("{}={}", SYS_landlock_create_ruleset, EOPNOTSUPP), program(), "doctor"});
  CHECK_MESSAGE(landlock.out.find("Landlock is off since the boot") != std::string::npos, landlock.out);
  for (const long call : {SYS_keyctl, SYS_pivot_root}) {
    const Result refused = run({helper("refusing"), snug::format("{}={}", call, EPERM), program(), "doctor"});
    CHECK(refused.code == 1);
    CHECK_MESSAGE(refused.out.find("DOES NOT") != std::string::npos, refused.out);
    CHECK_MESSAGE(refused.out.find("start the outer container without it") != std::string::npos, refused.out);
  }
}

TEST_CASE("restraints: where /proc/sys is read-only the filter alone shuts user namespaces beside the host's processes; start, inspect, walls and doctor say so") {
  const Containers containers;
  const std::string script =
      "mount --rbind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys || exit 9\n"  // as in outer containers
      "here='--pid host --network none --userns single'\n"
      "$SNUG run -d --name box $here $ROOT sleep 86534 >/dev/null && $SNUG run -d --name open --security-opt seccomp=unconfined $here $ROOT sleep 86535 >/dev/null\n"
      "for name in box open; do $SNUG inspect -f '{{.Restraints.UserNamespaces}} {{.Restraints.Nested}}' $name; $SNUG walls $name | grep -A1 '^user namespaces inside'; done\n"
      "$SNUG rm -f box open >/dev/null\n"
      "$SNUG run $here --require nesting $ROOT echo ran; echo $?; $SNUG doctor | grep -A2 '^user namespaces inside'";
  const Result told = run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script}, {.env = {containers.environment(), "SNUG=" + program(), "ROOT=" + small_root()}});
  const std::string why = "keeps user namespaces from being made inside: /proc/sys is read-only here, as in outer containers\n", ask = "start the outer container with all of /proc: ";
  CHECK_MESSAGE(has(told.err, "snug: notice: only the filter of system calls " + why), told.err);
  CHECK(has(told.err, "snug: notice: nothing " + why));
  CHECK(has(told.err, "snug: --require nesting: only the filter of system calls " + why));
  CHECK(has(told.err, ask));
  CHECK_MESSAGE(told.out.starts_with("filtered false\nuser namespaces inside\n  only the filter of system calls keeps them from being made: the kernel's limit in there is "), told.out);
  CHECK(has(told.out, "\nopen false\nuser namespaces inside\n  can be made, as far as a filter lets them: the kernel's limit in there is "));
  CHECK(has(told.out, "\n125\nuser namespaces inside  does not  "));
  CHECK(has(told.out, "because: /proc/sys is read-only here, as in outer containers: the filter of system calls alone keeps them from being made\n"));
  CHECK(has(told.out, "ask an administrator: " + ask));
  // Where it can be written to the limit is 0 there as well.
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "--network", "none", "--pid", "host", small_root(), "sleep", "86536"}).code == 0);
  CHECK(containers.snug({"inspect", "-f", "{{.Restraints.UserNamespaces}}", "box"}).out == "off\n");
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

TEST_SUITE_END();
