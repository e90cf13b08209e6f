#include "values.hh"

#include <doctest/doctest.h>

#include <array>

#include "snug/base/error.hh"

using namespace snug;
using namespace snug::commands;

namespace {

// Parses what has to be refused, and gives the message.
template <typename Function>
std::string refusal(Function&& parse) {
  try {
    static_cast<void>(parse());
  } catch (const UsageError& error) {
    return error.message();
  }
  return "taken";
}

template <typename Function>
bool refuses(Function&& parse) {
  return refusal(parse) != "taken";
}

plan::BindVolume bind(std::string_view text) {
  return std::get<plan::BindVolume>(parse_volume(text, "/home/me"));
}
plan::TmpfsVolume tmpfs(std::string_view text) { return std::get<plan::TmpfsVolume>(parse_tmpfs(text)); }

}  // namespace

TEST_CASE("ids have one spelling, below 2^31") {
  CHECK(parse_id("0") == 0);
  CHECK(parse_id("2147483647") == 2147483647U);
  for (const std::string_view bad : {"", "01", "00", "+1", "-1", " 1", "1 ", "1x", "0x1", "2147483648",
                                     "4294967295", "4294967296", "100000000000000000000", "1\n", "١"})
    CHECK_MESSAGE(refuses([&] { return parse_id(bad); }), bad);
}

TEST_CASE("what looks like a number is never taken for a user's name") {
  CHECK(parse_user("1000") == plan::UserChoice{"1000", ""});
  CHECK(parse_user("bob:staff") == plan::UserChoice{"bob", "staff"});
  CHECK(parse_user("0:0") == plan::UserChoice{"0", "0"});
  for (const std::string_view bad :
       {"", "01", "+1", "1 ", "4294967296", "-1", "bob:", ":1", "bob:staff:x", "a b", "a/b", "-bob"})
    CHECK_MESSAGE(refuses([&] { return parse_user(bad); }), bad);
  CHECK(parse_group("video") == "video");
  CHECK(refuses([] { return parse_group("007"); }));
}

TEST_CASE("id ranges are three numbers that end below 2^31") {
  CHECK(parse_id_range("0:1000:1") == plan::IdRange{{0}, {1000}, 1});
  CHECK(parse_id_range("2147483647:0:1").inside.value == 2147483647U);
  for (const std::string_view bad :
       {"", "0", "0:1", "0:1:0", "0:1:2:3", "0:-1:1", "2147483647:0:2", "0:2147483000:1000", "a:b:c"})
    CHECK_MESSAGE(refuses([&] { return parse_id_range(bad); }), bad);
}

TEST_CASE("user namespaces") {
  using Mode = plan::IdMapChoice::Mode;
  CHECK(parse_userns("root", "/").ids.mode == Mode::root);
  CHECK(parse_userns("single", "/").ids.mode == Mode::single);
  CHECK(parse_userns("keep-id", "/").ids == plan::IdMapChoice{.mode = Mode::keep_id});
  const auto keep = parse_userns("keep-id:uid=0,gid=7", "/").ids;
  CHECK(keep.keep_uid == ContainerId{0});
  CHECK(keep.keep_gid == ContainerId{7});
  CHECK(parse_userns("host", "/").wall == plan::NamespaceChoice{plan::HostNamespace{}});
  CHECK(parse_userns("ns:/proc/7/ns/user", "/").wall ==
        plan::NamespaceChoice{plan::JoinNamespace{"/proc/7/ns/user"}});
  for (const std::string_view bad :
       {"", "auto", "keep-id:", "keep-id:uid", "keep-id:uid=01", "keep-id:pid=1", "keep-ID", "ns:", "ns:x"})
    CHECK_MESSAGE(refuses([&] { return parse_userns(bad, "/"); }), bad);
}

TEST_CASE("namespaces of others, and what is to come") {
  CHECK(parse_namespace("private", "/") == plan::NamespaceChoice{plan::NewNamespace{}});
  CHECK(parse_namespace("ns:./pid", "/proc/7/ns") ==
        plan::NamespaceChoice{plan::JoinNamespace{"/proc/7/ns/pid"}});
  CHECK(refusal([] { return parse_namespace("hots", "/"); }) == "'hots' is no choice");
  CHECK(parse_namespace("container:web", "/") == plan::NamespaceChoice{plan::JoinNamespace{"", "web"}});
  CHECK(refuses([] { return parse_namespace("container:", "/"); }));
  CHECK(refusal([] { return parse_network("bridge", "/").way_out; }) == "'bridge' is no network");
}

