// `snug walls`: what is drawn and told is held against what the kernel says of the same processes.

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "containers.hh"
#include "snug/base/text.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

// The number of the namespace, as the kernel gives it.
std::string inode_of(pid_t pid, const std::string& kind) {
  const std::string link = fs::read_symlink(snug::format("/proc/{}/ns/{}", pid, kind));
  return link.substr(link.find('[') + 1, link.size() - link.find('[') - 2);
}

pid_t payload_of(const Containers& containers, const std::string& name) { return only_child(containers.init(name)); }

// Without the lines that tell of others, who come and go.
std::string line_with(const std::string& text, const std::string& part) {
  for (const std::string_view line : snug::lines(text))
    if (line.find(part) != std::string_view::npos) return std::string(line);
  return {};
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("walls: a container is drawn with its name, its processes and its doors; named, all is told of it as the kernel has it") {
  const Containers containers;
  const std::string door = containers.folder() + "/site";
  fs::create_directory(door);
  REQUIRE(containers.snug({"run", "-d", "--userns", "single", "--name", "drawn-one", "--ulimit", "nofile=63:65", "-v", door + ":/srv:ro", small_root(), "sleep", "1000"}).code == 0);
  const pid_t init = containers.init("drawn-one"), monitor = containers.monitor("drawn-one");
  REQUIRE(eventually([&] { return read_file(snug::format("/proc/{}/task/{}/children", init, init)).size() > 1; }));
  const pid_t payload = payload_of(containers, "drawn-one");
  REQUIRE(eventually([&] { return is_asleep(payload, "sleep"); }));

  const Result picture = containers.snug({"walls", "--ascii"});
  CHECK(picture.code == 0);
  CHECK(has(picture.out, "+= drawn-one ="));
  CHECK(has(picture.out, snug::format("{} ", payload)));
  CHECK(has(picture.out, "/srv <- "));
  CHECK(has(picture.out, "one kernel"));

  CHECK(has(picture.out, "nofile 63:65"));

  const Result told = containers.snug({"walls", "--inodes", "drawn-one"});
  REQUIRE(told.code == 0);
  CHECK(has(told.out, snug::format("root in here is uid {} out there", ::getuid())));
  CHECK(has(told.out, "nothing is between"));
  CHECK(has(line_with(told.out, "monitor of drawn-one"), snug::format("{}", monitor)));
  CHECK(has(line_with(told.out, "pid 1 in here"), snug::format("{}", init)));
  CHECK(has(line_with(told.out, "/srv "), "from " + door + " out there, read-only"));
  CHECK(has(line_with(told.out, "/proc "), "its own, made new"));
  CHECK(has(told.out, "set: no program raises them"));
  CHECK(has(told.out, "filter, run by the kernel itself; what runs in the container is under: default + root\n"));
  CHECK(has(told.out, "user namespaces inside\n  none can be made: the kernel's limit in there is 0\n"));
  const Result details = containers.snug({"walls", "--json", "drawn-one"});
  CHECK(has(details.out, "\"name\": \"default + root\""));
  CHECK(has(details.out, "\"userNamespaces\": 0"));
  CHECK(has(details.out, "\"keyring\": \"own\""));
  const Background plain({"unshare", "--user", "--map-root-user", "sh", "-c", "echo 7 >/proc/sys/user/max_user_namespaces; exec sleep 4712"});
  REQUIRE(eventually([] { return find_commands({"sleep", "4712"}).size() == 1; }));
  CHECK(has(containers.snug({"walls", snug::format("{}", find_commands({"sleep", "4712"}).front())}).out, "can be made, as far as a filter lets them: the kernel's limit in there is 7\n"));
  CHECK(has(line_with(told.out, "at most "), "nofile 63:65"));
  CHECK(has(line_with(containers.snug({"walls", "--compare", "drawn-one", "host"}).out, "limits"), "apart"));
  for (const std::string kind : {"user", "pid", "net", "uts", "ipc", "cgroup"}) CHECK(has(line_with(told.out, "# " + kind), inode_of(payload, kind)));
  CHECK(has(line_with(told.out, ". time"), inode_of(payload, "time")));
  CHECK(has(containers.snug({"walls", snug::format("{}", payload)}).out, "drawn-one  snug"));

  const Result json = containers.snug({"walls", "--json"});
  CHECK(has(json.out, "\"name\": \"drawn-one\""));
  CHECK(has(json.out, "\"nofile 63:65\""));
  CHECK(has(json.out, "\"role\": \"monitor of drawn-one\""));
  CHECK(has(json.out, "\"inode\": " + inode_of(payload, "mnt")));
}

TEST_CASE("walls: a container in which nothing runs but pid 1 is drawn by its record, though nobody may look into it") {
  const Containers containers;
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "drawn-idle", "-v", containers.folder() + ":/inside", small_root()}).code == 0);
  REQUIRE(containers.snug({"start", "drawn-idle"}).code == 0);
  const Result told = containers.snug({"walls", "--ascii", "drawn-idle"});
  CHECK(told.code == 0);
  CHECK(has(told.out, "drawn-idle  snug"));
  CHECK(!line_with(told.out, "# mount").empty());
  const Result picture = containers.snug({"walls", "--ascii"});
  CHECK(has(picture.out, "+= drawn-idle ="));
  CHECK(has(picture.out, "/inside <- "));
}

