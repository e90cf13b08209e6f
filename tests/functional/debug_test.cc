#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "containers.hh"
#include "images.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug::test;
using snug::format;

namespace fs = std::filesystem;

namespace {

std::string busybox() { return small_root() + "/bin/busybox"; }

/// A root file system with one static program, and nothing else.
class Bare {
 public:
  Bare() {
    fs::create_directory(root());
    fs::copy_file(busybox(), root() + "/echo");
  }
  [[nodiscard]] std::string root() const { return scratch_.path() + "/root"; }
  [[nodiscard]] Result debug(const std::vector<std::string>& words, const std::string& input = {}) const {
    std::vector<std::string> all{program(), "debug", root()};
    all.insert(all.end(), words.begin(), words.end());
    return run(all, {.input = input});
  }
  [[nodiscard]] const Scratch& scratch() const { return scratch_; }

 private:
  Scratch scratch_;
};

std::string prompt(const std::string& folder = "/") { return format(":{}# ", folder); }

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("debug: a root with one static program and nothing else is looked around in") {
  const Bare bare;
  const auto before = snapshot(bare.root());
  const Result result = bare.debug({"-c", "ls; id -u; pwd; /echo from the image; PATH=/; command -v echo; exec /echo $(ls | wc -l)"});
  CHECK_MESSAGE(has(result.out, "\necho\n"), result.out << result.err);
  CHECK(has(result.out, "\n0\n/\nfrom the image\necho\n"));
  CHECK(result.code == 0);
  CHECK(bare.debug({"ls", "-A", "/dev/shm"}).code == 0);
  CHECK(bare.debug({"-c", "ps -o pid,args; exit 6"}).code == 6);
  CHECK(bare.debug({"sh"}).code == 127);
  CHECK(bare.debug({}, "echo a; read x\nwords of the script\necho $x\ncat\nrest\n").out == "a\nwords of the script\nrest\n");
  CHECK(difference(before, snapshot(bare.root())) == "");
}

TEST_CASE("debug: the walls are those of any command, and tell of themselves") {
  const Bare bare;
  const Result walls = bare.debug({"walls"});
  CHECK_MESSAGE(has(walls.out, "privileges     no program raises them"), walls.out << walls.err);
  CHECK(has(walls.out, "  to be had    chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot setfcap\n"));
  CHECK(has(walls.out, "ns user        ["));
  CHECK(has(walls.out, "uid map        0 and on are "));
  const Result network = bare.debug({"-c", "ip addr; ip route; ip listeners; mount; df -h /; hostname"});
  CHECK_MESSAGE(has(network.out, "1: lo: <LOOPBACK,UP,LOWER_UP>"), network.out << network.err);
  CHECK(has(network.out, "inet 127.0.0.1/8 scope host"));
  CHECK(has(network.out, " on / type overlay (rw,"));
  CHECK(network.err.find("ip:") == std::string::npos);
}

TEST_CASE("debug: ls tells what may not be looked into, and lists a link that leads nowhere") {
  const Bare bare;
  const Result closed = bare.debug({"ls", "/proc/1/root"});
  CHECK_MESSAGE(closed.err.ends_with("ls: /proc/1/root: Permission denied\n"), closed.out << closed.err);  // behind a notice, with one id
  CHECK(closed.out.empty());
  CHECK(closed.code == 1);
  CHECK(bare.debug({"-c", "cd /tmp; ln -s nowhere a; ln -s b b; ls a b . /nosuch; echo $?"}).out == "a\nb\n\n.:\na\nb\n2\n");
}

TEST_CASE("debug: a root that is broken in every way") {
  const Scratch scratch;
  for (const char* folder : {"/root/etc/passwd", "/root/bin"}) fs::create_directories(scratch.path() + folder);
  scratch.write("root/bin/sh", "#!/lib/nowhere\n");
  scratch.write("root/e\x1b[31mvil", "");
  fs::permissions(scratch.path() + "/root/bin/sh", fs::perms::all);
  const Result result = run({program(), "debug", scratch.path() + "/root", "-c", "sh; echo $?; ls -d e?*vil"});
  CHECK_MESSAGE(has(result.err, "/bin/sh: the interpreter of its first line, or its dynamic loader, is not here"), result.err);
  CHECK(result.out == "127\ne\x1b[31mvil\n");  // no terminal: as it is
}

TEST_CASE("debug: a folder that is not there is told of as by run, with what was meant") {
  const Bare bare;
  for (const char* command : {"debug", "run"}) {
    const Result typo = run({program(), command, bare.scratch().path() + "/rot/", "true"});
    CHECK(typo.code == 125);
    CHECK_MESSAGE(has(typo.err, "did you mean '" + bare.root() + "'?"), typo.err);
  }
  CHECK(!has(run({program(), "debug", bare.scratch().path() + "/entirely-else"}).err, "hint:"));
  CHECK(!has(run({program(), "debug", bare.scratch().path() + "/no/such"}).err, "hint:"));
}

TEST_CASE("debug: where the root has no folder for a mount the shell starts without it, and says so; run refuses") {
  const Scratch scratch;
  fs::create_directories(scratch.path() + "/root");
  for (const char* file : {"root/proc", "root/dev", "root/tmp"}) scratch.write(file, "is a file\n");
  fs::create_symlink("/proc/sys", scratch.path() + "/root/sys");
  fs::create_symlink("run", scratch.path() + "/root/run");
  const std::string root = scratch.path() + "/root";
  const auto before = snapshot(root);
  const Result blocked = run({program(), "debug", root, "-c", "cat /proc /dev; ls -l /sys; walls | head -n 2; mount; echo status $?; ls /tmp | wc -l"});
  CHECK_MESSAGE(blocked.code == 0, blocked.err);
  CHECK_MESSAGE(has(blocked.err, "/proc, /sys, /dev, /run, /tmp are not mounted: the root file system has no folder there"), blocked.err);
  CHECK_MESSAGE(has(blocked.out, "is a file\nis a file\n"), blocked.out);
  CHECK(has(blocked.out, "/sys -> /proc/sys\n"));
  CHECK(has(blocked.out, "namespaces     not to be seen: /proc is not mounted here\n"));
  CHECK(difference(before, snapshot(root)) == "");
  Terminal terminal({program(), "debug", root}, 24, 80);
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("exit 3\n");
  CHECK(terminal.wait() == 3);
  const Result run_itself = run({program(), "run", root, "/x"});
  CHECK(run_itself.code == 125);
  CHECK_MESSAGE(has(run_itself.err, "' is no folder"), run_itself.err);
  // In a circle by themselves; and what is laid over files finds folders.
  const std::string circles = scratch.path() + "/circles";
  for (const char* folder : {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}) fs::create_directories(circles + folder);
  for (const char* name : {"proc", "sys"}) fs::create_symlink(name, circles + "/" + name);
  const Result circular = run({program(), "debug", circles, "-c", "ls -d /etc/hosts; echo ok"});
  CHECK_MESSAGE(circular.out == "/etc/hosts\nok\n", circular.err);
  CHECK_MESSAGE(has(circular.err, "/proc, /sys are not mounted"), circular.err);
  // With one of them blocked what the others show is hidden all the same.
  for (const char* name : {"proc", "sys", "run", "tmp"}) fs::remove(root + "/" + name);
  const Result no_dev = run({program(), "debug", root, "-c", "for f in kcore keys timer_list; do [ -e /proc/$f ] && cat /proc/$f; done | wc -c; ls -d /proc/self"});
  CHECK_MESSAGE(no_dev.out == "0\n/proc/self\n", no_dev.out << no_dev.err);
  fs::remove(root + "/dev");
  const Result kept = run({program(), "run", "--rw", "--shell", "builtin", root, "-c", "echo /*"});
  CHECK_MESSAGE(has(kept.err, "are not mounted: the root file system has no folder there, and with --rw snug makes none"), kept.err);
  CHECK(kept.out == "/*\n");
}

TEST_CASE("debug: a session on a terminal") {
  const Bare bare;
  Terminal terminal({program(), "debug", bare.root()}, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("'help' tells what it can do"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("mkdi\t/tmp/fold\n");
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("cd /tmp/fo\t\n");
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("touch 'a b'; printf 'x\\n' >$(printf 'e\\033[31mvil'); ls\n");
  CHECK_MESSAGE(terminal.expect("e\\x1b[31mvil"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("(echo be''gun; read x; echo got-$x)\n");
  REQUIRE_MESSAGE(terminal.expect("begun"), terminal.seen());
  terminal.send("\x1a");
  REQUIRE_MESSAGE(terminal.expect("[1]+  Stopped"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  for (const char* leave : {"exit\n", "\x04"}) {
    terminal.send(leave);
    CHECK_MESSAGE(terminal.expect("there are stopped jobs"), terminal.seen());
    REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
    terminal.send("true\n");
    REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  }
  terminal.send("fg\n");
  REQUIRE_MESSAGE(terminal.expect("got-$x)\r\n"), terminal.seen());
  terminal.send("word\n");
  REQUIRE_MESSAGE(terminal.expect("got-word"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  // What ran beside readline put back what it found; the shell's own modes are what counts. Ctrl-C ends a list also behind fg.
  terminal.send("echo inside >page; less page &\n");
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("fg\n");
  REQUIRE_MESSAGE(terminal.expect("inside"), terminal.seen());
  terminal.send("q");
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("echo vis''ible\n");
  REQUIRE_MESSAGE((terminal.expect("echo vis''ible\r\n") && terminal.expect("visible\r\n")), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("(read x; echo has-$x; sleep 86609) & fg; echo not''-so\n");
  REQUIRE_MESSAGE(terminal.expect("(read x"), terminal.seen());
  terminal.send("it\n");
  REQUIRE_MESSAGE(terminal.expect("has-it\r\n"), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE((terminal.expect("^C\r\n") && terminal.expect(prompt("/tmp/fold"))), terminal.seen());
  CHECK_MESSAGE(terminal.seen().find("not-so") == std::string::npos, terminal.seen());
  terminal.send("sleep 86610 & jobs; kill %1; wait\n");
  REQUIRE_MESSAGE(terminal.expect("[1]+  Running"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("sleep 86614 & sleep 0; jobs\n");
  REQUIRE_MESSAGE(terminal.expect("Running"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("kill %1; while kill -0 $! 2>/dev/null && ps -o stat,pid | grep $! | grep -qv Z; do sleep 0.05; done\n");
  CHECK_MESSAGE(terminal.expect("[1]+  Terminated            sleep 86614"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("cat <<E\nlines of $PWD\nE\n");
  CHECK_MESSAGE(terminal.expect("lines of /tmp/fold\r\n"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("X=/tmp\n");
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("echo to:$X/fo\t\n");
  CHECK_MESSAGE(terminal.expect("to:/tmp/fo"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("echo $X/fo\t\n");
  CHECK_MESSAGE(terminal.expect("/tmp/fold/\r\n"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("trap 'echo tra''pped' INT\n");
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("words\x03");
  CHECK_MESSAGE(terminal.expect("trapped"), terminal.seen());
  terminal.send("trap - INT\n");
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("(echo be''gun; sleep 86610)\n");
  REQUIRE_MESSAGE(terminal.expect("begun"), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("echo \"code $?\"\n");
  CHECK_MESSAGE(terminal.expect("code 130"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("for i in 1 2\ndo echo round-$i\ndone\n");
  CHECK_MESSAGE(terminal.expect("round-2"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("while true; do true; done\n");
  REQUIRE_MESSAGE(terminal.expect("done\r\n"), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("set -u; echo $none && :\n");
  REQUIRE_MESSAGE(terminal.expect("is not set"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("set +u; (set -e; false; echo ne''ver); echo af''ter\n");
  REQUIRE_MESSAGE(terminal.expect("after"), terminal.seen());
  CHECK_MESSAGE(!has(terminal.seen(), "never"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("no-such\x03");
  REQUIRE_MESSAGE(terminal.expect("^C"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("echo $HOM\t $PW\t\n");
  CHECK_MESSAGE(terminal.expect(" /tmp/fold\r\n"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("history | head -n 1; (exit 9)\n");
  CHECK_MESSAGE(terminal.expect("1  mkdir /tmp/fold"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect(prompt("/tmp/fold")), terminal.seen());
  terminal.send("\x04");
  CHECK(terminal.wait() == 9);
}

TEST_CASE("debug: less on a terminal that nobody knows sends text alone") {
  const Bare bare;
  for (const char* type : {"TERM=nobody-knows-it", "TERM=dumb"}) {
    Terminal terminal({"env", type, program(), "debug", bare.root()}, 6, 60);
    REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
    terminal.send("printf 'line %s\\n' 1 2 3 4 5 6 7 8 9 | less; mkdir /tmp/d; ls --color=auto /tmp\n");
    CHECK_MESSAGE(terminal.expect("less: this terminal is not known to have a screen: all follows at once\r\nline 1\r\n"), terminal.seen());
    REQUIRE_MESSAGE(terminal.expect("line 9\r\nd\r\n"), terminal.seen());
    terminal.send("exit 3\n");
    CHECK(terminal.wait() == 3);
    CHECK_MESSAGE(!has(terminal.seen(), "\033["), terminal.seen());
  }
}

TEST_CASE("debug: less shows what has come, and takes keys while more comes") {
  const Bare bare;
  Terminal terminal({"env", "TERM=xterm", program(), "debug", bare.root()}, 6, 60);
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("while true; do echo y; done | less\n");
  REQUIRE_MESSAGE(terminal.expect("1-5, and more to come"), terminal.seen());
  terminal.send("G");
  REQUIRE_MESSAGE(terminal.expect("reading on; a key stops it"), terminal.seen());
  terminal.send("q");
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("(echo fir''st; sleep 1; echo sec''ond; sleep 86619) | less\n");
  REQUIRE_MESSAGE(terminal.expect("first\r\n~"), terminal.seen());
  REQUIRE_MESSAGE(terminal.expect("second\r\n~"), terminal.seen());
  terminal.send("q");
  terminal.send("\x03");  // less is gone; what it read from is not
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("exit 3\n");
  CHECK(terminal.wait() == 3);
}

TEST_CASE("debug: less goes through texts, and from one to the next") {
  const Bare bare;
  Terminal terminal({"env", "TERM=xterm", program(), "debug", bare.root()}, 6, 60);
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done | less\n");
  REQUIRE_MESSAGE(terminal.expect("1-5 of 9"), terminal.seen());
  terminal.send("G");
  REQUIRE_MESSAGE(terminal.expect("(END) 9 lines"), terminal.seen());
  terminal.send("q");
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("for i in 1 2 3 4 5 6 7 8 9; do printf 'line \\303\\244%s\\n' $i; done >a; less a /proc/version\n");
  REQUIRE_MESSAGE(terminal.expect("a (file 1 of 2)  1-5 of 9"), terminal.seen());
  terminal.send("/\303\244x\1773\n");  // as pasted: all at once
  REQUIRE_MESSAGE(terminal.expect("3-7 of 9"), terminal.seen());
  terminal.send("/nowhere\033[A\n:n");
  REQUIRE_MESSAGE(terminal.expect("'nowhere' is not below"), terminal.seen());
  terminal.send("\n");
  REQUIRE_MESSAGE(terminal.expect("/proc/version (file 2 of 2)"), terminal.seen());
  terminal.send("q");
  REQUIRE_MESSAGE(terminal.expect(prompt()), terminal.seen());
  terminal.send("exit 3\n");
  CHECK(terminal.wait() == 3);
}

TEST_CASE("debug: a container that runs, and one that sleeps") {
  const Containers box;
  REQUIRE(box.run_detached("web", "echo kept >/kept; exec sleep 86611").code == 0);
  REQUIRE(eventually([] { return find_commands({"sleep", "86611"}).size() == 1; }));  // or its first process might be taken for a trace
  const auto before = traces();
  const Result inside = box.snug({"debug", "web", "-c", "hostname; ps -o args; cat /kept; echo $SNUG_CONTAINER; sh -c 'echo a program'; walls 1 | tail -n 1"});
  CHECK_MESSAGE(has(inside.out, "web\n"), inside.out << inside.err);
  CHECK(has(inside.out, "sleep 86611\n"));
  CHECK(has(inside.out, "kept\nweb\na program\nseccomp"));
  CHECK(box.snug({"debug", "web", "kill", "-0", "1"}).code == 0);
  Terminal terminal({"/usr/bin/env", box.environment(), program(), "debug", "web"}, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("web:/root# "), terminal.seen());
  terminal.send("(echo be''gun; sleep 86613)\n");
  REQUIRE_MESSAGE(terminal.expect("begun"), terminal.seen());
  terminal.send("\x03");
  REQUIRE_MESSAGE(terminal.expect("web:/root# "), terminal.seen());
  terminal.send("exit 4\n");
  CHECK(terminal.wait() == 4);
  CHECK(left_since(before) == "");
  CHECK(box.snug({"stop", "-t", "0", "web"}).code == 0);
  const Result asleep = box.snug({"debug", "web", "-c", "cat /kept; ps -o args | grep -c sleep"});
  CHECK_MESSAGE(asleep.out == "kept\n0\n", asleep.out << asleep.err);
  CHECK(eventually([&] { return box.snug({"ps", "--all", "--format", "{{.State}}"}).out == "exited\n"; }));
  CHECK(box.snug({"rm", "web"}).code == 0);
  REQUIRE(box.run_detached("localhost_1_web", "exec sleep 86614").code == 0);
  const Result mistyped = box.snug({"debug", "localhost:1/web"});
  CHECK_MESSAGE(has(mistyped.err, "since there is no container 'localhost:1/web'\n  hint:  did you mean the container 'localhost_1_web'?\n"), mistyped.err);
  CHECK(mistyped.code == 125);
  const Result none = box.snug({"debug"});
  CHECK(none.code == 125);
  CHECK(has(none.err, "needs a container, an image or a root file system"));
}

TEST_CASE("debug: no process inside can look into the shell, nor change the program that it is") {
  const Bare bare;
  const std::string copy = bare.scratch().path() + "/snug";
  fs::copy_file(program(), copy);
  const auto text = [&] { return snug::sys::find_file_text(copy.c_str(), std::size_t{256} << 20U).value_or(""); };
  const std::string before = text();
  const std::string look = "sh -c 'cat /proc/'$$'/environ'; sh -c 'readlink /proc/'$$'/exe; ls /proc/'$$'/fd'; "
                           "for exe in /proc/[0-9]*/exe; do : >>$exe; done; tr -d '\\0' </proc/$$/cmdline; echo; echo tried";
  const Result result = run({copy, "debug", "-e", "SECRET=word", small_root(), "-c", look});
  CHECK_MESSAGE(result.out == "snug\ntried\n", result.out << result.err);
  CHECK((text() == before));
}

TEST_CASE("debug: tools of the host are a sealed copy, and only what is static") {
  const Bare bare;
  const auto with = [&](const std::string& tools, const std::vector<std::string>& words) {
    std::vector<std::string> all{program(), "debug", "--tools", tools, bare.root()};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  };
  const Result result = with(busybox(), {"-c", "echo a b | awk '{print $2}'; busybox readlink /proc/self/exe; type awk; busybox sh -c ': >>/proc/self/exe' || echo closed"});
  CHECK_MESSAGE(result.out == "b\n/memfd:tools (deleted)\nawk is left to the tools of --tools\nclosed\n", result.out << result.err);
  CHECK(has(with("/nowhere/busybox", {"true"}).err, "busybox-static"));
  const Result script = with("/etc/passwd", {"true"});
  CHECK(script.code == 125);
  CHECK(has(script.err, "the tools have to be one static program"));
}

TEST_CASE("debug: an image with one program, which is not what runs") {
  const Bare bare;
  const Containers box;
  const std::string layer = shell_output("tar -C '" + bare.root() + "' -c --owner=0 --group=0 .");
  make_odd_image(box.folder() + "/layout", "docker.io/library/one:latest", {layer}, R"({"Entrypoint":["/echo","no"],"Env":["A=image"],"WorkingDir":"/work"})");
  const Result loaded = box.snug({"load", "-q", "-i", box.folder() + "/layout"});
  REQUIRE_MESSAGE(loaded.code == 0, loaded.err);
  const Result result = box.snug({"debug", "one", "-c", "pwd; echo $A; /echo $(ls / | grep -c echo)"});
  CHECK_MESSAGE(result.out == "/work\nimage\n1\n", result.out << result.err);
  CHECK(box.snug({"run", "--shell", "builtin", "one", "pwd"}).out == "/work\n");
  CHECK(box.snug({"create", "--name", "made", "--shell", "builtin", "one", "true"}).code == 0);
  CHECK(box.snug({"start", "made"}).code == 0);
  CHECK(box.snug({"wait", "made"}).out == "0\n");
}

TEST_CASE("run --shell builtin: in the background, without an init, and in plans") {
  const Containers box;
  const Bare bare;
  const std::string root = bare.root();
  CHECK(box.snug({"run", "-d", "--name", "job", "--shell", "builtin", root, "-c", "echo from the log; exit 4"}).code == 0);
  CHECK(box.snug({"wait", "job"}).out == "4\n");
  CHECK(box.snug({"logs", "job"}).out == "from the log\n");
  CHECK(box.snug({"ps", "-a", "--no-trunc", "--format", "{{.Command}}"}).out == "\"builtin shell -c 'echo from the log; exit 4'\"\n");
  CHECK(box.snug({"rm", "job"}).code == 0);
  const Result first = box.snug({"run", "--no-init", "--shell", "builtin", root, "-c", "echo $$; sleep 0 & wait; kill -TERM $$; exit 5"});
  CHECK_MESSAGE(first.out == "1\n", first.out << first.err);
  CHECK(first.code == 5);
  CHECK(has(box.snug({"plan", "--shell", "builtin", root, "ls"}).out, "become snug's own shell"));
  CHECK(has(box.snug({"plan", "--sh", "--shell", "builtin", root}).out, "in no file that a script could start"));
  CHECK(has(box.snug({"plan", "--verify", "--shell", "builtin", root, "true"}).err, "stays closed to tracers"));
  CHECK(has(box.snug({"run", "--shell", "zsh", root}).err, "the shell that can be chosen is 'builtin'"));
  CHECK(has(box.snug({"run", "--tools", busybox(), root, "/echo"}).err, "add --shell builtin"));
}

TEST_CASE("debug: where /proc is not mounted, what needs it says so, and the rest works") {
  const Bare bare;
  const Result result = run({program(), "run", "--cap-add", "SYS_ADMIN", "--shell", "builtin", "--tools", busybox(), bare.root(), "-c",
                             "busybox umount -l /proc; ls /proc; ps; mount; ip listeners; ip addr | head -n 1; walls; ls -l /echo | wc -l"});
  CHECK_MESSAGE(has(result.err, "ps: /proc is not mounted here, and nothing else tells of processes"), result.out << result.err);
  CHECK(has(result.err, "mount: /proc is not mounted here"));
  CHECK(has(result.err, "ip: /proc is not mounted here"));
  CHECK(has(result.out, "1: lo: "));
  CHECK(has(result.out, "namespaces     not to be seen: /proc is not mounted here\n"));
  CHECK(has(result.out, "  to be had    chown"));
}

TEST_CASE("debug: who looks for a command where there is no shell either is told of it") {
  const Containers box;
  const Bare bare;
  const std::string hint = "there is no shell in there either; 'snug debug', or --shell builtin, looks around with one of its own";
  for (const std::string driver : {"overlay", "copy"}) CHECK(has(box.snug({"run", "--storage-driver", driver, bare.root(), "sh"}).err, hint));
  CHECK(has(box.snug({"run", bare.root(), "/bin/ls"}).err, hint));
  const Result full = run({program(), "run", small_root(), "no-such-command"});
  CHECK(full.code == 127);
  CHECK(!has(full.err, "no shell"));
  CHECK(box.snug({"run", "-d", "--name", "c", "--shell", "builtin", bare.root(), "-c", "sleep 1000"}).code == 0);
  for (const char* way : {"exec", "enter"}) {
    const Result result = box.snug({way, "c", "ls"});
    CHECK(result.code == 127);
    CHECK_MESSAGE(has(result.err, hint), result.err);
  }
}

TEST_CASE("debug: a container that is woken for it has ended as it had ended before") {
  const Containers store;
  REQUIRE(store.snug({"create", "--userns", "single", "--restart", "always", "--name", "fresh", small_root(), "true"}).code == 0);
  CHECK(store.snug({"run", "--rm=false", "--userns", "single", "--name", "three", small_root(), "sh", "-c", "exit 3"}).code == 3);
  const auto told = [&](const std::string& name) { return store.snug({"inspect", "-f", "{{json .State}}", name}).out; };
  for (const std::string name : {"fresh", "three"}) {
    const auto without_monitor = [](const std::string& state) { return state.substr(0, state.find("\"MonitorPid\"")) + state.substr(state.find("\"ExitCode\"")); };
    const std::string before = without_monitor(told(name));
    CHECK(store.snug({"debug", name, "echo", "seen"}).out == "seen\n");
    REQUIRE(eventually([&] { return has(told(name), "\"Running\":false"); }));
    CHECK(without_monitor(told(name)) == before);
    CHECK(store.snug({"debug", name, "false"}).code == 1);
    CHECK(store.snug({"enter", name, "true"}).code == 0);
    REQUIRE(eventually([&] { return has(told(name), "\"Running\":false"); }));
    CHECK(without_monitor(told(name)) == before);
  }
  CHECK(store.snug({"wait", "three"}).out == "3\n");
  CHECK(has(store.snug({"ps", "-a", "--filter", "exited=3", "--format", "{{.Names}} {{.Status}}"}).out, "three Exited (3)"));
}
