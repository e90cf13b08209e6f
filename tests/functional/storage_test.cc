#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "containers.hh"
#include "snug/base/text.hh"
#include "tar.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

bool serves_fuse() { return ::access("/usr/bin/fuse-overlayfs", X_OK) == 0 && ::access("/dev/fuse", R_OK | W_OK) == 0; }

// The drivers that there are here, besides the kernel's.
std::vector<std::string> other_drivers() {
  if (serves_fuse()) return {"copy", "fuse-overlayfs"};
  skip("fuse-overlayfs is not installed, or /dev/fuse is not open to this account");
  return {"copy"};
}

bool is_served() { return run({"pgrep", "-u", std::to_string(::getuid()), "-x", "fuse-overlayfs"}).code == 0; }

/// A store with an image of three layers, the last of which hides things of the second.
struct Hiding : Containers {
  Hiding() {
    const std::string small = shell_output("tar -C '" + small_root() + "' -c --owner=0 --group=0 .");
    const std::string below = tar({.name = "d/", .type = '5', .mode = 0755}) + tar({.name = "d/old", .data = "old"}) + tar({.name = "gone/", .type = '5', .mode = 0755}) +
                              tar({.name = "gone/deep", .data = "old"}) + tar({.name = "was", .type = '5', .mode = 0755}) + tar({.name = "was/folder", .data = "x"}) + tar_end();
    const std::string above = tar({.name = "d/.wh..wh..opq"}) + tar({.name = "d/new", .data = "new"}) + tar({.name = ".wh.gone"}) +
                              tar({.name = "was", .data = "a file"}) + tar({.name = "linked", .type = '1', .link = "was"}) + tar_end();
    make_odd_image(folder() + "/layout", "docker.io/library/odd:latest", {small, below, above}, R"({"Cmd":["sh"]})");
    const Result loaded = snug({"load", "-q", "-i", folder() + "/layout"});
    REQUIRE_MESSAGE(loaded.code == 0, loaded.err);
  }
};

constexpr const char* changing =
    "ls /d >/seen; cat /was >>/seen; ls -d /gone >>/seen 2>/dev/null; echo new >/etc/new; rm /etc/passwd; rm -r /d; mkdir /d; echo x >/d/only; ln /etc/new /etc/link;"
    "touch /ready; exec sleep 1000";

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("storage: a container works the same, whatever makes its root") {
  for (const std::string& driver : other_drivers()) {
    CAPTURE(driver);
    const Hiding store;
    const Result begun = store.snug({"run", "-d", "--name", "c", "--storage-driver", driver, "odd", "sh", "-c", changing});
    REQUIRE_MESSAGE(begun.code == 0, begun.err);
    REQUIRE(eventually([&] { return store.snug({"exec", "c", "test", "-e", "/ready"}).code == 0; }));
    CHECK(store.snug({"exec", "c", "cat", "/seen"}).out == "new\na file");
    CHECK(store.snug({"inspect", "-f", "{{.GraphDriver.Name}}", "c"}).out == driver + "\n");
    const Result changes = store.snug({"diff", "c"});
    CHECK_MESSAGE(changes.code == 0, changes.err);
    CHECK(changes.out == "C /d\nD /d/new\nA /d/only\nC /etc\nA /etc/link\nA /etc/new\nD /etc/passwd\nA /ready\nA /seen\n");
    const Result exported = store.snug({"export", "-o", store.folder() + "/c.tar", "c"});
    CHECK_MESSAGE(exported.code == 0, exported.err);
    const std::string names = "\n" + shell_output("tar -tf '" + store.folder() + "/c.tar'");
    for (const char* name : {"etc/new\n", "d/only\n", "was\n", "linked\n"}) CHECK_MESSAGE(has(names, name), names);
    for (const char* name : {"etc/passwd\n", "d/new\n", "gone", ".wh."}) CHECK_MESSAGE(!has(names, name), names);
    const Result made = store.snug({"commit", "c", "localhost/changed"});
    CHECK_MESSAGE(made.code == 0, made.err);
    const Result seen = store.snug({"run", "localhost/changed", "sh", "-c", "cat /etc/link; ls /d; ls /gone 2>/dev/null; cat /was; stat -c %h /etc/new"});
    CHECK_MESSAGE(seen.out == "new\nonly\na file2\n", seen.err);
    CHECK(store.snug({"stop", "-t", "0", "c"}).code == 0);
    CHECK(eventually([] { return !is_served(); }));
    CHECK(store.snug({"cp", "-q", "c:/etc/new", store.folder() + "/copied"}).code == 0);
    CHECK(read_file(store.folder() + "/copied") == "new\n");
    CHECK(store.snug({"start", "c"}).code == 0);
    CHECK(eventually([&] { return store.snug({"exec", "c", "cat", "/d/only"}).out == "x\n"; }));
    CHECK(store.snug({"rm", "-f", "c"}).code == 0);
    CHECK(store.is_empty());
    CHECK(eventually([] { return !is_served(); }));
    CHECK(has(store.snug({"gc", "--check"}).out, "removed 0 blobs, 0 layers and 0 unfinished things"));
  }
}

