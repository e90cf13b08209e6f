#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "containers.hh"
#include "snug/base/text.hh"
#include "tar.hh"

using namespace snug::test;
namespace fs = std::filesystem;

// Root with one id: owners that are remembered.
namespace {

Result remembering(const std::string& script, std::vector<std::string> options = {}) {
  options.insert(options.begin(), {program(), "run", "--userns", "single", "--emulate-root", "remembered"});
  options.insert(options.end(), {small_root(), "sh", "-c", script});
  return run(options);
}

/// A store with an image whose files have owners.
struct Owned : Containers {
  Owned() {
    const std::string base = shell_output("tar -C '" + small_root() + "' -c --owner=0 --group=0 .");
    const std::string files = tar({.name = "srv/", .type = '5', .mode = 0750, .uid = 5, .gid = 6}) + tar({.name = "srv/tool", .data = "x", .mode = 04755, .uid = 33, .gid = 42}) +
                              tar({.name = "srv/note", .data = "x", .mode = 0640, .uid = 0, .gid = 42}) + tar_end();
    make_odd_image(folder() + "/layout", "docker.io/library/owned:latest", {base, files}, R"({"Cmd":["sh"]})");
    REQUIRE(snug({"load", "-q", "-i", folder() + "/layout"}).code == 0);
  }

  [[nodiscard]] Result run_in(const std::string& name, const std::string& image, const std::string& script) const {
    return snug({"run", "--rm=false", "--name", name, "--userns", "single", "--emulate-root", "remembered", image, "sh", "-c", script});
  }
};

std::vector<std::string> detached(const std::string& name, const std::string& script) {
  return {"run", "-d", "--userns", "single", "--emulate-root", "remembered", "--name", name, small_root(), "sh", "-c", script};
}

// The process that remembers for a container: the child of its monitor with that name.
pid_t rememberer(pid_t monitor) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    const std::string status = read_file("/proc/" + name + "/status");
    if (has(status, snug::format("\nPPid:\t{}\n", monitor)) && has(status, "Name:\tsnug-owners\n")) return std::atoi(name.c_str());
  }
  return -1;
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("remembered owners: what chown was asked for, stat tells, by every name and to all") {
  const Result told = remembering(
      "touch f && stat -c %u:%g f && chown 5:6 f && stat -c %u:%g f && ln f g && mv f h && sh -c 'stat -c %u:%g /g /h; ls -ln h' | cut -c1-30 && chown :7 h && stat -c %u:%g g\n"
      "mkdir d && chown 8 d && cd d && stat -c %u . && touch n && stat -c %u n ../d ./../h && cd / && mv d e && stat -c %u e && chown 0:0 h && stat -c %u:%g g && chown -R 9 e && stat -c %u e/n");
  CHECK_MESSAGE(told.code == 0, told.err);
  CHECK(told.out == "0:0\n5:6\n5:6\n5:6\n-rw-r--r--    2 5        6    \n5:7\n8\n0\n8\n5\n8\n0:0\n9\n");
}

TEST_CASE("remembered owners: what the kernel refuses for what it is called on is refused") {
  CHECK(remembering("chown 5 /nowhere; chown 5 /etc/passwd/x").err == "chown: /nowhere: No such file or directory\nchown: /etc/passwd/x: Not a directory\n");
}

TEST_CASE("remembered owners: set-user-ID goes with the owner, and comes by chmod") {
  const Result told = remembering("touch f && chmod 4755 f && chown 5 f && stat -c %a f && chmod 6755 f && stat -c %u:%a f && chmod 700 f && stat -c %u:%a f && test ! -g f");
  CHECK_MESSAGE(told.out == "755\n5:6755\n5:700\n", told.err);
}

