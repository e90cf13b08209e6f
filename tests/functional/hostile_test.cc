// What a root file system, a command or a neighbour would try that wants out. Outside lies a folder that nobody was
// given: nothing in it may be seen or changed.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>

#include "containers.hh"
#include "helper.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/restraint.hh"
#include "tar.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

// A root file system and, beside it, the folder that it must not reach.
struct Field {
  Scratch scratch;
  std::string root = scratch.path() + "/root", canary = scratch.path() + "/canary";
  std::vector<std::string> before;

  Field() {
    for (const char* name : {"/bin", "/dev", "/etc", "/proc", "/run", "/sys", "/tmp"}) fs::create_directories(root + name);
    fs::copy_file(small_root() + "/bin/busybox", root + "/bin/busybox");
    for (const char* name : {"cat", "ln", "ls", "mkdir", "mkfifo", "rm", "sh", "stat", "touch"})
      fs::create_symlink("busybox", root + "/bin/" + name);
    fs::create_directories(canary + "/sub");
    scratch.write("canary/secret", "the canary");
    fs::copy_file(small_root() + "/bin/busybox", canary + "/sh");
    before = snapshot(canary);
  }

  void check_untouched() const {
    CHECK_MESSAGE(snapshot(canary) == before, difference(before, snapshot(canary)));
  }

  // Puts a link in the place of what the root has there.
  void link(const std::string& name, const std::string& to) const {
    fs::remove_all(root + name);
    fs::create_symlink(to, root + name);
  }

  [[nodiscard]] Result start(const std::vector<std::string>& options, const std::vector<std::string>& command) const {
    std::vector<std::string> words{program(), "run", "--userns", "single"};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back(root);
    words.insert(words.end(), command.begin(), command.end());
    return run(words);
  }
};

// From a descriptor of a folder, whatever its depth, to a path of the host.
std::string through(int fd, const std::string& path) {
  return snug::format("/proc/self/fd/{}/../../../../../../../../../../../../../../../..{}", fd, path);
}

// Descriptors 20 to 24 on "/", as a careless caller leaks them.
class Leak {
 public:
  Leak() {
    const snug::sys::Fd root(::open("/", O_RDONLY | O_DIRECTORY));
    for (int fd = 20; fd < 25; ++fd) ::dup2(root.get(), fd);
  }
  ~Leak() {
    for (int fd = 20; fd < 25; ++fd) ::close(fd);
  }
  Leak(const Leak&) = delete;
  Leak& operator=(const Leak&) = delete;
};

Result perl(const std::vector<std::string>& options, const std::string& script) {
  std::vector<std::string> words{program(), "run", "--userns", "single"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"host", "perl", "-e", script});
  return run(words);
}

/// A key in one of the caller's keyrings, of which the user's would outlive this.
class Key {
 public:
  explicit Key(int keyring) : keyring_(keyring), number_(::syscall(SYS_add_key, "user", "snug-canary", "secret", 6, keyring)) { REQUIRE(number_ > 0); }
  ~Key() { ::syscall(SYS_keyctl, KEYCTL_UNLINK, number_, keyring_); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  [[nodiscard]] long number() const { return number_; }

 private:
  int keyring_;
  long number_;
};

}  // namespace

TEST_SUITE_BEGIN("any");

// --- mounts -------------------------------------------------------------------------------------------------------

TEST_CASE("links in the place of mount points lead nowhere outside") {
  for (const char* name : {"/dev", "/proc", "/sys", "/tmp", "/run", "/etc", "/dev/pts", "/dev/shm", "/dev/null", "/etc/hosts"})
    for (const char* writes : {"--rw=false", "--rw", "--read-only"}) {
      const Field field;
      for (const std::string& to : {field.canary, std::string("../../canary"), std::string("/")}) {
        field.link(name, to);
        static_cast<void>(field.start({writes, "-v", field.root + "/bin:/tmp/x"}, {"/bin/sh", "-c", "cat /etc/secret; touch /tmp/y /run/y /etc/y /dev/y"}));
        field.check_untouched();
      }
    }
}

