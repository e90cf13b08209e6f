#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "containers.hh"

using namespace snug::test;

namespace {

/// Containers with a terminal, and terminals at them.
class Attached : public Containers {
 public:
  void start(const std::string& name, const std::vector<std::string>& command = {"sh"}, const std::string& root = small_root()) const {
    std::vector<std::string> words{"run", "-dt", "--userns", "single", "--name", name, "-e", "PS1=ready$ ", root};
    words.insert(words.end(), command.begin(), command.end());
    const Result result = snug(words);
    REQUIRE_MESSAGE(result.code == 0, result.err);
  }
  [[nodiscard]] std::unique_ptr<Terminal> at(const std::string& name, unsigned short rows = 24, unsigned short columns = 80,
                                             const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words{"env", environment(), program(), "attach"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(name);
    return std::make_unique<Terminal>(words, rows, columns);
  }
};

constexpr const char* leave = "\x1d\x1d";

// A command's echo has its name in two parts, so that only what it prints is found.
void ask(Terminal& terminal, const std::string& script, const std::string& answer) {
  terminal.send(script + "\n");
  CHECK_MESSAGE(terminal.expect(answer), terminal.seen());
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("one attaches and leaves any number of times, and finds the last screenful") {
  const Attached containers;
  containers.start("web");
  for (int time = 0; time < 10; ++time) {
    const auto terminal = containers.at("web");
    if (time > 0) CHECK_MESSAGE(terminal->expect("mark-" + std::to_string(time - 1) + "\r\n"), terminal->seen());
    REQUIRE_MESSAGE(terminal->expect("ready$ "), terminal->seen());
    ask(*terminal, "echo mark''-" + std::to_string(time), "mark-" + std::to_string(time) + "\r\n");
    terminal->send(leave);
    CHECK_MESSAGE(terminal->expect("snug: left 'web', which goes on"), terminal->seen());
    CHECK(terminal->wait() == 0);
  }
  const auto last = containers.at("web");
  REQUIRE(last->expect("ready$ "));
  last->send("exit 7\n");
  CHECK(last->wait() == 7);
  CHECK(eventually([&] { return containers.snug({"attach", "web"}).err.find("it does not run") != std::string::npos; }));
}

TEST_CASE("who comes later is not asked again what the terminal of another has answered, and sees no second screen that was left") {
  const Attached containers;
  containers.start("web");
  const auto first = containers.at("web", 24, 200);
  REQUIRE(first->expect("ready$ "));
  ask(*first, "printf '\\033[?1049hsec''ond\\033[?1049l\\033[6n\\033]11;?\\a'; echo mark''ed", "marked");
  first->send(leave);
  CHECK(first->wait() == 0);
  const auto later = containers.at("web", 24, 200);
  CHECK_MESSAGE(later->expect("echo mark''ed\r\nmarked\r\nready$ "), later->seen());
}

TEST_CASE("the title is the container's name meanwhile, and the terminal is as it was afterwards") {
  const Attached containers;
  containers.start("web");
  Terminal terminal({"/bin/sh", "-c", "before=$(stty -g); env " + containers.environment() + " TERM=xterm-256color " + program() +
                     " attach web; [ \"$before\" = \"$(stty -g)\" ] && echo sa''me"}, 24, 80);
  CHECK_MESSAGE(terminal.expect("\x1b[22;2t\x1b]2;web\x1b\\"), terminal.seen());
  REQUIRE(terminal.expect("ready$ "));
  terminal.send("printf '\\033[?2004h\\033[?25l'; echo do''ne\n");
  REQUIRE(terminal.expect("done"));
  terminal.send(leave);
  CHECK_MESSAGE(terminal.expect("\x1b[?25h\x1b[?2004l\x1b[0m\x1b[23;2t"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("same"), terminal.seen());
}

TEST_CASE("two who are attached see the same; the size is that of the last to come or to be resized") {
  const Attached containers;
  containers.start("web");
  const auto one = containers.at("web", 30, 100);
  REQUIRE(one->expect("ready$ "));
  CHECK(one->ask_until("stty size\n", "30 100\r\n"));
  const auto other = containers.at("web", 40, 120);
  REQUIRE(other->expect("ready$ "));
  CHECK(other->ask_until("stty size\n", "40 120\r\n"));
  CHECK_MESSAGE(one->expect("40 120\r\n"), one->seen());
  one->resize(31, 101);
  CHECK(other->ask_until("stty size\n", "31 101\r\n"));
  ask(*one, "echo sa''me-words", "same-words\r\n");
  CHECK_MESSAGE(other->expect("same-words\r\n"), other->seen());
}

TEST_CASE("other keys leave, none at all do not, and half of them are passed on") {
  const Attached containers;
  containers.start("web");
  const auto terminal = containers.at("web", 24, 80, {"--detach-keys", "ctrl-p,ctrl-q"});
  REQUIRE(terminal->expect("ready$ "));
  ask(*terminal, "stty -echo -icanon; od -A n -t x1 -N 4", "");
  terminal->send("\x1d\x1d\x10" "a");
  CHECK_MESSAGE(terminal->expect("1d 1d 10 61"), terminal->seen());
  terminal->send("\x10\x11");
  CHECK_MESSAGE(terminal->expect("snug: left 'web'"), terminal->seen());
  CHECK(containers.snug({"attach", "--detach-keys", "ctrl-1", "web"}).err.find("'ctrl-1' are no keys to detach with") != std::string::npos);
}

TEST_CASE("Ctrl-Z at a command that is no shell stops who is attached, and it goes on with him") {
  const Attached containers;
  containers.start("web", {"sh", "-c", "echo up; exec cat"});
  Terminal terminal(outer_shell(), 24, 80);
  REQUIRE(terminal.expect("outer$ "));
  ask(terminal, "env " + containers.environment() + " " + program() + " attach web", "up\r\n");
  ask(terminal, "one", "one\r\none\r\n");
  terminal.send("\x1a");
  CHECK_MESSAGE(terminal.expect("outer$ "), terminal.seen());
  ask(terminal, "fg", "attach web\r\n");
  ask(terminal, "two", "two\r\ntwo\r\n");
}

TEST_CASE("job control works at a shell inside") {
  const Attached containers;
  containers.start("web");
  const auto terminal = containers.at("web");
  REQUIRE(terminal->expect("ready$ "));
  terminal->send("sleep 87001\n");
  REQUIRE(eventually([] { return find_commands({"sleep", "87001"}).size() == 1; }));
  terminal->send("\x1a");
  CHECK_MESSAGE(terminal->expect("Stopped"), terminal->seen());
  terminal->send("kill %1; echo go''ne\n");
  CHECK_MESSAGE(terminal->expect("gone\r\n"), terminal->seen());
}

TEST_CASE("clients that are killed leave nothing, and the container and the others do not notice") {
  const Attached containers;
  containers.start("web");
  {
    std::vector<std::unique_ptr<Terminal>> many;
    for (int at = 0; at < 20; ++at) many.push_back(containers.at("web"));
    for (const auto& terminal : many) REQUIRE(terminal->expect("ready$ "));
    many.front()->send("seq 1 100000\n");
    for (const auto& terminal : many) ::kill(terminal->pid(), SIGKILL);
  }
  const auto terminal = containers.at("web");
  ask(*terminal, "echo al''ive", "alive\r\n");
}

TEST_CASE("a paste of a mebibyte arrives whole") {
  const Attached containers;
  containers.start("web", {"sh", "-c", "stty raw -echo; echo up; head -c 1048576 | md5sum; echo end"});
  const auto terminal = containers.at("web");
  REQUIRE(terminal->expect("up"));
  std::string paste;
  for (int at = 0; at < 1048576; ++at) paste += static_cast<char>('a' + at % 23);
  terminal->send(paste);
  const Scratch scratch;
  scratch.write("paste", paste);
  const Result sum = run({"md5sum", scratch.path() + "/paste"});
  CHECK_MESSAGE(terminal->expect(sum.out.substr(0, 32)), terminal->seen());
}

TEST_CASE("without a terminal the streams come apart, input goes in to its end, and signals are passed on") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "-di", "--userns", "single", "--name", "pipe", small_root(), "sh", "-c", "cat; echo done >&2; exit 5"}).code == 0);
  const Result result = containers.snug({"attach", "pipe"}, "a\nb\n");
  CHECK(result.code == 5);
  CHECK(result.out == "a\nb\n");
  CHECK(result.err == "done\n");
  REQUIRE(containers.run_detached("trap", "trap 'echo caught; exit 9' TERM; echo up; while :; do sleep 0.05; done").code == 0);
  REQUIRE(eventually([&] { return containers.snug({"logs", "trap"}).out == "up\n"; }));
  Background client({"env", containers.environment(), program(), "attach", "trap"});
  REQUIRE(eventually([&] { return is_asleep(client.pid(), "snug"); }));
  client.signal(SIGTERM);
  CHECK(client.wait() == 9);
  CHECK(containers.snug({"logs", "trap"}).out == "up\ncaught\n");
}

