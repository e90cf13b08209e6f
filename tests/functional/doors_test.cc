// What doors.cc tries from inside, by every way in, and what each has to answer.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "containers.hh"
#include "helper.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/restraint.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

std::string volume() { return helper("doors") + ":/doors:ro"; }

using Doors = std::map<std::string, std::string>;

Doors parse(const std::string& out) {
  Doors doors;
  for (const std::string_view line : snug::lines(out)) {
    const std::vector<std::string> words = snug::split(snug::trimmed(line), ' ');
    if (words.size() == 2) doors[words[0]] = words[1];
  }
  return doors;
}

bool has_landlock() { return snug::sys::landlock_abi() >= 3; }

// Docker's lists, by heart: a path that snug's own no longer has is missed here.
std::vector<std::string> hidden_paths() {
  std::vector<std::string> paths{"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                                 "/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/fs/selinux"};
  for (int cpu = 0; fs::exists(snug::format("/sys/devices/system/cpu/cpu{}", cpu)); ++cpu) paths.push_back(snug::format("/sys/devices/system/cpu/cpu{}/thermal_throttle", cpu));
  return paths;
}
constexpr std::array read_only_paths{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

// What this machine's kernel does not have, no container can show.
bool is_there(const std::string& path) { return snug::sys::find_status(AT_FDCWD, path.c_str()).has_value(); }

// chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot setfcap
constexpr const char *eleven = "00000000800405fb", *none = "0000000000000000";

// What a container finds by default, root in it, however it came in.
Doors usual() {
  Doors doors;
  for (const char* open : {"thread", "unix", "pair-unix", "inet", "inet6", "netlink", "persona-same"}) doors[open] = "open";
  for (const char* shut : {"alg", "alg-high", "vsock", "packet", "key", "can", "tipc", "bluetooth", "rxrpc", "xdp", "pair-vsock", "pair-tipc", "unshare-user", "unshare-mount", "unshare-net",
                           "clone-user", "setns", "mount", "umount2", "fsopen", "open_tree", "pivot_root", "keyctl", "key-session", "key-user", "key-user-session", "add_key", "request_key", "bpf",
                           "perf_event_open", "io_uring_setup", "userfaultfd", "open_by_handle_at", "init_module", "kexec_load", "process_madvise", "persona-other",
                           "tiocsti", "tiocsti-high", "tioclinux", "trace-init", "trusted-attribute"})
    doors[shut] = "EPERM";
  for (const char* absent : {"clone3", "unknown"}) doors[absent] = "ENOSYS";
  doors["attribute-of-nothing"] = "ENOENT";
#ifdef __x86_64__
  doors["x32"] = doors["i386"] = "ENOSYS";
#endif
  for (const char* closed : {"write-init", "read-init"}) doors[closed] = "EACCES";
  for (const char* others : {"exe-of-others", "root-of-others", "fd-of-others", "memory-of-others", "write-others", "trace-others"}) doors[others] = "shut";
  for (const std::string& path : hidden_paths()) doors[path] = is_there(path) ? "hidden" : "absent";
  for (const char* path : read_only_paths) doors[path] = is_there(path) ? "read-only" : "absent";
  for (const char* path : {"/sys", "/sys/fs/cgroup"}) doors[path] = "read-only";
  doors["namespaces-inside"] = "none";
  doors["at-terminal"] = "no";
  for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) doors[set] = eleven;
  for (const char* set : {"CapInh", "CapAmb", "SigBlk", "SigIgn"}) doors[set] = none;
  doors["NoNewPrivs"] = "1";
  doors["Seccomp"] = "2";
  return doors;
}

// Of who is not root inside, or has dropped all.
const Doors powerless{{"CapPrm", none}, {"CapEff", none}, {"CapBnd", none}};

// Of the mode or of the mount, whichever the kernel looks at first; and what is not there is not written to.
void check_writes(Doors& found) {
  for (const char* setting : {"raise-them", "core_pattern", "irq-affinity", "sysrq", "cgroup-folder", "cgroup-v1-folder", "cgroup-join", "release-agent", "release-agent-v1"}) {
    const std::string name = setting, tried = found[setting];
    const bool may_lack = name.starts_with("cgroup-") || name.starts_with("release-") || !is_there(name == "sysrq" ? "/proc/sysrq-trigger" : "/proc/irq/default_smp_affinity");
    CHECK_MESSAGE((tried == "EROFS" || tried == "EACCES" || (may_lack && tried == "ENOENT")), name << " " << tried);
    found.erase(setting);
  }
}

void check(const Result& result, const Doors& more = {}) {
  Doors found = parse(result.out), expected = usual();
  for (const auto& [door, what] : more) expected[door] = what;
  check_writes(found);
  const std::string acl = found["acl-of-another"];  // as there is such an id, and a tmpfs with such lists, or not
  CHECK_MESSAGE((acl == "open" || acl == "EINVAL" || acl == "EOPNOTSUPP"), acl);
  CHECK(found["mode-by-acl"] == (acl != "open" ? "as-it-was" : expected["trusted-attribute"] == "open" ? "without-mask" : "with-mask"));
  for (const char* door : {"acl-of-another", "mode-by-acl"}) found.erase(door);
  for (const auto& [door, what] : expected) CHECK_MESSAGE(found[door] == what, door << " " << found[door] << " " << result.err);
  for (const auto& [door, what] : found) CHECK_MESSAGE(expected.contains(door), door);
}

// Somebody outside who listens on an abstract socket, as X11 and D-Bus do.
class Outsider {
 public:
  Outsider() {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size())) == 0);
    REQUIRE(::listen(socket_.get(), 128) == 0);
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_ = snug::format("snug-doors-{}", ::getpid());
  snug::sys::Fd socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