TEST_CASE("mount points are not made through links, of whatever age") {
  const Field field;
  const std::string made = "ln -s " + field.canary + " /a; mkdir /b; ln -s ../../canary /b/c; ln -s /proc/1/root /d; mkfifo /etc/hosts";
  CHECK(field.start({"--rw"}, {"/bin/sh", "-c", made}).code == 0);
  for (const char* writes : {"--rw=false", "--rw", "--read-only"})
    for (const char* target : {"/a/b/c", "/b/c/d", "/d/tmp/x", "/a", "/b/c"}) {
      static_cast<void>(field.start({writes, "-v", field.root + "/bin:" + target, "--tmpfs", std::string(target) + "/e"}, {"/bin/sh", "-c", "touch /a/x /b/c/x"}));
      field.check_untouched();
    }
}

TEST_CASE("nothing is mounted on the root itself, through links either") {
  const Field field;
  field.link("/up", "../..");
  const Result result = field.start({"-v", field.canary + ":/up"}, {"/bin/sh", "-c", "true"});
  CHECK(result.code == 125);
  CHECK_MESSAGE(result.err.find("on '/up': Device or resource busy (EBUSY)\n  hint:  links in the root file system") != std::string::npos, result.err);
}

TEST_CASE("links are not made on the host's side of a volume that covers /dev") {
  const Field field;
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) field.scratch.write(std::string("canary/") + name, "");
  for (const char* name : {"/pts", "/shm", "/mqueue"}) fs::create_directory(field.canary + name);
  const auto before = snapshot(field.canary);
  const Result result = field.start({"-v", field.canary + ":/dev"}, {"/bin/sh", "-c", "true"});
  CHECK(result.code == 125);
  CHECK_MESSAGE(result.err.find("'/dev/ptmx' lies on the host's side of a bind") != std::string::npos, result.err);
  CHECK_MESSAGE(snapshot(field.canary) == before, difference(before, snapshot(field.canary)));
}

TEST_CASE("folders and links that change places while it starts lead nowhere outside") {
  const Field field;
  for (const char* name : {"/dev", "/etc", "/tmp"}) fs::create_symlink(field.canary, field.root + name + ".link");
  Background racer({"perl", "-e",
                    "chdir shift; while (1) { for (qw(dev etc tmp)) { rename $_, qq($_.was); rename qq($_.link), $_; rename $_, qq($_.link); rename qq($_.was), $_ } }",
                    field.root});
  for (int round = 0; round < 100; ++round) {
    const Result result = field.start({round % 2 ? "--rw" : "--rw=false", "-v", field.root + "/bin:/tmp/x"},
                                      {"/bin/sh", "-c", "cat /etc/secret /tmp/secret /dev/secret; touch /tmp/y /etc/y /dev/y"});
    CHECK(result.out.find("the canary") == std::string::npos);
  }
  racer.signal(SIGKILL);
  CHECK(racer.wait() == 137);
  field.check_untouched();
}

