#include "run_options.hh"

#include <doctest/doctest.h>

#include <array>
#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

using namespace snug;
using namespace snug::commands;

namespace {

constexpr std::array<const char*, 2> entries{"HOME=/home/me", nullptr};
const cli::Command run{
    .name = "run", .shared = &run_option_set, .stop_at_operand = true, .max_operands = SIZE_MAX};

using Words = std::vector<std::string_view>;

plan::Spec spec(const Words& words) {
  return make_spec(cli::parse(run, words), Environment(entries.data()), "/home/me");
}

const cli::Option& option(std::string_view name) {
  const auto& options = run_option_set.options;
  return *std::find_if(options.begin(), options.end(),
                       [&](const cli::Option& any) { return any.name == name; });
}

// What `words` come to behind what a file of the user says.
plan::Spec spec_after(std::string_view name, const std::string& value, const Words& words) {
  cli::Arguments arguments = cli::parse(run, words);
  arguments.options.insert(arguments.options.begin(),
                           cli::Given{&option(name), value, {"/etc/snug/config.toml", 3}});
  return make_spec(arguments, Environment(entries.data()), "/home/me");
}

std::string refusal(const Words& words) {
  try {
    static_cast<void>(spec(words));
  } catch (const UsageError& error) {
    return error.message();
  }
  return "taken";
}

}  // namespace

TEST_CASE("no word at all is the host's root in walls of its own") {
  CHECK(spec({}) == plan::Spec{.rootfs = {.given = "host"}, .network = {.way_out = true}});
}

TEST_CASE("a way out is the default; a network that was chosen stays") {
  CHECK(spec({}).network.way_out);
  for (const Words& words : {Words{"--network", "private"}, Words{"-p", "80:80"}, Words{"-P"}, Words{"--host-loopback", "22"}}) CHECK(spec(words).network.way_out);
  CHECK_FALSE(spec({"-p", "80:80", "--network", "none"}).network.way_out);
  CHECK_FALSE(spec({"--net", "host", "-p", "80:80"}).network.way_out);
  CHECK_FALSE(spec_after("network", "none", {}).network.way_out);
  CHECK(spec_after("network", "none", {"--network", "private"}).network.way_out);
}

TEST_CASE("several networks are shared ones, and private beside them; what is typed overrules what a file says") {
  const auto names = [](const plan::Spec& spec) {
    std::vector<std::string> found;
    for (const auto& shared : spec.network.shared) found.push_back(shared.name);
    return join(found, ",");
  };
  CHECK(names(spec({"--network", "a", "--net", "b"})) == "a,b");
  CHECK_FALSE(spec({"--network", "a", "--network", "b"}).network.way_out);
  CHECK(spec({"--network", "a", "--network", "private"}).network.way_out);
  CHECK(names(spec({"--network", "private", "--network", "a"})) == "a");
  CHECK(names(spec_after("network", "a", {"--network", "b"})) == "b");
  CHECK(names(spec_after("network", "a", {"--network", "none"})).empty());
  CHECK(spec_after("network", "host", {"--network", "b"}).namespaces.network == plan::NamespaceChoice{plan::NewNamespace{}});
  CHECK(refusal({"--network", "none", "--network", "a"}) == "--network a: it cannot be had beside other networks");
  CHECK(refusal({"--network", "a", "--network", "host"}) == "--network host: it cannot be had beside other networks");
  CHECK(refusal({"--network", "a", "--network", "a"}) == "--network a: the network was named before");
  CHECK(spec({"--network", "a:alias=x", "--network-alias", "y"}).network.shared.front().aliases == std::vector<std::string>{"x", "y"});
  CHECK(refusal({"--privileged"}) == "--privileged true: no container has more rights than who starts it");
  CHECK(refusal({"--network-alias", "db"}) == "--network-alias is for networks that are shared");
  const plan::Network one = spec({"--network", "a", "--ip", "10.89.0.7", "--mac-address", "02:00:00:00:00:07"}).network;
  CHECK(one.shared.front() == plan::SharedNetwork{"a", {}, "10.89.0.7", "02:00:00:00:00:07"});
  CHECK_FALSE(one.ip);
  CHECK(spec({"--network", "a", "--network", "private", "--ip", "10.0.0.7"}).network.ip == "10.0.0.7");
  CHECK(refusal({"--network", "a", "--network", "b", "--ip", "10.89.0.7"}) == "which of the networks --ip and --mac-address are for is not said");
}

TEST_CASE("the first operand is the root file system, the rest is the command") {
  const plan::Spec made = spec({"./deb", "ls", "-l"});
  CHECK(made.rootfs == plan::Rootfs{plan::Rootfs::Kind::directory, "/home/me/deb", "./deb"});
  CHECK(made.command == std::vector<std::string>{"ls", "-l"});
}

