#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "harness.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

Result in_root(const std::string& root, const std::vector<std::string>& options, const std::string& script) {
  std::vector<std::string> words{program(), "run", "--userns", "single"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {root, "sh", "-c", script});
  return run(words);
}

// A root of a test's own, with busybox and nothing else.
void make_root(const std::string& path) {
  fs::create_directories(path + "/bin");
  fs::copy_file(small_root() + "/bin/busybox", path + "/bin/busybox");
  for (const char* name : {"sh", "ls", "cat", "touch", "mkdir", "stat", "rm", "test", "true"})
    fs::create_symlink("busybox", path + "/bin/" + name);
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("what is written to the root goes away with the container") {
  const auto before = snapshot(small_root());
  CHECK(inside("echo x >/new && rm /etc/passwd && mkdir /deep && touch /deep/er && cat /new").out == "x\n");
  CHECK(snapshot(small_root()) == before);
}

TEST_CASE("writes kept in memory: a folder of the root can be removed, or a notice says that it cannot") {
  const Scratch scratch;
  const Result result = run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                             "mount -t tmpfs none . && XDG_DATA_HOME=$PWD " + program() + " run --userns single " + small_root() +
                                 " sh -c 'rm -r /usr && mkdir /usr && echo removed'"},
                            {.folder = scratch.path()});
  const bool removed = result.out == "removed\n", told = result.err.find("cannot be removed") != std::string::npos;
  CHECK_MESSAGE(removed != told, result.err);
}

TEST_CASE("--rw writes into the folder itself") {
  Scratch scratch;
  const std::string root = scratch.path() + "/root";
  make_root(root);
  CHECK(in_root(root, {"--rw"}, "true").code == 125);  // no /proc, and none is made on the host's side
  CHECK(!fs::exists(root + "/proc"));
  for (const char* name : {"proc", "sys", "dev", "run", "tmp"}) fs::create_directory(root + "/" + name);
  CHECK(in_root(root, {"--rw"}, "echo kept >/file").code == 0);
  CHECK(fs::exists(root + "/file"));
}

TEST_CASE("--read-only refuses writes but to /tmp, /run and volumes") {
  const Result result = inside("touch /x; touch /etc/x; touch /tmp/x /run/x /dev/shm/x && echo ok", {"--read-only"});
  CHECK(result.out == "ok\n");
  CHECK(result.err.find("/etc/x: Read-only file system") != std::string::npos);
}

TEST_CASE("--read-only leaves a volume as it is, also in the place of a folder of the host's root") {
  Scratch scratch;
  const Result result = run({program(), "run", "--userns", "single", "--read-only", "-v", scratch.path() + ":/opt", "host", "touch", "/opt/made"});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(fs::exists(scratch.path() + "/made"));
}

TEST_CASE("mount points that the root lacks are made inside, not in the folder") {
  Scratch scratch;
  const std::string root = scratch.path() + "/root";
  make_root(root);
  const auto before = snapshot(root);
  const Result result = in_root(root, {"-v", scratch.path() + ":/a/b/c"}, "ls -d /proc/self /sys/class /dev/null /a/b/c /etc/hosts");
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(snapshot(root) == before);
}

TEST_CASE("devices are the kernel's, whatever the root has in their place") {
  const Result result = inside("stat -c '%F %t:%T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty");
  CHECK(result.out ==
        "character special file 1:3\ncharacter special file 1:5\ncharacter special file 1:7\n"
        "character special file 1:8\ncharacter special file 1:9\ncharacter special file 5:0\n");
  CHECK(inside("ls /dev").out == "fd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n");
}

TEST_CASE("volumes: read-write, read-only, a file, a missing source") {
  Scratch scratch;
  scratch.write("file", "text");
  CHECK(inside("echo more >/data/new; cat /data/file", {"-v", scratch.path() + ":/data"}).out == "text");
  CHECK(fs::exists(scratch.path() + "/new"));
  CHECK(inside("touch /data/no", {"-v", scratch.path() + ":/data:ro"}).code != 0);
  CHECK(inside("cat /etc/one", {"-v", scratch.path() + "/file:/etc/one"}).out == "text");
  const Result missing = inside("true", {"-v", scratch.path() + "/none:/data"});
  CHECK(missing.code == 125);
  CHECK(missing.err.find("/none': No such file or directory (ENOENT)") != std::string::npos);
  CHECK(!fs::exists(scratch.path() + "/none"));
}