TEST_CASE("a signal waits for the monitor to say whom it is for, but not for ever") {
  const Containers containers;
  REQUIRE(containers.run_detached("trap", "trap '' USR1; trap 'echo caught; exit 9' TERM; echo up; while :; do sleep 0.05; done").code == 0);
  REQUIRE(eventually([&] { return containers.snug({"logs", "trap"}).out == "up\n"; }));
  const pid_t monitor = containers.monitor("trap");
  ::kill(monitor, SIGSTOP);
  Background user({"env", containers.environment(), program(), "attach", "trap"});
  REQUIRE(eventually([&] { return is_asleep(user.pid(), "snug"); }));
  user.signal(SIGUSR1);  // which ends nobody's visit
  Background unheard({"env", containers.environment(), program(), "attach", "trap"});
  REQUIRE(eventually([&] { return is_asleep(unheard.pid(), "snug"); }));
  unheard.signal(SIGTERM);
  CHECK(unheard.wait() == 128 + SIGTERM);
  Background client({"env", containers.environment(), program(), "attach", "trap"});
  REQUIRE(eventually([&] { return is_asleep(client.pid(), "snug"); }));
  client.signal(SIGTERM);
  ::kill(monitor, SIGCONT);
  CHECK(client.wait() == 9);
  CHECK(user.wait() == 9);
}