// Every way into a container with these options, on a network of its own and on the host's, at a terminal and without, as each of these users.
void check_every_way(const std::vector<std::string>& options, const std::vector<std::string>& users) {
  const Outsider outsider;
  for (const char* network : {"private", "host"}) {
    const Containers containers;
    const auto line = [&](std::vector<std::string> words, const std::vector<std::string>& end) {
      words.insert(words.end(), end.begin(), end.end());
      return words;
    };
    const std::vector<std::string> walls = line(options, {"--network", network, "-v", volume()});
    REQUIRE(containers.snug(line(line({"run", "-d", "--name", "box"}, walls), {small_root(), "sleep", "86530"})).code == 0);
    for (const std::string& user : users)
      for (const bool terminal : {false, true})
        for (const std::string way : {"run", "exec", "enter"}) {
          std::vector<std::string> words{way, "-u", user};
          if (way == "run") words = line(words, walls);
          if (way == "exec" && terminal) words.emplace_back("-it");
          // After a line of its own: on a terminal snug's title comes first.
          words = line(words, {way == "run" ? small_root() : std::string("box"), "sh", "-c", "echo; exec /doors " + outsider.name()});
          Result result;
          if (terminal) {
            Terminal screen(line({"/usr/bin/env", containers.environment(), program()}, words), 24, 200);
            result.code = screen.wait();
            result.out = screen.seen();
          } else {
            result = containers.snug(words);
          }
          const std::string told = snug::format("{} {} {}{}", network, way, user, terminal ? " at a terminal" : "");
          INFO(told);
          CHECK(result.code == 0);
          Doors expected = user == "0" ? Doors{} : powerless;
          expected["at-terminal"] = terminal ? "yes" : "no";
          expected["abstract"] = std::string(network) == "private" ? "ECONNREFUSED" : snug::sys::landlock_abi() >= 6 ? "EPERM" : "open";
          // Without Landlock who comes later may look at what runs there already.
          if (!has_landlock() && way != "run")
            for (const auto& [door, what] : parse(result.out))
              if (door.ends_with("-others")) expected[door] = what;
          check(result, expected);
        }
  }
}

