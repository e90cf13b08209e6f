#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "containers.hh"

using namespace snug::test;

namespace {

std::vector<std::string> shell(const std::string& root) { return {program(), "run", "--userns", "single", "-e", "PS1=ready$ ", root}; }

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("a shell on a terminal of its own: size, resize, Ctrl-C, exit code") {
  Terminal terminal(shell(small_root()), 33, 101);
  REQUIRE_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  terminal.send("tty; stty size\n");
  CHECK_MESSAGE(terminal.expect("/dev/pts/0\r\n33 101\r\n"), terminal.seen());
  terminal.resize(40, 90);
  CHECK(eventually([&] {
    terminal.send("stty size\n");
    return terminal.expect("40 90\r\n");
  }));
  terminal.send("sleep 86409\n");
  CHECK(terminal.expect("sleep 86409\r\n"));
  REQUIRE(eventually([] { return !find_processes("86409").empty(); }));
  terminal.send("\x03");
  CHECK_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  terminal.send("echo code $?\n");
  CHECK_MESSAGE(terminal.expect("code 130"), terminal.seen());
  terminal.send("exit 5\n");
  CHECK(terminal.expect("exit 5"));
  CHECK(terminal.wait() == 5);
}

TEST_CASE("the terminal is as it was, however the container ends") {
  struct End {
    std::string keys;  // typed at a shell inside
    int to_monitor, to_init;
    std::string code;
  };
  for (const End& end : {End{"stty raw -echo; exit 3\n", 0, 0, "3"}, End{"", 0, SIGKILL, "137"}, End{"exec sleep 86408\n", SIGTERM, 0, "143"}}) {
    Terminal terminal({"/bin/sh", "-c", "before=$(stty -g); " + program() + " run --userns single -e PS1='ready$ ' " + small_root() +
                       "; code=$?; [ \"$before\" = \"$(stty -g)\" ] && echo same, and $code"}, 24, 80);
    REQUIRE_MESSAGE(terminal.expect("ready$ "), terminal.seen());
    const pid_t monitor = only_child(terminal.pid()), init = only_child(monitor);
    terminal.send(end.keys);
    if (end.to_monitor) REQUIRE(eventually([] { return !find_processes("86408").empty(); }));
    if (end.to_init) ::kill(init, end.to_init);
    if (end.to_monitor) ::kill(monitor, end.to_monitor);
    CHECK_MESSAGE(terminal.expect("same, and " + end.code), terminal.seen());
    CHECK(terminal.wait() == 0);
  }
}

TEST_CASE("when the terminal goes away, so does the container") {
  Terminal terminal(shell(small_root()), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  terminal.send("sleep 86406\n");
  REQUIRE(eventually([] { return !find_processes("86406").empty(); }));
  terminal.hang_up();
  CHECK(eventually([] { return find_processes("86406").empty(); }));
  CHECK(terminal.wait() != 0);
}

// An outer shell whose job, `command`, has a `cat` inside; two texts of one run in a line, as the shell would split them.
void start_cat(Terminal& terminal, const std::string& command) {
  REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send(command + "\n");
  REQUIRE_MESSAGE(terminal.expect("ready\r\n"), terminal.seen());  // keys that come earlier are echoed by the outer terminal, and stop nobody
  terminal.send("one\n");
  REQUIRE_MESSAGE(terminal.expect("one\r\none\r\n"), terminal.seen());
}

const std::string cat_script = "sh -c 'echo rea\"\"dy; exec cat'";

// The `cat` after a stop: what is typed comes back, and its end is the end.
void check_goes_on(Terminal& terminal, const std::string& job) {
  CHECK_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send("fg\n");
  CHECK_MESSAGE(terminal.expect(job + "\r\n"), terminal.seen());
  terminal.send("two\n");
  CHECK_MESSAGE(terminal.expect("two\r\ntwo\r\n"), terminal.seen());
  terminal.send("\x04");
  CHECK_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send("exit\n");
  CHECK(terminal.wait() == 0);
}

TEST_CASE("Ctrl-Z at a payload that is no shell gives the outer shell its terminal back") {
  Terminal terminal(outer_shell(), 24, 80);
  start_cat(terminal, program() + " run --userns single " + small_root() + " " + cat_script);
  terminal.send("\x1a");
  check_goes_on(terminal, cat_script);
}

TEST_CASE("Ctrl-Z at a command that is no shell, of who comes to a container that runs, does the same") {
  const Containers containers;
  REQUIRE(containers.run_detached("box", "exec sleep 1000").code == 0);
  const std::string snug = "env " + containers.environment() + " " + program();
  for (const char* words : {" exec -it box ", " enter box "}) {
    Terminal terminal(outer_shell(), 24, 80);
    start_cat(terminal, snug + words + cat_script);
    CHECK(has(containers.snug({"walls", "box"}).out, "leads the session of a terminal in here"));
    terminal.send("\x1a");
    check_goes_on(terminal, cat_script);
  }
  CHECK(containers.snug({"rm", "-f", "box"}).code == 0);
}

TEST_CASE("a stop that is asked for from outside is one stop") {
  Terminal terminal(outer_shell(), 24, 80);
  start_cat(terminal, program() + " run --userns single " + small_root() + " " + cat_script);
  ::kill(only_child(terminal.pid()), SIGTSTP);
  check_goes_on(terminal, cat_script);
}

TEST_CASE("a stop that another snug sends gives the outer shell its terminal back, too") {
  Terminal terminal(outer_shell(), 24, 80);
  start_cat(terminal, program() + " run --rm --name halted --userns single " + small_root() + " " + cat_script);
  CHECK(run({program(), "kill", "--signal", "TSTP", "halted"}).code == 0);
  check_goes_on(terminal, cat_script);
}

TEST_CASE("Ctrl-Z stops the whole job that snug is part of") {
  Terminal terminal(outer_shell(), 24, 80);
  start_cat(terminal, "sh -c '" + program() + " run --userns single " + small_root() + " sh -c \"echo rea''dy; exec cat\"; echo af''ter'");
  terminal.send("\x1a");
  check_goes_on(terminal, "echo af''ter'");
}

TEST_CASE("in the background of a terminal a command works, and fg brings it what is typed") {
  Terminal terminal(outer_shell(), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send(program() + " run --userns single " + small_root() + " sh -c 'echo wor\"\"ked; sleep 0.2; exit 6' & wait $!; echo re''sult $?\n");
  CHECK_MESSAGE(terminal.expect("worked\r"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("result 6\r\n"), terminal.seen());
  // Not as the shell that edits its lines has it.
  terminal.send("stty -icanon; " + program() + " run --userns single " + small_root() + " sh -c 'stty -a' & wait $!; stty icanon; echo sho''wn\n");
  CHECK_MESSAGE(terminal.expect("isig icanon"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("shown\r\n"), terminal.seen());
  terminal.send(program() + " run --userns single " + small_root() + " sh -c 'echo wai\"\"ting; read line; echo got $line; exit 7' & sleep 0.1\n");
  CHECK_MESSAGE(terminal.expect("waiting\r"), terminal.seen());
  terminal.send("fg\n");
  CHECK_MESSAGE(terminal.expect("exit 7'\r\n"), terminal.seen());  // bash tells of what it takes to the front
  terminal.send("typed\n");
  CHECK_MESSAGE(terminal.expect("got typed\r\n"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("outer$ "), terminal.seen());  // keys that come earlier are the container's
  terminal.send("echo re''sult $?\n");
  CHECK_MESSAGE(terminal.expect("result 7\r\n"), terminal.seen());
  terminal.send("exit\n");
  CHECK(terminal.wait() == 0);
}

TEST_CASE("bg has what Ctrl-Z stopped go on in the background") {
  Terminal terminal(outer_shell(), 24, 80);
  start_cat(terminal, program() + " run --userns single " + small_root() + " sh -c 'echo rea\"\"dy; read line; echo $line; sleep 0.5; echo la\"\"ter'");
  terminal.send("\x1a");
  CHECK_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send("bg; wait; jobs; echo re''sult $?\n");
  CHECK_MESSAGE(terminal.expect("later\r"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("result 0\r\n"), terminal.seen());
  terminal.send("exit\n");
  CHECK(terminal.wait() == 0);
}

TEST_CASE("a job that Ctrl-Z has stopped keeps no container from its end") {
  const Containers containers;
  REQUIRE(containers.run_detached("far", "until [ -e /go ]; do sleep 0.05; done; exit 3").code == 0);
  const std::string snug = "env " + containers.environment() + " " + program();
  for (const std::string& words : {std::string(" exec -i -t=false far cat"), " run --userns single --name near " + small_root() + " " + cat_script}) {
    Terminal terminal(outer_shell(), 24, 80);
    REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
    terminal.send(snug + words + "\n");
    REQUIRE_MESSAGE((words.find("near") == std::string::npos ? eventually([] { return find_commands({"cat"}).size() == 1; }) : terminal.expect("ready\r\n")), terminal.seen());
    terminal.send("\x1a");
    REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
    if (words.find("near") == std::string::npos) {
      CHECK(containers.snug({"exec", "far", "touch", "/go"}).code == 0);
      CHECK(containers.snug({"wait", "far"}).out == "3\n");
    } else {
      CHECK(containers.snug({"kill", "near"}).code == 0);
    }
    CHECK(containers.snug({"ps", "-q"}).out.empty());
  }
  CHECK(containers.snug({"rm", "-f", "far"}).code == 0);
}

TEST_CASE("Ctrl-Z does nothing where no shell could have the job go on") {
  Terminal terminal({program(), "run", "--userns", "single", small_root(), "sh", "-c", "echo ready; exec cat"}, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("ready\r\n"), terminal.seen());
  terminal.send("\x1a");
  CHECK_MESSAGE(terminal.expect("^Z"), terminal.seen());
  terminal.send("two\n");
  for (int time = 0; time < 2; ++time) CHECK_MESSAGE(terminal.expect("two\r\n"), terminal.seen());  // the title comes between, perhaps
  terminal.send("\x04");
  CHECK(terminal.wait() == 0);
}

TEST_CASE("with a terminal asked for, the end of an input that is none ends it inside as well") {
  const auto on_terminal = [](const std::string& command) {
    return std::vector<std::string>{program(), "run", "-t", "--userns", "single", small_root(), "sh", "-c", command};
  };
  CHECK(run(on_terminal("cat; echo end"), {.input = "one\ntwo"}).out.find("end\r\n") != std::string::npos);
  CHECK(run({program(), "run", "-t", "--userns", "single", small_root(), "sh", "-i"}, {.input = "echo o''ne\n"}).out.find("one\r\n") != std::string::npos);
  CHECK(run({program(), "run", "-it", "--userns", "single", small_root(), "sh"}).err.find("-it: standard input is no terminal") != std::string::npos);
}

TEST_CASE("the host's terminal is never inside") {
  // Without -t outputs that are terminals are pipes, and a terminal as input is not passed on.
  Terminal terminal({program(), "run", "--userns", "single", "--tty=false", small_root(), "sh", "-c",
                     "for fd in 0 1 2; do test -t $fd && echo terminal; done; readlink /proc/self/fd/0; echo end"}, 24, 80);
  CHECK_MESSAGE(terminal.expect("/dev/null\r\nend\r\n"), terminal.seen());
  CHECK(terminal.wait() == 0);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("bash on a real Debian: tty, size, resize, Ctrl-C, job control, exit code") {
  if (debian_root().empty()) return skip("no Debian root was made");
  Terminal terminal({program(), "run", "-e", "PS1=ready$ ", debian_root(), "bash", "--norc", "-i"}, 33, 101);
  REQUIRE_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  terminal.send("tty; stty size\n");
  CHECK_MESSAGE(terminal.expect("/dev/pts/0\r\n33 101\r\n"), terminal.seen());
  terminal.resize(40, 90);
  CHECK(eventually([&] {
    terminal.send("stty size\n");
    return terminal.expect("40 90\r\n");
  }));
  CHECK(terminal.expect("ready$ "));

  terminal.send("sleep 86411\n");
  REQUIRE(eventually([] { return find_processes("86411").size() == 1; }));
  terminal.send("\x03");
  CHECK_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  terminal.send("echo code $?\n");
  CHECK_MESSAGE(terminal.expect("code 130"), terminal.seen());
  CHECK(find_processes("86411").empty());

  terminal.send("sleep 86410\n");
  REQUIRE(eventually([] { return find_processes("86410").size() == 1; }));
  terminal.send("\x1a");
  CHECK_MESSAGE(terminal.expect("Stopped"), terminal.seen());
  terminal.send("jobs; kill -CONT %1; kill %1; wait; echo d''one\n");  // wait passes over what is stopped
  CHECK_MESSAGE(terminal.expect("done"), terminal.seen());
  terminal.send("exit 3\n");
  CHECK(terminal.wait() == 3);
}

TEST_CASE("a real Debian: packages install, programs compile") {
  if (debian_root().empty()) return skip("no Debian root was made");
  const Result built = run({program(), "run", debian_root(), "sh", "-c",
                            "printf '#include <stdio.h>\\nint main(void) { puts(\"built\"); }' >a.c && gcc a.c -o a && ./a"});
  CHECK_MESSAGE(built.out == "built\n", built.err);
  const Result installed = run({program(), "run", "--network", "host", debian_root(), "sh", "-c",
                                "apt-get update -q && apt-get install -yq --no-install-recommends hello && hello"},
                               {.patience = std::chrono::seconds(180)});
  CHECK_MESSAGE(installed.out.find("Hello, world!") != std::string::npos, installed.err);
}