TEST_CASE("storage: a folder stays as it is, and who serves its root is not seen inside") {
  const auto before = snapshot(small_root());
  for (const std::string& driver : other_drivers()) {
    CAPTURE(driver);
    const Result result = inside("echo new >/etc/new; rm /etc/passwd; cat /etc/new; for p in /proc/[0-9]*; do cat $p/comm; done", {"--storage-driver", driver});
    CHECK_MESSAGE(result.code == 0, result.err);
    CHECK(has(result.out, "new\n"));
    CHECK(!has(result.out, "fuse"));
    const Result refused = inside("touch /x", {"--storage-driver", driver, "--read-only"});
    CHECK_MESSAGE(has(refused.err, "Read-only file system"), refused.err);
    CHECK(has(run({program(), "plan", "--json", "--storage-driver", driver, small_root()}).out, driver == "copy" ? "\"source\": \"root\"" : "\"program\": \"/usr/bin/fuse-overlayfs\""));
  }
  const Result planned = run({program(), "plan", "--storage-driver", "vfs", small_root(), "true"});
  CHECK_MESSAGE(planned.out.starts_with("FIRST: '" + small_root() + "' is copied into a folder of the container's own in '"), planned.out);
  for (const char* part : {"which takes time and room", "snug-layer", "\nTHEN: the container."}) CHECK_MESSAGE(has(planned.out, part), part);
  CHECK(has(run({program(), "plan", "--sh", "--storage-driver", "copy", small_root(), "true"}).err, "without the kernel's overlays"));
  CHECK(difference(before, snapshot(small_root())).empty());
  if (!serves_fuse()) return;
  const Result looked = inside("for p in /proc/[0-9]*; do grep -q fuse-overlayfs $p/comm && echo seen && { ls $p/root/; readlink $p/exe $p/cwd $p/fd/0; head -c 1 $p/environ; } | sed s/^/found:/; done 2>/dev/null",
                               {"--storage-driver", "fuse-overlayfs", "--pid", "host", "--cap-add", "ALL"});
  CHECK_MESSAGE(has(looked.out, "seen\n"), looked.err);
  CHECK_MESSAGE(!has(looked.out, "found:"), looked.out);
  const Background killed({program(), "run", "--userns", "single", "--storage-driver", "fuse-overlayfs", small_root(), "sleep", "1000"});
  REQUIRE(eventually([] { return is_served(); }));
  killed.signal(SIGKILL);
  CHECK(eventually([] { return !is_served(); }));
}

TEST_CASE("storage: on a terminal a line tells how far a copy is, and goes away") {
  Terminal terminal({program(), "run", "--userns", "single", "--storage-driver", "copy", small_root(), "echo", "there"}, 24, 80);
  CHECK_MESSAGE(terminal.expect("snug: copying '" + small_root() + "': "), terminal.seen());
  CHECK_MESSAGE(terminal.expect("\r\x1b[K"), terminal.seen());
  CHECK_MESSAGE(terminal.expect("there"), terminal.seen());
  CHECK(terminal.wait() == 0);
}

namespace {

/// A data folder on a file system that overlays cannot write on, and a place that may stand in for it.
struct Elsewhere {
  Elsewhere() {
    for (const char* name : {"/real", "/mount", "/config/snug"}) fs::create_directories(scratch.path() + name);
    std::ofstream(scratch.path() + "/config/snug/config.toml") << "data-local = \"" << local() << "\"\n";
    mounted = run({"bindfs", "--no-allow-other", scratch.path() + "/real", scratch.path() + "/mount"}).code == 0;
  }
  ~Elsewhere() {
    if (mounted) static_cast<void>(run({"fusermount3", "-u", "-z", scratch.path() + "/mount"}));
  }
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;