const Doors input_of_a_file{{"input-read", "open"}, {"input-write", "EACCES"}, {"input-truncate", "EACCES"}};

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("doors: those of a container, as root and as another, with this machine's root, without pid 1 of snug's") {
  check(run({program(), "run", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "single", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "keep-id", "-v", volume(), small_root(), "/doors"}), powerless);
  check(run({program(), "run", "--userns", "single", "-v", volume(), "host", "/doors"}));
  check(run({program(), "run", "--userns", "single", "--read-only", "--cap-drop", "ALL", "-v", volume(), small_root(), "/doors"}), powerless);
  check(run({program(), "run", "--userns", "single", "--network", "host", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "single", "--network", "none", "-v", volume(), small_root(), "/doors"}));
  check(run({program(), "run", "--userns", "single", "--emulate-root", "remembered", "-v", volume(), small_root(), "/doors"}), {{"trusted-attribute", "open"}});
  Doors told = parse(run({program(), "run", "--userns", "single", "--emulate-root", "remembered", "-v", volume(), small_root(), "/doors"}).out);
  CHECK(told["acl-of-another"] == "open");
  CHECK(told["mode-by-acl"] == "without-mask");  // which would be rights that only others in the list have
  Doors alone = parse(run({program(), "run", "--userns", "single", "--no-init", "-v", volume(), small_root(), "/doors"}).out);
  CHECK(alone["unshare-user"] == "EPERM");
  CHECK(alone["namespaces-inside"] == "none");
}

TEST_CASE("doors: those of root with one id, by run, exec and enter, with a terminal and without, on a network of its own and on the host's") {
  check_every_way({"--userns", "single"}, {"0"});
}

TEST_CASE("doors: exec and enter find the same doors as the container's own command") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "-v", volume(), small_root(), "sleep", "86530"}).code == 0);
  check(containers.snug({"exec", "box", "/doors"}));
  check(containers.snug({"enter", "box", "/doors"}));
  const std::string inspected = containers.snug({"inspect", "--format", "{{.Restraints.Seccomp}} {{.Restraints.NoNewPrivileges}}", "box"}).out;
  CHECK(inspected == "default + root true\n");
  const std::string held = containers.snug({"inspect", "--format", "{{json .Restraints}}", "box"}).out;
  CHECK_MESSAGE(has(held, "\"Keyring\":\"own\",\"Program\":\"closed\",\"Capabilities\":[\"chown\",\"dac_override\",\"fowner\",\"fsetid\",\"kill\",\"setgid\",\"setuid\",\"setpcap\",\"net_bind_service\",\"sys_chroot\",\"setfcap\"]"), held);
  CHECK((has(held, "{\"Name\":\"core\",\"Soft\":1,\"Hard\":1}") || has(held, "{\"Name\":\"core\",\"Soft\":0,\"Hard\":0}")));  // where none is allowed outside
}

TEST_CASE("doors: what one exec starts the others can end, but not look into") {
  if (!has_landlock()) return skip("this kernel has no Landlock");
  const std::string find = "for p in /proc/[0-9]*; do [ \"$(tr '\\0' . <$p/cmdline)\" != sleep.86531. ] || ";
  const std::string look = find + "{ for link in exe root cwd fd/0; do readlink $p/$link; done; cat $p/environ $p/maps; (: <$p/mem) && echo memory; echo looked; } 2>/dev/null; done";
  // Without Landlock Yama may still keep who is no parent from tracing.
  const bool yama = snug::sys::find_file_text("/proc/sys/kernel/yama/ptrace_scope").value_or("0\n") != "0\n";
  for (const bool apart : {true, false}) {
    const Containers containers;
    REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "--security-opt", apart ? "no-new-privileges" : "landlock=off", "-v", volume(), small_root(), "sleep", "86530"}).code == 0);
    REQUIRE(containers.snug({"exec", "-d", "-e", "MARK=86531", "box", "sleep", "86531"}).code == 0);
    REQUIRE(eventually([] { return find_commands({"sleep", "86531"}).size() == 1; }));
    const std::string seen = containers.snug({"exec", "box", "sh", "-c", look}).out;
    Doors doors = parse(containers.snug({"exec", "box", "/doors"}).out);
    if (apart) {
      CHECK_MESSAGE(seen == "looked\n", seen);
    } else {
      for (const char* part : {"/bin/busybox\n/\n/\n/dev/null\n", "MARK=86531", "[stack]", yama ? "" : "memory\n"}) CHECK_MESSAGE(has(seen, part), seen);
    }
    for (const char* door : {"exe-of-others", "root-of-others", "fd-of-others"}) CHECK_MESSAGE(doors[door] == (apart ? "shut" : "open"), std::string(door));
    for (const char* door : {"memory-of-others", "trace-others"}) CHECK_MESSAGE(doors[door] == (apart || yama ? "shut" : "open"), std::string(door));
    CHECK(containers.snug({"exec", "box", "sh", "-c", find + "kill ${p#/proc/}; done"}).code == 0);
    CHECK(eventually([] { return find_commands({"sleep", "86531"}).empty(); }));
  }
}