TEST_CASE("walls --compare: what separates two containers, a container and the host, and processes that snug did not start") {
  const Containers containers;
  REQUIRE(containers.run_detached("one", "exec sleep 1000").code == 0);
  REQUIRE(containers.snug({"run", "-d", "--userns", "single", "--name", "two", "--network", "host", "-v", containers.folder() + ":/a", small_root(), "sleep", "1000"}).code == 0);
  for (const std::string name : {"one", "two"})
    REQUIRE(eventually([&] { return is_asleep(payload_of(containers, name), "sleep"); }));

  const Result apart = containers.snug({"walls", "--compare", "one", "two"});
  CHECK(apart.code == 0);
  CHECK(has(apart.out, "7 of 8 walls stand between them."));
  CHECK(has(line_with(apart.out, "net namespace"), inode_of(payload_of(containers, "one"), "net")));
  CHECK(has(apart.out, "no wall  time: the same clocks"));

  const Result host = containers.snug({"walls", "--compare", "two", "host"});
  CHECK(has(host.out, "6 of 8 walls stand between them."));
  CHECK(has(host.out, "no wall  net: the same interfaces"));
  CHECK(has(host.out, "both see " + containers.folder()));

  const Background other({"sleep", "1000"});
  const Result same = containers.snug({"walls", "--compare", snug::format("{}", other.pid()), "host"});
  CHECK(has(same.out, "0 of 8 walls stand between them."));
}

TEST_CASE("walls --watch draws again, and gives the terminal back as it was when Ctrl-C comes") {
  Terminal terminal({program(), "walls", "--watch", "--ascii"}, 24, 70);
  REQUIRE(terminal.expect("\x1b[?1049h\x1b[?25l\x1b[H"));
  REQUIRE(terminal.expect("\x1b[H"));  // the second picture
  terminal.resize(60, 50);
  terminal.send("\x03");
  REQUIRE(terminal.expect("\x1b[?25h\x1b[?1049l"));
  CHECK(terminal.wait() == 0);
}