TEST_CASE("every option leaves its mark on the spec, but an empty --env-file, one that is refused, and those for the pull: what is secret is kept nowhere") {
  const auto differs = [](std::string_view name, std::string_view value) {
    const std::string word =
        value.empty() ? "--" + std::string(name) : "--" + std::string(name) + "=" + std::string(value);
    if (name == "network-alias") return !(spec({"--network=a", word, "/srv/root"}) == spec({"--network=a", "/srv/root"}));
    constexpr std::array of_images{"authfile", "cert-dir", "creds", "platform", "pull", "tls-verify"};
    const char* root = std::find(of_images.begin(), of_images.end(), name) != of_images.end() ? "image" : "/srv/root";
    return !(spec({word, root}) == spec({root}));
  };
  struct Example {
    std::string_view name, value;
  };
  constexpr std::array examples = std::to_array<Example>({
      {"add-host", "a:1.2.3.4"},
      {"allow", "example.org"},
      {"allow-32bit", ""},
      {"authfile", "/a"},
      {"cap-add", "NET_RAW,CAP_SYS_PTRACE"},
      {"cap-drop", "ALL"},
      {"cert-dir", "/a"},
      {"cgroupns", "host"},
      {"cpus", "1"},
      {"cpuset-cpus", "0"},
      {"creds", "a:b"},
      {"detach", ""},
      {"device", "/dev/kvm"},
      {"dns", "1.1.1.1"},
      {"dns-search", "lan"},
      {"emulate-root", "static"},
      {"entrypoint", "sh"},
      {"env", "A=1"},
      {"env-file", "/dev/null"},
      {"gidmap", "0:1:1"},
      {"group-add", "7"},
      {"host-loopback", "5432"},
      {"hostname", "a"},
      {"init", "false"},
      {"interactive", ""},
      {"io-weight", "200"},
      {"ip", "192.0.2.7"},
      {"ip6", "2001:db8::7"},
      {"ipc", "host"},
      {"label", "a=b"},
      {"log-driver", "none"},
      {"log-opt", "max-size=1m"},
      {"mac-address", "02:00:00:00:00:01"},
      {"memory", "64m"},
      {"memory-swap", "128m"},
      {"mount", "type=tmpfs,dst=/t"},
      {"name", "a"},
      {"nested", ""},
      {"net", "host"},
      {"network", "host"},
      {"network-alias", "db"},
      {"no-init", ""},
      {"pid", "host"},
      {"pids-limit", "9"},
      {"platform", "linux/arm64"},
      {"privileged", "false"},
      {"publish", "80:80"},
      {"publish-all", ""},
      {"pull", "never"},
      {"quiet", ""},
      {"read-only", ""},
      {"require", "idmap"},
      {"restart", "always"},
      {"rm", ""},
      {"rw", ""},
      {"security-opt", "no-new-privileges=false"},
      {"shell", "builtin"},
      {"shm-size", "1m"},
      {"stop-signal", "INT"},
      {"stop-timeout", "3"},
      {"storage-driver", "copy"},
      {"timens", "private"},
      {"tls-verify", "false"},
      {"tmpfs", "/t"},
      {"tools", "/bin/busybox"},
      {"tty", ""},
      {"uidmap", "0:1:1"},
      {"ulimit", "core=1"},
      {"user", "7"},
      {"userns", "single"},
      {"uts", "host"},
      {"volume", "/a:/b"},
      {"workdir", "/a"},
  });
  REQUIRE(examples.size() == run_option_set.options.size());
  for (std::size_t at = 0; at < examples.size(); ++at) {
    CHECK(run_option_set.options[at].name == examples[at].name);
    static constexpr std::array<std::string_view, 6> unmarked{"authfile", "cert-dir", "creds", "env-file", "privileged", "tls-verify"};
    const bool leaves_mark = std::find(unmarked.begin(), unmarked.end(), examples[at].name) == unmarked.end();
    CHECK_MESSAGE(differs(examples[at].name, examples[at].value) == leaves_mark, examples[at].name);
  }
}

TEST_CASE("a storage driver that is typed has to have its say, one of the settings is for roots that have the choice") {
  using plan::StorageDriver;
  CHECK(spec({"--storage-driver", "vfs", "./deb"}).storage == StorageDriver::copy);
  CHECK(spec({"--storage-driver", "copy", "debian"}).storage == StorageDriver::copy);
  CHECK(spec({"--storage-driver", "overlay", "host"}).storage == StorageDriver::overlay);
  CHECK(refusal({"--storage-driver", "copy"}) == "--storage-driver: 'host' is put together from overlays of the kernel, and from nothing else");
  CHECK(refusal({"--storage-driver", "fuse-overlayfs", "host", "ls"}).ends_with("and from nothing else"));
  CHECK(refusal({"--storage-driver", "overlay", "tar:x.tar"}) == "--storage-driver: an archive is unpacked for the container alone, which takes no driver");
  CHECK(refusal({"--storage-driver", "copy", "--rw", "./deb"}) == "--storage-driver: with --rw the folder itself is written into, which takes no driver");
  CHECK(spec_after("storage-driver", "copy", {"host"}).storage == StorageDriver::copy);
}