  [[nodiscard]] std::string local() const { return scratch.path() + "/local"; }
  [[nodiscard]] Result snug(std::vector<std::string> words) const {
    words.insert(words.begin(), program());
    return run(words, {.env = {"XDG_DATA_HOME=" + scratch.path() + "/mount", "XDG_CONFIG_HOME=" + scratch.path() + "/config"}});
  }
  [[nodiscard]] Result inside(const std::string& script) const { return snug({"run", "--userns", "single", small_root(), "sh", "-c", script}); }

  Scratch scratch;
  bool mounted = false;
};

}  // namespace

TEST_CASE("storage: where overlays cannot write in the data folder, a folder of this machine stands in for it, if it is the caller's alone") {
  const Elsewhere store;
  if (!store.mounted) return skip("bindfs cannot mount here");
  const Result first = store.inside("echo x >/new && cat /new");
  CHECK_MESSAGE(first.out == "x\n", first.err);
  CHECK_MESSAGE(has(first.err, "on this machine alone: "), first.err);
  CHECK(has(first.err, "lies on FUSE"));
  struct stat status {};
  REQUIRE(::stat(store.local().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0700);
  CHECK(fs::is_empty(store.scratch.path() + "/real"));
  CHECK(has(store.snug({"doctor"}).out, "in place of"));
  CHECK(has(store.snug({"run", "--userns", "single", "--require", "storage", small_root(), "true"}).err, "--require storage"));
  const Result kept = store.snug({"run", "-d", "--userns", "single", "--name", "k", small_root(), "sh", "-c", "echo kept >/kept; exec sleep 1000"});
  CHECK_MESSAGE(kept.code == 0, kept.err);
  CHECK(eventually([&] { return has(store.snug({"diff", "k"}).out, "A /kept"); }));
  fs::create_directories(store.scratch.path() + "/mount/snug/containers/of-another-machine");  // the place does not change for it
  CHECK(store.snug({"inspect", "-f", "{{.GraphDriver.Name}}", "k"}).out == "overlay\n");
  CHECK(store.snug({"rm", "-f", "k"}).code == 0);
  fs::remove_all(store.scratch.path() + "/mount/snug");

  fs::permissions(store.local(), fs::perms(0755));
  const Result open = store.inside("echo x >/new && cat /new");
  CHECK_MESSAGE(open.out == "x\n", open.err);
  CHECK_MESSAGE(has(open.err, "it is open to others"), open.err);
  CHECK(has(open.err, "kept in memory"));
  fs::rename(store.local(), store.local() + ".other");
  fs::create_symlink(store.local() + ".other", store.local());
  CHECK(has(store.inside("true").err, "it is no folder"));
}

TEST_CASE("storage: a container that stays keeps what it writes also where no overlay can") {
  const Elsewhere store;
  if (!store.mounted) return skip("bindfs cannot mount here");
  std::ofstream(store.local()) << "in the way";
  const Result made = store.snug({"run", "-d", "--userns", "single", "--name", "k", small_root(), "sh", "-c", "[ -e /kept ] && touch /again; echo kept >/kept; exec sleep 1000"});
  CHECK_MESSAGE(made.code == 0, made.err);
  CHECK_MESSAGE(has(made.err, serves_fuse() ? "fuse-overlayfs, which is slower" : "a copy of its own"), made.err);
  CHECK(eventually([&] { return store.snug({"exec", "k", "cat", "/kept"}).out == "kept\n"; }));
  CHECK(store.snug({"exec", "-u", "root", "k", "sh", "-c", "echo $HOME"}).out == "/root\n");  // its own passwd says so
  CHECK(store.snug({"stop", "-t", "0", "k"}).code == 0);
  CHECK(store.snug({"start", "k"}).code == 0);
  CHECK(eventually([&] { return store.snug({"exec", "k", "test", "-e", "/again"}).code == 0; }));
  fs::remove(store.local());  // what is there already stays in sight
  CHECK(store.snug({"ps", "-aq"}).out != "");
  CHECK_MESSAGE(has(store.inside("true").err, "there are images or containers in it already"), store.inside("true").err);
  CHECK_FALSE(fs::exists(store.local()));
  CHECK(store.snug({"rm", "-f", "k"}).code == 0);
  CHECK(fs::is_empty(store.scratch.path() + "/real/snug/containers"));
  CHECK(has(store.inside("true").err, "on this machine alone: "));
  CHECK(fs::exists(store.local()));
}