TEST_CASE("walls: a sandbox of bubblewrap is drawn, and bwrap beside it") {
  if (run({"bwrap", "--version"}).code != 0) return skip("bubblewrap is not installed");
  if (run({"bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"}).code != 0) return skip("bubblewrap cannot start here");
  const Background sandbox({"bwrap", "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "sleep", "4711"});
  std::string json;
  REQUIRE(eventually([&] { return has(json = run({program(), "walls", "--json"}).out, "\"evidence\": \"" + snug::format("bwrap {}, which started it", sandbox.pid())); }));
  CHECK(has(json, "\"maker\": \"bubblewrap\""));
  REQUIRE(eventually([&] { return !find_commands({"sleep", "4711"}).empty(); }));
  const Result told = run({program(), "walls", snug::format("{}", find_commands({"sleep", "4711"}).front())});
  CHECK(has(told.out, "bubblewrap"));
  CHECK(has(line_with(told.out, "waits for"), snug::format("{}", sandbox.pid())));
  const Result first = run({program(), "walls", snug::format("{}", only_child(sandbox.pid()))});  // bwrap's own pid 1
  CHECK(has(line_with(first.out, "-> "), "bwrap"));
}

TEST_CASE("walls: mounts that are covered, in a sandbox or out here, are told so") {
  if (run({"bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--unshare-all", "true"}).code != 0) return skip("bubblewrap cannot start here");
  const Background sandbox({"bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", "--die-with-parent", "sleep", "4712"});
  REQUIRE(eventually([&] { return !find_commands({"sleep", "4712"}).empty(); }));
  const Result told = run({program(), "walls", snug::format("{}", find_commands({"sleep", "4712"}).front())});
  const std::string host = read_file("/proc/self/mountinfo");
  if (!has(host, " /dev/shm ")) return skip("the host has no mount at /dev/shm");
  CHECK_MESSAGE(has(line_with(told.out, "/dev/shm "), "out there"), told.out);
  CHECK_MESSAGE(has(line_with(told.out, "/dev/shm "), "covered in here by another mount"), told.out);
}

TEST_CASE("walls: pictures go into files, and what cannot be is said") {
  const Scratch scratch;
  const std::string file = scratch.path() + "/picture.svg";
  CHECK(run({program(), "walls", "--svg", file}).code == 0);
  CHECK(read_file(file).starts_with("<svg xmlns="));
  CHECK(read_file(file).ends_with("</svg>\n"));
  CHECK(run({program(), "walls", "--svg", "-"}).out.starts_with("<svg"));
  CHECK(run({program(), "walls", "--dot"}).out.starts_with("digraph walls {"));
  CHECK(has(run({program(), "walls", "--svg", scratch.path() + "/none/x.svg"}).err, "No such file or directory"));
  CHECK(run({program(), "walls", "--svg", "-", "--json"}).code == 125);
  CHECK(run({program(), "walls", "--dot", "1"}).code == 125);
  CHECK(run({program(), "walls", "--compare", "host"}).code == 125);
  const Result lost = run({program(), "walls", "nobody-is-called-so"});
  CHECK(lost.code == 1);
  CHECK(has(lost.err, "there is no container, process or group 'nobody-is-called-so'"));
  // kthreadd, where this is the machine's own process namespace
  if (read_file("/proc/2/comm") == "kthreadd\n") CHECK(has(run({program(), "walls", "2"}).err, "2 is a thread of the kernel"));
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

namespace {

/// Podman with storage of its own, all of which goes away.
class Podman {
 public:
  ~Podman() {
    static_cast<void>(podman({"rm", "--force", "--all", "--time", "0"}));
    static_cast<void>(podman({"unshare", "rm", "-rf", scratch_.path() + "/root"}));
    static_cast<void>(run({"sh", "-c", "kill $(cat " + scratch_.path() + "/libpod/tmp/pause.pid)"}));
  }

  [[nodiscard]] Result podman(std::vector<std::string> words) const {
    const std::string& folder = scratch_.path();
    const std::vector<std::string> front{"env", "XDG_RUNTIME_DIR=" + folder, "podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs",  // crun wants version 2 of cgroups
                                          "--root", folder + "/root", "--runroot", folder + "/run"};
    words.insert(words.begin(), front.begin(), front.end());
    return run(words);
  }

 private:
  Scratch scratch_{"/tmp"};  // runc takes no long path
};

}  // namespace

TEST_CASE("walls: a port that podman publishes is a door of its container, and who passes it on stands beside") {
  if (run({"podman", "--version"}).code != 0 || run({"runc", "--version"}).code != 0) return skip("podman or runc is not installed");
  const Podman engine;
  const Result started = engine.podman({"run", "--detach", "--publish", "80", "--name", "of-podman", "--rootfs", small_root() + ":O", "sleep", "1000"});
  if (started.code != 0) return skip("podman cannot start here: " + std::string(snug::trimmed(started.err.substr(std::min(started.err.rfind("Error"), started.err.size())))));
  const std::string place = engine.podman({"port", "of-podman", "80"}).out;  // "0.0.0.0:43211"
  REQUIRE_MESSAGE(has(place, ":"), place);
  const std::string json = run({program(), "walls", "--json"}).out;
  CHECK_MESSAGE(has(json, "\"name\": \"of-podman\""), json);
  CHECK_MESSAGE(has(json, snug::format("{}\"", snug::trimmed(place.substr(place.rfind(':'))))), json);
  CHECK_MESSAGE(has(json, "\"role\": \"network of of-podman\""), json);
  CHECK_MESSAGE(!has(json, "\"name\": \"rootlessport\",\n      \"maker\""), json);
  const std::string picture = run({program(), "walls", "--ascii"}).out;
  CHECK_MESSAGE(!has(picture, "- rootlessport -"), picture);
}

TEST_SUITE_END();
