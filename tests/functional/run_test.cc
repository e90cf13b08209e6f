#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "harness.hh"
#include "snug/base/text.hh"

using namespace snug::test;

TEST_SUITE_BEGIN("any");

TEST_CASE("the exit code is the payload's own, or says who failed") {
  CHECK(inside("exit 0").code == 0);
  CHECK(inside("exit 7").code == 7);
  CHECK(inside("kill -9 $$").code == 137);
  CHECK(inside("kill -TERM $$").code == 143);
  CHECK(run({program(), "run", "--userns", "single", small_root(), "no-such-command"}).code == 127);
  CHECK(run({program(), "run", "--userns", "single", small_root(), "/etc/passwd"}).code == 126);
  CHECK(run({program(), "run", "/no/such/root", "true"}).code == 125);
}

TEST_CASE("descriptors and arguments arrive as they are") {
  CHECK(run({program(), "run", "--userns", "single", small_root(), "cat"}, {.input = "a\nb"}).out == "a\nb");
  CHECK(run({program(), "run", "--userns", "single", small_root(), "echo", "-n", "--bind", "$HOME *"}).out == "--bind $HOME *");
  const Result both = inside("echo out; echo err >&2");
  CHECK(both.out == "out\n");
  CHECK(both.err.find("err\n") != std::string::npos);
}

TEST_CASE("what goes through is neither held back nor changed") {
  std::string much;
  for (int line = 0; line < 200'000; ++line) much += snug::format("{}\n", line);
  const Result result = run({program(), "run", "--userns", "single", small_root(), "cat"}, {.input = much});
  CHECK(result.code == 0);
  CHECK((result.out == much));  // without doctest's printing of it
}

TEST_CASE("the environment is made from nothing") {
  const Result result = run({program(), "run", "--userns", "single", "-e", "GIVEN=1", "-e", "COPIED", small_root(), "env"},
                            {.env = {"SECRET=x", "LD_PRELOAD=/nothing.so", "COPIED=2"}});
  CHECK(result.code == 0);
  CHECK(result.out.find("SECRET") == std::string::npos);
  CHECK(result.out.find("LD_PRELOAD") == std::string::npos);
  CHECK(result.out.find("GIVEN=1\n") != std::string::npos);
  CHECK(result.out.find("COPIED=2\n") != std::string::npos);
  CHECK(result.out.find("container=snug\n") != std::string::npos);
}

TEST_CASE("variables come from a file, too, and the entry point goes in front") {
  Scratch scratch;
  scratch.write("env", "# a comment\nFIRST=1 2\nCOPIED\nABSENT\n");
  const Result result = run({program(), "run", "--userns", "single", "--env-file", scratch.path() + "/env", small_root(), "env"},
                            {.env = {"COPIED=3"}});
  CHECK(result.out.find("FIRST=1 2\n") != std::string::npos);
  CHECK(result.out.find("COPIED=3\n") != std::string::npos);
  CHECK(result.out.find("ABSENT") == std::string::npos);
  CHECK(run({program(), "run", "--userns", "single", "--entrypoint", "echo", small_root(), "a", "b"}).out == "a b\n");
}

TEST_CASE("privileges can be raised only where that is asked for") {
  CHECK(inside("grep NoNewPrivs /proc/self/status", {"--security-opt", "no-new-privileges=false"}).out == "NoNewPrivs:\t0\n");
}

TEST_CASE("descriptors that the caller leaked are not inside") {
  const int folder = ::open("/", O_RDONLY | O_DIRECTORY);
  for (int fd = 20; fd < 25; ++fd) ::dup2(folder, fd);
  const Result result = inside("ls /proc/self/fd");
  for (int fd = 20; fd < 25; ++fd) ::close(fd);
  ::close(folder);
  CHECK(result.out == "0\n1\n2\n3\n");  // 3 is ls's own
}

TEST_CASE("what the caller ignores or masks is not handed on") {
  const Result result = run({"/bin/sh", "-c", "trap '' INT TERM HUP PIPE QUIT; umask 077; exec " + program() + " run --userns single " +
                             small_root() + " grep -E 'SigIgn|Umask' /proc/self/status"});
  CHECK(result.out == "Umask:\t0022\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("a caller that ignores the ends of its children does no harm") {
  // Not by sh, which takes SIGCHLD for itself.
  const Result result = run({"perl", "-e", "$SIG{CHLD} = 'IGNORE'; exec @ARGV", program(), "run", small_root(), "sh", "-c", "exit 7"},
                            {.patience = std::chrono::seconds(10)});
  CHECK_MESSAGE(result.code == 7, result.err);
}

TEST_CASE("the payload starts clean and restrained") {
  CHECK(inside("umask").out == "0022\n");
  const Result status = run({program(), "run", "--userns", "single", small_root(), "cat", "/proc/self/status"});
  for (const char* line : {"CapInh:\t0000000000000000", "CapPrm:\t00000000800405fb", "CapEff:\t00000000800405fb",
                           "CapBnd:\t00000000800405fb", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1",
                           "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"})
    CHECK_MESSAGE(status.out.find(line) != std::string::npos, line << " in " << status.out);
  CHECK(inside("ulimit -c").out == "0\n");
}

TEST_CASE("capabilities are added and dropped by name") {
  CHECK(inside("grep CapEff /proc/self/status", {"--cap-drop", "ALL"}).out == "CapEff:\t0000000000000000\n");
  CHECK(inside("grep CapEff /proc/self/status", {"--cap-drop", "ALL", "--cap-add", "net_admin"}).out ==
        "CapEff:\t0000000000001000\n");
  CHECK(inside("true", {"--cap-add", "fly"}).code == 125);
}

TEST_CASE("names, limits and folders are the ones asked for") {
  CHECK(inside("hostname; cat /etc/hostname", {"--hostname", "box"}).out == "box\nbox\n");
  CHECK(inside("pwd", {"-w", "/made/here"}).out == "/made/here\n");
  CHECK(inside("ulimit -n", {"--ulimit", "nofile=100:100"}).out == "100\n");
  CHECK(inside("grep ' db$' /etc/hosts", {"--add-host", "db:10.1.2.3"}).out == "10.1.2.3 db\n");
  CHECK(inside("cat /etc/resolv.conf", {"--dns", "10.1.2.3"}).out == "nameserver 10.1.2.3\n");
  CHECK(inside("df -k /dev/shm | tail -n 1 | awk '{print $2}'", {"--shm-size", "1m"}).out == "1024\n");
}

TEST_CASE("pid 1 is snug's, or with --no-init the payload itself") {
  CHECK(inside("echo $$").out == "2\n");
  CHECK(inside("echo $$", {"--no-init"}).out == "1\n");
  CHECK(inside("kill -9 1; echo alive").out == "alive\n");
}

TEST_CASE("orphans are reaped") {
  const Result result = inside("for i in $(seq 200); do (sleep 0 &) ; done; sleep 1; cat /proc/[0-9]*/stat | grep -c ') Z'; true");
  CHECK(result.out == "0\n");
}
