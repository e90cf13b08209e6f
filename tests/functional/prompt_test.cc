#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>

#include "containers.hh"
#include "harness.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug::test;
using snug::format;

namespace {

// snug alone on a terminal, with its state in a folder of the test's.
std::vector<std::string> prompt(const Scratch& scratch) {
  return {"env", "XDG_STATE_HOME=" + scratch.path() + "/state", "SHELL=/bin/sh", program()};
}

std::string history(const Scratch& scratch) {
  return snug::sys::find_file_text((scratch.path() + "/state/snug/history").c_str()).value_or("nothing");
}

unsigned mode(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

// A line that starts a shell inside, whose prompt is "inside$ " (the quotes keep the echo of the line apart from it).
std::string shell_line(const std::string& command = "sh") {
  return "run --userns single -e 'PS1=in'\"side$ \" " + small_root() + " " + command + "\n";
}

std::size_t open_descriptors(pid_t pid) {
  const std::filesystem::directory_iterator all(format("/proc/{}/fd", pid));
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

Result script(const std::string& text) { return run({program()}, {.env = {"SHELL=/bin/sh"}, .input = text}); }

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("the prompt takes commands without the word snug, and its errors end none") {
  Scratch scratch;
  Terminal terminal(prompt(scratch), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("These lines do not come again.\r\n"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("version\n");
  CHECK_MESSAGE(terminal.expect("snug 0."), terminal.seen());
  terminal.send("doctor\n");
  CHECK_MESSAGE(terminal.expect("\r\nuser namespace "), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("rnu\n");
  CHECK_MESSAGE(terminal.expect("snug: 'rnu' is no command\r\n  hint:  did you mean 'snug run'?\r\n"), terminal.seen());
  terminal.send("snug help version\n");
  CHECK_MESSAGE(terminal.expect("Usage: snug version"), terminal.seen());
  terminal.send("version 'a\n");
  CHECK_MESSAGE(terminal.expect("snug: the quote ' is not closed on this line"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("\x1b[200~rnu\rhelp version\x1b[201~\n");  // two lines that are pasted are two commands
  CHECK_MESSAGE(terminal.expect("\rsnug: 'rnu' is no command"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("Usage: snug version"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("\x04");
  CHECK(terminal.wait() == 0);
  CHECK_MESSAGE(terminal.seen().find("exit") == std::string::npos, terminal.seen());
}

TEST_CASE("the prompt tells how many containers run, and shows the manual of a command") {
  Containers containers;
  Scratch scratch;
  scratch.write("man", "#!/bin/sh\necho man of \"$@\"\n");
  std::filesystem::permissions(scratch.path() + "/man", std::filesystem::perms::owner_all);
  std::vector<std::string> words = prompt(scratch);
  words.insert(words.begin() + 1, {containers.environment(), "PATH=" + scratch.path() + ":/usr/bin:/bin"});
  Terminal terminal(words, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  REQUIRE(containers.snug({"run", "--detach", "--name", "one", small_root(), "sleep", "1000"}).code == 0);
  REQUIRE(containers.snug({"create", "--name", "asleep", small_root(), "sleep", "1000"}).code == 0);
  terminal.send("man ex\tec\n");
  CHECK_MESSAGE(terminal.expect("man of snug-exec\r\n"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug 1 up> "), terminal.seen());
  terminal.send("man\n");
  CHECK_MESSAGE(terminal.expect("man of snug\r\n"), terminal.seen());
  terminal.send("man 7 walls\n");
  CHECK_MESSAGE(terminal.expect("man of 7 snug-walls\r\n"), terminal.seen());
  scratch.write("man", "#!/bin/sh\necho no page\nexit 16\n");
  terminal.send("man wals\n");
  CHECK_MESSAGE(terminal.expect("no page\r\nsnug: there is no command 'wals'\r\n  hint:  did you mean 'man walls'?"), terminal.seen());
  terminal.send("rm --force one\n");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
}

TEST_CASE("Ctrl-C leaves what would go on for ever, and the prompt is there again") {
  const Containers containers;
  REQUIRE(containers.run_detached("one", "echo up; exec sleep 1000").code == 0);
  Scratch scratch;
  std::vector<std::string> words = prompt(scratch);
  words.insert(words.begin() + 1, containers.environment());
  Terminal terminal(words, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("snug 1 up> "), terminal.seen());
  for (const auto& [line, sign] : {std::pair{"logs -f one\n", "up\r\n"}, {"stats\n", "PROCESSES / LIMIT"}, {"wait one\n", "\n"}}) {
    terminal.send(line);
    REQUIRE_MESSAGE(terminal.expect(sign), terminal.seen());
    terminal.send("\x03");
    REQUIRE_MESSAGE(terminal.expect("snug 1 up> "), terminal.seen());
  }
  terminal.send("logs -f one\n");
  REQUIRE_MESSAGE(terminal.expect("up\r\n"), terminal.seen());
  terminal.send("\x03");
  CHECK_MESSAGE((terminal.expect("^C\r\n") && terminal.expect("snug 1 up> ")), terminal.seen());
}

TEST_CASE("exit and quit leave the prompt") {
  for (const char* word : {"exit\n", " quit # at last\n"}) {
    Scratch scratch;
    Terminal terminal(prompt(scratch), 24, 80);
    REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
    terminal.send("exit now\n");
    CHECK_MESSAGE(terminal.expect("snug: exit has no use for the word 'now'"), terminal.seen());
    REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
    terminal.send(word);
    CHECK(terminal.wait() == 0);
  }
}

TEST_CASE("Tab completes, and Ctrl-C takes a half line back") {
  Scratch scratch;
  Terminal terminal(prompt(scratch), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("ru\t");
  CHECK_MESSAGE(terminal.expect("run "), terminal.seen());
  terminal.send("--hostn\t");
  CHECK_MESSAGE(terminal.expect("--hostname "), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("version\n");
  CHECK_MESSAGE(terminal.expect("\rsnug 0."), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("run --network=\t\t");  // the second one lists
  CHECK_MESSAGE(terminal.expect("\r\ncontainer: "), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> run --network="), terminal.seen());
  terminal.send("priv\t");
  CHECK_MESSAGE(terminal.expect("private "), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send(
      "\x12"
      "ver");  // also out of a search
  CHECK_MESSAGE(terminal.expect("search"), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect("^C"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("\x04");
  CHECK(terminal.wait() == 0);
}

TEST_CASE("names of files are completed and quoted; one that acts on a terminal is not offered") {
  Scratch scratch;
  scratch.write("a file", "read\n");
  scratch.write("a\x1b[31m", "");
  scratch.write(
      "a\xc2\x9b"
      "31m",
      "");
  std::filesystem::create_directory(scratch.path() + "/folder");
  Terminal terminal(prompt(scratch), 24, 200);
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("! cat " + scratch.path() + "/a\t");
  CHECK_MESSAGE(terminal.expect("/a\\ file "), terminal.seen());
  terminal.send("\n");
  CHECK_MESSAGE(terminal.expect("read\r\n"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("run dir:" + scratch.path() + "/fo\t");
  CHECK_MESSAGE(terminal.expect("/folder/"), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("run '" + scratch.path() + "/fo\t");
  CHECK_MESSAGE(terminal.expect("/folder/"), terminal.seen());
}

TEST_CASE("a line that begins with ! goes to the host's shell, and Ctrl-C to what it starts") {
  Scratch scratch;
  Terminal terminal(prompt(scratch), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("! echo $0 'a  b' | tr a c\n");
  CHECK_MESSAGE(terminal.expect("\r/bin/sh c  b\r\n"), terminal.seen());
  terminal.send("! sleep 86420\n");
  // sleep itself: dash keeps a signal to itself that comes while it starts a command.
  REQUIRE(eventually([] {
    const std::vector<pid_t> started = find_processes("86420");
    return std::any_of(started.begin(), started.end(), [](pid_t pid) { return is_asleep(pid, "sleep"); });
  }));
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  CHECK(eventually([] { return find_processes("86420").empty(); }));
  terminal.send("!\n");
  CHECK_MESSAGE(terminal.expect("snug: ! needs a command of this machine"), terminal.seen());
  terminal.send("! grep SigBlk /proc/self/status; echo $LINES\n");
  CHECK_MESSAGE(terminal.expect("SigBlk:\t0000000000000000\r\n\r\n"), terminal.seen());
}

TEST_CASE("a container from the prompt has a terminal of its own, and the prompt comes back, twenty times") {
  Scratch scratch;
  Terminal terminal(prompt(scratch), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("! stty -g >" + scratch.path() + "/modes\n");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  const std::size_t descriptors = open_descriptors(terminal.pid());
  for (int round = 0; round < 20; ++round) {
    terminal.send(shell_line());
    REQUIRE_MESSAGE(terminal.expect("inside$ "), terminal.seen());
    terminal.send("tty; exit 3\n");
    REQUIRE_MESSAGE(terminal.expect("/dev/pts/0\r\n"), terminal.seen());
    REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  }
  CHECK(open_descriptors(terminal.pid()) == descriptors);
  terminal.send("! grep SigBlk /proc/self/status; stty -g | cmp - " + scratch.path() + "/modes && echo sa''me\n");
  CHECK_MESSAGE(terminal.expect("SigBlk:\t0000000000000000\r\nsame\r\n"), terminal.seen());
}

TEST_CASE("Ctrl-C is the container's, and the prompt outlives a container that is killed") {
  Scratch scratch;
  Terminal terminal(prompt(scratch), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send(shell_line());
  REQUIRE_MESSAGE(terminal.expect("inside$ "), terminal.seen());
  terminal.send("sleep 86421\n");
  REQUIRE(eventually([] { return !find_processes("86421").empty(); }));
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect("inside$ "), terminal.seen());
  terminal.resize(40, 90);
  ::kill(only_child(terminal.pid()), SIGKILL);
  CHECK_MESSAGE(terminal.expect("snug: the container was killed from outside"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("version\n");
  CHECK_MESSAGE(terminal.expect("\rsnug 0."), terminal.seen());
}

TEST_CASE("Ctrl-Z at a container that was started from the prompt stops the prompt with it") {
  Scratch scratch;
  Terminal terminal(outer_shell(), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send("XDG_STATE_HOME=" + scratch.path() + " SHELL=/bin/sh " + program() + "\n");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send(shell_line("sh -c 'echo rea\"\"dy; exec cat'"));
  REQUIRE_MESSAGE(terminal.expect("ready\r\n"), terminal.seen());
  terminal.send("one\n");
  REQUIRE_MESSAGE(terminal.expect("one\r\none\r\n"), terminal.seen());
  terminal.send("\x1a");
  REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send("fg\n");
  REQUIRE_MESSAGE(terminal.expect("fg\r\n"), terminal.seen());
  terminal.send("two\n");
  CHECK_MESSAGE(terminal.expect("two\r\ntwo\r\n"), terminal.seen());
  terminal.send("\x04");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("version\n");
  CHECK_MESSAGE(terminal.expect("\rsnug 0."), terminal.seen());
}

TEST_CASE("Ctrl-Z at the prompt keeps the line, and a signal that ends it leaves the terminal as it was") {
  Scratch scratch;
  Terminal terminal(outer_shell(), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send("before=$(stty -g); export XDG_STATE_HOME=" + scratch.path() + "\n");
  REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send(program() + "; code=$?; [ \"$before\" = \"$(stty -g)\" ] && echo same, and $code\n");
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("versi");
  REQUIRE_MESSAGE(terminal.expect("versi"), terminal.seen());
  terminal.send("\x1a");
  CHECK_MESSAGE(terminal.expect("Stopped"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  terminal.send("fg; code=$?; [ \"$before\" = \"$(stty -g)\" ] && echo same, and $code\n");
  REQUIRE_MESSAGE(terminal.expect("snug> versi"), terminal.seen());
  terminal.send("on\n");
  CHECK_MESSAGE(terminal.expect("\rsnug 0."), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  ::kill(only_child(terminal.pid()), SIGTERM);
  CHECK_MESSAGE(terminal.expect("same, and 143"), terminal.seen());
}

TEST_CASE("history is kept for the next prompt, and for nobody else") {
  Scratch scratch;
  {
    Terminal terminal(prompt(scratch), 24, 80);
    REQUIRE_MESSAGE(terminal.expect("These lines do not come again."), terminal.seen());
    REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
    for (const char* line : {"version --help\n", " help version\n", "! exit 5\n"}) {
      terminal.send(line);
      REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
    }
    terminal.send("\x04");
    CHECK(terminal.wait() == 0);
  }
  CHECK(history(scratch) == "version --help\n! exit 5\n");
  CHECK(mode(scratch.path() + "/state/snug") == 0700);
  CHECK(mode(scratch.path() + "/state/snug/history") == 0600);
  Terminal terminal(prompt(scratch), 24, 80);
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("\x1b[A\x1b[A");
  CHECK_MESSAGE(terminal.expect("version --help"), terminal.seen());
  terminal.send("\n");
  CHECK_MESSAGE(terminal.expect("Usage: snug version"), terminal.seen());
}

TEST_CASE("prompts at the same time share the history, of which the last thousand lines stay") {
  Scratch scratch;
  std::string old;
  for (int line = 0; line < 1500; ++line) old += format("# {}\n", line);
  std::filesystem::create_directories(scratch.path() + "/state/snug");
  scratch.write("state/snug/history", old);
  Terminal one(prompt(scratch), 24, 80), other(prompt(scratch), 24, 80);
  REQUIRE_MESSAGE(one.expect("snug> "), one.seen());
  REQUIRE_MESSAGE(other.expect("snug> "), other.seen());
  for (int round = 0; round < 3; ++round) {
    one.send(format("# one {}\n", round));
    REQUIRE_MESSAGE(one.expect("snug> "), one.seen());
    other.send(format("# other {}\n", round));
    REQUIRE_MESSAGE(other.expect("snug> "), other.seen());
  }
  std::string expected;
  for (int line = 506; line < 1500; ++line) expected += format("# {}\n", line);
  for (int round = 0; round < 3; ++round) expected += format("# one {}\n# other {}\n", round, round);
  CHECK((history(scratch) == expected));  // without doctest's printing of it
}

TEST_CASE("without a place for the history the prompt works") {
  Scratch scratch;
  scratch.write("file", "");
  for (const std::string& place :
       {"XDG_STATE_HOME=" + scratch.path() + "/file", std::string("XDG_STATE_HOME=/proc"), std::string("HOME=")}) {
    Terminal terminal({"env", "-i", place, program()}, 24, 80);
    REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
    terminal.send("version\n");
    CHECK_MESSAGE(terminal.expect("snug 0."), terminal.seen());
    REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
    terminal.send("\x04");
    CHECK(terminal.wait() == 0);
  }
}

TEST_CASE("inputrc is honoured, with a name of our own") {
  Scratch scratch;
  scratch.write("inputrc", "$if snug\n\"\\C-o\": \"version\\n\"\n$endif\n");
  Terminal terminal({"env", "INPUTRC=" + scratch.path() + "/inputrc", "XDG_STATE_HOME=" + scratch.path(), program()},
                    24, 80);
  REQUIRE_MESSAGE(terminal.expect("snug> "), terminal.seen());
  terminal.send("\x0f");
  CHECK_MESSAGE(terminal.expect("snug 0."), terminal.seen());
}

TEST_CASE("what is piped in is a script, which ends at the first command that fails") {
  const Result good = script("# a comment\n\n  version # another\nsnug version");
  CHECK(good.code == 0);
  CHECK(good.err.empty());
  CHECK(snug::lines(good.out).size() == 2);

  const Result failed = script("version\n! exit 7\nversion\n");
  CHECK(failed.code == 7);
  CHECK(snug::lines(failed.out).size() == 1);
  CHECK(failed.err == "snug: line 2 of standard input ended with exit code 7\n");

  const Result mistyped = script("version\n\nrnu\nversion\n");
  CHECK(mistyped.code == 125);
  CHECK(snug::lines(mistyped.out).size() == 1);
  CHECK(mistyped.err ==
        "snug: 'rnu' is no command\n  while: doing line 3 of standard input\n  hint:  did you mean 'snug run'?\n");

  const Result returns = script("version\r\n\r\n! exit 6\r\n");  // as Windows ends lines
  CHECK_MESSAGE(returns.code == 6, returns.err);
  CHECK(snug::lines(returns.out).size() == 1);

  const Result left = script("exit\nrnu\n");
  CHECK(left.code == 0);
  CHECK(left.err.empty());
  CHECK(script("run --userns single " + small_root() + " sh -c 'exit 9'\n").code == 9);
  CHECK(script("run --userns single " + small_root() + " no-such-command\n").code == 127);
  CHECK(script(std::string("version\0\n", 9)).err.starts_with("snug: a command has no NUL byte in it\n"));
}

TEST_CASE("a command in a script reads what follows it") {
  const Result result =
      script("run --userns single " + small_root() + " sh -c 'read line; echo got $line'\nrnu\nversion\n");
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK_MESSAGE(result.out.starts_with("got rnu\nsnug 0."), result.out);
}

TEST_CASE("no input is no work, and where no one sees a prompt there is none") {
  const Result nothing = run({program()});
  CHECK(nothing.code == 0);
  CHECK(nothing.out + nothing.err == "");
  CHECK(run({"/bin/sh", "-c", program() + " <&-"}).code == 0);
  const Result folder = run({"/bin/sh", "-c", program() + " </"});
  CHECK(folder.code == 125);
  CHECK_MESSAGE(
      folder.err.find("cannot read commands from standard input: Is a directory (EISDIR)") != std::string::npos,
      folder.err);
  Terminal terminal({"/bin/sh", "-c", program() + " | cat"}, 24, 80);
  CHECK_MESSAGE(terminal.expect("Usage: snug COMMAND"), terminal.seen());
  CHECK(terminal.wait() == 0);
}

TEST_SUITE_END();
