#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>

#include "containers.hh"
#include "harness.hh"
#include "helper.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug::test;
namespace sys = snug::sys;
namespace fs = std::filesystem;

namespace {

// An archive of the small root, with whatever `options` tell tar besides.
std::string archive_in(const Scratch& scratch, const std::string& name, const std::vector<std::string>& options = {}) {
  const std::string path = scratch.path() + "/" + name;
  std::vector<std::string> words{"tar", "-C", small_root()};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"-cf", path, "."});
  const Result made = run(words);
  REQUIRE_MESSAGE(made.code == 0, made.err);
  return path;
}

Result in_archive(const std::string& path, const std::string& script, const std::vector<std::string>& options = {}) {
  std::vector<std::string> words{program(), "run"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"tar:" + path, "sh", "-c", script});
  return run(words);
}

const std::vector<std::string> single{"--userns", "single"};

void check_refused(const std::string& path, const std::string& says, const std::vector<std::string>& options = single) {
  const auto before = traces();
  const Result result = in_archive(path, "true", options);
  CHECK(result.code == 125);
  CHECK_MESSAGE(result.err.find(says) != std::string::npos, result.err);
  CHECK_MESSAGE(snug::lines(result.err).size() <= 2, result.err);  // the message, and perhaps a hint
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("an archive is a root: unpacked, writable, and gone with the container") {
  Scratch scratch;
  const std::string plain = archive_in(scratch, "root.tar"), packed = archive_in(scratch, "root.tar.gz", {"-z"});
  static_cast<void>(inside("true"));
  const auto before = traces();
  const auto files = snapshot(scratch.path());
  for (const std::string& path : {plain, packed}) {
    const Result result = in_archive(path, "cat /etc/passwd | head -n 1; echo x >/new && cat /new; stat -c %u /bin; ls /dev/null /proc/self/exe", single);
    CHECK_MESSAGE(result.code == 0, result.err);
    CHECK(result.out == "root:x:0:0:root:/root:/bin/sh\nx\n0\n/dev/null\n/proc/self/exe\n");
    CHECK(result.err.empty());
  }
  CHECK(in_archive(plain, "exit 7", single).code == 7);
  CHECK((snapshot(scratch.path()) == files));
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("the shell and the accounts are those of the archive's own root") {
  Scratch scratch;
  const std::string path = archive_in(scratch, "root.tar");
  CHECK(run({program(), "run", "--userns", "single", "tar:" + path}, {.input = "echo $0 $HOME\n"}).out == "-sh /root\n");
  CHECK(in_archive(path, "true", {"--userns", "single", "-u", "nobody-here"}).err.find("/etc/passwd has no such name") != std::string::npos);
  CHECK(run({program(), "run", "--userns", "single", "tar:root.tar", "echo", "fine"}, {.folder = scratch.path()}).out == "fine\n");
}

TEST_CASE("an archive can be read-only, and is never written through") {
  Scratch scratch;
  const std::string path = archive_in(scratch, "root.tar");
  CHECK(in_archive(path, "touch /etc/x || touch /tmp/x && echo ok", {"--userns", "single", "--read-only"}).out == "ok\n");
  check_refused(path, "--rw cannot be used with an archive", {"--userns", "single", "--rw"});
}

TEST_CASE("what is no archive, or not a whole one, ends in one clear message") {
  Scratch scratch;
  static_cast<void>(inside("true"));
  const std::string path = archive_in(scratch, "root.tar"), packed = archive_in(scratch, "root.tar.gz", {"-z"});
  scratch.write("text", std::string(2000, 'x'));
  scratch.write("empty", "");
  fs::copy_file(path, scratch.path() + "/short.tar");
  fs::resize_file(scratch.path() + "/short.tar", 700'000);  // in the middle of busybox
  fs::copy_file(packed, scratch.path() + "/short.tar.gz");
  fs::resize_file(scratch.path() + "/short.tar.gz", 300'000);
  check_refused(scratch.path() + "/none.tar", "/none.tar': No such file or directory (ENOENT)");
  check_refused(scratch.path(), "is a folder, not an archive");
  for (const char* name : {"text", "empty", "short.tar", "short.tar.gz"})
    check_refused(scratch.path() + "/" + name, snug::format("cannot unpack 'tar:{}/{}': ", scratch.path(), name));
}

TEST_CASE("nothing in an archive reaches out of it") {
  Scratch scratch;
  fs::create_directory(scratch.path() + "/canary");
  fs::create_directory(scratch.path() + "/tree");
  fs::create_directory_symlink(scratch.path() + "/canary", scratch.path() + "/tree/out");
  const std::string path = archive_in(scratch, "root.tar");
  // First the link, then a file through it.
  REQUIRE(run({"tar", "-C", scratch.path() + "/tree", "-rf", path, "out"}).code == 0);
  scratch.write("canary/file", "text");
  REQUIRE(run({"tar", "-C", scratch.path(), "--transform", "s,canary,out,", "-rf", path, "canary/file"}).code == 0);
  fs::remove(scratch.path() + "/canary/file");
  const auto before = snapshot(scratch.path() + "/canary");
  const Result result = in_archive(path, "ls -d /out", single);
  CHECK_MESSAGE((result.out == "/out\n" || result.err.find("cannot unpack") != std::string::npos), result.err);
  CHECK((snapshot(scratch.path() + "/canary") == before));
}

TEST_CASE("an archive: who unpacks it is confined while it does") {
  Scratch scratch;
  REQUIRE(::mkfifo((scratch.path() + "/root.tar").c_str(), 0600) == 0);
  const sys::Fd hold = sys::open(AT_FDCWD, scratch.path() + "/root.tar", O_RDWR);
  const Background starting({program(), "run", "--userns", "single", "tar:" + scratch.path() + "/root.tar", "true"});
  const auto is_confined = [](pid_t pid) {
    const std::string status = read_file(snug::format("/proc/{}/status", pid)), limits = read_file(snug::format("/proc/{}/limits", pid));
    return has(status, "\nSeccomp:\t2\n") && has(status, "\nNoNewPrivs:\t1\n") && has(status, "\nCapBnd:\t000000008000001b\n") &&
           (has(limits, "\nMax core file size        1 ") || has(limits, "\nMax core file size        0 "));  // the hard limit may be 0 already
  };
  CHECK(eventually([&] {
    const std::vector<pid_t> unpackers = find_commands({"snug-layer", "tree"});
    return unpackers.size() == 1 && is_confined(unpackers.front());
  }));
}

TEST_CASE("an archive: a wall around who unpacks it that cannot be raised is named, and no option that would not help") {
  Scratch scratch;
  const std::string path = archive_in(scratch, "root.tar");
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--security-opt", "seccomp=unconfined"}}) {
    std::vector<std::string> words{helper("refusing"), snug::format("{}={}", SYS_seccomp, ENOSYS), program(), "run", "--userns", "single"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"tar:" + path, "true"});
    const Result result = run(words);
    CHECK(result.code == 125);
    CHECK_MESSAGE(has(result.err, "cannot load the filter of system calls 'default': Function not implemented (ENOSYS)\n  while: unpacking 'tar:"), result.err);
    CHECK_MESSAGE(result.err.ends_with("hint:  a filter around this refuses further ones\n"), result.err);
  }
}

TEST_CASE("killed at any moment of unpacking, snug leaves nothing that the next start does not clear") {
  Scratch scratch;
  const std::string path = archive_in(scratch, "root.tar.gz", {"-z"});
  static_cast<void>(inside("true"));
  const auto before = traces();
  for (int delay = 0; delay < 20; ++delay) {
    Background monitor({program(), "run", "--userns", "single", "tar:" + path, "sleep", "86411"});
    const timespec time{0, delay * 2'000'000};
    ::nanosleep(&time, nullptr);
    monitor.signal(SIGKILL);
    CHECK(monitor.wait() == 137);
  }
  CHECK(eventually([] { return find_processes(program()).empty() && find_processes("snug-layer").empty(); }));
  CHECK(inside("true").code == 0);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("an interrupted unpacking says so, and leaves nothing") {
  Scratch scratch;
  static_cast<void>(inside("true"));
  const auto before = traces();
  REQUIRE(::mkfifo((scratch.path() + "/pipe.tar").c_str(), 0600) == 0);
  const std::string script = program() + " run --userns single tar:pipe.tar true & snug=$!; exec 3>pipe.tar; " +
                             "until pgrep -P \"$(pgrep -P $snug)\" >/dev/null; do sleep 0.1; done; kill -INT $snug; wait $snug; echo code $?";
  const Result result = run({"/bin/bash", "-c", "set -m; " + script}, {.folder = scratch.path()});
  CHECK_MESSAGE(result.out == "code 130\n", result.err);
  CHECK_MESSAGE(result.err.find("unpacking 'tar:pipe.tar' was interrupted by signal 2") != std::string::npos, result.err);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("an archive is unpacked under the caller's own limits, and in a user namespace that somebody else made") {
  Scratch scratch;
  const std::string path = archive_in(scratch, "root.tar");
  const Result limited = run({"/bin/sh", "-c", "ulimit -v 800000; exec " + program() + " run --userns single tar:" + path + " echo fine"});
  CHECK_MESSAGE(limited.out == "fine\n", limited.err);
  Background other({program(), "run", "--userns", "single", small_root(), "sleep", "7532"});
  REQUIRE(eventually([] { return find_commands({"sleep", "7532"}).size() == 1; }));
  const pid_t payload = find_commands({"sleep", "7532"}).front();
  const Result joined = in_archive(path, "echo joined", {"--userns", snug::format("ns:/proc/{}/ns/user", payload)});
  CHECK_MESSAGE(joined.out == "joined\n", joined.err);
  other.signal(SIGTERM);
  CHECK(other.wait() == 143);
}

TEST_CASE("what comes while an unpacked root is removed waits for that") {
  Scratch scratch;
  std::string make = "mkdir tree; cd tree; for a in $(seq 60); do mkdir $a; for b in $(seq 60); do : >$a/$b; done; done";
  REQUIRE(run({"/bin/bash", "-c", make}, {.folder = scratch.path()}).code == 0);
  const std::string path = archive_in(scratch, "root.tar");
  REQUIRE(run({"tar", "-C", scratch.path(), "-rf", path, "tree"}).code == 0);
  static_cast<void>(inside("true"));
  const auto before = traces();
  for (int delay = 0; delay < 10; ++delay) {
    Background monitor({program(), "run", "--userns", "single", "tar:" + path, "true"});
    const timespec time{0, 20'000'000 + delay * 20'000'000};
    ::nanosleep(&time, nullptr);
    monitor.signal(SIGINT);
    static_cast<void>(monitor.wait());
    const std::string left = left_since(before);
    CHECK_MESSAGE(left.empty(), left);
  }
}

TEST_CASE("the plan of an archive begins with its unpacking, and leaves nothing") {
  Scratch scratch;
  const std::string path = archive_in(scratch, "root.tar");
  static_cast<void>(inside("true"));
  const auto before = traces();
  const Result plan = run({program(), "plan", "--userns", "single", "tar:" + path, "true"});
  for (const char* word : {"FIRST: the archive is unpacked", "execveat(", "snug-layer", "THEN: the container", "execve(\"/bin/true\""})
    CHECK_MESSAGE(plan.out.find(word) != std::string::npos, word);
  const Result json = run({program(), "plan", "--json", "--userns", "single", "tar:" + path, "true"});
  CHECK(json.out.find("\n  \"unpack\": {\n") != std::string::npos);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("on a terminal a line tells how far unpacking is, and goes away") {
  Scratch scratch;
  const std::string path = archive_in(scratch, "root.tar.gz", {"-z"});
  Terminal terminal({program(), "run", "--userns", "single", "tar:" + path, "echo", "there"}, 24, 80);
  CHECK_MESSAGE(terminal.expect("snug: unpacking 'tar:" + path), terminal.seen());
  CHECK_MESSAGE(terminal.expect("\r\x1b[K"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("there"), terminal.seen());
  CHECK(terminal.wait() == 0);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("owners of an archive are kept as far as they are mapped, and a notice tells of the others") {
  Scratch scratch;
  const std::string mapped = archive_in(scratch, "mapped.tar", {"--owner=5", "--group=50"});
  const Result result = in_archive(mapped, "stat -c %u:%g /bin/busybox");
  CHECK_MESSAGE(result.out == "5:50\n", result.err);
  CHECK(result.err.empty());
  const std::string foreign = archive_in(scratch, "foreign.tar", {"--owner=2000000", "--group=0"});
  const Result told = in_archive(foreign, "stat -c %u /bin/busybox");
  CHECK(told.out == "0\n");
  CHECK_MESSAGE(told.err.find("owners that are not mapped, and lose them") != std::string::npos, told.err);
  check_refused(foreign, "--require idmap", {"--require", "idmap"});
  CHECK(in_archive(mapped, "id -u; stat -c %u /bin/busybox", {"--userns", "keep-id"}).out == snug::format("{}\n5\n", ::getuid()));
}

TEST_CASE("what is closed in an archive is not taken for missing") {
  Scratch scratch;
  const std::string path = archive_in(scratch, "root.tar", {"--exclude=./etc/passwd"});
  scratch.write("passwd", "root:x:0:0:root:/root:/bin/sh\n");
  REQUIRE(run({"tar", "-C", scratch.path(), "--transform", "s,^,etc/,", "--owner=5", "--mode=600", "-rf", path, "passwd"}).code == 0);
  check_refused(path, "cannot look at 'etc/passwd' of the root file system: Permission denied (EACCES)", {});
}

TEST_CASE("a real Debian from an archive: packages are whole") {
  if (debian_root().empty()) return skip("no Debian root was made");
  Scratch scratch;
  const std::string path = scratch.path() + "/debian.tar";
  REQUIRE(run({"unshare", "--user", "--map-root-user", "--map-auto", "tar", "-C", debian_root(), "-cf", path, "."}).code == 0);
  const Result result = in_archive(path, "dpkg --verify; dpkg --audit; su -s /bin/sh nobody -c id");
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.out == "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n");
}