TEST_CASE("doors: each path of docker's that this kernel has is covered, or cannot be written") {
  const std::string mounts = inside("cat /proc/self/mountinfo").out;
  for (const std::string& path : hidden_paths()) CHECK_MESSAGE(has(mounts, " " + path + " ") == is_there(path), path << "\n" << mounts);
  for (const std::string path : read_only_paths) CHECK_MESSAGE(has(mounts, " " + path + " ro,") == is_there(path), path << "\n" << mounts);
  // As whoever looks sees it: of a file nothing, of a folder that it is empty.
  for (const std::string& path : hidden_paths()) CHECK_MESSAGE(inside("[ ! -e " + path + " ] || cat " + path + "/* " + path + " 2>/dev/null; ls -A " + path + "/ 2>/dev/null").out.empty(), path);
}

TEST_CASE("doors: signals that the caller has blocked or ignores are neither inside") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "-v", volume(), small_root(), "sleep", "86530"}).code == 0);
  const std::string block = "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(1 .. 31)); $SIG{$_} = q(IGNORE) for qw(HUP INT QUIT PIPE USR1 TSTP TTOU); exec @ARGV";
  const auto blocked = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all{"env", containers.environment(), "perl", "-e", block};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  };
  Doors outside = parse(blocked({helper("doors")}).out);
  CHECK(outside["SigBlk"] != none);
  CHECK(outside["SigIgn"] != none);
  check(blocked({program(), "run", "--userns", "single", "-v", volume(), small_root(), "/doors"}));
  for (const char* way : {"exec", "enter"}) check(blocked({program(), way, "box", "/doors"}));
}

TEST_CASE("doors: the profile that podman brings along, which is docker's but for what it allows besides") {
  const char* const profile = "/usr/share/containers/seccomp.json";
  if (!is_there(profile)) return skip("there is no /usr/share/containers/seccomp.json");
  const auto doors = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{program(), "run", "--userns", "single", "--security-opt", std::string("seccomp=") + profile};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"-v", volume(), small_root(), "/doors"});
    const Result result = run(words);
    CHECK_MESSAGE(result.code == 0, result.err);
    return parse(result.out);
  };
  Doors found = doors({});
  for (const char* open : {"thread", "unix", "inet", "inet6", "persona-same"}) CHECK_MESSAGE(found[open] == "open", std::string(open));
  for (const char* shut : {"bpf", "perf_event_open", "init_module", "kexec_load", "open_by_handle_at", "tiocsti", "tioclinux"}) CHECK_MESSAGE(found[shut] == "EPERM", std::string(shut));
  CHECK(found["unknown"] == "ENOSYS");
  CHECK(found["unshare-user"] == "ENOSPC");  // the second wall
  CHECK(found["Seccomp"] == "2");
  CHECK(found["process_madvise"] == "EPERM");
  CHECK(doors({"--cap-add", "SYS_PTRACE"})["process_madvise"] == "EBADF");  // its rule depends on a capability
}

TEST_CASE("doors: a file that was given for reading cannot be opened for writing by its descriptor") {
  if (!has_landlock()) return skip("this kernel has no Landlock");
  const Scratch scratch;
  scratch.write("input", "text");
  const auto with_input = [&](const std::string& options, const std::string& command) {
    return run({"/bin/sh", "-c", program() + " run --userns single " + options + " " + small_root() + " " + command + " <" + scratch.path() + "/input"});
  };
  check(with_input("-v " + volume(), "/doors"), input_of_a_file);
  CHECK(with_input("", "sh -c 'cat /dev/stdin; echo more >/dev/stderr'").out == "text");
  CHECK(with_input("--security-opt landlock=off", "sh -c 'echo changed >/proc/self/fd/0'").code == 0);
  CHECK(snug::sys::find_file_text((scratch.path() + "/input").c_str()) == "changed\n");
}

