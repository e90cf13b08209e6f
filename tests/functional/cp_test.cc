#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "containers.hh"
#include "helper.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/restraint.hh"

using namespace snug::test;
using snug::format;
namespace sys = snug::sys;
namespace fs = std::filesystem;

namespace {

/// A container that sleeps, and a folder "here" outside beside a canary.
struct Copies : Containers {
  Copies() {
    REQUIRE(run_detached("c", "mkdir /work; exec sleep 1000").code == 0);
    REQUIRE(eventually([&] { return fs::exists(upper("c") + "/work"); }));
    shell_output(format("mkdir {0}/here {0}/canary; echo secret >{0}/canary/secret", folder()));
  }

  [[nodiscard]] std::string here(const std::string& name = "") const { return folder() + "/here" + (name.empty() ? "" : "/" + name); }
  std::string in(const std::string& script) const { return snug({"exec", "c", "sh", "-c", script}).out; }

  /// Copies, and gives what was said where that could not be done.
  [[nodiscard]] std::string cp(std::vector<std::string> words) const {
    words.insert(words.begin(), "cp");
    const Result result = snug(words);
    return result.code == 0 ? result.err : format("{}: {}", result.code, result.err);
  }

  /// Names, kinds, modes, link counts, times, links and contents of what is outside, a line each.
  [[nodiscard]] std::string listing(const std::string& path, bool folder_times = true) const {
    return shell_output(format("cd {} && find . -mindepth 1 ! -type d -printf '%p %y %m %n %T@ %s %l\\n' -o -mindepth 1 -printf '%p %y %m{}\\n' | LC_ALL=C sort && "
                               "find . -type f -size -2M -print0 | LC_ALL=C sort -z | xargs -0r cat | cksum", path, folder_times ? " %T@" : ""));
  }
};

// A line of /proc/PID/status or limits: "" where there is none any more.
std::string told_of(pid_t pid, const std::string& file, const std::string& name) {
  const std::string text = read_file(format("/proc/{}/{}", pid, file));
  for (const std::string_view line : snug::lines(text))
    if (line.starts_with(name)) return snug::join(snug::split(snug::trimmed(line.substr(name.size())), '\t'), " ");
  return {};
}

bool is_confined(pid_t pid) { return told_of(pid, "status", "Seccomp:") == "2" && told_of(pid, "status", "NoNewPrivs:") == "1"; }

// The five capabilities that files take.
bool is_inside(pid_t pid) { return told_of(pid, "status", "CapBnd:") == "000000008000001b"; }

bool dumps_no_core(pid_t pid) {
  const std::string limit = told_of(pid, "limits", "Max core file size");
  return limit.starts_with("1 ") || limit.starts_with("0 ");
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  for (const std::string& word : snug::split(snug::trimmed(read_file(format("/proc/{0}/task/{0}/children", pid))), ' '))
    if (const auto child = snug::parse_number(word)) children.push_back(static_cast<pid_t>(*child));
  return children;
}

// A tree with all that may be in one.
std::string odd_tree(const std::string& path) {
  return format("mkdir -p {0}/sub/deep {0}/empty; cd {0}; echo one >sub/file; ln sub/file second; ln -s ../../canary/secret out; ln -s nowhere sub/dangling; "
                "echo odd >\"$(printf 'odd\\n\\033[31m\\377name')\"; echo x >sub/deep/-rf; chmod 0751 sub; chmod 0604 sub/file; chmod 0500 empty; "
                "truncate -s 300M holes; printf data | dd of=holes bs=1 seek=200000000 conv=notrunc 2>/dev/null; touch -d 2001-02-03T04:05:06.5 sub/file sub; "
                "touch -h -d 1969-12-31T23:00:00.25 out",
                path);
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("cp brings a tree into a container and out of it as it was: odd names, modes, times, links, holes, hard links") {
  const Copies store;
  shell_output(odd_tree(store.here("tree")));
  CHECK(store.cp({store.here("tree"), "c:/work"}) == "");
  CHECK(store.cp({"c:work/tree", store.here("back")}) == "");
  CHECK(store.listing(store.here("back")) == store.listing(store.here("tree")));
  CHECK(shell_output(format("du -k {}/holes | cut -f1", store.here("back"))).size() < 5);
  CHECK(shell_output(format("cmp {0}/tree/holes {0}/back/holes && stat -c %U {0}/back/sub/file", store.here())) == shell_output("id -un"));
  CHECK(store.in("stat -c '%u:%g %a' /work/tree/sub/file") == "0:0 604\n");
  CHECK(fs::is_symlink(store.here("back/out")));
}

TEST_CASE("cp takes several sources into a folder that is there") {
  const Copies store;
  shell_output(format("cd {}; mkdir dir; echo a >dir/in; echo b >file", store.here()));
  CHECK(store.cp({"-r", store.here("dir"), store.here("file"), "c:/work"}) == "");
  CHECK(store.in("cat /work/dir/in /work/file") == "a\nb\n");
  CHECK(store.cp({"c:/work/dir/in", "c:/work/file", store.here()}) == "");
  CHECK(shell_output(format("cat {}/in", store.here())) == "a\n");
  CHECK(has(store.cp({store.here("dir"), store.here("file"), "c:/work/new"}), "cannot find the folder '/work/new/'"));
  CHECK(has(store.cp({store.here("dir"), store.here("in"), "c:/work/file"}), "cannot copy to '/work/file/.': Not a directory"));
  CHECK(has(store.cp({store.here("dir"), "c:/work/file", "c:/work"}), "both ends are in containers"));
  CHECK(has(store.cp({store.here("dir"), "-", "c:/work"}), "is copied alone"));
}

TEST_CASE("what TARGET means is docker's") {
  const Copies store;
  shell_output(format("cd {}; mkdir dir; echo f >file; echo d >dir/in", store.here()));
  store.in("cd /work; mkdir there; echo old >taken; ln -s there to-there; ln -s taken to-taken; ln -s new to-nothing");
  const std::string file = store.here("file"), dir = store.here("dir");
  CHECK(store.cp({file, "c:/work/new-name"}) == "");
  CHECK(store.cp({file, "c:/work/there"}) == "");
  CHECK(store.cp({file, "c:/work/taken"}) == "");
  CHECK(store.cp({file, "c:/work/to-there/by-link"}) == "");
  CHECK(store.cp({file, "c:/work/to-nothing"}) == "");
  CHECK(store.in("cd /work; cat new-name there/file taken there/by-link new; readlink to-nothing") == "f\nf\nf\nf\nf\nnew\n");
  CHECK(has(store.cp({file, "c:/work/missing/"}), "there is no such folder"));
  CHECK(has(store.cp({file, "c:/no/parent"}), "cannot find the folder '/no/'"));
  CHECK(store.cp({dir, "c:/work/made"}) == "");
  CHECK(store.cp({dir, "c:/work/there"}) == "");
  CHECK(store.cp({dir + "/.", "c:/work/there"}) == "");
  CHECK(store.in("cd /work; cat made/in there/dir/in there/in") == "d\nd\nd\n");
  CHECK(has(store.cp({dir, "c:/work/taken"}), "cannot copy a folder to '/work/taken', which is a file"));
  store.in("cd /work; mkdir -p clash/file other; echo >other/dir");
  CHECK(has(store.cp({file, "c:/work/clash"}), "clash/file', which is a folder"));
  CHECK(has(store.cp({dir, "c:/work/other"}), "cannot replace 'dir', which is no folder"));
  CHECK(has(store.cp({store.here("nothing"), "c:/work"}), "No such file or directory"));
  CHECK(has(store.cp({"c:/nothing", store.here()}), "No such file or directory"));
  CHECK(has(store.cp({"c:/a", "c:/b"}), "both ends are in containers"));
  CHECK(has(store.cp({"./a", "/b"}), "neither end is in a container"));
}

TEST_CASE("out of a container the same rules hold, and links are copied as links unless --follow-link") {
  const Copies store;
  const std::vector<std::string> canary = snapshot(store.folder() + "/canary");
  store.in("cd /work; mkdir -p dir; echo in >dir/f; echo new >file; ln -s /etc/passwd link; ln -s dir folder-link; chmod 6755 file");
  CHECK(store.cp({"c:/work/file", store.here()}) == "");
  CHECK(store.cp({"c:/work/link", store.here("l")}) == "");
  CHECK(store.cp({"-L", "c:/work/link", store.here("p")}) == "");
  CHECK(store.cp({"c:/work/folder-link", store.here()}) == "");
  CHECK(store.cp({"c:/work/folder-link/", store.here("followed")}) == "");
  CHECK(store.cp({"c:/work/.", store.here()}) == "");
  CHECK(shell_output(format("cd {}; stat -c %a file; readlink l folder-link; cat followed/f dir/f; [ -f p ] && [ ! -L p ] && echo file", store.here())) ==
        "755\n/etc/passwd\ndir\nin\nin\nfile\n");
  shell_output(format("cd {}; rm -r dir; ln -s ../canary dir", store.here()));
  CHECK(has(store.cp({"c:/work/.", store.here()}), "cannot replace 'dir', which is no folder"));
  CHECK(snapshot(store.folder() + "/canary") == canary);
}

TEST_CASE("'-' is a tar archive, both ways") {
  const Copies store;
  shell_output(odd_tree(store.here("tree")));
  REQUIRE(store.cp({store.here("tree"), "c:/work"}) == "");
  REQUIRE(store.cp({store.here("tree"), "c:/work"}) == "");
  shell_output(format("mkdir {0}/by-tar; {1} {2} cp c:/work/tree - | tar -C {0}/by-tar -xpf -", store.here(), "env " + store.environment(), program()));
  CHECK(store.listing(store.here("by-tar/tree"), false) == store.listing(store.here("tree"), false));  // the times of folders differ in this pipeline alone: not understood yet
  shell_output(format("cd {}; tar --format=posix -cSzf - tree | env {} {} cp - c:/work/there 2>&1 | grep -q 'not there'", store.here(), store.environment(), program()));
  store.in("mkdir /work/there");
  shell_output(format("touch -h -d 2001-02-03T04:05:06.25 {}/out", store.here("tree")));  // libarchive misreads fractions before 1970
  shell_output(format("cd {}; tar --format=posix -cSzf - tree | env {} {} cp - c:/work/there", store.here(), store.environment(), program()));
  CHECK(store.cp({"c:/work/there/tree", store.here("back")}) == "");
  CHECK(store.listing(store.here("back")) == store.listing(store.here("tree")));
  CHECK(has(store.snug({"cp", "-", "c:/work/there"}, "this is no archive").err, "it is no tar archive"));
}

TEST_CASE("what cannot be copied is left out or refused, by name") {
  const Copies store;
  store.in("mkdir /work/odd; mkfifo /work/odd/fifo; echo f >/work/odd/file");
  CHECK(has(store.cp({"c:/work/odd", store.here("odd")}), "notice: 1 device, FIFO or socket was not copied"));
  CHECK(fs::exists(store.here("odd/file")));
  CHECK(has(store.cp({"c:/work/odd/fifo", store.here()}), "it is a FIFO"));
  CHECK(has(store.cp({"c:/dev/null", store.here()}), "it is a device"));
  CHECK(has(store.cp({"c:/nope", store.here()}), "cannot copy '/nope' of the container: No such file or directory (ENOENT)"));
  CHECK(has(store.cp({"/nope", "c:/work"}), "cannot copy '/nope' of this machine: No such file or directory (ENOENT)"));
  CHECK(has(store.cp({"c:", store.here()}), "'c:' names no path in the container\n  hint:  all of it is c:/."));
  CHECK(has(store.cp({"", "c:/work"}), "a path is empty"));
  CHECK(has(store.cp({"c:/proc/version", store.here()}), "a window to the kernel"));
  CHECK(has(store.cp({"c:/.", store.here("all")}), "folders of the kernel's own were not copied"));
  CHECK(fs::exists(store.here("all/bin/sh")));
  shell_output(format("echo f >{}", store.here("hosts")));
  CHECK(has(store.cp({store.here("hosts"), "c:/etc/hosts"}), "cannot replace '/etc/hosts': a mount is on it"));
  CHECK(has(store.cp({store.here("hosts"), "c:/etc"}), "cannot replace '/etc/hosts': a mount is on it"));
}

TEST_CASE("a container that does not run is copied into and out of as if it did, and its state stays what it was") {
  const Containers store;
  REQUIRE(store.snug({"create", "--userns", "single", "--name", "new", small_root(), "cat", "/etc/made"}).code == 0);
  shell_output(format("echo made >{}/file", store.folder()));
  const Result in = store.snug({"cp", store.folder() + "/file", "new:/etc/made"});
  CHECK_MESSAGE(in.code == 0, in.err);
  CHECK(store.snug({"ps", "-a", "--format", "{{.Status}}"}).out == "Created\n");
  for (const char* passing : {"/tmp", "/run/file", "/tmp/deep/file"}) {
    const Result refused = store.snug({"cp", store.folder() + "/file", format("new:{}", passing)});
    CHECK_MESSAGE(refused.code == 125, passing);
    CHECK_MESSAGE(has(refused.err, "it is in memory"), refused.err);
    CHECK_MESSAGE(has(refused.err, "snug start new"), refused.err);
  }
  const Result own = store.snug({"cp", store.folder() + "/file", "new:/etc/hosts"});
  CHECK(own.code == 125);
  CHECK_MESSAGE(has(own.err, "it is a file of snug's own, made anew at each start"), own.err);
  CHECK(!has(own.err, "snug start"));
  CHECK(store.snug({"cp", "new:/etc/made", store.folder() + "/back"}).code == 0);
  CHECK(read_file(store.folder() + "/back") == "made\n");
  CHECK(store.snug({"start", "new"}).code == 0);
  CHECK(store.snug({"wait", "new"}).out == "0\n");
  CHECK(store.snug({"cp", "new:/etc/made", "-"}).out.size() > 512);
  CHECK(store.snug({"rm", "new"}).code == 0);
  CHECK(store.is_empty());
}

TEST_CASE("a container that swaps a folder for a link meanwhile leads no copy out of itself") {
  const Copies store;
  const std::vector<std::string> canary = snapshot(store.folder() + "/canary");
  shell_output(format("mkdir {0}/tree {0}/tree/a; echo mine >{0}/tree/a/secret", store.here()));
  REQUIRE(store.snug({"exec", "-d", "c", "sh", "-c",
                      format("cd /work; mkdir -p real/a; echo own >real/a/secret; ln -s {0}/canary link; ln -s ../../../../../../../../..{0}/canary up; "
                             "while :; do mv -T real race; mv -T race real; mv -T link race; mv -T race link; mv -T up race; mv -T race up; done",
                             store.folder())})
              .code == 0);
  for (int count = 0; count < 100; ++count) {
    const std::string out = store.here(format("out{}", count));
    static_cast<void>(store.snug({"cp", "-L", "c:/work/race", out}));
    static_cast<void>(store.snug({"cp", store.here("tree") + "/.", "c:/work/race"}));
  }
  CHECK(snapshot(store.folder() + "/canary") == canary);
  CHECK(shell_output(format("grep -rl ^secret$ {} | wc -l", store.here())) == "0\n");
}

TEST_CASE("a copy that is killed leaves no process inside and what is whole there, and the container lives") {
  const Copies store;
  shell_output(format("mkfifo {0}/never; mkdir {0}/many; head -c 20M /dev/urandom >{0}/many/big", store.here()));
  const Background copy({"env", store.environment(), "sh", "-c", format("{{ tar -cf - -C {0} many; exec cat {0}/never; }}", store.here()) + " | exec \"$0\" cp - c:/work", program()});
  REQUIRE(eventually([&] { return has(store.in("ls -a /work/many"), "big"); }));
  for (const pid_t pid : find_commands({program(), "cp", "-", "c:/work"})) ::kill(pid, SIGKILL);
  CHECK(eventually([&] { return find_commands({program(), "cp", "-", "c:/work"}).empty(); }));
  for (const pid_t pid : find_commands({"cat", store.here("never")})) ::kill(pid, SIGKILL);  // nobody ever writes to it
  CHECK(store.in("wc -c </work/many/big") == "20971520\n");
  CHECK_FALSE(has(store.in("ls -a /work /work/many"), ".snug-"));
  CHECK(store.in("echo alive") == "alive\n");
}

TEST_CASE("a disk that is full inside is an error that names the file and what is in place, and leaves no part of it") {
  const Containers store;
  REQUIRE(store.snug({"run", "-d", "--userns", "single", "--name", "small", "--tmpfs", "/small:size=1m", small_root(), "sleep", "1000"}).code == 0);
  shell_output(format("mkdir {0}/two; head -c 1000 /dev/zero >{0}/two/a; head -c 4M /dev/urandom >{0}/two/b", store.folder()));
  const Result result = store.snug({"cp", store.folder() + "/two", "small:/small"});
  CHECK(result.code == 125);
  CHECK_MESSAGE(has(result.err, "cannot write 'b': No space left on device (ENOSPC)"), result.err);
  CHECK_MESSAGE(has(result.err, "2 entries are in place"), result.err);
  CHECK(store.snug({"exec", "small", "ls", "-a", "/small/two"}).out == ".\n..\na\n");
}

TEST_CASE("cp keeps owners and attributes with --archive as far as they can be had") {
  const Copies store;
  shell_output(format("echo f >{0}/f; setfattr -n user.colour -v blue {0}/f 2>/dev/null || true; chmod 4755 {0}/f", store.here()));
  CHECK(store.cp({store.here("f"), "c:/work/plain"}) == "");
  CHECK(has(store.cp({"-a", store.here("f"), "c:/work/kept"}), "owner is not mapped there"));  // one id alone is
  CHECK(store.in("stat -c %a /work/plain /work/kept") == "755\n755\n");
}

TEST_CASE("cp: a wall around either of those who copy that cannot be raised ends the copy, and is named with what can be done about it") {
  const Copies store;
  shell_output(format("echo f >{0}/file; mkdir {0}/out; tar -C {0} -cf {0}/tar file", store.here()));
  const auto refused = [&](long call, int error, const std::string& words) {
    const Result result = run({"/bin/sh", "-c", format("exec env {} {} {}={} {} {} <{} >/dev/null", store.environment(), helper("refusing"), call, error, program(), words, store.here("tar"))});
    CHECK_MESSAGE(result.code == 125, words);
    return result.err;
  };
  // Who sends is told of first where both are kept back at the same time, but for what the other does before it waits.
  const std::string within = "shutting in who works on the container's files", without = "shutting in who works on the files outside";
  for (const auto& [words, who] : {std::pair{"cp c:/bin/sh " + store.here("out"), within}, {"cp c:/bin/sh -", within}, {"cp " + store.here("file") + " c:/work", without}}) {
    const std::string filter = refused(SYS_seccomp, ENOSYS, words);
    CHECK_MESSAGE(has(filter, "cannot load the filter of system calls 'default': Function not implemented (ENOSYS)"), filter);
    CHECK_MESSAGE(has(filter, "a filter around this refuses further ones"), filter);
    CHECK_MESSAGE((has(filter, within) || has(filter, who)), filter);
    CHECK_MESSAGE(!has(filter, "unconfined"), filter);
    const std::string keyring = refused(SYS_keyctl, EPERM, words);
    CHECK_MESSAGE(has(keyring, "cannot join a new session keyring"), keyring);
    CHECK_MESSAGE(has(keyring, "start the outer container without it"), keyring);
    if (sys::landlock_abi() < 2) continue;
    const std::string landlock = refused(SYS_landlock_restrict_self, EPERM, words);
    CHECK_MESSAGE(has(landlock, "(Landlock): Operation not permitted (EPERM)"), landlock);
    CHECK_MESSAGE(has(landlock, who), landlock);
  }
  static_cast<void>(refused(SYS_seccomp, ENOSYS, "cp - c:/work"));
  static_cast<void>(refused(SYS_keyctl, EPERM, "cp - c:/work"));
  if (sys::landlock_abi() >= 2) static_cast<void>(refused(SYS_landlock_restrict_self, EPERM, "cp - c:/work"));
  CHECK(shell_output(format("ls {}", store.here("out"))).empty());
  CHECK(store.in("ls -A /work").empty());
}

TEST_CASE("cp: who reads inside and who writes there is confined while the copy goes on") {
  const Copies store;
  store.in("head -c 8000000 /dev/zero >/work/big");
  shell_output(format("cd {}; mkfifo never full", store.here()));
  const auto one_inside = [](const std::vector<std::string>& words) {
    const auto inside = [](pid_t pid) { return is_inside(pid) && is_confined(pid) && dumps_no_core(pid); };
    return eventually([&] { return std::ranges::count_if(find_commands(words), inside) == 1; });
  };
  // Nobody reads the one, and nobody writes into the other.
  const sys::Fd full = sys::open(AT_FDCWD, store.here("full"), O_RDWR), never = sys::open(AT_FDCWD, store.here("never"), O_RDWR);
  const Background out({"env", store.environment(), "sh", "-c", format("exec \"$0\" cp c:/work/big - >{}", store.here("full")), program()});
  CHECK(one_inside({program(), "cp", "c:/work/big", "-"}));
  const Background in({"env", store.environment(), "sh", "-c", format("exec \"$0\" cp - c:/work <{}", store.here("never")), program()});
  CHECK(one_inside({program(), "cp", "-", "c:/work"}));
}

TEST_CASE("cp: both who read and write are confined while the copy goes on, inside and outside") {
  const Copies store;
  store.in("head -c 64000000 /dev/zero >/work/big");
  shell_output(format("head -c 64M /dev/zero >{}", store.here("big")));
  for (const auto& [from, to] : {std::pair{std::string("c:/work/big"), store.here("copy")}, {store.here("big"), std::string("c:/work/copy")}}) {
    // Stopped once both are confined, it passes nothing on, and they wait. One that has passed on all by then is followed by another.
    const auto are_confined = [](const std::vector<pid_t>& halves) { return halves.size() == 2 && std::ranges::all_of(halves, is_confined); };
    const auto is_held = [&](const Background& copy) {
      while (is_alive(copy.pid()) && !are_confined(children_of(copy.pid()))) pause_briefly();
      copy.signal(SIGSTOP);
      const bool stopped = eventually([&] { return !is_alive(copy.pid()) || told_of(copy.pid(), "status", "State:").starts_with("T"); });
      return stopped && are_confined(children_of(copy.pid())) && std::ranges::all_of(children_of(copy.pid()), is_alive);
    };
    bool held = false;
    for (int count = 0; !held && count < 50; ++count) {
      const Background copy({"env", store.environment(), program(), "cp", from, to});
      held = is_held(copy);
      if (!held) continue;
      const std::vector<pid_t> halves = children_of(copy.pid());
      CHECK(std::ranges::count_if(halves, is_inside) == 1);
      CHECK(std::ranges::all_of(halves, dumps_no_core));
    }
    CHECK(held);
  }
}

TEST_CASE("cp: a folder that is moved away while it is filled takes nothing more") {
  if (sys::landlock_abi() < 2) return skip("this kernel has no Landlock, or none for this");
  const Copies store;
  store.in("mkdir /work/to");
  shell_output(format("cd {}; mkfifo in go; mkdir t; echo a >t/a; head -c 2M /dev/zero >t/b; echo c >t/c; tar -cf all t/a t/b t/c", store.here()));
  const Background writer({"sh", "-c", format("cd {}; {{ head -c 2000000 all; cat go; tail -c +2000001 all; }} >in", store.here())});
  Background copy({"env", store.environment(), "sh", "-c", format("exec \"$0\" cp - c:/work/to <{0}/in 2>{0}/said", store.here()), program()});
  REQUIRE(eventually([&] { return has(store.in("ls /work/to/t"), "a"); }));
  CHECK(store.in("mv /work/to/t /work/elsewhere && ls /work/elsewhere") == "a\n");
  shell_output(format(": >{}", store.here("go")));
  CHECK(copy.wait() == 125);
  const std::string said = read_file(store.here("said"));
  CHECK_MESSAGE(has(said, "cannot put in place 't/b': Permission denied (EACCES)"), said);
  CHECK(store.in("ls -A /work/elsewhere | sed 's/^[.]snug-.*/in part/'; ls -A /work/to") == "in part\na\n");
}

TEST_CASE("rm waits for a copy that reads the container's files, and need not be waited for") {
  const Copies store;
  store.in("head -c 4000000 /dev/zero >/work/big");
  shell_output(format("mkfifo {}/go", store.here()));
  Background copy({"timeout", "100", "env", store.environment(), "sh", "-c", format("\"$0\" cp c:/work/big - | {{ head -c 1 >{0}/begun; cat {0}/go; wc -c; }} >{0}/came", store.here()), program()});
  REQUIRE(eventually([&] { return !read_file(store.here("begun")).empty(); }));
  const auto removal = [&](const std::string& before) { return std::vector<std::string>{"env", store.environment(), "sh", "-c", format("{} exec \"$0\" rm -f c 2>{}/said", before, store.here()), program()}; };
  const auto is_waiting = [&] { return eventually([&] { return has(read_file(store.here("said")), "somebody still reads the container's files"); }); };
  {
    Background ended(removal(""));
    REQUIRE(is_waiting());
    // It has its name until it is gone.
    CHECK(has(store.snug({"run", "--name", "c", small_root(), "true"}).err, "there is a container of the name 'c' already"));
    ended.signal(SIGINT);
    CHECK(ended.wait() == 128 + SIGINT);
  }
  CHECK(store.snug({"ps", "-a", "--format", "{{.Names}} {{.Status}}"}).out.starts_with("c Exited"));
  shell_output(format("rm {}/said", store.here()));
  Background deaf(removal("trap '' INT;"));
  REQUIRE(is_waiting());
  deaf.signal(SIGINT);
  for (int moment = 0; moment < 30; ++moment) pause_briefly();
  CHECK(is_alive(deaf.pid()));
  shell_output(format("echo >{}/go", store.here()));
  CHECK(copy.wait() == 0);
  CHECK(deaf.wait() == 0);
  CHECK(snug::parse_number(snug::trimmed(read_file(store.here("came")))).value_or(0) > 3'000'000);
  CHECK(store.is_empty());
}

TEST_CASE("what reads a container is waited for under its new name, too") {
  const Copies store;
  store.in("for n in $(seq 400); do echo $n >/work/$n; done");
  REQUIRE(store.snug({"stop", "-t", "0", "c"}).code == 0);
  shell_output(format("mkfifo {}/go", store.here()));
  Background reader({"timeout", "100", "env", store.environment(), "sh", "-c", format("\"$0\" export c | {{ head -c 1 >{0}/begun; cat {0}/go; cat >{0}/rest; }}", store.here()), program()});
  REQUIRE(eventually([&] { return !read_file(store.here("begun")).empty(); }));
  REQUIRE(store.snug({"rename", "c", "d"}).code == 0);
  Background removal({"env", store.environment(), "sh", "-c", format("exec \"$0\" rm d 2>{}/said", store.here()), program()});
  CHECK(eventually([&] { return has(read_file(store.here("said")), "somebody still reads the container's files"); }));
  shell_output(format("echo >{}/go", store.here()));
  CHECK(reader.wait() == 0);
  CHECK(removal.wait() == 0);
  CHECK(shell_output(format("cat {0}/begun {0}/rest | tar -t | grep -c work/[0-9]", store.here())) == "400\n");
  CHECK(store.is_empty());
}

TEST_CASE("a container can be read where nothing more can be written") {
  const Containers store;
  REQUIRE(store.snug({"run", "--rm=false", "--userns", "single", "--name", "c", small_root(), "sh", "-c", "echo data >/f"}).code == 0);
  // As a disk that is mounted read-only after a fault.
  const std::string script = format("mount --rbind {0} {0} && mount -o remount,ro,bind {0} && cd {0} && \"$0\" diff c && \"$0\" export c | tar -xO f", store.store());
  const Result read = run({"unshare", "--user", "--map-root-user", "--mount", "env", store.environment(), "sh", "-c", script, program()});
  CHECK_MESSAGE(read.out == "A /f\ndata\n", read.err);
  CHECK(store.snug({"rm", "c"}).code == 0);
}

TEST_CASE("exec, enter and debug: of a filter that cannot be loaded they name no option that they lack") {
  const Copies store;
  for (const char* words : {"exec c true", "enter c true", "debug c -c true"}) {
    const Result result = run({"/bin/sh", "-c", format("exec env {} {} {}={} {} {}", store.environment(), helper("refusing"), SYS_seccomp, ENOSYS, program(), words)});
    CHECK_MESSAGE(result.code == 125, words);
    CHECK_MESSAGE(has(result.err, "cannot load the filter of system calls"), result.err);
    CHECK_MESSAGE(result.err.ends_with("hint:  a filter around this refuses further ones\n"), result.err);
  }
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("cp reads and makes files of sub-ids, and folders that are closed to all") {
  const Containers store;
  REQUIRE(store.snug({"run", "-d", "--name", "r", small_root(), "sleep", "1000"}).code == 0);
  const auto in = [&](const std::string& script) { return store.snug({"exec", "r", "sh", "-c", script}).out; };
  in("mkdir -p /work/closed; echo hidden >/work/closed/f; chown 77:88 /work/closed/f /work/closed; chmod 0 /work/closed/f /work/closed");
  const Result out = store.snug({"cp", "r:/work", store.folder() + "/work"});
  CHECK_MESSAGE(out.code == 0, out.err);
  CHECK(shell_output(format("cd {}/work; stat -c '%a %U' closed; chmod 700 closed; chmod 600 closed/f; cat closed/f", store.folder())) ==
        "0 " + shell_output("id -un").substr(0, shell_output("id -un").size() - 1) + "\nhidden\n");
  const std::string uid = shell_output("id -u").substr(0, shell_output("id -u").size() - 1);
  CHECK(store.snug({"cp", "-a", store.folder() + "/work", "r:/again"}).code == 0);
  CHECK(in("stat -c %u /again/closed/f") == uid + "\n");
}

TEST_CASE("cp -a out of a container loses no owners: all are the caller's out here") {
  const Containers store;
  REQUIRE(store.snug({"run", "-d", "--name", "o", small_root(), "sleep", "1000"}).code == 0);
  REQUIRE(store.snug({"exec", "o", "sh", "-c", "mkdir /d; touch /d/roots /d/others; chown 5:5 /d/others; chmod 4755 /d/others; ln -s x /d/link"}).code == 0);
  const Result out = store.snug({"cp", "-a", "o:/d", store.folder() + "/d"});
  CHECK(out.code == 0);
  CHECK_MESSAGE(out.err.empty(), out.err);
  CHECK(shell_output(format("cd {}/d; stat -c '%a %n' others roots", store.folder())) == "755 others\n644 roots\n");
}

// newgidmap(1) that gives nobody but oneself leaves it at "deny", however many users there are.
TEST_CASE("cp copies in a user namespace of somebody's making, with many users and without the right to leave groups") {
  const Containers store;
  Background holder({"unshare", "--user", "sleep", "86583"});
  const std::string holds = format("/proc/{}", holder.pid());
  REQUIRE(eventually([&] { return fs::read_symlink(holds + "/ns/user") != fs::read_symlink("/proc/self/ns/user"); }));
  const std::string map = format("first=$(sed -n \"s/^$(id -un):\\([0-9]*\\):.*/\\1/p\" /etc/subuid | head -n 1); newuidmap {0} 0 $(id -u) 1 1 $first 100 && newgidmap {0} 0 $(id -g) 1", holder.pid());
  REQUIRE(run({"/bin/sh", "-c", map}).code == 0);
  REQUIRE(read_file(holds + "/setgroups") == "deny\n");
  const Result started = store.snug({"run", "-d", "--name", "f", "--userns", "ns:" + holds + "/ns/user", small_root(), "sleep", "1000"});
  REQUIRE_MESSAGE(started.code == 0, started.err);
  const Result out = store.snug({"cp", "f:/etc/passwd", "-"});
  CHECK_MESSAGE(out.code == 0, out.err);
  CHECK(has(out.out, "root:x:0:0"));
  const Result in = store.snug({"cp", small_root() + "/etc/passwd", "f:/copied"});
  CHECK_MESSAGE(in.code == 0, in.err);
  CHECK(store.snug({"exec", "f", "stat", "-c", "%u %g", "/copied"}).out == "0 0\n");
}

TEST_SUITE_END();