TEST_CASE("with --sig-proxy=false the client alone ends") {
  const Containers containers;
  REQUIRE(containers.run_detached("calm", "exec sleep 1000").code == 0);
  Background client({"env", containers.environment(), program(), "attach", "--sig-proxy=false", "calm"});
  REQUIRE(eventually([&] { return is_asleep(client.pid(), "snug"); }));
  client.signal(SIGTERM);
  CHECK(client.wait() == 128 + SIGTERM);
  CHECK(containers.snug({"ps", "--format", "{{.State}}"}).out == "running\n");
}

TEST_CASE("a monitor that is killed ends the visit") {
  const Attached containers;
  containers.start("web");
  const auto terminal = containers.at("web");
  REQUIRE(terminal->expect("ready$ "));
  ::kill(containers.monitor("web"), SIGKILL);
  CHECK_MESSAGE(terminal->expect("killed from outside"), terminal->seen());
  CHECK(terminal->wait() == 137);
}

TEST_CASE("the container's name is in the environment and in the prompt of a shell that snug chose") {
  const Containers containers;
  Terminal terminal({"env", containers.environment(), program(), "run", "--userns", "single", "--name", "web", small_root()}, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("web:/root# "), terminal.seen());
  ask(terminal, "echo in-$SNUG_CONTAINER", "in-web\r\n");
  terminal.send("exit\n");
  CHECK(terminal.wait() == 0);
  CHECK(inside("env | grep -E '^(PS1|SNUG)'", {"--name", "mine"}).out == "SNUG_CONTAINER=mine\n");
}