TEST_CASE("networks: the wall and whether there is a way out") {
  CHECK(parse_network("none", "/").wall == plan::NamespaceChoice{plan::NewNamespace{}});
  CHECK_FALSE(parse_network("none", "/").way_out);
  CHECK(parse_network("private", "/").way_out);
  CHECK(parse_network("host", "/").wall == plan::NamespaceChoice{plan::HostNamespace{}});
  CHECK(parse_network("container:web", "/").container == "web");
  CHECK(refuses([] { return parse_network("container:", "/").way_out; }));
  CHECK(parse_network("back", "/").shared == plan::SharedNetwork{.name = "back"});
  CHECK(parse_network("back:alias=db,ip=10.89.0.7,alias=sql,mac=02:00:00:00:00:07", "/").shared ==
        plan::SharedNetwork{"back", {"db", "sql"}, "10.89.0.7", "02:00:00:00:00:07"});
  CHECK_FALSE(parse_network("private", "/").shared);
  for (const char* text : {"", "-x", "a/b", "back:", "back:alias", "back:ip=x", "back:ip=fd00::1", "back:color=red", "default", "pasta"})
    CHECK_MESSAGE(refuses([&] { return parse_network(text, "/").way_out; }), text);
}

TEST_CASE("ports: one, a range, with an address, from any that is free") {
  using Port = plan::PublishedPort;
  using Ports = std::vector<Port>;
  CHECK(parse_publish("8080:80") == Ports{{"", 8080, 80, false}});
  CHECK(parse_publish("80") == Ports{{"", 0, 80, false}});
  CHECK(parse_publish("53:53/udp") == Ports{{"", 53, 53, true}});
  CHECK(parse_publish("0.0.0.0:8080:80/tcp") == Ports{{"0.0.0.0", 8080, 80, false}});
  CHECK(parse_publish("[::1]:8080:80") == Ports{{"::1", 8080, 80, false}});
  CHECK(parse_publish("127.0.0.1::80") == Ports{{"127.0.0.1", 0, 80, false}});
  CHECK(parse_publish("8000-8001:80-81") == Ports{{"", 8000, 80, false}, {"", 8001, 81, false}});
  for (const std::string_view bad : {"", "0", "65536:80", "80:", "a:80", "80:81-82", "82-81:82-81", "80/sctp", "1.2.3:80:80", "080:80", "-1:80", "80:80:80:80"})
    CHECK_MESSAGE(refuses([&] { return parse_publish(bad); }), bad);
}

TEST_CASE("hardware addresses, and addresses of one family") {
  CHECK(parse_hardware("02:00:00:00:00:0a") == "02:00:00:00:00:0a");
  for (const std::string_view bad : {"", "02:00:00:00:00", "2:0:0:0:0:1", "03:00:00:00:00:01", "00:00:00:00:00:00", "02:00:00:00:00:0g"})
    CHECK_MESSAGE(refuses([&] { return parse_hardware(bad); }), bad);
  CHECK(parse_address_of("192.0.2.7", false) == "192.0.2.7");
  CHECK(refuses([] { return parse_address_of("192.0.2.7", true); }));
}

TEST_CASE("volumes: paths are made absolute, options read") {
  CHECK(bind("/a:/b") == plan::BindVolume{.source = "/a", .target = "/b"});
  CHECK(bind("./a:/b").source == "/home/me/a");
  CHECK(bind("..:/b").source == "/home");
  CHECK(bind(".:/b/").source == "/home/me");
  CHECK(bind("/a//x/../y/:/b/./c/") == plan::BindVolume{.source = "/a/y", .target = "/b/c"});
  CHECK(bind("/a,b:/b,c").source == "/a,b");
  const auto all = bind("/a:/b:ro,noexec,bind,z");
  CHECK(all.read_only);
  CHECK_FALSE(all.executable);
  CHECK_FALSE(all.recursive);
}

TEST_CASE("volumes that are refused") {
  CHECK(refusal([] { return bind("/a:/b:raed-only"); }) == "'raed-only' is no option of a bind mount");
  CHECK(refusal([] { return bind("data:/b"); }) ==
        "'data' is the name of a volume; volumes are not there yet");
  CHECK(refusal([] { return bind("/a:b"); }) ==
        "'b' has to be a path from the root of the container on: /...");
  for (const std::string_view bad : {"", "/a", ":/b", "/a:", "/a:/", "/a:/x/..", "/a:/b:", "/a:/b:ro:rw",
                                     "/a:/b:shared", "/a:/b:ro=1", "/a:/b:ro,rw", "/a:/b:bind,rbind", "~/a:/b", "a/b:/c"})
    CHECK_MESSAGE(refuses([&] { return bind(bad); }), bad);
  CHECK_THROWS_AS(static_cast<void>(parse_volume("./a:/b", "")), Error);
}