TEST_CASE("the whole host as a volume is the host, and nothing that snug laid on it") {
  CHECK(inside("test -e /host/etc/debian_version && test -d /host/usr && echo host", {"-v", "/:/host:ro"}).out == "host\n");
  CHECK(run({program(), "run", "--userns", "single", "-v", "/:/whole", "host", "ls", "-d", "/whole/usr"}).out == "/whole/usr\n");
}

TEST_CASE("--mount speaks of binds and tmpfs alike") {
  Scratch scratch;
  scratch.write("file", "text");
  const std::string source = "type=bind,source=" + scratch.path() + ",target=/data";
  CHECK(inside("cat /data/file; touch /data/made", {"--mount", source}).code == 0);
  CHECK(fs::exists(scratch.path() + "/made"));
  CHECK(inside("touch /data/no", {"--mount", source + ",readonly"}).code != 0);
  CHECK(inside("stat -f -c %T /m", {"--mount", "type=tmpfs,target=/m"}).out == "tmpfs\n");
  CHECK(inside("true", {"--mount", "type=magic,target=/m"}).code == 125);
}

TEST_CASE("a read-only volume is read-only below its own mounts, too") {
  Scratch scratch;
  const Result result = run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                             "mkdir sub && mount -t tmpfs none sub && touch sub/there && " + program() + " run --userns single -v $PWD:/data:ro " +
                                 small_root() + " sh -c 'ls /data/sub; touch /data/sub/no || echo refused'"},
                            {.folder = scratch.path()});
  CHECK_MESSAGE(result.out == "there\nrefused\n", result.err);
}

TEST_CASE("a device is shown under the name asked for") {
  CHECK(inside("stat -c %t:%T /dev/other", {"--device", "/dev/null:/dev/other"}).out == "1:3\n");
}

TEST_CASE("what is no device is not shown as one, and rights that nobody enforces are not promised") {
  Scratch scratch;
  scratch.write("file", "text");
  for (const std::string& other : {scratch.path(), scratch.path() + "/file", std::string("/dev")}) {
    const Result result = inside("true", {"--device", other + ":/dev/other"});
    CHECK(result.code == 125);
    CHECK_MESSAGE(result.err.find("cannot take '" + other + "': No such device (ENODEV)\n  hint:  it is no character or block device") != std::string::npos,
                  result.err);
  }
  CHECK(inside("true", {"--device", "/dev/no-such"}).err == "snug: cannot show the device '/dev/no-such': No such file or directory (ENOENT)\n");
  CHECK(inside("echo x >/dev/other", {"--device", "/dev/null:/dev/other:r"}).err.find("cannot be enforced without root") != std::string::npos);
}

TEST_CASE("a mount point below a bind is not made on the host's side") {
  Scratch scratch;
  const Result result = inside("true", {"-v", scratch.path() + ":/data", "--tmpfs", "/data/sub"});
  CHECK(result.code == 125);
  CHECK(result.err.find("would be made on the host's side") != std::string::npos);
  CHECK(fs::is_empty(scratch.path()));
}

TEST_CASE("tmpfs mounts have the size, mode and owner asked for") {
  CHECK(inside("stat -c %u:%g:%a /m", {"--tmpfs", "/m:uid=0,gid=0,mode=750"}).out == "0:0:750\n");
  const Result refused = inside("true", {"--tmpfs", "/m:uid=7"});
  CHECK(refused.code == 125);
  CHECK_MESSAGE(refused.err.starts_with("snug: --tmpfs /m: uid 7 is not mapped into the container\n  hint:  "), refused.err);
  const Result shown = run({program(), "plan", "--userns", "single", "--tmpfs", "/m:uid=0", small_root(), "true"});
  CHECK_MESSAGE(has(shown.out, "uid=0"), shown.out);
  CHECK(inside("stat -c %a /m; df -k /m | tail -n 1 | awk '{print $2}'", {"--tmpfs", "/m:size=64k,mode=700"}).out == "700\n64\n");
}

TEST_CASE("files that are no plain files are not read") {
  Scratch scratch;
  const std::string root = scratch.path() + "/root";
  make_root(root);
  fs::create_directory(root + "/etc");
  REQUIRE(::mkfifo((root + "/etc/passwd").c_str(), 0644) == 0);
  const Result result = in_root(root, {}, "true");
  CHECK(result.code == 125);
  CHECK(result.err.find("is not a plain file") != std::string::npos);
}