TEST_CASE("a terminal that the root does not know is carried in") {
  const Containers containers;
  const std::string home = containers.folder() + "/home";
  shell_output("mkdir -p " + home + " && cd " + home +
               " && infocmp xterm | sed 's/^xterm|[^,]*/snugterm|a test/' >source && tic -o .terminfo source");
  const auto words = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{"env", containers.environment(), "HOME=" + home, "TERM=snugterm", program()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const std::string sum = run({"md5sum", home + "/.terminfo/s/snugterm"}).out.substr(0, 32);
  const std::string script = "echo $TERM $TERMINFO; cat /run/terminfo/s/snugterm | md5sum";
  Terminal terminal(words({"run", "--userns", "single", small_root(), "sh", "-c", script}), 24, 80);
  CHECK_MESSAGE(terminal.expect("snugterm /run/terminfo\r\n" + sum), terminal.seen());
  REQUIRE(run(words({"create", "--userns", "single", "--name", "later", small_root(), "sleep", "1000"})).code == 0);
  Terminal entered(words({"enter", "later", "sh", "-c", script}), 24, 80);
  CHECK_MESSAGE(entered.expect("snugterm /run/terminfo\r\n" + sum), entered.seen());
  CHECK(entered.wait() == 0);
  Terminal started(words({"start", "later"}), 24, 80);
  CHECK(started.wait() == 0);
  Terminal executed(words({"exec", "later", "sh", "-c", script}), 24, 80);
  CHECK_MESSAGE(executed.expect("snugterm /run/terminfo\r\n" + sum), executed.seen());
  const Result plan = run(words({"plan", "-t", "--json", "--userns", "single", small_root(), "sh"}));
  CHECK_MESSAGE(plan.code == 0, plan.err);
  CHECK(has(plan.out, "teach the container the terminal 'snugterm'"));
}

TEST_CASE("a terminal that the root does not know is carried into a container that runs already") {
  const Containers containers;
  const std::string home = containers.folder() + "/home", bound = "/dev/shm/snug-test-" + std::to_string(::getpid());
  shell_output("mkdir -p " + home + " && cd " + home +
               " && for type in snugterm sungterm; do infocmp xterm | sed \"s/^xterm|[^,]*/$type|a test/\" >source && tic -o .terminfo source; done");
  const auto at_terminal = [&](const std::string& type, const std::string& container, const std::string& script) {
    return std::make_unique<Terminal>(std::vector<std::string>{"env", containers.environment(), "HOME=" + home, "TERM=" + type, program(), "exec", container, "sh", "-c", script}, 24, 80);
  };
  REQUIRE(containers.run_detached("plain", "exec sleep 1000").code == 0);
  REQUIRE(containers.snug({"run", "-d", "--userns", "single", "--name", "memory", "--tmpfs", "/run", small_root(), "sleep", "1000"}).code == 0);
  REQUIRE(containers.snug({"run", "-d", "--userns", "single", "--name", "closed", "--read-only", small_root(), "sleep", "1000"}).code == 0);
  const std::string script = "echo $TERM $TERMINFO; cat /run/terminfo/s/$TERM | md5sum; ls -A /run/terminfo/s | wc -l";
  for (const char* container : {"plain", "memory", "closed"})
    for (const auto& [type, count] : {std::pair{"snugterm", "1\r\n"}, std::pair{"sungterm", "2\r\n"}, std::pair{"snugterm", "2\r\n"}}) {
      const auto terminal = at_terminal(type, container, script);
      const std::string sum = run({"md5sum", home + "/.terminfo/s/" + type}).out.substr(0, 32);
      CHECK_MESSAGE(terminal->expect(std::string(type) + " /run/terminfo\r\n" + sum), terminal->seen());
      CHECK_MESSAGE(terminal->expect(count), terminal->seen());
      CHECK(terminal->wait() == 0);
    }
  // Nothing is written to what is the host's, by whatever name it was mounted there; nor is what a container has put in the place believed.
  const std::string root = containers.folder() + "/linked";
  shell_output("cp -a " + small_root() + " " + root + " && mkdir -p " + root + "/var && rm -rf " + root + "/var/run && ln -s ../run " + root + "/var/run && mkdir -p " + bound);
  for (const char* place : {"/run", "/var/run", "/run/terminfo/s"}) {
    REQUIRE(containers.snug({"run", "-d", "--userns", "single", "--name", "bound", "-v", bound + ":" + place, root, "sleep", "1000"}).code == 0);
    const auto terminal = at_terminal("snugterm", "bound", "ls /run/terminfo/s/$TERM; echo ended");
    CHECK_MESSAGE(terminal->expect("ended\r\n"), terminal->seen());
    CHECK(terminal->wait() == 0);
    CHECK_MESSAGE(std::filesystem::is_empty(bound), place);
    CHECK(containers.snug({"rm", "-f", "bound"}).code == 0);
  }
  CHECK(containers.snug({"exec", "plain", "sh", "-c", "cd /run/terminfo/s && rm * && mkfifo snugterm"}).code == 0);
  const auto terminal = at_terminal("snugterm", "plain", "ls -A /run/terminfo/s; [ -p /run/terminfo/s/snugterm ] || echo ended");
  CHECK_MESSAGE(terminal->expect("ended\r\n"), terminal->seen());
  CHECK(terminal->wait() == 0);
  std::filesystem::remove_all(bound);
}

TEST_CASE("logs: streams apart, tail, times, and bytes as they were") {
  const Containers containers;
  REQUIRE(containers.run_detached("log", "printf 'one\\ntwo\\n\\377\\000\\n'; echo bad >&2; printf end").code == 0);
  CHECK(containers.snug({"wait", "log"}).out == "0\n");
  const Result all = containers.snug({"logs", "log"});
  CHECK((all.out == std::string("one\ntwo\n\377\0\nend", 14)));
  CHECK(all.err == "bad\n");
  CHECK(containers.snug({"logs", "--tail", "1", "log"}).out == "end");
  CHECK(containers.snug({"logs", "-n", "0", "log"}).out.empty());
  CHECK(containers.snug({"logs", "--since", "1h", "log"}).out == all.out);
  CHECK(containers.snug({"logs", "--until", "1h", "log"}).out.empty());
  CHECK(containers.snug({"logs", "-t", "--tail", "1", "log"}).out.size() == 34);
  CHECK(containers.snug({"logs", "--since", "soon", "log"}).err.find("--since 'soon' is no time") != std::string::npos);
  CHECK(containers.snug({"logs", "nobody"}).code == 125);
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "new", small_root(), "true"}).code == 0);
  const Result nothing = containers.snug({"logs", "new"});
  CHECK_MESSAGE(nothing.code == 0, nothing.err);
  CHECK((nothing.out + nothing.err).empty());
}