TEST_CASE("no name is taken for an option of a mount") {
  Scratch scratch;
  const std::string odd = scratch.path() + "/a,b:c\\d\ne";
  fs::create_directory(odd);
  fs::copy(small_root(), odd + "/root", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  scratch.write(odd.substr(scratch.path().size() + 1) + "/file", "text");
  const Result result = run({"env", "XDG_DATA_HOME=" + odd, program(), "run", "--userns", "single", "--mount",
                             "type=bind,source=./file,target=/odd:\\\n", odd + "/root", "sh", "-c", "cat /odd*; touch /new"},
                            {.folder = odd});
  CHECK_MESSAGE(result.out == "text", result.err);
  CHECK(fs::exists(odd + "/snug/containers"));
  CHECK(!fs::exists(odd + "/root/new"));
}

TEST_CASE("whatever is unmounted inside, nothing of the host's comes to light") {
  Scratch hidden("/tmp");
  hidden.write("secret", "the canary");
  const std::string script = "for m in $(cut -d' ' -f5 /proc/self/mountinfo | grep -v /usr | sort -r); do umount -l $m; done; umount -l /; umount -l /; cd /..; "
                             "for p in . /.. /proc/1/root /tmp/..; do [ ! -e $p" + hidden.path() + " ] || echo reached; done; echo looked";
  for (const char* writes : {"--read-only=false", "--read-only"})
    for (const std::vector<std::string>& as : {std::vector<std::string>{"sh", "-c", script}, {"unshare", "-U", "-r", "-m", "sh", "-c", script}})
      for (const std::string& root : {small_root(), std::string("host")}) {
        std::vector<std::string> words{program(), "run", "--userns", "single", "--nested", "--cap-add", "ALL", "--tmpfs", "/mnt/x", writes, root};
        words.insert(words.end(), as.begin(), as.end());
        const Result result = run(words);
        CHECK_MESSAGE(result.out == "looked\n", root << ": " << result.out << result.err);
      }
}

// --- descriptors, programs, processes -----------------------------------------------------------------------------

TEST_CASE("exec does not walk through a descriptor that is about to be closed") {
  const Field field;
  const Leak leak;
  fs::create_directory(field.root + "/out");
  for (int fd = 3; fd < 25; ++fd) {
    field.link("/out/sh", through(fd, field.canary + "/sh"));
    field.scratch.write("root/out/script", "#!" + through(fd, field.canary + "/sh") + "\necho reached\n");
    fs::permissions(field.root + "/out/script", fs::perms::all);
    for (const std::vector<std::string>& command : {std::vector<std::string>{"/out/sh", "-c", "echo reached"}, {"/out/script"}}) {
      const Result result = field.start({}, command);
      CHECK_MESSAGE(result.code > 125, fd);
      CHECK_MESSAGE(result.out.empty(), fd);
    }
  }
  field.check_untouched();
}

TEST_CASE("no work folder leads through a descriptor") {
  const Field field;
  const Leak leak;
  for (int fd = 3; fd < 25; ++fd)
    for (const char* writes : {"--rw=false", "--rw"}) {
      const std::string itself = snug::format("/proc/self/fd/{}", fd);
      field.link("/a", itself);
      field.link("/b", through(fd, field.canary));
      for (const std::string& folder : {itself, std::string("/a"), std::string("/b")}) {
        const Result result = field.start({writes, "-w", folder}, {"/bin/ls"});
        CHECK_MESSAGE(result.code == 125, folder << " " << fd);
        CHECK(result.out.empty());
      }
    }
}

TEST_CASE("a folder of the host is no standard input") {
  for (const char* redirection : {"</", "3</ <&3", "2>&1 1</"}) {
    const Result result = run({"/bin/sh", "-c", program() + " run --userns single " + small_root() + " true " + redirection});
    CHECK(result.code == 125);
    CHECK((result.out + result.err).find("is a folder of the host") != std::string::npos);
  }
}

TEST_CASE("the program's own file is not changed from inside, also where it is the caller's to write") {
  const Field field;
  const std::string copy = field.scratch.path() + "/snug";
  fs::copy_file(program(), copy);
  field.scratch.write("root/bin/own", "#!/proc/self/exe version\n");
  fs::permissions(field.root + "/bin/own", fs::perms::all);
  const std::string overwrite = "for exe in /proc/[0-9]*/exe; do (: >>$exe) 2>/dev/null && echo $exe; done; echo tried";
  // It can be executed, where Landlock does not forbid that as well.
  CHECK(run({copy, "run", "--userns", "single", "--security-opt", "landlock=off", field.root, "/proc/self/exe", "version"}).code == 0);
  static_cast<void>(run({copy, "run", "--userns", "single", field.root, "/bin/own"}));
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--security-opt", "landlock=off"}, {"--pid", "host"}, {"--cap-add", "ALL"}}) {
    std::vector<std::string> words{copy, "run", "--userns", "single"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {field.root, "/bin/sh", "-c", overwrite});
    CHECK(run(words).out == "tried\n");
  }
  CHECK(run({"cmp", copy, program()}).code == 0);
}