TEST_CASE("remembered owners: a path is walked as who names it would walk it") {
  const Result told = remembering(
      "mkdir -p a/b a/bin a/f && touch x a/x && chown 5 x && chown 6 a/x && ln -s /x l && ln -s /x a/l && ln -s loop loop && cp /bin/busybox a/bin && cd a/b\n"
      "stat -L -c %u /l /a/l ../../l ../l; chroot /a /bin/busybox stat -L -c %u /l /x b/../../x /../x; cd /; stat -c %u x; chown -h 7 l; stat -c %u l; stat -L -c %u l\n"
      "stat -L -c %u /dev/fd/3 3<x; stat -L -c %u /proc/self/fd/0 /dev/stdin <a/x; chown 9 /nothing 2>&1; chown 9 loop 2>&1; chown 9 /proc/self/fd/3 3>x; stat -c %u x; chown 9 /proc/1/root/x; stat -c %u x; true");
  CHECK_MESSAGE(told.code == 0, told.err);
  CHECK(told.out == "5\n5\n5\n5\n6\n6\n6\n6\n5\n0\n5\n5\n6\n6\nchown: /nothing: No such file or directory\nchown: loop: Too many levels of symbolic links\n9\n9\n");
}

TEST_CASE("remembered owners: a device that was made looks like one") {
  const Result told = remembering("umask 27; mknod d c 1 3 && mknod -m 660 b b 8 17 && mknod p p && test -c d && test -b b && test -p p && stat -c '%a %t:%T %s' d b && chown 0:6 b && chmod 600 b && stat -c '%g %a %F' b\n"
                                  "mknod d c 1 3 2>&1; rm d && test ! -e d; mkdir w && mknod w/n c 0 0 && cd w && mknod ../up c 5 1 && test -c /up && ls");
  CHECK_MESSAGE(told.code == 0, told.err);
  CHECK(told.out == "640 1:3 0\n660 8:11 0\n6 600 block special file\nmknod: d: File exists\nn\n");
}

TEST_CASE("remembered owners: what stands for a device has no bits, is copied as one, and is a file once it was written to") {
  const Containers containers;
  REQUIRE(containers.snug(detached("box", "mkdir t && mknod -m 4755 t/d c 1 3 && touch t/e && echo up; exec sleep 1000")).code == 0);
  REQUIRE(eventually([&] { return containers.snug({"logs", "box"}).out == "up\n"; }));
  CHECK(shell_output("stat -c %a " + containers.upper("box") + "/t/d") == "755\n");
  const Result copied = containers.snug({"cp", "box:/t", containers.folder() + "/out"});
  CHECK_MESSAGE(copied.code == 0, copied.err);
  CHECK(fs::exists(containers.folder() + "/out/e"));
  CHECK(containers.snug({"exec", "box", "sh", "-c", "echo more >/t/d; stat -c '%F %s' /t/d"}).out == "regular file 5\n");
  CHECK(containers.snug({"cp", "box:/t/d", "-"}).out.find("more\n") != std::string::npos);
}

TEST_CASE("remembered owners: nothing is lost between an archive and another") {
  const Result told = remembering("mkdir -p t/s && touch t/s/f t/g && chown 5:6 t/s && chown 7:8 t/s/f && chmod 4711 t/s/f && chown 9 t/g && ln t/g t/s/h && mknod t/d c 1 7\n"
                                  "tar -cf /a.tar t && mkdir o && tar -C o -xpf /a.tar && cd o && find t | sort | xargs stat -c '%n %u:%g %a %h'");
  CHECK_MESSAGE(told.out == "t 0:0 755 3\nt/d 0:0 644 1\nt/g 9:0 644 2\nt/s 5:6 755 2\nt/s/f 7:8 4711 1\nt/s/h 9:0 644 2\n", told.err);
}

TEST_CASE("remembered owners: what keeps nothing is said to have changed, and what cannot be changed is not") {
  const Scratch scratch;
  scratch.write("file", "x");
  const Result told = remembering("mkfifo p && chown 5 p /proc/self/status /dev/null && stat -c %u p; chown 5 /ro/file; stat -c %u /ro/file; chown 5 /rw/file; stat -c %u /rw/file",
                                  {"-v", scratch.path() + ":/ro:ro", "-v", scratch.path() + ":/rw"});
  CHECK_MESSAGE(told.out == "0\n0\n5\n", told.err);
  CHECK(told.err == "chown: /ro/file: Read-only file system\n");
}