TEST_CASE("doors: what the caller gave for writing is reached by name as well") {
  const Scratch scratch;
  const std::string out = scratch.path() + "/out";
  CHECK(run({"/bin/sh", "-c", program() + " run --userns single " + small_root() + " sh -c 'echo a >>/dev/stdout; echo b >>/dev/stderr' >" + out + " 2>&1"}).code == 0);
  CHECK(snug::sys::find_file_text(out.c_str()) == "a\nb\n");
}

TEST_CASE("doors: what is opened is open, and no more") {
  const auto doors = [](std::vector<std::string> options) {
    options.insert(options.begin(), {program(), "run", "--userns", "single"});
    options.insert(options.end(), {"-v", volume(), small_root(), "/doors"});
    return parse(run(options).out);
  };
  Doors nested = doors({"--nested"});
  for (const char* open : {"unshare-user", "unshare-mount", "unshare-net", "clone-user"}) CHECK_MESSAGE(nested[open] == "open", open);
  for (const char* shut : {"bpf", "io_uring_setup", "userfaultfd", "alg", "tiocsti"}) CHECK_MESSAGE(nested[shut] == "EPERM", shut);
  CHECK(nested["namespaces-inside"] == "some");
  Doors unconfined = doors({"--security-opt", "seccomp=unconfined"});
  CHECK(unconfined["userfaultfd"] != "EPERM");
  CHECK(unconfined["unknown"] == "ENOSYS");
  CHECK(unconfined["unshare-user"] == "ENOSPC");  // the second wall
  CHECK(unconfined["/proc/keys"] == "hidden");
  Doors unmasked = doors({"--security-opt", "unmask=/proc/interrupts"});
  CHECK(unmasked["/proc/interrupts"] == "open");
  CHECK(unmasked["/proc/keys"] == "hidden");
  CHECK(doors({"--cap-add", "SYS_PTRACE"})["process_madvise"] == "EBADF");
#ifdef __x86_64__
  if (parse(run({helper("doors")}).out)["i386"] == "open")
    CHECK(doors({"--allow-32bit"})["i386"] == "open");
  else
    skip("this kernel runs no 32-bit programs");
#endif
  CHECK(inside("cat /etc/passwd /srv 2>&1 | wc -c", {"--security-opt", "mask=/etc/passwd"}).code == 0);
  CHECK(inside("mount -t tmpfs none /tmp && echo mounted", {"--cap-add", "SYS_ADMIN"}).out == "mounted\n");
  CHECK(inside("wc -c </etc/passwd", {"--security-opt", "mask=/etc/passwd"}).out == "0\n");
}

TEST_CASE("doors: a profile of the user's own, also for those who enter, and after a restart") {
  const Containers containers;
  const Scratch scratch;
  scratch.write("p.json", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sethostname", "mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]})");
  const std::string option = "seccomp=" + scratch.path() + "/p.json";
  CHECK(inside("mkdir /x 2>&1", {"--security-opt", option}).out.find("No space left") != std::string::npos);
  REQUIRE(containers.snug({"run", "-d", "--name", "box", "--userns", "single", "--security-opt", option, "-v", volume(), small_root(), "sleep", "86532"}).code == 0);
  fs::remove(scratch.path() + "/p.json");
  CHECK(containers.snug({"exec", "box", "mkdir", "/x"}).err.find("No space left") != std::string::npos);
  CHECK(parse(containers.snug({"exec", "box", "/doors"}).out)["tiocsti"] == "EPERM");
  REQUIRE(containers.snug({"restart", "-t", "0", "box"}).code == 0);
  CHECK(containers.snug({"exec", "box", "mkdir", "/x"}).err.find("No space left") != std::string::npos);
  scratch.write("bad.json", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": 7}");
  const Result bad = inside("true", {"--security-opt", "seccomp=" + scratch.path() + "/bad.json"});
  CHECK(bad.code == 125);
  CHECK_MESSAGE(bad.err.find("bad.json") != std::string::npos, bad.err);
}