TEST_CASE("repeated options add up in order, single ones are replaced") {
  const plan::Spec made =
      spec({"-e", "A=1", "-e", "B=2", "-e", "HOME", "-e", "ABSENT", "-w", "/a", "-w", "/b"});
  CHECK(made.env == std::vector<plan::Variable>{{"A", "1"}, {"B", "2"}, {"HOME", "/home/me"}});
  CHECK(made.workdir == "/b");
}

TEST_CASE("-h is the host name, -it is a terminal with an open input") {
  const plan::Spec made = spec({"-h", "box", "-it"});
  CHECK(made.hostname == "box");
  CHECK(made.interactive);
  CHECK(made.terminal == plan::Terminal::always);
  CHECK(spec({"--tty=false"}).terminal == plan::Terminal::never);
}

TEST_CASE("errors name the option and the value") {
  CHECK(refusal({"-u", "01"}) ==
        "--user 01: '01' is no id: a decimal number below 2147483648, without sign or leading zero");
  CHECK(refusal({"-v", "\x1b[2J:/b"}).find('\x1b') == std::string::npos);
  CHECK(refusal({"--restart", "sometimes"}).starts_with("--restart sometimes: "));
  CHECK(refusal({"--restart", "on-failure:x"}).starts_with("--restart on-failure:x: "));
  CHECK(refusal({"--stop-signal", "NOSUCH"}) == "--stop-signal NOSUCH: 'NOSUCH' is no signal");
  CHECK(refusal({"--log-opt", "max-file=0"}) == "--log-opt max-file=0: '0' is no number of files, 1 to 100");
  CHECK(refusal({"--rm", "--restart", "always"}) == "--rm and --restart contradict each other");
  CHECK(refusal({"--allow", "10.0.0.0/33"}) == "--allow 10.0.0.0/33: '10.0.0.0/33' is no rule: NAME[:PORT], '*.NAME', or ADDRESS[/BITS][:PORT]");
  CHECK(refusal({"--publish", "x"}) == "--publish x: 'x' is no port: a number from 1 to 65535");
  CHECK(refusal({"--dns-option", "rotate"}) == "--dns-option comes with a later version; it is not there yet");
}

TEST_CASE("options that contradict each other are refused, a file is overruled") {
  CHECK(refusal({"--read-only", "--rw"}) == "--read-only and --rw contradict each other");
  CHECK(refusal({"--userns", "single", "--uidmap", "0:1:1"}) ==
        "--userns and --uidmap contradict each other");
  CHECK(spec({"--read-only=false", "--rw"}).root_writes == plan::RootWrites::kept);
  CHECK(spec_after("read-only", "true", {"--rw"}).root_writes == plan::RootWrites::kept);
  CHECK(spec_after("read-only", "true", {"--read-only=false"}).root_writes == plan::RootWrites::thrown_away);
}

TEST_CASE("options that would have no effect are refused") {
  CHECK(refusal({"--shm-size", "1m", "--ipc", "host"}).starts_with("--shm-size: /dev/shm is the host's with --ipc host"));
  CHECK(spec({"--shm-size", "1m", "--ipc", "container:other"}).shm_size == 1048576);
  for (const char* root : {"./bb", "host", "tar:r.tar"}) {
    for (const char* word : {"--pull=always", "--platform=linux/arm64", "--authfile=a", "--cert-dir=/a", "--creds=a:b", "--tls-verify=false"})
      CHECK(refusal({word, root}) == format("{}: it is for images, and '{}' is none", std::string_view(word).substr(0, std::string_view(word).find('=')), root));
  }
  CHECK(spec_after("platform", "linux/arm64", {"./bb"}).rootfs.path == "/home/me/bb");
}

TEST_CASE("two mounts on one place are refused, a file's one is replaced") {
  CHECK(refusal({"-v", "/a:/x", "--tmpfs", "/x/"}) == "--tmpfs /x/: two mounts have the place '/x'");
  const plan::Spec made = spec_after("volume", "/a:/x", {"-v", "/b:/x"});
  CHECK(made.volumes == std::vector<plan::Volume>{plan::BindVolume{.source = "/b", .target = "/x"}});
}

TEST_CASE("paths in a file start from the file's folder") {
  const plan::Spec made = spec_after("volume", "./a:/x", {});
  CHECK(std::get<plan::BindVolume>(made.volumes.at(0)).source == "/etc/snug/a");
}

TEST_CASE("explicit ranges replace the map of --userns in a file") {
  const plan::Spec made = spec_after("userns", "single", {"--uidmap", "0:1000:1", "--gidmap", "0:1000:1"});
  CHECK(made.id_map.mode == plan::IdMapChoice::Mode::ranges);
  CHECK(made.id_map.uids == std::vector<plan::IdRange>{{{0}, {1000}, 1}});
}

TEST_CASE("errors of a value in a file tell the place") {
  try {
    static_cast<void>(spec_after("workdir", "x", {}));
    FAIL("taken");
  } catch (const UsageError& error) {
    CHECK(error.message() == "workdir x: 'x' has to be a path from the root of the container on: /...");
    CHECK(error.contexts() == std::vector<std::string>{"reading /etc/snug/config.toml:3"});
  }
}