TEST_CASE("snug runs from a read-only mount of its own file where root inside might own that, and finds what belongs to it all the same") {
  const Containers containers;
  const Scratch scratch;
  const std::string copy = scratch.path() + "/snug";
  fs::copy_file(program(), copy);
  for (const char* name : {"/snug-layer", "/snug-image"}) fs::copy_file(fs::path(program()).parent_path().string() + name, scratch.path() + name);
  const auto runs_from = [](pid_t pid) { return fs::read_symlink(snug::format("/proc/{}/exe", pid)).string(); };
  const auto is_read_only = [](pid_t pid) {
    struct statvfs mount {};
    REQUIRE(::statvfs(snug::format("/proc/{}/exe", pid).c_str(), &mount) == 0);
    return (mount.f_flag & ST_RDONLY) != 0;
  };
  const auto start = [&](const std::string& from, const std::string& name) {
    REQUIRE(run({"/usr/bin/env", containers.environment(), from, "run", "-d", "--require", "program", "--name", name, "--userns", "single", small_root(), "sleep", "86582"}).code == 0);
    return containers.monitor(name);
  };
  const pid_t of_copy = start(copy, "mine");
  CHECK(runs_from(of_copy) == "/");
  CHECK(is_read_only(of_copy));
  CHECK(read_file(snug::format("/proc/{}/comm", of_copy)) == "snug\n");
  CHECK(containers.snug({"inspect", "--format", "{{.Restraints.Program}}", "mine"}).out == "closed\n");
  // What is root's alone needs no mount.
  struct stat status {};
  REQUIRE(::stat(program().c_str(), &status) == 0);
  if (status.st_uid == 0 && ::geteuid() != 0 && (status.st_mode & 022) == 0) CHECK(runs_from(start(program(), "roots")) == program());
  // Its own unpacker, and words of its own beside those that it is called with.
  scratch.write("a.tar", tar({.name = "file"}) + tar_end());
  CHECK(run({"/usr/bin/env", containers.environment(), copy, "run", "--rm", "--userns", "single", "--shell", "builtin", "tar:" + scratch.path() + "/a.tar", "-c", "echo \"$0\" $#", "a  b", "c"}).out == "a  b 1\n");
  CHECK(run({copy}, {.input = "version\n"}).out == run({program(), "version"}).out);
  // And the program for images, while it reads.
  const Result image = run({"/usr/bin/env", containers.environment(), "sh", "-c",
                            "mkfifo archive; exec 3<>archive; ./snug import -q - mine:1 <archive 3>&- >/dev/null & snug=$!\n"
                            "until readlink /proc/$(pgrep -P $snug -x snug-image)/exe | grep -x /; do :; done 2>/dev/null\n"
                            "tar -C " + small_root() + " -c . >archive; exec 3>&-; wait $snug && ./snug run --rm --userns single mine:1 echo ran"},
                           {.folder = scratch.path()});
  CHECK_MESSAGE(image.out == "/\nran\n", image.out, image.err);
}

TEST_CASE("where no read-only mount of snug's file can be made, a notice says so, or the start fails") {
  const Scratch scratch;
  const std::string copy = scratch.path() + "/snug";
  fs::copy_file(program(), copy);
  const auto planned = [&](const std::string& option, const std::string& from) {
    return run({"unshare", "--user", "--map-root-user", "sh", "-c",
                snug::format("echo 0 >/proc/sys/user/max_mnt_namespaces; exec {} plan {} --userns single {} true", from, option, small_root())});
  };
  const Result told = planned("", copy);
  CHECK(told.code == 0);
  CHECK_MESSAGE(has(told.err, "notice: '" + copy + "', which snug runs from, is closed to what runs inside, but no read-only mount of it could be made"), told.err);
  const Result refused = planned("--require program", copy);
  CHECK(refused.code == 125);
  CHECK_MESSAGE(refused.err.starts_with("snug: --require program: '" + copy + "', "), refused.err);
  CHECK(run({copy, "plan", "--require", "program", "--userns", "single", small_root(), "true"}).code == 0);  // where it can be made
  // The namespace that it was made in counts for a moment after it.
  const std::string start = copy + " run --require program --userns single " + small_root() + " true && ";
  CHECK(run({"unshare", "--user", "--map-root-user", "sh", "-c", "echo 1 >/proc/sys/user/max_user_namespaces; " + start + start + start + "echo thrice"}).out == "thrice\n");
}

TEST_CASE("who joins a container cannot be looked into by it before the walls stand") {
  const Field field;
  // Whoever may trace, may walk through another process's root; a shell does it without a fork, and so is in time.
  const std::string look = "cd /proc/self/root/etc && : >/bin/looking; while :; do for p in /proc/[0-9]*; do cd $p/root" + field.canary +
                           " 2>/dev/null && : >/bin/reached; cd /; done; done # 86421";
  Background container({program(), "run", "--userns", "single", "--cap-add", "SYS_PTRACE", "--rw", field.root, "/bin/sh", "-c", look});
  REQUIRE(eventually([&] { return fs::exists(field.root + "/bin/looking"); }));
  const std::vector<pid_t> found = find_processes("86421");
  const std::string ns = "ns:/proc/" + std::to_string(*std::max_element(found.begin(), found.end())) + "/ns/";
  for (int round = 0; round < 20; ++round)
    CHECK(run({program(), "run", "--userns", ns + "user", "--pid", ns + "pid", small_root(), "true"}).code == 0);
  container.signal(SIGKILL);
  CHECK(container.wait() == 137);
  CHECK(!fs::exists(field.root + "/bin/reached"));
}