TEST_CASE("remembered owners: of a container that is kept, also for those who enter it") {
  const Containers containers;
  const Result made = containers.snug(detached("box", "test -e /f || { touch /f; chown 5:6 /f; }; touch /ready; exec sleep 86702"));
  REQUIRE_MESSAGE(made.code == 0, made.err);
  const auto ask = [&](const std::string& script) {
    const Result told = containers.snug({"exec", "box", "sh", "-c", script});
    return told.out + told.err;
  };
  REQUIRE(eventually([&] { return ask("test -e /ready && echo yes") == "yes\n"; }));
  CHECK(ask("stat -c %u:%g /f; chown 7 /f; stat -c %u:%g /f; (sleep 1; chown :8 /f) >/dev/null 2>&1 &") == "5:6\n7:6\n");
  CHECK(eventually([&] { return ask("stat -c %u:%g /f") == "7:8\n"; }));  // long after who entered has left
  CHECK(containers.snug({"exec", "-d", "box", "chown", "9", "/f"}).code == 0);
  CHECK(eventually([&] { return ask("stat -c %u /f") == "9\n"; }));
  CHECK(containers.snug({"inspect", "--format", "{{.Restraints.EmulateRoot}}", "box"}).out == "remembered\n");
  REQUIRE(containers.snug({"restart", "-t", "1", "box"}).code == 0);
  CHECK(eventually([&] { return ask("stat -c %u:%g /f") == "9:8\n"; }));
  CHECK(containers.snug({"enter", "box", "stat", "-c", "%u", "/f"}).out == "9\n");
  const Result copied = containers.snug({"cp", "-a", "-", "box:/var"}, tar({.name = "d/", .type = '5', .mode = 0750, .uid = 5, .gid = 6}) + tar({.name = "d/f", .mode = 04711, .uid = 7, .gid = 8}) + tar_end());
  CHECK_MESSAGE(copied.code == 0, copied.err);
  CHECK(ask("stat -c '%u:%g %a' /var/d /var/d/f") == "5:6 750\n7:8 4711\n");
}

TEST_CASE("remembered owners: bits, devices and folders outlive a restart, by each name of theirs") {
  const Containers containers;
  const std::string make = "test -e /done || { touch f; chown 5:6 f; chmod 6755 f; ln f g; mv f h; mknod n c 1 3; chmod 640 n; chown 0:6 n; ln n m; mv n o; mkdir -p d/s; touch d/s/x; chown 7:8 d; chmod 2771 d\n"
                           "chown 9 d/s/x; mv d e; echo >/done; }; exec sleep 86711";
  REQUIRE(containers.snug(detached("box", make)).code == 0);
  const auto ask = [&](const std::string& script) {
    const Result told = containers.snug({"exec", "box", "sh", "-c", script});
    return told.out + told.err;
  };
  REQUIRE(eventually([&] { return ask("cat /done") == "\n"; }));
  const std::string look = "stat -c '%n %u:%g %a %h %t:%T %s %F' g h m o e e/s e/s/x";
  const std::string whole = "g 5:6 6755 2 0:0 0 regular empty file\nh 5:6 6755 2 0:0 0 regular empty file\nm 0:6 640 2 1:3 0 character special file\no 0:6 640 2 1:3 0 character special file\n";
  CHECK(ask(look).starts_with(whole + "e 7:8 2771 "));
  const std::string before = ask(look);
  REQUIRE(containers.snug({"restart", "-t", "1", "box"}).code == 0);
  CHECK(ask(look) == before);
  // What was made before is changed by one name, and found by the other, also after the next one.
  CHECK(ask("mv g i; ln h j; chown 11 j; chmod 4700 i; mv o p; chmod 600 m; mv e k; chown :12 k; stat -c %u:%g:%a i h j") == "11:6:4700\n11:6:4700\n11:6:4700\n");
  REQUIRE(containers.snug({"restart", "-t", "1", "box"}).code == 0);
  CHECK(ask("stat -c '%n %u:%g %a %h' i h j; stat -c '%u:%g %a %t:%T %F' m p; stat -c '%u:%g %a' k k/s/x; chmod 711 k; stat -c '%u:%g %a' k") ==
        "i 11:6 4700 3\nh 11:6 4700 3\nj 11:6 4700 3\n0:6 600 1:3 character special file\n0:6 600 1:3 character special file\n7:12 2771\n9:0 644\n7:12 711\n");
}