TEST_CASE("--mount") {
  const auto parse = [](std::string_view text) { return parse_mount(text, "/home/me"); };
  CHECK(parse("type=bind,src=./a,dst=/b,ro") ==
        plan::Volume{plan::BindVolume{.source = "/home/me/a", .target = "/b", .read_only = true}});
  CHECK(parse("source=/a:x,target=/b,type=bind,readonly=false,bind-recursive=disabled") ==
        plan::Volume{plan::BindVolume{.source = "/a:x", .target = "/b", .recursive = false}});
  CHECK(parse("type=tmpfs,destination=/t,tmpfs-size=64m,tmpfs-mode=1777") ==
        plan::Volume{plan::TmpfsVolume{.target = "/t", .size = 64U << 20U, .mode = 01777}});
  CHECK(parse("type=bind,\"src=/a,\"\"b\",dst=/b") == plan::Volume{plan::BindVolume{.source = "/a,\"b", .target = "/b"}});
  for (const std::string_view bad :
       {"", "type=bind", "type=bind,src=/a", "type=bind,\"src=/a,dst=/b", "type=bind,dst=/b", "type=tmpfs,src=/a,dst=/b",
        "type=volume,src=x,dst=/b", "src=/a,dst=/b", "type=bind,src=/a,dst=/b,tmpfs-size=1",
        "type=bind,src=/a,dst=/b,ro=maybe", "type=bind,src,dst=/b", "type=bind,src=/a,dst=/b,",
        "type=tmpfs,dst=/b,tmpfs-mode=8", "type=tmpfs,dst=/b,tmpfs-mode=2000", "type=bnid,src=/a,dst=/b"})
    CHECK_MESSAGE(refuses([&] { return parse(bad); }), bad);
  CHECK(refusal([&] { return parse("type=bind,sorce=/a,dst=/b"); }) == "'sorce' is no key of --mount");
}

TEST_CASE("--tmpfs") {
  CHECK(tmpfs("/t") == plan::TmpfsVolume{.target = "/t"});
  CHECK(tmpfs("/t:size=1k,mode=700,exec,ro") ==
        plan::TmpfsVolume{.target = "/t", .size = 1024, .mode = 0700, .read_only = true, .executable = true});
  CHECK(tmpfs("/t:uid=1000,gid=0") == plan::TmpfsVolume{.target = "/t", .uid = ContainerId{1000}, .gid = ContainerId{0}});
  for (const std::string_view bad :
       {"", "t", "/", "/t:", "/t:size=50%", "/t:size=0", "/t:mode=999", "/t:uid=", "/t:uid=me", "/t:gid=-1", "/t:suid", "/t:exec,noexec"})
    CHECK_MESSAGE(refuses([&] { return tmpfs(bad); }), bad);
}

TEST_CASE("--device") {
  const plan::Device kvm{"/dev/kvm", "/dev/kvm"};
  CHECK(parse_device("/dev/kvm:/dev/x:rw") == plan::Device{"/dev/kvm", "/dev/x"});
  for (const std::string_view whole : {"/dev/kvm", "/dev/kvm:rw", "/dev/kvm:rwm", "/dev/kvm:mwr"})
    CHECK_MESSAGE(parse_device(whole) == kvm, whole);
  for (const std::string_view bad : {"", "kvm", "/dev/kvm:", "/dev/kvm:x", "/a:/b:r:w"})
    CHECK_MESSAGE(refuses([&] { return parse_device(bad); }), bad);
  // Nothing stops writes to a device that is shown, so nothing less is promised.
  for (const std::string_view less : {"/dev/kvm:r", "/dev/kvm:/dev/x:r", "/dev/kvm:rm", "/dev/kvm:w", "/dev/kvm:m"})
    CHECK_MESSAGE(refusal([&] { return parse_device(less); }).ends_with("cannot be enforced without root"), less);
}