TEST_CASE("nothing of snug's is traced or read, or opened to be written, by whoever may trace inside, however often it comes in") {
  const Containers containers;
  const Scratch scratch;
  const std::string copy = scratch.path() + "/snug";
  fs::copy_file(program(), copy);
  const auto started = [&](const std::vector<std::string>& after) {
    std::vector<std::string> words{"/usr/bin/env", containers.environment(), copy};
    words.insert(words.end(), after.begin(), after.end());
    return words;
  };
  const auto log = [&] { return containers.snug({"logs", "box"}).out; };
  scratch.write("file", "copied");
  // What of the container's own it could open to write into, nobody could execute at that moment.
  REQUIRE(run(started({"run", "-d", "--read-only", "--name", "box", "--userns", "single", "--cap-add", "SYS_PTRACE", "-v", helper("doors") + ":/doors:ro", small_root(), "/doors", "watch"})).code == 0);
  REQUIRE(eventually([&] { return log() == "watching\n"; }));
  for (int round = 0; round < 100; ++round) {
    CHECK(run(started({"exec", "box", "true"})).code == 0);
    if (round % 10 != 0) continue;
    Terminal terminal(started({"exec", "-it", "box", "true"}), 24, 80);
    CHECK(terminal.wait() == 0);
    for (const std::vector<std::string>& words : {std::vector<std::string>{"exec", "-d", "box", "true"}, {"enter", "box", "true"}, {"debug", "box", "-c", "ps; ls /proc/1; /bin/true"},
                                                  {"cp", scratch.path() + "/file", "box:/tmp/copied"}, {"cp", "box:/etc/passwd", "-"}, {"top", "box"}, {"inspect", "box"}})
      CHECK_MESSAGE(run(started(words)).code == 0, words[0]);
  }
  // That it can: what the container itself runs.
  CHECK(run(started({"exec", "-d", "box", "sleep", "86541"})).code == 0);
  CHECK(eventually([&] { return has(log(), "traced "); }));
  const std::string told = log(), found = told.substr(std::min(told.find("reached"), told.size()));
  CHECK_MESSAGE(found.empty(), found);
  CHECK_MESSAGE(snug::split(log(), '\n').size() > 20, log());  // it has seen them come
  CHECK(run({"cmp", copy, program()}).code == 0);
}

TEST_CASE("whoever is killed on his way in leaves nothing of the host's to who may trace inside") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "--cap-add", "SYS_PTRACE", "-v", helper("doors") + ":/doors:ro", small_root(), "/doors", "end"}).code == 0);
  const auto log = [&] { return containers.snug({"logs", "box"}).out; };
  REQUIRE(eventually([&] { return log() == "watching\n"; }));
  std::vector<std::string> exec{"/usr/bin/env", containers.environment(), program(), "exec", "-it", "box", "sleep", "86543"};
  for (int round = 0; round < 20; ++round) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"exec", "box", "sleep", "86542"}, {"exec", "-d", "box", "sleep", "86542"}, {"enter", "box", "sleep", "86542"}})
      if (const int code = containers.snug(words).code; words[1] != "-d") CHECK_MESSAGE((code == 125 || code == 126 || code == 137), code);
    static_cast<void>(Terminal(exec, 24, 80).wait());
  }
  const std::string told = log(), found = told.substr(std::min(told.find("held"), told.size()));
  CHECK_MESSAGE(found.empty(), found);
  const std::vector<std::string> all = snug::split(told, '\n');
  CHECK_MESSAGE(std::count(all.begin(), all.end(), "killed") >= 60, told);  // all but those that were left behind by then
  if (!has(told, "seen socket:")) skip("this kernel hands out nothing of a process that ends");
}