TEST_CASE("logs --follow goes on until the container ends") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "-di", "--userns", "single", "--name", "talk", small_root(), "sh", "-c",
                           "echo first; read x; seq 1 20000"}).code == 0);
  const std::string file = containers.folder() + "/followed";
  Background follower({"env", containers.environment(), "sh", "-c", "exec \"$0\" logs -f talk >\"$1\"", program(), file});
  REQUIRE(eventually([&] { return read_file(file) == "first\n"; }));
  CHECK(containers.snug({"attach", "talk"}, "go\n").code == 0);
  CHECK(follower.wait() == 0);
  CHECK(read_file(file).ends_with("\n20000\n"));
  CHECK((read_file(file) == containers.snug({"logs", "talk"}).out));
}

TEST_CASE("log files are rotated, and none is kept where none is wanted") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "-d", "--userns", "single", "--name", "much", "--log-opt", "max-size=20k", "--log-opt", "max-file=3", small_root(),
                           "seq", "1", "3000"}).code == 0);
  CHECK(containers.snug({"wait", "much"}).out == "0\n");
  const Result all = containers.snug({"logs", "much"});
  CHECK(all.out.ends_with("2999\n3000\n"));
  CHECK(all.out.size() > 1500);
  CHECK(all.out.size() < 10000);
  REQUIRE(containers.snug({"run", "-d", "--userns", "single", "--name", "mute", "--log-driver", "none", small_root(), "echo", "x"}).code == 0);
  CHECK(containers.snug({"logs", "mute"}).err.find("there is no log of the container 'mute'") != std::string::npos);
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("ranges");

TEST_CASE("vim, tmux, fish, less and script work in a detached container, and draw themselves again for who attaches") {
  if (debian_root().empty()) return skip("no Debian root was made");
  const Attached containers;
  REQUIRE(containers.snug({"run", "-dt", "--name", "web", "-e", "PS1=ready$ ", "-e", "LANG=C.UTF-8", debian_root(), "bash", "--norc"}).code == 0);
  const auto in_program = [&](const std::string& start, const std::string& drawn, const std::string& end) {
    const auto first = containers.at("web");
    REQUIRE_MESSAGE(first->expect("ready$ "), first->seen());
    first->send(start + "\n");
    REQUIRE_MESSAGE(first->expect(drawn), first->seen());
    first->send(leave);
    REQUIRE_MESSAGE(first->expect("snug: left"), first->seen());
    const auto second = containers.at("web");
    CHECK_MESSAGE(second->expect(drawn), second->seen());
    second->send(end);
    CHECK_MESSAGE(second->expect("ready$ "), second->seen());
    second->send("echo af''ter\n");
    CHECK_MESSAGE(second->expect("after\r\n"), second->seen());
  };
  in_program("printf 'alp''habet\\n' >/tmp/text; vi -u NONE /tmp/text", "alphabet", ":q!\n");
  in_program("tmux -f /dev/null new 'echo in''tmux; exec cat'", "intmux", "\x04");
  in_program("yes lon''gtext | head -n 500 | less", "longtext", "q");
  in_program("fish --no-config -C 'echo in-fi''sh'", "in-fish", "exit\n");
  in_program("script -q -c 'echo in-scr''ipt; exec cat' /tmp/typescript", "in-script", "\x04");
}

TEST_CASE("the size in pixels goes in, too") {
  if (debian_root().empty()) return skip("no Debian root was made");
  const Attached containers;
  REQUIRE(containers.snug({"run", "-dt", "--name", "web", "-e", "PS1=ready$ ", debian_root(), "bash", "--norc"}).code == 0);
  const std::string set = "$size = pack 'S4', 33, 101, 1010, 660; ioctl STDIN, 0x5414, $size; exec @ARGV";
  const std::string show = "perl -e 'ioctl STDIN, 0x5413, $s = q(x) x 8; print join(q(/), unpack q(S4), $s), qq(\\n)'";
  Terminal terminal({"perl", "-e", set, "env", containers.environment(), program(), "attach", "web"}, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("ready$ "), terminal.seen());
  CHECK(terminal.ask_until(show + "\n", "33/101/1010/660"));
}

TEST_SUITE_END();