TEST_CASE("remembered owners: an image's files have them, and give them back to the next") {
  const Owned store;
  const Result told = store.run_in("first", "owned", "cd /srv; stat -c '%n %u:%g %a' . tool note; chown 8 note; chmod 750 tool; mkdir made; chown 9:10 made; mknod null c 1 3; ln null zero; stat -c '%u %a' tool");
  CHECK_MESSAGE(told.out == ". 5:6 750\ntool 33:42 4755\nnote 0:42 640\n33 750\n", told.err);
  CHECK(has(store.snug({"diff", "first"}).out, "C /srv/note\n"));
  REQUIRE(store.snug({"commit", "first", "localhost/second"}).code == 0);
  CHECK(store.run_in("second", "localhost/second", "cd /srv; stat -c '%n %u:%g %a' . tool note made; stat -c '%t:%T %h' null zero; chown 1 /etc").out == ". 5:6 750\ntool 33:42 750\nnote 8:42 640\nmade 9:10 755\n1:3 2\n1:3 2\n");
  CHECK(has(store.snug({"diff", "second"}).out, "C /etc\n"));
  const std::string file = store.folder() + "/all.tar";
  REQUIRE(store.snug({"export", "-o", file, "first"}).code == 0);
  const std::string listed = shell_output("tar --numeric-owner -tvf '" + file + "' | grep ' srv/' | tr -s ' ' | cut -d' ' -f1,2,3,6 | sed 's/ [^ ]*-[^ ]* / /'");
  for (const char* line : {"drwxr-x--- 5/6", "-rwxr-x--- 33/42", "-rw-r----- 8/42", "drwxr-xr-x 9/10", "crw-r--r-- 0/0 1,3"}) CHECK_MESSAGE(has(listed, line), listed);
}

TEST_CASE("remembered owners: without the process that remembers, the container ends, and says why") {
  const Containers containers;
  REQUIRE(containers.snug(detached("box", "exec sleep 86703")).code == 0);
  const pid_t process = rememberer(containers.monitor("box"));
  REQUIRE(process > 0);
  CHECK(eventually([&] { return is_asleep(process, "snug-owners"); }));
  REQUIRE(::kill(process, SIGKILL) == 0);
  CHECK(containers.snug({"wait", "box"}).out == "125\n");
  CHECK(has(containers.snug({"logs", "box"}).err, "the process that remembers owners has ended"));
  CHECK(find_commands({"sleep", "86703"}).empty());
}

TEST_CASE("remembered owners: of those who enter, each has a process that remembers, and a notice when it is gone") {
  const Containers containers;
  REQUIRE(containers.snug(detached("box", "exec sleep 86704")).code == 0);
  const Result told = run({"env", containers.environment(), "sh", "-c",
                           "\"$0\" exec box sleep 86705 & until pgrep -fx 'sleep 86705' && pid=$(pgrep -P $! -x snug-owners); do sleep 0.05; done >/dev/null\n"
                           "kill -9 $pid; wait $!", program()});
  CHECK(told.code == 125);
  CHECK_MESSAGE(has(told.err, "the process that remembers owners has ended"), told.err);
  CHECK(containers.snug({"exec", "box", "sh", "-c", "touch f; chown 5 f; stat -c %u f"}).out == "5\n");
}

TEST_CASE("remembered owners: who remembers is seen with --pid host, and not looked into") {
  const Containers containers;
  // With all rights that it has itself, and without the wall that forbids it once more.
  std::vector<std::string> words = detached("box", "exec sleep 86712");
  words.insert(words.begin() + 2, {"--pid", "host", "--cap-add", "SYS_PTRACE", "--security-opt", "landlock=off"});
  const Result made = containers.snug(words);
  REQUIRE_MESSAGE(made.code == 0, made.err);
  const pid_t process = rememberer(containers.monitor("box"));
  REQUIRE(process > 0);
  REQUIRE(eventually([&] { return is_asleep(process, "snug-owners"); }));
  const Result told = containers.snug({"exec", "box", "sh", "-c",
                                       snug::format("cd /proc/{} && cat comm; for each in exe root cwd fd/0 ns/mnt ns/user; do readlink $each; done; for each in fd map_files root/ cwd/; do ls $each; done; "
                                                    "cat environ maps auxv fd/0; head -c 1 exe mem; echo looked", process)});
  CHECK_MESSAGE(told.out == "snug-owners\nlooked\n", told.out);
  CHECK_MESSAGE(has(told.err, "Permission denied"), told.err);
  CHECK(containers.snug({"exec", "box", "sh", "-c", "touch f; chown 5 f; stat -c %u f"}).out == "5\n");
}