TEST_CASE("processes of the host that are seen are not looked into") {
  Background outside({"sleep", "86422"});
  REQUIRE(eventually([] { return find_processes("86422").size() == 1; }));
  const Result result = inside(snug::format("kill -0 {0} && cd /proc/{0} && head -c 1 environ exe; ls root/ cwd/; readlink root cwd exe fd/0 ns/mnt; echo looked", outside.pid()),
                               {"--pid", "host", "--cap-add", "ALL"});
  CHECK_MESSAGE(result.out == "looked\n", result.out);
  outside.signal(SIGTERM);
  CHECK(outside.wait() == 143);
  CHECK(run({program(), "plan", "--pid", "host", small_root(), "true"}).out.find("--pid host: the container sees the host's processes") != std::string::npos);
}

TEST_CASE("a command is a command, whatever it begins with") {
  const Result result = run({program(), "run", "--userns", "single", small_root(), "--rw"});
  CHECK(result.code == 127);
  CHECK(result.err.starts_with("snug: cannot run '--rw'"));
}

TEST_CASE("a wall that cannot be raised ends the start") {
  for (const char* kind : {"user", "mnt", "pid", "net", "uts", "ipc", "cgroup"}) {
    const Result result = run({"unshare", "--user", "--map-root-user", "sh", "-c",
                               snug::format("echo 0 >/proc/sys/user/max_{}_namespaces; exec {} run --userns single {} echo ran", kind, program(), small_root())});
    CHECK_MESSAGE(result.code == 125, kind);
    CHECK(result.out.empty());
    CHECK_MESSAGE(result.err.find("No space left on device (ENOSPC)\n  hint:  user.max_") != std::string::npos, result.err);
  }
  const Result covered = run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                              "mount -t tmpfs none /proc/sys/kernel && exec " + program() + " run --userns single " + small_root() + " echo ran"});
  CHECK(covered.code == 125);
  CHECK_MESSAGE(covered.err.find("covered by another mount") != std::string::npos, covered.err);
}

TEST_CASE("a crash starts no handler of the host's") {
  CHECK(inside("grep -c 'core file size  *1  *1 ' /proc/self/limits").out == "1\n");  // core(5): 0 does not stop a pipe
  // Where the caller may have none, nobody can raise it, and the start goes on all the same.
  for (const char* way : {"run --userns single --network none", "run --userns single --network none --storage-driver copy"}) {
    const Result bare = run({"/bin/sh", "-c", snug::format("ulimit -Hc 0; exec {} {} {} grep -c 'core file size  *0  *0 ' /proc/self/limits", program(), way, small_root())});
    CHECK_MESSAGE(bare.out == "1\n", bare.err);
  }
}

// --- terminal, sockets, keys --------------------------------------------------------------------------------------

TEST_CASE("nothing that is typed into a terminal from inside reaches the shell outside") {
  const std::string type = snug::format(R"(open(T, "+<", "/dev/tty") or open(T, "+<&STDERR"); ioctl(T, {}, $_) for split //, "echo typed\n")", TIOCSTI);
  for (const char* tty : {"--init", "--no-init", "--tty=false", "--tty=false --interactive"}) {
    Terminal terminal({"/bin/sh", "-c", program() + " run --userns single " + tty + " host perl -e '" + type + "'; echo ended; read -r line; echo \"got:$line:\""}, 24, 80);
    REQUIRE_MESSAGE(terminal.expect("ended\r\n"), terminal.seen());
    terminal.send("mine\n");
    CHECK_MESSAGE(terminal.expect("got:mine:"), terminal.seen());
    CHECK(terminal.wait() == 0);
  }
}

TEST_CASE("sockets of the host are reached through doors that were opened, and no other") {
  const Scratch scratch;
  const std::string abstract = snug::format("snug-canary-{}", ::getpid());
  for (const std::string& name : {scratch.path() + "/socket", '\0' + abstract}) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, name.data(), name.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    const snug::sys::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    REQUIRE(::listen(listener.get(), 8) == 0);
    const std::string connect = "use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); print connect(S, pack_sockaddr_un(qq(" +
                                (name[0] ? name : "\\0" + abstract) + "))) ? q(in) : q(out)";
    CHECK(perl({}, connect).out == "out");
    const std::string volume = scratch.path() + ":" + scratch.path();
    const bool shut = name[0] == '\0' && snug::sys::landlock_abi() >= 6;
    CHECK(perl({"--network", "host", "-v", volume}, connect).out == (shut ? "out" : "in"));
    CHECK(perl({"--network", "host", "-v", volume, "--security-opt", "landlock=off"}, connect).out == "in");
  }
  CHECK(run({program(), "run", "--userns", "single", "host", "sh", "-c", "find /run /tmp -type s; env | grep -c -e SOCK -e DISPLAY -e DBUS"},
            {.env = {"SSH_AUTH_SOCK=/x", "DISPLAY=:0", "WAYLAND_DISPLAY=w", "DBUS_SESSION_BUS_ADDRESS=unix:path=/x"}}).out == "0\n");
}