TEST_CASE("root file systems") {
  using Kind = plan::Rootfs::Kind;
  const auto parse = [](std::string_view text) { return parse_rootfs(text, "/home/me"); };
  CHECK(parse("host") == plan::Rootfs{Kind::host, "", "host"});
  CHECK(parse("/") == plan::Rootfs{Kind::host, "", "/"});
  CHECK(parse("/srv/deb/") == plan::Rootfs{Kind::directory, "/srv/deb", "/srv/deb/"});
  CHECK(parse("./deb") == plan::Rootfs{Kind::directory, "/home/me/deb", "./deb"});
  CHECK(parse(".").path == "/home/me");
  CHECK(parse("../deb").path == "/home/deb");
  CHECK(parse("dir:deb") == plan::Rootfs{Kind::directory, "/home/me/deb", "dir:deb"});
  CHECK(parse("tar:../d.tar.xz") == plan::Rootfs{Kind::archive, "/home/d.tar.xz", "tar:../d.tar.xz"});
  CHECK(parse("debian:12") == plan::Rootfs{Kind::image, "", "debian:12", "debian:12"});
  CHECK(parse("docker://quay.io/a/b") == plan::Rootfs{Kind::image, "", "docker://quay.io/a/b", "quay.io/a/b"});
  CHECK(parse("oci:x") == plan::Rootfs{Kind::image, "/home/me/x", "oci:x", "oci:/home/me/x"});
  CHECK(parse("oci:../x:a:b") == plan::Rootfs{Kind::image, "/home/x", "oci:../x:a:b", "oci:/home/x:a:b"});
  CHECK(parse("docker-archive:/x.tar").image == "docker-archive:/x.tar");
  CHECK(parse("oci-archive:x.tar:12").image == "oci-archive:/home/me/x.tar:12");
  CHECK(refusal([&] { return parse("MyRoot"); }) == "'MyRoot' is no name of an image: it has capital letters, and a repository must be in small ones");
  for (const std::string_view bad : {"", "dir:", "tar:", "oci:", "oci::x", ".hidden", "...", "~/deb", "a b", "docker://"})
    CHECK_MESSAGE(refuses([&] { return parse(bad); }), bad);
  CHECK(refusal([&] { return parse("dir:"); }) == "'dir:' names a kind of root file system, and no place");
}

TEST_CASE("what can be nothing but a path needs no dot in front") {
  CHECK(parse_file_path("a.json", "/home/me") == "/home/me/a.json");
  CHECK(parse_file_path("../a.json", "/home/me") == "/home/a.json");
  CHECK(parse_file_path("/a.json", "") == "/a.json");
}

TEST_CASE("variables") {
  constexpr std::array<const char*, 4> entries{"HOME=/home/me", "EMPTY=", "HOMELY=no", nullptr};
  const Environment environment(entries.data());
  CHECK(parse_variable("A=b=c", environment) == plan::Variable{"A", "b=c"});
  CHECK(parse_variable("A=", environment) == plan::Variable{"A", ""});
  CHECK(parse_variable("HOME", environment) == plan::Variable{"HOME", "/home/me"});
  CHECK(parse_variable("EMPTY", environment) == plan::Variable{"EMPTY", ""});
  CHECK_FALSE(parse_variable("HOM", environment));
  for (const std::string_view bad : {"", "=b", "a b=c", "a\nb=c", " A=b"})
    CHECK_MESSAGE(refuses([&] { return parse_variable(bad, environment); }), bad);
}

TEST_CASE("files of variables") {
  constexpr std::array<const char*, 2> entries{"HOME=/home/me", nullptr};
  const Environment environment(entries.data());
  const auto found =
      parse_variables("# a comment\n\n  A=1 # kept\nHOME\nABSENT\nB='x'\n", "f.env", environment);
  CHECK(found == std::vector<plan::Variable>{{"A", "1 # kept"}, {"HOME", "/home/me"}, {"B", "'x'"}});
  try {
    static_cast<void>(parse_variables("A=1\nB C=2\n", "f.env", environment));
    FAIL("taken");
  } catch (const UsageError& error) {
    CHECK(error.message() == "'B C' is no name of a variable");
    CHECK(error.contexts() == std::vector<std::string>{"reading f.env:2"});
  }
  CHECK(refuses([&] { return parse_variables(std::string_view("A=\0b", 4), "f.env", environment); }));
}

TEST_CASE("limits") {
  CHECK(parse_limit("nofile=10:20") == plan::ResourceLimit{"nofile", 7, 10, 20});
  CHECK(parse_limit("core=0") == plan::ResourceLimit{"core", 4, 0, 0});
  CHECK(parse_limit("nofile=1:-1").hard == UINT64_MAX);
  CHECK(refusal([] { return parse_limit("nofiles=1"); }) == "'nofiles' is no limit");
  for (const std::string_view bad : {"", "nofile", "nofile=", "nofile=1:", "nofile=2:1", "nofile=-2",
                                     "nofile=1:2:3", "nofile=01", "nofile=1k", "nofile=-1:5"})
    CHECK_MESSAGE(refuses([&] { return parse_limit(bad); }), bad);
}