TEST_CASE("remembered owners: the picture shows who answers") {
  const Containers containers;
  REQUIRE(containers.snug(detached("box", "exec sleep 86706")).code == 0);
  const std::string process = snug::format("{}", rememberer(containers.monitor("box")));
  const std::string one = containers.snug({"walls", "box"}).out, all = containers.snug({"walls"}).out;
  CHECK_MESSAGE(has(one, "but calls about owners and modes of files are answered by process " + process + " (snug-owners)"), one);
  CHECK_MESSAGE(has(one, "answers about owners for box"), one);
  CHECK_MESSAGE(has(all, ", but in 1 container"), all);
}

TEST_CASE("remembered owners: nothing is left of who remembers") {
  const auto before = traces();
  CHECK(remembering("touch f; chown 5 f").code == 0);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("remembered owners: refused where somebody else keeps them, or nobody can") {
  CHECK(has(remembering("true", {"--nested"}).err, "--emulate-root remembered: with --nested"));
  CHECK(has(remembering("true", {"--security-opt", "no-new-privileges=false"}).err, "--emulate-root remembered: the filter cannot come after"));
  CHECK(has(run({program(), "run", "--uidmap", "7:" + std::to_string(::getuid()) + ":1", "--emulate-root", "remembered", small_root(), "true"}).err, "it is for root"));
  CHECK(remembering("touch f; chown 5 f; stat -c %u f", {"--security-opt", "seccomp=unconfined"}).out == "5\n");
  CHECK(remembering("touch f; chown 5 f; stat -c %u f", {"--init=false"}).out == "5\n");
  CHECK(remembering("touch f; chown 5 f; stat -c %u f", {"--pid", "host"}).out == "5\n");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("remembered owners: refused where the kernel keeps them") {
  CHECK(has(run({program(), "run", "--emulate-root", "remembered", small_root(), "true"}).err, "more ids than one are mapped"));
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("once");

TEST_CASE("a real Debian with one id: packages find the owners that they gave") {
  if (debian_root().empty()) return skip("no Debian root was made");
  const Result result = run({program(), "run", "--userns", "single", "--emulate-root", "remembered", "--network", "host", "tar:" + debian_root() + ".tar", "sh", "-ec",
                             "stat -c %U:%G /etc/shadow; apt-get update -q; rm /var/cache/man/index.db; apt-get install -yq --no-install-recommends openssh-server postgresql-common sudo cron man-db iputils-ping\n"
                             "dpkg --audit; stat -c '%U:%G %a' /usr/bin/ssh-agent /var/spool/cron/crontabs /var/cache/man /var/log/postgresql /run/postgresql; getcap /bin/ping; useradd -m someone\n"
                             "stat -c %U /home/someone; test -s /var/cache/man/index.db; sudo -u someone sh -c 'touch /home/someone/file; echo $USER'; su someone -c 'test -e /home/someone/file; echo $USER'\n"
                             "chown someone: /home/someone/file; tar -C / -cf /t.tar home; mkdir /o; tar -C /o -xpf /t.tar; stat -c %U:%G /o/home/someone/file; mknod -m 600 /d b 8 1; stat -c '%a %t:%T' /d; echo whole"},
                            {.patience = std::chrono::seconds(240)});
  CHECK_MESSAGE(result.out.starts_with("root:shadow\n"), result.out << result.err);
  CHECK_MESSAGE(result.out.ends_with("\nroot:_ssh 2755\nroot:crontab 1730\nman:man 755\nroot:postgres 1775\npostgres:postgres 2775\n/bin/ping cap_net_raw=ep\nsomeone\nsomeone\nsomeone\nsomeone:someone\n600 8:1\nwhole\n"),
                result.out << result.err);
}

TEST_SUITE_END();
