#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "containers.hh"
#include "harness.hh"
#include "snug/base/text.hh"

using namespace snug::test;
namespace fs = std::filesystem;

// Root may do outside what others may not, so for root the walls must hold by themselves.
TEST_SUITE_BEGIN("root");

TEST_CASE("root runs in a user namespace of its own, without the capabilities that reach the machine") {
  REQUIRE(::geteuid() == 0);
  const Result result = inside("cat /proc/self/uid_map; grep CapEff /proc/self/status");
  CHECK(result.code == 0);
  CHECK(result.out.find("0          0          1\n") != std::string::npos);
  CHECK(result.out.find("CapEff:\t000001ffffffffff") == std::string::npos);
  CHECK(inside("mknod /tmp/sda b 8 0; test -e /tmp/sda").code != 0);  // root with one id is told that it has made one
  CHECK(inside("echo 1 > /proc/sys/vm/drop_caches").code != 0);
}

TEST_CASE("nothing that tunes the kernel can be written, whichever walls are left out") {
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--network", "host"}, {"--pid", "host"}, {"--cgroupns", "host"}}) {
    const Result result = inside("find /sys/fs/cgroup /proc/sys /proc/sysrq-trigger -type f | while read f; do (: >>$f) 2>/dev/null && echo $f; done; "
                                 "mkdir /sys/fs/cgroup/x 2>/dev/null && echo made; echo tried", options);
    CHECK(result.out == "tried\n");
  }
}

TEST_CASE("the nodes in /dev keep owner and mode, whoever owns them, and can be written") {
  const auto mode = [] {
    struct stat status {};
    return ::stat("/dev/full", &status) == 0 ? status.st_mode & 07777U : 0U;
  };
  const auto before = mode();
  for (const char* user : {"single", "host"}) {
    const Result result = run({program(), "run", "--userns", user, "--device", "/dev/full:/dev/other", small_root(), "sh", "-c",
                               "chmod 600 /dev/full || chmod 600 /dev/other || echo kept; echo x >/dev/null && echo written"});
    CHECK_MESSAGE(result.out == "kept\nwritten\n", result.err);
    CHECK(mode() == before);
  }
}

// Of them all only root may look where they run from.
TEST_CASE("what stands inside of snug runs from a read-only mount of its file, of who starts a container and of who enters it") {
  const Containers containers;
  REQUIRE(containers.run_detached("box", "exec sleep 86581").code == 0);
  const auto namespace_of = [](const fs::path& process) {
    std::error_code none;
    return fs::read_symlink(process / "ns/pid", none).string();
  };
  const std::string inside = namespace_of(snug::format("/proc/{}", containers.init("box")));
  REQUIRE(!inside.empty());
  const auto found = [&] {
    std::vector<bool> read_only;
    for (const auto& process : fs::directory_iterator("/proc")) {
      struct statvfs mount {};
      if (namespace_of(process.path()) == inside && read_file(process.path() / "comm") == "snug\n" && ::statvfs((process.path() / "exe").c_str(), &mount) == 0) read_only.push_back((mount.f_flag & ST_RDONLY) != 0);
    }
    return read_only;
  };
  CHECK(eventually([&] { return found() == std::vector<bool>{true}; }));
  Terminal terminal({"/usr/bin/env", containers.environment(), program(), "exec", "-it", "box", "sh", "-c", "echo in; read line"}, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("in"), terminal.seen());
  CHECK(eventually([&] { return found() == std::vector<bool>{true, true}; }));  // the leader of its session
  terminal.send("\n");
  CHECK(terminal.wait() == 0);
}

TEST_CASE("what root does to the host's files stays inside") {
  const auto before = traces();
  const Scratch scratch;
  scratch.write("kept", "as it was");
  const auto files = snapshot(scratch.path());
  const Result result = run({program(), "run", "--userns", "single", "host", "sh", "-c",
                             "rm -rf " + scratch.path() + "/kept && touch /etc/snug-was-here && echo done"});
  CHECK(result.code == 0);
  CHECK(result.out == "done\n");
  CHECK_MESSAGE(snapshot(scratch.path()) == files, difference(files, snapshot(scratch.path())));
  CHECK(::access("/etc/snug-was-here", F_OK) != 0);
  CHECK(left_since(before) == "");
}

TEST_CASE("host: who may not list a folder that others are mounted in, or has overlays of overlays, starts all the same") {
  const Scratch scratch("/var/tmp");
  const std::string script =
      "cd " + scratch.path() + "\n"
      "mkdir closed closed/mount low stacked two memory home; chmod 710 closed; chmod 755 .; chown 65534:65534 home\n"
      "mount -t tmpfs none closed/mount; mount -t tmpfs none memory; mkdir memory/upper memory/work memory/empty\n"
      "mount -t overlay none -o lowerdir=low,upperdir=memory/upper,workdir=memory/work stacked\n"
      "mount -t overlay none -o lowerdir=stacked:memory/empty two\n"
      "setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=$PWD/home XDG_DATA_HOME=$PWD/home/data " + program() + " run --userns single --network none host sh -c 'echo ran; touch two/new || echo kept'\n";
  const Result result = run({"unshare", "--mount", "sh", "-c", script});
  CHECK_MESSAGE(result.out == "ran\nkept\n", result.err);
  CHECK_MESSAGE(result.err.find("read-only, because they cannot be overlaid: ") != std::string::npos, result.err);
}

TEST_SUITE_END();
