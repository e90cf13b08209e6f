#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "containers.hh"
#include "snug/base/text.hh"

using namespace snug::test;

namespace {

/// A store of its own, a configuration that names the small root, and a project folder to stand in.
class Home : public Containers {
 public:
  Home() {
    shell_output("mkdir -p " + folder() + "/config/snug " + work());
    shell_output("printf 'rootfs = \"%s\"\\n[run]\\nuserns = \"single\"\\n' " + small_root() + " >" + folder() + "/config/snug/config.toml");
  }
  [[nodiscard]] std::string work() const { return folder() + "/work"; }
  [[nodiscard]] std::vector<std::string> env() const { return {"XDG_CONFIG_HOME=" + folder() + "/config", environment()}; }
  [[nodiscard]] Result enter(const std::vector<std::string>& command, const std::string& input = {}) const {
    std::vector<std::string> words{program(), "enter", "dev"};
    words.insert(words.end(), command.begin(), command.end());
    return run(words, {.env = env(), .input = input, .folder = work()});
  }
  [[nodiscard]] std::vector<std::string> started(const std::vector<std::string>& after) const {
    std::vector<std::string> words{"/usr/bin/env"};
    for (const std::string& variable : env()) words.push_back(variable);
    words.push_back(program());
    words.insert(words.end(), after.begin(), after.end());
    return words;
  }
  [[nodiscard]] std::string phase() const { return snug({"ps", "--all", "--format", "{{.State}}"}).out; }
};

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("enter: makes a container by the configuration, ends it with the last who leaves, and finds it as it was") {
  const Home home;
  const Result made = home.enter({"sh", "-c", "echo kept >/root/kept; hostname"});
  CHECK_MESSAGE(made.out == "dev\n", made.err);
  CHECK(has(made.err, "snug rm dev"));
  CHECK(eventually([&] { return home.phase() == "exited\n"; }));
  const Result again = home.enter({"cat", "/root/kept"});
  CHECK_MESSAGE(again.out == "kept\n", again.err);
  CHECK(again.err.empty());
  CHECK(home.enter({"sh", "-c", "exit 7"}).code == 7);
  CHECK(eventually([&] { return home.phase() == "exited\n"; }));
  CHECK(home.snug({"rm", "dev"}).code == 0);
  CHECK(home.is_empty());
}

TEST_CASE("enter: many at once, in a container that one of them makes") {
  const Home home;
  std::string script;
  for (int each = 0; each < 6; ++each) script += program() + " enter dev sh -c 'echo in' & ";
  const Result result = run({"/bin/sh", "-c", script + "wait"}, {.env = home.env(), .folder = home.work()});
  CHECK_MESSAGE(result.out == "in\nin\nin\nin\nin\nin\n", result.err);
  CHECK(eventually([&] { return home.phase() == "exited\n"; }));
}

TEST_CASE("enter: one who leaves does not take it from another, and one that is killed counts as gone") {
  const Home home;
  Background first(home.started({"enter", "dev", "sleep", "86510"}));
  REQUIRE(eventually([] { return find_commands({"sleep", "86510"}).size() == 1; }));
  CHECK(home.enter({"true"}).code == 0);
  CHECK(home.phase() == "running\n");
  CHECK(find_commands({"sleep", "86510"}).size() == 1);
  first.signal(SIGKILL);
  CHECK(first.wait() == 137);
  CHECK(eventually([&] { return home.phase() == "exited\n"; }));
  CHECK(find_commands({"sleep", "86510"}).empty());
}

TEST_CASE("enter: what was started to stay stays; its own command runs, and who enters sees it") {
  const Home home;
  CHECK(home.snug({"run", "-d", "--userns", "single", "--name", "dev", small_root(), "sh", "-c", "echo x >>/ran; exec sleep 86511"}).code == 0);
  CHECK(home.enter({"cat", "/proc/2/comm"}).out == "sleep\n");
  CHECK(home.phase() == "running\n");
  CHECK(home.snug({"stop", "-t", "0", "dev"}).code == 0);
  // Started for those who enter alone, it does not run its command.
  CHECK(home.enter({"cat", "/ran"}).out == "x\n");
  CHECK(eventually([&] { return home.phase() == "exited\n"; }));
  CHECK(home.snug({"start", "dev"}).code == 0);
  CHECK(eventually([&] { return home.enter({"cat", "/ran"}).out == "x\nx\n"; }));
  CHECK(home.phase() == "running\n");
}

TEST_CASE("enter, debug: who leaves last waits for the end, and it can be started, removed and made anew at once") {
  const Home home;
  CHECK(home.snug({"run", "-d", "--userns", "single", "--name", "dev", small_root(), "sh", "-c", "echo x >>/ran; exec sleep 86520"}).code == 0);
  CHECK(home.snug({"stop", "-t", "0", "dev"}).code == 0);
  for (const std::vector<std::string>& visit : {std::vector<std::string>{"enter", "dev", "true"}, {"enter", "dev", "/nosuch"}, {"debug", "dev", "-c", ":"}}) {
    static_cast<void>(home.snug(visit));
    CHECK(home.phase() == "exited\n");
    const Result start = home.snug({"start", "dev"});
    CHECK_MESSAGE(start.out == "dev\n", start.err);
    CHECK(home.phase() == "running\n");
    CHECK(home.snug({"stop", "-t", "0", "dev"}).code == 0);
  }
  CHECK(home.enter({"true"}).code == 0);
  CHECK(home.snug({"cp", "dev:/ran", "-"}).code == 0);
  CHECK(home.snug({"rm", "dev"}).code == 0);
  CHECK(home.is_empty());
  CHECK(home.enter({"true"}).code == 0);
  CHECK(home.phase() == "exited\n");
}

TEST_CASE("start: one that is entered stays from then on, unless its own command would have to be started") {
  const Home home;
  const auto runs = [&] { return eventually([&] { return home.phase() == "running\n"; }); };
  Background visit(home.started({"enter", "dev", "sleep", "86521"}));
  REQUIRE(runs());
  const Result start = home.snug({"start", "dev"});
  CHECK_MESSAGE(start.out == "dev\n", start.err);
  visit.signal(SIGKILL);
  CHECK(visit.wait() == 137);
  CHECK(home.enter({"true"}).code == 0);
  CHECK(home.phase() == "running\n");
  CHECK(home.snug({"rm", "-f", "dev"}).code == 0);

  CHECK(home.snug({"run", "-d", "--userns", "single", "--name", "dev", small_root(), "sh", "-c", "echo x >>/ran; exec sleep 86522"}).code == 0);
  REQUIRE(eventually([&] { return home.enter({"cat", "/ran"}).out == "x\n"; }));
  CHECK(home.snug({"stop", "-t", "0", "dev"}).code == 0);
  Background guest(home.started({"enter", "dev", "sleep", "86523"}));
  REQUIRE(runs());
  const Result refused = home.snug({"start", "dev"});
  CHECK(refused.code == 1);
  CHECK_MESSAGE(refused.err == "snug: cannot start the container 'dev': it runs for those who have entered it, and its own command sleeps\n"
                               "  hint:  'snug exec dev COMMAND' runs one now; 'snug start dev' its own when they have left\n", refused.err);
  CHECK(home.enter({"cat", "/ran"}).out == "x\n");
  guest.signal(SIGKILL);
  CHECK(guest.wait() == 137);
  CHECK(eventually([&] { return home.snug({"start", "dev"}).code == 0; }));  // once the container has heard that it was left
  CHECK(eventually([&] { return home.enter({"cat", "/ran"}).out == "x\nx\n"; }));
  CHECK(home.snug({"rm", "-f", "dev"}).code == 0);
}

TEST_CASE("start, rm: of one that is just being stopped its end is waited for; a name that is going away can be had") {
  const Home home;
  // It says when it was asked to end, and ends when it is told to.
  const std::string script = "trap 'echo asked; until [ -e /go ]; do sleep 0.05; done; exit' TERM; echo up; while :; do sleep 0.05; done";
  const auto stopping = [&](std::vector<std::string> words, const std::vector<std::string>& then) {
    words.insert(words.end(), {"--userns", "single", "--name", "dev", small_root(), "sh", "-c", script});
    CHECK(home.snug(words).code == 0);
    CHECK(eventually([&] { return home.snug({"logs", "dev"}).out == "up\n"; }));
    Background stop(home.started({"stop", "-t", "60", "dev"}));
    CHECK(eventually([&] { return home.snug({"logs", "dev"}).out == "up\nasked\n"; }));
    Background waiting(home.started(then));
    CHECK(eventually([&] { return is_asleep(waiting.pid(), "snug"); }));
    CHECK(home.phase() == "running\n");
    CHECK(home.snug({"exec", "dev", "touch", "/go"}).code == 0);
    CHECK(waiting.wait() == 0);
    CHECK(stop.wait() == 0);
  };
  stopping({"run", "-d"}, {"start", "dev"});
  CHECK(home.phase() == "running\n");
  CHECK(home.snug({"rm", "-f", "dev"}).code == 0);
  stopping({"run", "-d"}, {"rm", "dev"});
  CHECK(home.is_empty());
  stopping({"run", "-d", "--rm"}, {"run", "-d", "--userns", "single", "--name", "dev", small_root(), "sleep", "86521"});
  CHECK(home.phase() == "running\n");
}

TEST_CASE("enter: begins in the caller's folder where it is inside, else at home; a shell without a command") {
  const Home home;
  CHECK(home.enter({"pwd"}).out == "/\n");
  CHECK(home.enter({}, "pwd; echo $0\n").out == "/root\n-sh\n");
  const Result there = run({program(), "enter", "dev", "pwd"}, {.env = home.env(), .folder = "/tmp"});
  CHECK_MESSAGE(there.out == "/tmp\n", there.err);
  const Result asked = run({program(), "enter", "-w", "/etc", "dev", "pwd"}, {.env = home.env(), .folder = "/tmp"});
  CHECK(asked.out == "/etc\n");
}

TEST_CASE("enter: a shell on a terminal, in the folder of the project that the container shows") {
  const Home home;
  Terminal terminal(home.started({"enter", "-e", "PS1=ready$ ", "dev", "sh"}), 30, 99);
  REQUIRE_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  terminal.send("tty; stty size\n");
  CHECK_MESSAGE(terminal.expect("/dev/pts/0\r\n30 99\r\n"), terminal.seen());
  terminal.send("exit 4\n");
  CHECK(terminal.wait() == 4);
}

TEST_CASE("enter: killed at whatever moment of its start, it leaves no container running") {
  const Home home;
  REQUIRE(home.enter({"true"}).code == 0);
  for (int moment = 0; moment < 12; ++moment) {
    const Background entering(home.started({"enter", "dev", "sleep", "1000"}));
    std::this_thread::sleep_for(std::chrono::milliseconds(2 * moment));
    entering.signal(SIGKILL);
    CAPTURE(moment);
    CHECK(eventually([&] { return home.phase() == "exited\n"; }));
  }
}

TEST_CASE("enter: what is no name makes nothing") {
  const Home home;
  for (const char* name : {"", "a/b", "../x", "-"}) CHECK(run({program(), "enter", "--", name, "true"}, {.env = home.env()}).code == 125);
  CHECK(home.is_empty());
}

TEST_CASE("top: processes of the container and of those who entered, with their numbers here and inside") {
  const Containers containers;
  CHECK(containers.run_detached("box", "exec sleep 86512").code == 0);
  CHECK(containers.snug({"exec", "-d", "box", "sleep", "86513"}).code == 0);
  Result top;
  // It is told of as started a moment before the kernel shows its words.
  CHECK_MESSAGE(eventually([&] { return has((top = containers.snug({"top", "box"})).out, "sleep 86513"); }), top.out);
  CHECK(top.out.starts_with("PID "));
  for (const char* command : {"sleep 86512", "sleep 86513"}) CHECK_MESSAGE(has(top.out, command), top.out);
  CHECK(has(top.out, std::to_string(containers.init("box"))));
  CHECK(has(top.out, " root "));
  CHECK(snug::lines(top.out).size() == 4);
  CHECK(containers.snug({"top", "other"}).code == 125);
}

TEST_CASE("top: command lines of strangers do nothing to a terminal, and no program of the container is run") {
  const Containers containers;
  CHECK(containers.run_detached("box", "rm /bin/ps; printf '#!/bin/sh\\ntouch /ran\\n' >/bin/ps; chmod +x /bin/ps; exec sh -c 'sleep 86514; :' \"$(printf 'x\\033[2J')\"").code == 0);
  REQUIRE(eventually([] { return !find_processes("86514").empty(); }));
  const Result top = containers.snug({"top", "box"});
  CHECK(!has(top.out, "\x1b"));
  CHECK(containers.snug({"exec", "box", "test", "-e", "/ran"}).code == 1);
}

TEST_CASE("stats: what runs is counted") {
  const Containers containers;
  CHECK(containers.run_detached("box", "exec sleep 86515").code == 0);
  CHECK(containers.run_detached("busy", "while :; do :; done").code == 0);
  const Result all = containers.snug({"stats", "--no-stream"});
  CHECK(snug::lines(all.out).size() == 3);
  const Result one = containers.snug({"stats", "--json", "box"});
  CHECK_MESSAGE(has(one.out, "\"processes\": 2"), one.out);
  CHECK(!has(one.out, "\"memoryBytes\": 0"));
  CHECK(has(one.out, "\"cpuPercent\": 0.0"));
  CHECK(!has(containers.snug({"stats", "--json", "busy"}).out, "\"cpuPercent\": 0.0\n"));
}