// Two volumes, of which the one lies in the other: who writes in that could have it lead anywhere at the next start.
TEST_CASE("a volume that the container has replaced by a link is not followed") {
  const Containers store;
  const std::string shared = store.folder() + "/shared", canary = store.folder() + "/canary", link = store.folder() + "/link";
  fs::create_directories(shared + "/sub/deep");
  fs::create_directories(canary + "/deep");
  fs::create_directory_symlink(shared, link);
  for (const std::string& source : {shared + "/sub", shared + "/sub/deep", link + "/sub", link + "/../shared/sub"}) {
    CAPTURE(source);
    REQUIRE(store.snug({"run", "-d", "--name", "c", "--userns", "single", "--network", "none", "-v", shared + ":/p", "-v", source + ":/sub", small_root(), "sleep", "1000"}).code == 0);
    REQUIRE(store.snug({"exec", "c", "sh", "-c", "touch /sub/there && mv /p/sub /p/old && ln -s " + canary + " /p/sub"}).code == 0);
    const Result again = store.snug({"restart", "-t", "0", "c"});
    CHECK(again.code != 0);
    CHECK_MESSAGE(has(again.err, "a link lies on the way to it, below '" + shared + "'"), again.err);
    fs::remove(shared + "/sub");
    fs::rename(shared + "/old", shared + "/sub");
    CHECK(store.snug({"start", "c"}).code == 0);
    CHECK(store.snug({"exec", "c", "test", "-e", "/sub/there"}).code == 0);
    CHECK(store.snug({"rm", "-f", "c"}).code == 0);
    fs::remove(source + "/there");
  }
  CHECK(fs::is_empty(canary + "/deep"));
  // What nobody inside can change is the caller's own, and meant.
  fs::create_directory_symlink(canary, shared + "/sub/meant");
  const auto taken = [&](const std::string& mode) { return store.snug({"run", "--rm", "--userns", "single", "--network", "none", "-v", shared + ":/p:" + mode, "-v", shared + "/sub/meant:/sub", small_root(), "ls", "/sub"}); };
  CHECK(taken("ro").out == "deep\n");
  CHECK(taken("rw").code == 125);
  // So is what lies where only the machine's root writes: /bin is a link on it.
  if (fs::is_symlink("/bin"))
    CHECK(store.snug({"run", "--rm", "--userns", "single", "--network", "none", "-v", "/:/host", "-v", "/bin/sh:/there", small_root(), "test", "-s", "/there"}).code == 0);
}

TEST_CASE("keys of the caller's are not found inside, and not without the filter either") {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) return skip("keyctl(2) is refused here");
  for (const int keyring : {KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING}) {
    CAPTURE(keyring);
    const Key key(keyring);
    const std::string search = snug::format("($n, $t, $d, $b) = (0, q(user), q(snug-canary), q(x) x 9); "
                                            "for (-3, -4, -5) {{ $n++ if syscall({0}, {1}, $_, $t, $d, 0) > 0 }} "
                                            "$n++ if syscall({0}, {2}, {3}, $b, 9) > 0; print $n",
                                            SYS_keyctl, KEYCTL_SEARCH, KEYCTL_READ, key.number());
    CHECK(run({"perl", "-e", search}).out != "0");
    CHECK(perl({}, search).out == "0");
    CHECK(perl({"--nested"}, search).out == "0");
    CHECK(perl({"--security-opt", "seccomp=unconfined"}, search).out == "0");  // the second wall: a keyring, and a user namespace, of its own
  }
  // The user's own keyring is found by its number, which /proc tells who may see it: linked into a session, it shows what it holds.
  const std::string link = snug::format("$n = 0; open F, '/proc/keys'; for (<F>) {{ @f = split; $n++ if $f[8] =~ /^_uid[._]/ && syscall({0}, {1}, hex $f[0], -3) == 0 }} print $n",
                                        SYS_keyctl, KEYCTL_LINK);
  CHECK(run({"perl", "-e", link}).out != "0");
  CHECK(perl({"--nested"}, link).out == "0");
}