TEST_CASE("doors: a container in a container, with --nested") {
  const std::string folder = fs::path(program()).parent_path().string();
  const Result result = run({program(), "run", "--userns", "single", "--nested", "-v", folder + ":/snug:ro", "-v", small_root() + ":/inner:ro", "-v", volume(), "host", "sh", "-c",
                             "/snug/" + fs::path(program()).filename().string() + " run --userns single -v /doors:/doors:ro /inner /doors"});
  Doors found = parse(result.out);
  CHECK_MESSAGE(found["unshare-user"] == "EPERM", result.err);
  CHECK(found["namespaces-inside"] == "none");
  // In a home that holds snug's data, which is put together from an overlay of an overlay: the kernel takes no third.
  const Result copied = run({program(), "run", "--userns", "single", "--nested", "-v", folder + ":/snug:ro", "host", "/snug/" + fs::path(program()).filename().string(), "run", "--userns", "single", small_root(), "echo", "third"});
  CHECK_MESSAGE(copied.out == "third\n", copied.err);
  const Result examined = run({program(), "run", "--userns", "single", "--nested", "-v", folder + ":/snug:ro", "host", "/snug/" + fs::path(program()).filename().string(), "doctor"});
  CHECK_MESSAGE(examined.code == 0, examined.out);
  // Who is root in a user namespace is not the machine's root: what is made inside has a /proc of its own that can be written to.
  const Result root = run({"unshare", "--user", "--map-root-user", program(), "run", "--network", "none", "--nested", "host", "unshare", "--user", "--map-root-user", "id", "-u"});
  CHECK_MESSAGE(root.out == "0\n", root.err);
  if (!snug::sys::find_status(AT_FDCWD, "/usr/bin/bwrap")) return skip("bubblewrap is not installed");
  const std::vector<std::string> bwrap{"bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "echo", "nested"};
  std::vector<std::string> words{program(), "run", "--userns", "single", "--nested", "host"};
  words.insert(words.end(), bwrap.begin(), bwrap.end());
  const Result nested = run(words);
  CHECK_MESSAGE(nested.out == "nested\n", nested.err);
  words.erase(words.begin() + 4);
  CHECK(run(words).out.empty());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("doors: those of root and of another, by run, exec and enter, with a terminal and without, on a network of its own and on the host's") {
  check_every_way({}, {"0", "1000"});
}

TEST_CASE("doors: those of another user than root") {
  Doors raising{{"NoNewPrivs", "0"}}, raised{{"NoNewPrivs", "0"}, {"CapPrm", none}, {"CapEff", none}};
  check(run({program(), "run", "-u", "1000", "-v", volume(), "host", "/doors"}), powerless);
  check(run({program(), "run", "--security-opt", "no-new-privileges=false", "-v", volume(), small_root(), "/doors"}), raising);
  check(run({program(), "run", "--security-opt", "no-new-privileges=false", "-u", "1000", "-v", volume(), small_root(), "/doors"}), raised);
}

TEST_CASE("doors: a set-user-ID program inside raises nothing, unless programs may") {
  for (const bool may : {false, true}) {
    const Containers containers;
    REQUIRE(containers.snug({"run", "-d", "--name", "box", "--security-opt", may ? "no-new-privileges=false" : "no-new-privileges", "-v", volume(), small_root(), "sleep", "86530"}).code == 0);
    CHECK(containers.snug({"exec", "box", "sh", "-c", "cp /doors /raised && chmod 4755 /raised"}).code == 0);
    CHECK(containers.snug({"exec", "-u", "1000", "box", "/raised", "ids"}).out == (may ? "1000 0 0\n" : "1000 1000 1000\n"));
    CHECK(containers.snug({"enter", "-u", "1000", "box", "/raised", "ids"}).out == (may ? "1000 0 0\n" : "1000 1000 1000\n"));
    CHECK(containers.snug({"exec", "-u", "1000", "box", "/doors", "ids"}).out == "1000 1000 1000\n");
  }
}

TEST_SUITE_END();
