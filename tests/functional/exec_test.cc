#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "containers.hh"

using namespace snug::test;

namespace {

/// A container in the background, called box, in a store of its own.
class Container : public Containers {
 public:
  explicit Container(const std::vector<std::string>& options = {}, const std::vector<std::string>& command = {"sleep", "86500"}) {
    std::vector<std::string> words{"run", "-d", "--name", "box"};
    if (std::find(options.begin(), options.end(), "--userns") == options.end()) words.insert(words.end(), {"--userns", "single"});
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(small_root());
    words.insert(words.end(), command.begin(), command.end());
    const Result made = snug(words);
    REQUIRE_MESSAGE(made.code == 0, made.err);
  }
  [[nodiscard]] Result sh(const std::string& script, std::vector<std::string> with = {}) const {
    with.insert(with.begin(), "exec");
    with.insert(with.end(), {"box", "sh", "-c", script});
    return snug(with);
  }
  [[nodiscard]] Options options() const { return {.env = {environment()}}; }
  [[nodiscard]] static std::vector<std::string> words(std::vector<std::string> after) {
    after.insert(after.begin(), program());
    return after;
  }
  /// Words that start snug where no environment can be given.
  [[nodiscard]] std::vector<std::string> started(const std::vector<std::string>& after) const {
    std::vector<std::string> all{"/usr/bin/env", environment(), program()};
    all.insert(all.end(), after.begin(), after.end());
    return all;
  }
};

// Everything that restrains a process, as far as it can tell itself.
constexpr const char* restraints =
    "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Sig(Blk|Ign|Cgt)|Umask)' /proc/self/status; cat /proc/self/limits /proc/self/uid_map /proc/self/setgroups; "
    "env | grep -v ^SHLVL | sort; pwd; ls /proc/self/fd | wc -l";

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("exec: behind all walls of the container") {
  const Container box({"--security-opt", "landlock=off"});  // which would not let it look at what it did not start
  const Result kinds = box.sh("for kind in user mnt pid net uts ipc cgroup; do [ \"$(readlink /proc/self/ns/$kind)\" = \"$(readlink /proc/2/ns/$kind)\" ] || echo $kind; done; "
                              "readlink /proc/2/exe; hostname");
  CHECK_MESSAGE(kinds.out == "/bin/busybox\nbox\n", (kinds.out + kinds.err));
}

TEST_CASE("exec: under all restraints of the container's own command") {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--cap-drop", "ALL", "-e", "A=b c", "-w", "/tmp"}, {"--ulimit", "nproc=1000:2000", "--security-opt", "no-new-privileges=false"}}) {
    std::vector<std::string> named = options;
    named.insert(named.end(), {"--name", "box"});
    const Result own = inside(restraints, named);
    const Container box(options);
    const Result entered = box.sh(restraints);
    CHECK_MESSAGE(own.out == entered.out, difference({own.out}, {entered.out}));
    CHECK(has(own.out, "NoNewPrivs"));
  }
}

TEST_CASE("exec: exit codes are the command's own, or tell why there was none") {
  const Container box;
  CHECK(box.sh("exit 0").code == 0);
  CHECK(box.sh("exit 7").code == 7);
  CHECK(box.sh("kill -9 $$").code == 137);
  CHECK(box.sh("kill -TERM $$").code == 143);
  CHECK(box.snug({"exec", "box", "no-such-program"}).code == 127);
  CHECK(box.snug({"exec", "box", "/etc/passwd"}).code == 126);
  CHECK(box.snug({"exec", "box"}).code == 125);
  CHECK(box.snug({"exec", "--privileged", "box", "true"}).code == 125);
  CHECK(box.snug({"exec", "--privileged=false", "box", "true"}).code == 0);
  CHECK(box.snug({"exec", "-w", "/no-such-folder", "box", "true"}).code == 125);
  const Result unknown = box.snug({"exec", "other", "true"});
  CHECK(unknown.code == 125);
  CHECK(has(unknown.err, "'other'"));
  CHECK(box.snug({"stop", "-t", "0", "box"}).code == 0);
  const Result stopped = box.snug({"exec", "box", "true"});
  CHECK(stopped.code == 125);
  CHECK_MESSAGE(has(stopped.err, "snug start box"), stopped.err);
}

TEST_CASE("exec: the environment is the container's and what is added, and nothing of the host's") {
  const Container box({"-e", "A=container", "-e", "B=container"});
  Options options = box.options();
  options.env.insert(options.env.end(), {"SECRET=host", "COPIED=host", "LD_PRELOAD=/x.so"});
  const Result result = run(box.words({"exec", "-e", "B=mine", "-e", "COPIED", "box", "env"}), options);
  for (const char* line : {"A=container\n", "B=mine\n", "COPIED=host\n", "container=snug\n"}) CHECK_MESSAGE(has(result.out, line), result.out);
  for (const char* word : {"SECRET", "LD_PRELOAD", "TERM=", "XDG_DATA_HOME"}) CHECK_MESSAGE(!has(result.out, word), word);
}

