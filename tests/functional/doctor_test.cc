#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <string>

#include "harness.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug::test;

namespace {

// A script as root of a user namespace with mounts of its own, where the machine can be made worse; SNUG is the
// program.
Result spoiled(const std::string& script, const std::string& folder = "") {
  return run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
              "SNUG=" + program() + " ROOT=" + small_root() + "; " + script},
             {.folder = folder});
}

// The line of doctor's output that begins with `name`, and the lines that belong to it.
std::string entry(const std::string& out, const std::string& name) {
  std::string found;
  bool inside = false;
  for (const std::string_view line : snug::lines(out)) {
    if (!line.starts_with(' ')) inside = line.starts_with(name + "  ");
    if (inside) found += std::string(line) + "\n";
  }
  return found;
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("doctor tells helpers that may not be executed from helpers that are not there") {
  const Scratch scratch;
  const Result result = run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                             ": >closed && chmod 0 closed && mount --bind closed /usr/bin/newuidmap && exec " + program() + " doctor"},
                            {.folder = scratch.path()});
  CHECK_MESSAGE(result.out.find("no right to write maps") != std::string::npos, result.out);
}

TEST_CASE("doctor names programs of snug's own that are not installed beside it") {
  const Scratch scratch;
  const std::string folder = scratch.path() + "/of/its/own", copy = folder + "/snug";
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(program(), copy);
  const std::string alone = run({copy, "doctor"}).out, whole = run({program(), "doctor"}).out;
  for (const char* name : {"snug-image", "snug-layer"}) {
    CHECK_MESSAGE((has(entry(alone, name), "does not") && has(entry(alone, name), "because: not installed beside snug\n") && has(entry(alone, name), "you can: make install")), alone);
    CHECK_MESSAGE((has(entry(whole, name), "works") && has(entry(whole, name), std::string("/") + name)), whole);
  }
}