TEST_CASE("names and addresses") {
  CHECK(parse_host_entry("db:10.0.0.1") == plan::HostEntry{"db", "10.0.0.1"});
  CHECK(parse_host_entry("db:::1") == plan::HostEntry{"db", "::1"});
  CHECK(parse_host_entry("db:[::1]") == plan::HostEntry{"db", "::1"});
  for (const std::string_view bad : {"", "db", "db:", ":1.2.3.4", "db:1.2.3", "db:1.2.3.4.5",
                                     "db:host-gateway", "a b:1.2.3.4", "a\nb:1.2.3.4"})
    CHECK_MESSAGE(refuses([&] { return parse_host_entry(bad); }), bad);
  CHECK(parse_address("2001:db8::1") == "2001:db8::1");
  CHECK(refuses([] { return parse_address("1.2.3.4 "); }));
  CHECK(refuses([] { return parse_address("fe80::1%eth0"); }));
  CHECK(parse_hostname(std::string(64, 'a')).size() == 64);
  CHECK(refuses([] { return parse_hostname(std::string(65, 'a')); }));
  CHECK(refuses([] { return parse_hostname("-a"); }));
  CHECK(parse_name("web_1.a-b") == "web_1.a-b");
  for (const std::string_view bad : {"", "-web", ".", "..", "a/b", "a b", "ü"})
    CHECK_MESSAGE(refuses([&] { return parse_name(bad); }), bad);
}

TEST_CASE("limits of a container as a whole") {
  CHECK(parse_memory("64m") == 64U << 20U);
  CHECK(parse_memory("-1") == plan::no_limit);
  CHECK(refuses([] { return parse_memory("1023k"); }));
  CHECK(refuses([] { return parse_memory("64mbb"); }));
  CHECK(parse_count("50") == 50);
  CHECK(parse_count("0") == plan::no_limit);
  CHECK(refuses([] { return parse_count("-2"); }));
  CHECK(parse_processors("2") == 2000);
  CHECK(parse_processors("1.5") == 1500);
  CHECK(parse_processors(".25") == 250);
  CHECK(parse_processors("0.0125") == 12);
  CHECK(parse_processors("0") == plan::no_limit);
  for (const std::string_view bad : {"", ".", "1.", "1,5", "0.001", "-2", "1.5x", "1e3"}) CHECK_MESSAGE(refuses([&] { return parse_processors(bad); }), bad);
  CHECK(parse_cpuset("0-3,5") == "0-3,5");
  for (const std::string_view bad : {"", "3-1", "a", "0-", "0,,1", "-1", "0 1"}) CHECK_MESSAGE(refuses([&] { return parse_cpuset(bad); }), bad);
  CHECK(parse_weight("10000") == 10000);
  for (const std::string_view bad : {"", "0", "10001"}) CHECK_MESSAGE(refuses([&] { return parse_weight(bad); }), bad);
}

TEST_CASE("sizes, capabilities and walls") {
  CHECK(parse_bytes("64m") == 64U << 20U);
  CHECK(parse_bytes("1.5GiB") == 3U << 29U);
  CHECK(parse_bytes("0.25k") == 256);
  CHECK(parse_bytes("2.05t") == (2ULL << 40U) + 54975581388);
  for (const std::string_view bad : {".", "1.", ".5g", "1.g", "1.5.5g", "1.5b", "1.2345g", "0.0g", "-1.5g", "1 .5g"}) CHECK_MESSAGE(refuses([&] { return parse_bytes(bad); }), bad);
  for (const std::string_view bad : {"", "0", "-1", "64mbb", "m", "1.5", "1.x5g", "99999999t"})
    CHECK_MESSAGE(refuses([&] { return parse_bytes(bad); }), bad);
  CHECK(parse_capability("cap_net_raw") == "NET_RAW");
  CHECK(parse_capability("all") == "ALL");
  for (const std::string_view bad : {"", "CAP_", "net raw", "1"})
    CHECK_MESSAGE(refuses([&] { return parse_capability(bad); }), bad);
  CHECK(parse_walls("idmap,groups") == std::vector<std::string>{"idmap", "groups"});
  CHECK(refusal([] { return parse_walls("idmap,"); }) == "'' is no wall that can be required");
}