TEST_CASE("exec: a user is a name of the container or a number that is one") {
  const Container box;
  CHECK(box.sh("id -u", {"-u", "0"}).out == "0\n");
  CHECK(box.sh("id -u", {"-u", "root:root"}).out == "0\n");
  for (const char* odd : {"01", "+1", "1 ", " 1", "4294967296", "4294967295", "-1", "1x", "", "nobody-here", "1", "worker"}) {
    const Result result = box.sh("id -u", {"-u", odd});
    CHECK_MESSAGE(result.code == 125, std::string(odd));
    CHECK_MESSAGE(result.out.empty(), std::string(odd));
  }
}

TEST_CASE("exec: standard input, output and error are the caller's; of other descriptors none gets in") {
  const Container box;
  const Result piped = run(box.words({"exec", "-i", "box", "sh", "-c", "cat; echo bad >&2"}), {.env = box.options().env, .input = "words"});
  CHECK(piped.out == "words");
  CHECK(piped.err == "bad\n");
  std::string opened, numbers;
  for (int fd = 3; fd <= 20; ++fd) opened += " " + std::to_string(fd) + "</etc";
  const Result leaked = run({"/bin/bash", "-c", "exec" + opened + "; exec " + program() + " exec box ls /proc/self/fd </dev/null"}, box.options());
  CHECK_MESSAGE(leaked.out == "0\n1\n2\n3\n", (leaked.out + leaked.err));
  for (int fd = 3; fd <= 20; ++fd) {
    const Result led = run({"/bin/bash", "-c", "exec" + opened + "; exec " + program() + " exec -w /proc/self/fd/" + std::to_string(fd) + " box pwd"}, box.options());
    CHECK_MESSAGE((led.code == 125 && led.out.empty()), led.out);
  }
  const Result folder = run({"/bin/bash", "-c", "exec " + program() + " exec box true </etc"}, box.options());
  CHECK(folder.code == 125);
}

TEST_CASE("exec: whoever looks at those who enter sees the command, and nothing of the host") {
  // Landlock would not let it look at all.
  const Container box({"--security-opt", "landlock=off"}, {"sh", "-c",
                           "while :; do for each in /proc/[0-9]*; do case $each in /proc/1|/proc/$$) continue;; esac; "
                           "ls -l $each/exe $each/cwd $each/root $each/fd 2>/dev/null | sed -n 's/.* -> //p'; "
                           "tr '\\0' '\\n' <$each/environ 2>/dev/null | grep SECRET; done >>/tmp/seen 2>/dev/null; done"});
  Options options = box.options();
  options.env.push_back("SECRET=host");
  for (int round = 0; round < 100; ++round) CHECK(run(box.words({"exec", "box", "true"}), options).code == 0);
  const Result seen = box.sh("sort -u /tmp/seen | grep -v -e '^/$' -e '^/bin/busybox$' -e '^pipe:' -e '^/dev/null$' -e '^/proc/' -e '^/tmp/seen$'");
  CHECK_MESSAGE(seen.out.empty(), seen.out);
  CHECK(box.sh("grep -q busybox /tmp/seen").code == 0);
}

TEST_CASE("exec: what the container makes of its own files bends nothing") {
  for (const char* deed : {"mkfifo /etc/passwd", "mkdir /etc/passwd", "head -c 2000000 /dev/zero >/etc/passwd"}) {
    const Container box;
    CHECK(box.sh("rm -rf /etc/passwd; " + std::string(deed)).code == 0);
    const Result named = run(box.words({"exec", "-u", "root", "box", "echo", "in"}), box.options());
    CHECK_MESSAGE(named.code == 125, std::string(deed));
    CHECK_MESSAGE(has(named.err, "etc/passwd"), named.err);
    CHECK(named.out.empty());
    CHECK(box.sh("echo in").out == "in\n");  // a number needs no name
  }
}

TEST_CASE("exec: links lead where they lead inside") {
  Scratch outside;
  outside.write("passwd", "worker:x:0:0::/home:/bin/sh\n");
  const Container box;
  CHECK(box.sh("ln -sf " + outside.path() + "/passwd /etc/passwd").code == 0);
  CHECK(box.sh("echo in", {"-u", "worker"}).code == 125);
  CHECK(box.sh("ln -sf /proc/self/fd/0 /etc/passwd; ln -s / /up").code == 0);
  CHECK(box.sh("echo in", {"-u", "worker"}).code == 125);
  CHECK(box.sh("pwd", {"-w", "/up/../../etc"}).out == "/etc\n");
}