TEST_CASE("doctor: all that a default start needs works here, and nothing stays of the trials") {
  const Scratch scratch;
  const auto before = traces();
  const Result result = run({program(), "doctor"}, {.env = {"XDG_DATA_HOME=" + scratch.path() + "/not/there"}});
  CHECK_MESSAGE(result.code == 0, result.out);
  CHECK(!has(result.out, "DOES NOT"));
  CHECK(has(entry(result.out, "data folder"), "works"));
  const std::string nesting = entry(result.out, "user namespaces inside");
  CHECK_MESSAGE((has(nesting, "works") && !has(nesting, "--pid host")), nesting);
  const std::string pause = entry(result.out, "cgroup freeze"), limits = entry(result.out, "cgroup delegation");
  CHECK(has(pause, "does not") == has(pause, "because: it takes a cgroup v2 folder that is delegated to you, as limits do"));
  if (has(pause, "does not")) CHECK(pause.substr(pause.rfind("\n", pause.size() - 2)) == limits.substr(limits.rfind("\n", limits.size() - 2)));
  CHECK(snapshot(scratch.path()).empty());
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("doctor: in a container that allows no further ones it names that, and no lack of the kernel's") {
  const std::string folder = std::filesystem::path(program()).parent_path().string(), name = std::filesystem::path(program()).filename().string();
  const Result result = run({program(), "run", "--userns", "single", "--network", "none", "-v", folder + ":/snug:ro", "host", "/snug/" + name, "doctor"});
  CHECK(result.code == 1);
  CHECK_MESSAGE(has(entry(result.out, "user namespace"), "a seccomp filter refuses user namespaces"), result.out);
  for (const char* told : {"ENOSYS", "this kernel was built without", "a filter around this refuses further ones"}) CHECK_MESSAGE(!has(result.out, told), result.out);
  for (const char* wall : {"no_new_privs", "seccomp filters"}) CHECK_MESSAGE(has(entry(result.out, wall), "works"), result.out);
}

TEST_CASE("doctor: JSON has the parts of the text") {
  const Result result = run({program(), "doctor", "--json"});
  CHECK(result.code == 0);
  CHECK(result.out.starts_with("[\n"));
  for (const char* field : {"name", "purpose", "works", "note", "needed", "detail", "you_can", "ask"})
    CHECK_MESSAGE(has(result.out, snug::format("\"{}\": ", field)), field);
}

TEST_CASE("doctor: killed at any moment, it leaves nothing on the disk") {
  const Scratch scratch;
  for (int round = 0; round < 30; ++round) {
    Background doctor({"env", "XDG_DATA_HOME=" + scratch.path(), program(), "doctor"});
    const timespec time{0, round * 700'000};
    ::nanosleep(&time, nullptr);
    doctor.signal(SIGKILL);
    static_cast<void>(doctor.wait());
  }
  CHECK(eventually([&] { return snapshot(scratch.path()).empty(); }));
}

TEST_CASE("doctor and run name the setting that forbids a namespace, and the remedy is true") {
  const Result result = spoiled(
      "echo 0 >/proc/sys/user/max_net_namespaces; $SNUG doctor; echo code $?; $SNUG run --userns single $ROOT true; "
      "$SNUG run --userns single --network host $ROOT echo ran");
  const std::string found = entry(result.out, "network namespace");
  CHECK_MESSAGE(has(found, "DOES NOT"), result.out);
  for (const std::string& text : {found, result.err}) {
    CHECK_MESSAGE(has(text, "user.max_net_namespaces = 0"), text);
    CHECK(has(text, "use snug run --network host"));
    CHECK(has(text, "ask an administrator: sysctl -w user.max_net_namespaces=65536"));
  }
  CHECK(entry(result.out, "sysfs mount").empty());  // for want of the namespace, which was told
  CHECK(has(result.out, "code 1\n"));
  CHECK(has(result.out, "\nran\n"));
}

TEST_CASE("doctor and run: no user namespaces at all") {
  const Result result = spoiled(
      "echo 0 >/proc/sys/user/max_user_namespaces; $SNUG doctor; $SNUG run --userns single $ROOT true; echo code $?");
  CHECK(has(entry(result.out, "user namespace"), "user.max_user_namespaces = 0"));
  CHECK(has(entry(result.out, "the rest"), "not tried: "));
  CHECK(entry(result.out, "mount namespace").empty());
  CHECK_MESSAGE(
      has(result.err, "user.max_user_namespaces = 0; ask an administrator: sysctl -w user.max_user_namespaces=65536"),
      result.err);
  CHECK(has(result.out, "code 125\n"));
}

TEST_CASE("doctor and run name what covers /proc and /sys, and the remedy is true") {
  for (const auto& [file, wall, option] : {std::array{"/proc/uptime", "proc mount", "--pid"},
                                           std::array{"/sys/power/state", "sysfs mount", "--network"}}) {
    if (!snug::sys::find_status(AT_FDCWD, file)) {
      skip(std::string("there is no ") + file);
      continue;
    }
    const Result result =
        spoiled(snug::format("mount --bind /dev/null {}; $SNUG doctor; $SNUG run --userns single $ROOT true; "
                             "$SNUG run --userns single {} host $ROOT echo ran",
                             file, option));
    for (const std::string& text : {entry(result.out, wall), result.err}) {
      CHECK_MESSAGE(has(text, snug::format("'{}' is covered by another mount", file)), text);
      CHECK(has(text, snug::format("use snug run {} host", option)));
    }
    CHECK(has(entry(result.out, wall), "DOES NOT"));
    CHECK_MESSAGE(has(result.out, "\nran\n"), result.err);
  }
}

// A new proc file system can be had where all of another is in sight.
TEST_CASE("doctor: what forbids user namespaces inside takes a /proc/sys that can be written to, the container's own or the one that is here") {
  const std::string head = "mount --rbind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && ", doctor = "$SNUG doctor; true";
  const std::string alone = entry(spoiled(head + doctor).out, "user namespaces inside");
  CHECK_MESSAGE(has(alone, "does not"), alone);
  CHECK(has(alone, "because: /proc/sys is read-only here"));
  const Result both = run({"unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c",
                           "SNUG=" + program() + "; mount -t proc proc /mnt && " + head + "unshare --user --map-user=1000 --map-group=1000 sh -c \"" + program() + " doctor\"; true"});
  const std::string beside = entry(both.out, "user namespaces inside");
  CHECK_MESSAGE(has(beside, "works"), both.out << both.err);
  CHECK(has(beside, "but not with --pid host: /proc/sys is read-only here"));
}

TEST_CASE("doctor and run name the file system that cannot hold what containers write") {
  const Scratch scratch;
  const Result result = spoiled(
      "mkdir lower upper work data && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr none "
      "data && "
      "export XDG_DATA_HOME=$PWD/data && $SNUG doctor; ls -A data; $SNUG run --userns single $ROOT true; umount data; "
      "rm -rf work",
      scratch.path());
  const std::string found = entry(result.out, "data folder");
  CHECK_MESSAGE(has(found, "does not"), result.out);
  CHECK(has(found, "EINVAL"));
  CHECK(has(found, "/data/snug' lies on an overlay"));
  CHECK(has(result.err, "/data/snug' lies on an overlay"));
  CHECK(!has(result.out, ".snug-doctor"));
}

TEST_CASE("doctor: a data folder that cannot be made") {
  const Scratch scratch;
  ::chmod(scratch.path().c_str(), 0500);
  const Result closed = run({program(), "doctor"}, {.env = {"XDG_DATA_HOME=" + scratch.path()}});
  CHECK(closed.code == 1);
  CHECK_MESSAGE(has(entry(closed.out, "data folder"), "Permission denied (EACCES)"), closed.out);
  ::chmod(scratch.path().c_str(), 0700);
  const Result full =
      spoiled("mount -t tmpfs -o nr_inodes=1 none . && XDG_DATA_HOME=$PWD $SNUG doctor", scratch.path());
  CHECK_MESSAGE(has(entry(full.out, "data folder"), "No space left on device (ENOSPC): the disk is full"), full.out);
}

TEST_CASE("doctor and run tell when there are no more processes") {
  const Result doctor = run({"bash", "-c", "ulimit -u 1; exec " + program() + " doctor"});
  CHECK(doctor.code == 1);
  CHECK_MESSAGE(has(entry(doctor.out, "user namespace"), "ulimit -u is 1"), doctor.out);
  CHECK(has(entry(doctor.out, "processes"), "nproc"));
  const Result container =
      run({"bash", "-c", "ulimit -u 1; exec " + program() + " run --userns single " + small_root() + " true"});
  CHECK(container.code == 125);
  CHECK_MESSAGE(has(container.err, "ulimit -u is 1"), container.err);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("doctor: a range of ids is mapped and taken") {
  const std::string found = entry(run({program(), "doctor"}).out, "range of ids");
  CHECK_MESSAGE(has(found, "works"), found);
  CHECK(has(found, "uids "));
}

TEST_CASE("doctor and run give the helper's own words, and the remedy is true") {
  const Result doctor = run({"setpriv", "--no-new-privs", program(), "doctor"});
  const std::string found = entry(doctor.out, "range of ids");
  CHECK(doctor.code == 1);
  for (const char* part :
       {"DOES NOT", "newuidmap: ", "Operation not permitted", "no_new_privs is set", "use snug run --userns single"})
    CHECK_MESSAGE(has(found, part), found);
  const Result container = run({"setpriv", "--no-new-privs", program(), "run", small_root(), "true"});
  CHECK(container.code == 125);
  CHECK_MESSAGE(has(container.err, "no_new_privs is set"), container.err);
  CHECK(run({"setpriv", "--no-new-privs", program(), "run", "--userns", "single", small_root(), "true"}).code == 0);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("single");

TEST_CASE("doctor names missing sub-ids and who can give them") {
  const Result result = run({program(), "doctor"});
  CHECK(result.code == 0);
  CHECK(has(entry(result.out, "range of ids"), "ask an administrator: usermod --add-subuids"));
}

TEST_SUITE_END();