TEST_CASE("exec: a terminal of the container's own, with its size, job control and exit code") {
  const Container box;
  Terminal terminal(box.started({"exec", "-it", "-e", "PS1=ready$ ", "box", "sh"}), 33, 101);
  REQUIRE_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  terminal.send("tty; stty size; echo $TERM\n");
  CHECK_MESSAGE(terminal.expect("/dev/pts/0\r\n33 101\r\nxterm\r\n"), terminal.seen());
  terminal.resize(40, 90);
  CHECK(eventually([&] {
    terminal.send("stty size\n");
    return terminal.expect("40 90\r\n");
  }));
  terminal.send("sleep 86501\n");
  REQUIRE(eventually([] { return !find_processes("86501").empty(); }));
  terminal.send("\x1a");
  CHECK_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  terminal.send("kill -9 %1; wait; echo gone $?\n");
  CHECK_MESSAGE(terminal.expect("gone 0"), terminal.seen());
  terminal.send("exit 5\nexit 5\n");  // the first may be told of a job that was stopped
  CHECK(terminal.wait() == 5);
}

TEST_CASE("exec: a forged multiplexer of terminals is refused") {
  const Container box({"--cap-add", "SYS_ADMIN"});
  CHECK(box.sh("umount /dev/pts; mkdir -p /dev/pts; mkfifo /dev/pts/ptmx").code == 0);
  Terminal terminal(box.started({"exec", "-t", "box", "true"}), 24, 80);
  CHECK(terminal.wait() == 125);
}

TEST_CASE("exec: its end does not wait for one that it left behind and that goes on writing to the terminal") {
  const Container box;
  const std::string words = "env " + box.environment() + " " + program() + " exec box sh -c 'yes & exit 4'";
  CHECK(run({"timeout", "30", "script", "-qec", words, "/dev/null"}).code == 4);
}

TEST_CASE("exec: when the one outside is killed, the one inside dies") {
  const Container box;
  Background outside(box.started({"exec", "box", "sleep", "86502"}));
  REQUIRE(eventually([] { return find_commands({"sleep", "86502"}).size() == 1; }));
  outside.signal(SIGKILL);
  CHECK(outside.wait() == 137);
  CHECK(eventually([] { return find_commands({"sleep", "86502"}).empty(); }));
  CHECK(box.snug({"exec", "box", "true"}).code == 0);
}

TEST_CASE("exec: signals go to the command; the end of the container is the end of all who entered") {
  const Container box;
  Background asked(box.started({"exec", "box", "sleep", "86503"}));
  REQUIRE(eventually([] { return find_commands({"sleep", "86503"}).size() == 1; }));
  asked.signal(SIGTERM);
  CHECK(asked.wait() == 143);
  Background left(box.started({"exec", "box", "sleep", "86504"}));
  REQUIRE(eventually([] { return find_commands({"sleep", "86504"}).size() == 1; }));
  CHECK(box.snug({"kill", "box"}).code == 0);
  CHECK(left.wait() == 137);
}

TEST_CASE("exec --detach: goes on by itself, and pid 1 reaps it") {
  const Container box;
  const Result started = box.snug({"exec", "-d", "-it", "box", "sleep", "86505"});
  CHECK_MESSAGE(started.code == 0, started.err);
  CHECK(started.out.empty());
  CHECK(eventually([] { return find_commands({"sleep", "86505"}).size() == 1; }));  // the kernel shows its words a moment after it has begun
  CHECK(box.snug({"exec", "-d", "box", "true"}).code == 0);
  CHECK(eventually([&] { return box.sh("cat /proc/[0-9]*/stat | grep -c ' Z '").out == "0\n"; }));
  CHECK(box.snug({"exec", "-d", "box", "no-such-program"}).code == 127);
  CHECK(box.snug({"stop", "-t", "0", "box"}).code == 0);
  CHECK(find_commands({"sleep", "86505"}).empty());
}

TEST_CASE("exec: a container that shares walls with the host is entered all the same") {
  const Container box({"--network", "host", "--uts", "host", "--ipc", "host", "--pid", "host", "--cgroupns", "host"});
  CHECK_MESSAGE(box.sh("echo in").out == "in\n", box.sh("echo in").err);
}

TEST_CASE("exec: one that has the command itself as pid 1 is entered all the same") {
  const Container box({"--no-init"});
  CHECK_MESSAGE(box.sh("cat /proc/1/comm").out == "sleep\n", box.sh("true").err);
}

TEST_SUITE_BEGIN("ranges");

TEST_CASE("exec: as another user, with the groups that the container's files give") {
  const Container box({"--userns", "root"});
  CHECK(box.sh("id -u; id -G; echo $HOME; grep Cap /proc/self/status | grep -vc 0000000000000000", {"-u", "worker"}).out == "5\n5 50\n/home\n0\n");
  CHECK(box.sh("id -u; id -g", {"-u", "7:50"}).out == "7\n50\n");
  CHECK(box.sh("id -G", {"-u", "worker:5"}).out == "5\n");  // who says the group has that alone
  const Container other({"--userns", "keep-id"});
  CHECK(other.sh("id -u").out == std::to_string(::getuid()) + "\n");
}
