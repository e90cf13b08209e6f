#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "images.hh"
#include "snug/base/text.hh"
#include "tar.hh"

using namespace snug;
using namespace snug::test;
namespace fs = std::filesystem;

namespace {

const std::string& busybox_layer() {
  static const std::string layer = shell_output("tar -C '" + small_root() + "' -c --owner=0 --group=0 .");
  return layer;
}

std::string file_layer(const std::string& name, const std::string& text) { return tar({.name = name, .data = text}) + tar_end(); }

/// A store with one image, "odd", with busybox in its lowest layer.
struct Odd : Data {
  explicit Odd(const std::string& config, const std::vector<std::string>& layers = {}) {
    std::vector<std::string> all{busybox_layer()};
    all.insert(all.end(), layers.begin(), layers.end());
    make_odd_image(folder() + "/layout", "docker.io/library/odd:latest", all, config);
    const Result loaded = snug({"load", "-q", "-i", folder() + "/layout"});
    REQUIRE_MESSAGE(loaded.code == 0, loaded.err);
  }
  [[nodiscard]] Result go(std::vector<std::string> options, const std::vector<std::string>& command = {}) const {
    options.insert(options.begin(), "run");
    options.emplace_back("odd");
    options.insert(options.end(), command.begin(), command.end());
    return snug(options);
  }
  [[nodiscard]] std::string out(std::vector<std::string> options, const std::vector<std::string>& command = {}) const {
    const Result result = go(std::move(options), command);
    CHECK_MESSAGE(result.code == 0, result.err);
    return result.out;
  }
};

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("a container is found by the image that it was made from: by name, id and digest, and inspect tells both") {
  const Odd odd("{}");
  REQUIRE(odd.snug({"create", "--userns", "single", "--name", "c", "odd", "true"}).code == 0);
  const auto field = [&](const char* name, const char* pattern) {
    const std::string line = odd.snug({"inspect", "--format", pattern, name}).out;
    return line.substr(0, line.find('\n'));
  };
  const std::string id = field("odd", "{{.Id}}"), digest = field("odd", "{{.Digest}}");
  CHECK(field("c", "{{.Image}} {{.ImageDigest}}") == id + " " + digest);
  const auto found = [&](const std::string& value) { return odd.snug({"ps", "-a", "--filter", "ancestor=" + value, "--format", "{{.Names}}"}).out == "c\n"; };
  for (const std::string& right : {std::string("odd"), std::string("odd:latest"), std::string("docker.io/library/odd"), id, id.substr(7, 12), id.substr(0, 11), digest, digest.substr(7, 4)}) CHECK_MESSAGE(found(right), right);
  for (const std::string& wrong : {std::string("od"), std::string("odd:1"), id.substr(7, 3), id.substr(8, 12), std::string("sha256:"), std::string("docker.io/odd/odd")}) CHECK_FALSE_MESSAGE(found(wrong), wrong);
}

TEST_CASE("image: what it says is run, and what is typed goes before it") {
  const Odd image(R"({"Entrypoint":["echo","e"],"Cmd":["c"],"Env":["A=image","PATH=/bin","HOSTNAME=mine"],"WorkingDir":"/new/work"})");
  CHECK(image.out({}) == "e c\n");
  CHECK(image.out({}, {"typed", "too"}) == "e typed too\n");
  CHECK(image.out({"--entrypoint", "pwd"}) == "/new/work\n");
  CHECK(image.out({"--entrypoint", ""}, {"sh", "-c", "echo $A $PATH $HOSTNAME"}) == "image /bin mine\n");
  CHECK(image.out({"--entrypoint", "", "-e", "A=typed", "-w", "/etc"}, {"sh", "-c", "echo $A; pwd"}) == "typed\n/etc\n");
  CHECK(image.out({"--entrypoint", "", "--read-only"}, {"pwd"}) == "/new/work\n");
}

TEST_CASE("image: layers lie on one another as in the kernel's overlay, for the plan as for the container") {
  const Odd image(R"({"Cmd":["cat","/data/file","/etc/passwd"],"User":"low"})",
                  {file_layer("etc/passwd", "root:x:0:0::/:/bin/sh\nlow:x:0:0::/low:/bin/sh\n") , file_layer("data/file", "low\n"),
                   tar({.name = "etc/.wh.passwd"}) + tar({.name = "real/passwd", .data = "root:x:0:0::/:/bin/sh\nlow:x:0:0::/high:/bin/sh\n"}) +
                       tar({.name = "etc/passwd", .type = '2', .link = "../real/passwd"}) + tar({.name = "data/.wh..wh..opq"}) +
                       tar({.name = "data/file", .data = "high\n"}) + tar_end()});
  CHECK(image.out({}) == "high\nroot:x:0:0::/:/bin/sh\nlow:x:0:0::/high:/bin/sh\n");
  CHECK(image.out({}, {"sh", "-c", "echo $HOME"}) == "/high\n");
  const Odd gone(R"({"User":"low"})", {file_layer("etc/passwd", "low:x:0:0::/:/bin/sh\n"), file_layer("etc/.wh.passwd", "")});
  CHECK(has(gone.go({}, {"true"}).err, "the image's User 'low': the root file system's /etc/passwd has no such name"));
  CHECK(image.go({}, {"true"}).code == 0);
}

TEST_CASE("image: a folder that a layer only passes through is as a lower layer says, for umoci as for the kernel") {
  const Data data;
  const auto folder = [](const std::string& name, unsigned mode, std::time_t time) { return tar({.name = name, .type = '5', .mode = mode, .time = time}); };
  make_odd_image(data.folder() + "/layout", "odd",
                 {busybox_layer(), folder("srv/", 0711, 5) + folder("srv/box/", 01777, 6) + folder("opt/", 0700, 7) + folder("opt/gone/", 0700, 7) + tar_end(),
                  tar({.name = "srv/box/new"}) + tar({.name = "opt/.wh.gone"}) + tar_end(), tar({.name = "opt/gone/new"}) + tar({.name = "etc/odd"}) + tar_end()},
                 R"({"Cmd":["sh"]})");
  const Result loaded = data.snug({"load", "-q", "-i", data.folder() + "/layout"});
  REQUIRE_MESSAGE(loaded.code == 0, loaded.err);
  const std::string look = "stat -c '%n %a %Y' srv srv/box; stat -c '%n %a' opt etc opt/gone";
  const Result seen = data.snug({"run", "odd", "sh", "-c", "cd / && " + look});
  CHECK(seen.out == shell_output("cd " + data.folder() + " && umoci unpack --rootless --image layout:odd bundle >/dev/null && cd bundle/rootfs && " + look));
  CHECK_MESSAGE(has(seen.out, "srv/box 1777 6\n"), seen.out << seen.err);
  // It is no change of a container's, and goes with the image.
  REQUIRE(data.snug({"create", "--name", "still", "odd"}).code == 0);
  CHECK(data.snug({"diff", "still"}).out.empty());
  const std::string copied = data.snug({"run", "--storage-driver", "copy", "odd", "sh", "-c", "cd / && " + look}).out;
  CHECK(copied == seen.out);
  CHECK(has(data.snug({"gc"}).out, "removed 0 blobs, 0 layers"));
  CHECK(data.snug({"rm", "still"}).code == 0);
  CHECK(shell_output("ls " + data.store() + "/layers/* | grep -c ^seam") == "1\n");
  CHECK(data.snug({"rmi", "odd"}).code == 0);
  CHECK(shell_output("ls " + data.store() + "/layers/*").empty());
}

TEST_CASE("image: nothing that a container writes reaches another, nor the store") {
  const Odd image("{}");
  const auto before = snapshot(image.store() + "/layers");
  CHECK(image.out({}, {"sh", "-c", "echo x >/etc/new && rm /etc/passwd && mkdir -p /a/b && echo done"}) == "done\n");
  CHECK(image.go({}, {"cat", "/etc/new"}).code == 1);
  CHECK(snapshot(image.store() + "/layers") == before);
  CHECK(fs::is_empty(image.store() + "/containers"));
}

TEST_CASE("image: volumes are writable whatever the root is, bring what the image has, and go away") {
  const Odd image(R"({"Volumes":{"/data":{},"/new/deep":{},"../../out":{},"/proc/x":{},"/etc/hosts":{}},"WorkingDir":"/new/deep/work"})",
                  {file_layer("data/old", "old\n")});
  const std::string script = "cat /data/old; echo x >/data/old && echo x >/new/deep/file && pwd; touch /etc/x 2>/dev/null || echo closed";
  CHECK(image.out({"--read-only"}, {"sh", "-c", script}) == "old\n/new/deep/work\nclosed\n");
  CHECK(image.out({}, {"sh", "-c", "cat /data/old; touch /data/x /new/deep/x && pwd"}) == "old\n/new/deep/work\n");
  fs::create_directory(image.folder() + "/mine");
  CHECK(image.out({"--read-only", "-v", image.folder() + "/mine:/data/sub"}, {"sh", "-c", "touch /data/x /data/sub/y && ls /data"}) == "old\nsub\nx\n");
  CHECK(fs::exists(image.folder() + "/mine/y"));
  CHECK_FALSE(fs::exists(image.folder() + "/out"));
  CHECK(fs::is_empty(image.store() + "/containers"));
}

TEST_CASE("image: odd settings are refused by name, or stay inside") {
  struct Row {
    const char* config;
    std::string_view says;
  };
  for (const Row& row : {Row{R"({"Cmd":["a\u0000b"]})", "a zero byte stands in its Cmd"}, Row{R"({"Env":["A=\u0000"]})", "a zero byte stands in its Env"},
                         Row{R"({"Cmd":["true"],"WorkingDir":"x/y"})", "its WorkingDir 'x/y' is no path from the root on"},
                         Row{R"({"Cmd":["true"],"WorkingDir":"/proc/self/fd/5"})", "cannot "},
                         Row{R"({"Cmd":["true"],"WorkingDir":"/etc/passwd/x"})", "cannot make the folder '/etc/passwd/x'"},
                         Row{R"({"Cmd":["true"],"User":"4294967295"})", "the image's User '4294967295': the number is not an id"},
                         Row{R"({"Cmd":["true"],"User":"-1"})", "has no such name"}, Row{R"({"Cmd":["true"],"User":"2000000000"})", "which is not mapped"},
                         Row{R"({"Cmd":["true"],"Volumes":{"/proc/self/root/x":{},"/etc/passwd/x":{}}})", "cannot make the folder '/etc/passwd/x'"},
                         Row{R"({"Cmd":[""]})", "cannot run ''"}, Row{R"({})", "no command was given, and the image 'odd' names none"},
                         Row{R"({"Cmd":["\u001b[31m"]})", "cannot run '\\x1b[31m'"}}) {
    const Odd image(row.config);
    const Result result = image.go({});
    CHECK(result.code >= 125);
    CHECK_MESSAGE(has(result.err, row.says), row.config << ": " << result.err);
  }
  const Odd kept(R"({"Cmd":["sh","-c","pwd; env"],"WorkingDir":"/../..","Env":["N=a\nb","novalue","=x","D=1","D=2"],"Healthcheck":{"Test":["CMD","touch","/h"]},"OnBuild":["x"],"ExposedPorts":{"99999/tcp":{}},"StopSignal":"\u001b"})");
  const std::string out = kept.out({});
  CHECK(out.starts_with("/\n"));
  CHECK(has(out, "N=a\nb\n"));
  CHECK(has(out, "D=2\n"));
  CHECK_FALSE(has(out, "novalue"));
}

TEST_CASE("image: arguments and environment larger than the kernel takes are an error that says so") {
  const Odd image(R"({"Cmd":["true"],"Env":["A=)" + std::string(4U << 20U, 'x') + R"("]})");
  const Result result = image.go({});
  CHECK(result.code == 126);
  CHECK_MESSAGE(has(result.err, "Argument list too long (E2BIG)\n  hint:  arguments and environment are too large together"), result.err);
}

TEST_CASE("image: a passwd that is a FIFO, a device of the host or larger than can be is refused") {
  const Odd fifo("{}", {tar({.name = "etc/passwd", .type = '6'}) + tar_end()});
  CHECK(has(fifo.go({}, {"true"}).err, "'etc/passwd' of the root file system is not a plain file"));
  const Odd large("{}", {file_layer("etc/passwd", std::string(2U << 20U, 'x'))});
  CHECK(has(large.go({}, {"true"}).err, "is larger than 1 MiB"));
  const Odd link("{}", {tar({.name = "etc/passwd", .type = '2', .link = "/dev/zero"}) + tar_end()});
  CHECK(link.go({}, {"true"}).code == 0);
}

TEST_CASE("image: 128 layers, some of them twice") {
  std::vector<std::string> layers;
  for (int at = 0; at < 125; ++at) layers.push_back(file_layer(format("layers/{}", at), "x"));
  layers.push_back(layers.front());
  layers.push_back(layers.back());
  const Odd image("{}", layers);
  CHECK(image.out({}, {"sh", "-c", "ls /layers | wc -l"}) == "125\n");
  CHECK(image.out({"--read-only"}, {"sh", "-c", "ls /layers | wc -l"}) == "125\n");
}

TEST_CASE("image: the descriptors that hold its layers stay outside") {
  const Odd image("{}", {file_layer("a", ""), file_layer("b", "")});
  for (const std::string option : {"--init", "--no-init"})
    CHECK(image.out({option}, {"ls", "/proc/self/fd"}) == "0\n1\n2\n3\n");  // 3 is the folder that ls reads
}

TEST_CASE("image: sixteen containers at once, and not one left") {
  const Odd image(R"({"Cmd":["sh","-c","echo x >/etc/new && cat /etc/new"]})");
  const std::string script = "for at in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do " + image.environment() + " " + program() + " run odd & done; wait";
  const Result result = run({"sh", "-c", script});
  std::string wanted;
  for (int at = 0; at < 16; ++at) wanted += "x\n";
  CHECK_MESSAGE(result.out == wanted, result.err);
  CHECK(fs::is_empty(image.store() + "/containers"));
}

TEST_CASE("image: sixteen first runs at once of one that is not unpacked yet") {
  const Data data;
  make_odd_image(data.folder() + "/layout", "docker.io/library/odd:latest", {busybox_layer(), file_layer("a", "1"), file_layer("b", "2")}, R"({"Cmd":["cat","/a","/b"]})");
  REQUIRE(data.snug({"pull", "-q", "--no-unpack", "oci:" + data.folder() + "/layout"}).code == 0);
  const std::string each = "{ " + data.environment() + " " + program() + " run -q odd || echo failed with $? >&2; } & ";
  std::string script;
  for (int at = 0; at < 16; ++at) script += each;
  const Result result = run({"sh", "-c", script + "wait"});
  CHECK_MESSAGE((result.code == 0 && !has(result.err, "failed with")), result.err);
  CHECK(result.out.size() == 32);
  CHECK(data.snug({"run", "--pull", "never", "odd"}).out == "12");
  CHECK(data.snug({"gc", "--check"}).out == "removed 0 blobs, 0 layers and 0 unfinished things: 0B\n");
}

TEST_CASE("image: its layers stay while a container runs on them") {
  const Odd image("{}");
  Background running({"sh", "-c", image.environment() + " exec " + program() + " run odd sleep 60"});
  REQUIRE(eventually([&] { return find_commands({"sleep", "60"}).size() == 1; }));
  CHECK(has(image.snug({"rmi", "odd"}).err, "a container was made on 'odd'"));
  CHECK(image.snug({"rmi", "--all"}).code == 1);
  CHECK(image.snug({"inspect", "odd"}).code == 0);
  static_cast<void>(image.snug({"rmi", "--force", "odd"}));
  static_cast<void>(image.snug({"gc"}));
  const auto layers = [&] {
    const auto maps = fs::recursive_directory_iterator(image.store() + "/layers");
    return std::count_if(begin(maps), end(maps), [](const auto& entry) { return entry.path().filename().string().starts_with("sha256-"); });
  };
  CHECK(layers() == 1);
  running.signal(SIGTERM);
  static_cast<void>(running.wait());
  CHECK(image.snug({"gc"}).code == 0);
  CHECK(layers() == 0);
}

TEST_CASE("image: one that is not here is not run, and a folder of that name is told of") {
  const Data data;
  const Result never = data.snug({"run", "--pull", "never", "no/such:image"});
  CHECK(never.code == 125);
  CHECK(never.err == "snug: the image 'no/such:image' is not here, and the policy 'never' forbids to bring it\n  hint:  snug pull no/such:image\n");
  fs::create_directory(data.folder() + "/rootfs");
  const Result folder = run({program(), "run", "--pull", "never", "rootfs"}, {.env = {data.environment()}, .folder = data.folder()});
  CHECK(has(folder.err, "hint:  there is a folder of that name: ./rootfs\n"));
  std::ofstream(data.folder() + "/root.tar");
  const Result file = run({program(), "run", "--pull", "never", "root.tar"}, {.env = {data.environment()}, .folder = data.folder()});
  CHECK_MESSAGE(has(file.err, "hint:  there is a file of that name: tar:root.tar is an archive\n"), file.err);
  CHECK(has(data.snug({"run", "No/Such"}).err, "did you mean 'No/such'?"));
  CHECK_FALSE(fs::exists(data.store()));
}

TEST_CASE("image: one that cannot be brought is told of once, and what was meant perhaps with it") {
  const Odd image(R"({"Cmd":["true"]})");
  const Result result = image.snug({"run", "localhost:1/ood"});
  CHECK(result.code == 125);
  CHECK_MESSAGE(result.err.starts_with("snug: cannot talk to 'localhost:1': "), result.err);
  CHECK_MESSAGE(result.err.find("snug: ", 1) == std::string::npos, result.err);
  fs::create_directories(image.folder() + "/localhost:1/odd");
  const Result folder = run({program(), "run", "localhost:1/odd"}, {.env = {image.environment()}, .folder = image.folder()});
  CHECK(folder.code == 125);
  CHECK_MESSAGE(folder.err.find("snug: ", 1) == std::string::npos, folder.err);
  CHECK_MESSAGE(folder.err.ends_with("  hint:  there is a folder of that name: ./localhost:1/odd\n"), folder.err);
}

TEST_CASE("image: for a platform that takes it, it is here") {
  const Data data;
  shell_output("tar -C '" + small_root() + "' -cf " + data.folder() + "/arm.tar .");
  const Result pulled = data.snug({"pull", "-q", "--platform", "linux/arm64/v8", "tar:" + data.folder() + "/arm.tar"});
  REQUIRE_MESSAGE(pulled.code == 0, pulled.err);
  for (const char* platform : {"linux/arm64/v8", "linux/arm64", "linux/aarch64", "arm64"}) {
    const Result here = data.snug({"plan", "--pull", "never", "--platform", platform, "localhost/arm", "true"});
    CHECK_MESSAGE(here.code == 0, here.err);
    CHECK(data.snug({"pull", "-q", "--policy", "missing", "--platform", platform, "localhost/arm"}).out == pulled.out);
  }
  CHECK(has(data.snug({"plan", "--pull", "never", "--platform", "linux/amd64", "localhost/arm", "true"}).err, "is not here"));
}

TEST_CASE("image: one that is here is told of where it cannot be brought anew, and no other") {
  const Odd image(R"({"Cmd":["true"]})");
  REQUIRE(image.snug({"tag", "odd", "localhost:1/odd:1"}).code == 0);
  REQUIRE(image.snug({"tag", "odd", "localhost:1/odd:2"}).code == 0);
  const Result result = image.snug({"run", "--pull", "always", "localhost:1/odd:2"});
  CHECK(result.code == 125);
  CHECK_MESSAGE(result.err.ends_with("  hint:  'localhost:1/odd:2' is here, and --pull missing takes it\n"), result.err);
  const Result other = image.snug({"run", "--platform", "linux/s390x", "localhost:1/odd:2"});
  CHECK_MESSAGE(!has(other.err, "did you mean"), other.err);
}

TEST_CASE("image: out of a layout it is brought into the store, and unpacked again for another id map from there") {
  const Data data;
  make_odd_image(data.folder() + "/layout", "docker.io/library/odd:latest", {busybox_layer(), file_layer("file", "text\n")}, R"({"Cmd":["cat","/file"]})");
  Result result = run({program(), "run", "oci:layout"}, {.env = {data.environment()}, .folder = data.folder()});
  CHECK_MESSAGE(result.out == "text\n", result.err);
  const std::string id = data.snug({"images", "-q", "--all"}).out;
  REQUIRE(id.size() == 13);
  fs::remove_all(data.folder() + "/layout");
  const auto maps = [&] { return std::distance(fs::directory_iterator(data.store() + "/layers"), fs::directory_iterator()); };
  const auto before = maps();
  result = data.snug({"run", "-q", "--userns", "keep-id:uid=7,gid=7", "--pull", "never", id.substr(0, 12), "cat", "/file"});
  CHECK_MESSAGE(result.out == "text\n", result.err);
  CHECK(maps() == before + 1);
  result = run({program(), "run", "oci:layout"}, {.env = {data.environment()}, .folder = data.folder()});
  CHECK(result.code == 125);
  CHECK(result.err == "snug: cannot open '" + data.folder() + "/layout': No such file or directory (ENOENT)\n");
}

TEST_CASE("image: --rw is refused, and a project file may name an image") {
  const Odd image(R"({"Cmd":["echo","ran"]})");
  CHECK(has(image.go({"--rw"}).err, "--rw cannot be used with an image"));
  fs::create_directory(image.folder() + "/project");
  shell_output("echo 'rootfs = \"odd\"' >" + image.folder() + "/project/snug.toml");
  CHECK(run({program(), "run"}, {.env = {image.environment()}, .folder = image.folder() + "/project"}).out == "ran\n");
}

TEST_CASE("image: the plan names it, and each of its layers once") {
  const Odd image(R"({"Cmd":["true"]})", {file_layer("a", "")});
  const Result plan = image.snug({"plan", "odd"});
  CHECK(has(plan.out, "make an overlay over 2 layers of the image 'odd'"));
  CHECK(has(plan.out, "mount the image 'odd'") == false);  // the root is not attached but pivoted to
  CHECK(has(plan.out, "make the image 'odd' the root file system"));
  CHECK(has(image.snug({"plan", "--json", "odd"}).out, "\"image\": \"odd\""));
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("image: its User and groups are those of its own files") {
  const Odd image(R"({"Cmd":["id"],"User":"web:staff"})",
                  {file_layer("etc/passwd", "root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n1000:x:7:7::/:/bin/sh\n") , file_layer("etc/group", "staff:x:50:\nextra:x:60:web\n")});
  CHECK(image.out({}) == "uid=33(web) gid=50(staff)\n");
  CHECK(image.out({"--user", "web"}) == "uid=33(web) gid=33(33) groups=60(extra)\n");
  CHECK(image.out({"--user", "1000"}).starts_with("uid=1000(1000) gid=0"));
  CHECK(image.out({"--user", "root"}).starts_with("uid=0(root) gid=0"));
}

TEST_CASE("image: owners, modes, attributes, times and links are those that umoci finds, of what skopeo copies out of the store too") {
  if (run({"sh", "-c", "command -v setcap umoci skopeo"}).code != 0) return skip("setcap, umoci or skopeo is not installed");
  const Data data;
  const std::string in_map = "cd " + data.folder() + " && unshare --user --map-root-user --map-auto sh -ec ";
  shell_output(in_map + R"sh('mkdir -p tree/deep/er tree/sticky; cd tree
    echo text >file; chown 5:7 file; chmod 6755 file; ln file deep/other; ln -s ../file deep/link; chown -h 8:9 deep/link
    echo able >able; chmod 755 able; setcap cap_net_raw+ep able; mkfifo -m 640 fifo; chown 65535:65534 fifo
    chmod 1777 sticky; chown 33:44 deep; chmod 2750 deep; echo gone >gone
    truncate -s 8M sparse; echo end >>sparse; touch -d @1234567890.123456789 able deep/er
    tar -c -S --sort=name --numeric-owner --xattrs --xattrs-include=* --format=pax . >../layer.tar; cd ..; rm -r tree')sh");
  const std::string upper = pax({{"SCHILY.xattr.user.note", "of mine"}, {"mtime", "1500000000.5"}}, {.name = "noted", .data = "n", .uid = 6}) + pax({{"mtime", "-100.5"}}, {.name = "early"}) +
                            tar({.name = ".wh.gone"}) + tar_end();
  make_odd_image(data.folder() + "/layout", "odd", {shell_output("cat " + data.folder() + "/layer.tar"), upper}, "{}");
  REQUIRE(data.snug({"load", "-q", "-i", data.folder() + "/layout"}).code == 0);
  CHECK(shell_output("stat -c %b " + data.store() + "/layers/*/*/root/sparse").size() <= 4);  // blocks: 99 at most, but a new line
  REQUIRE(data.snug({"push", "-q", "localhost/odd", "tar:" + data.folder() + "/flat.tar"}).code == 0);
  shell_output("skopeo --insecure-policy copy -q oci:" + data.store() + "/images:localhost/odd:latest oci:" + data.folder() + "/again:odd");
  shell_output(in_map + R"sh('umoci unpack --image layout:odd one; umoci unpack --image again:odd two; mkdir three; tar -C three -xpf flat.tar --numeric-owner --xattrs --xattrs-include=*')sh");
  const auto tree = [&](const std::string& name) {
    return shell_output(in_map + "'cd " + name + " && tar --sort=name --numeric-owner --xattrs --xattrs-include=* --format=pax --pax-option=delete=atime,delete=ctime,exthdr.name=x -c * >../" + name.substr(0, 3) +
                        ".tar && stat -c %.1Y early && TZ=UTC tar --full-time --numeric-owner --xattrs --xattrs-include=* -tvvf ../" + name.substr(0, 3) + ".tar && sha256sum <../" + name.substr(0, 3) + ".tar'");
  };
  const std::string theirs = tree("one/rootfs");
  CHECK_MESSAGE(has(theirs, "security.capability"), theirs);
  CHECK_MESSAGE(theirs.starts_with("-100.5\n"), theirs);
  CHECK(tree("three") == theirs);
  CHECK(tree("two/rootfs") == theirs);
  shell_output(in_map + "'rm -rf one two three'");
}

TEST_CASE("image: owners that are not mapped are told of when they are lost") {
  const Data data;
  make_odd_image(data.folder() + "/layout", "localhost/far:1", {tar({.name = "mine", .uid = 1}) + tar({.name = "far", .uid = 70000}) + tar({.name = "farther", .gid = 70000}) + tar_end()}, "{}");
  const Result loaded = data.snug({"load", "-q", "-i", data.folder() + "/layout"});
  CHECK(loaded.code == 0);
  CHECK_MESSAGE(has(loaded.err, "snug: notice: 2 entries of the image have owners that are not mapped, and root's here\n"), loaded.err);
  CHECK(data.snug({"load", "-q", "-i", data.folder() + "/layout"}).err.empty());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("single");

TEST_CASE("image: with one id its own User is refused, and root inside is not") {
  const Odd image(R"({"Cmd":["id","-u"],"User":"33"})");
  const Result refused = image.go({});
  CHECK(refused.code == 125);
  CHECK(has(refused.err, "the image runs as uid 33, which is not mapped into the container\n  hint:  --user 0 runs it as root inside"));
  CHECK(image.out({"--user", "0"}) == "0\n");
}

TEST_CASE("image: with one id the owners that it means are given back by export, commit and push") {
  const Odd image(R"({"Cmd":["true"]})", {tar({.name = "owned", .data = "x\n", .uid = 5, .gid = 7}) + tar({.name = "folder/", .type = '5', .mode = 0750, .uid = 33, .gid = 44}) + tar_end()});
  REQUIRE(image.go({"--rm=false", "--name", "work"}, {"sh", "-c", "echo more >>/owned; touch /folder/new /mine"}).code == 0);
  const auto owners = [&](const std::string& archive) {
    return shell_output("tar --numeric-owner -tvf " + archive + " | awk '{ sub(/^\\.\\//, \"\", $6); print $6, $2 }' | grep -E '^(owned|folder/|folder/new|mine) ' | sort");
  };
  const std::string given = "folder/ 33/44\nfolder/new 0/0\nmine 0/0\nowned 5/7\n", to = image.folder() + "/";
  REQUIRE(image.snug({"export", "-o", to + "all.tar", "work"}).code == 0);
  CHECK(owners(to + "all.tar") == given);
  REQUIRE(image.snug({"commit", "work", "localhost/changed"}).code == 0);
  REQUIRE(image.snug({"push", "-q", "localhost/changed", "tar:" + to + "flat.tar"}).code == 0);
  CHECK(owners(to + "flat.tar") == given);
  REQUIRE(image.snug({"push", "-q", "localhost/changed", "docker-archive:" + to + "d.tar:changed:1"}).code == 0);
  shell_output("cd " + to + " && mkdir out && tar -xf d.tar -C out && cat $(tar -xOf d.tar manifest.json | grep -o '[0-9a-f]*\\.tar' | tail -1 | sed s,^,out/,) >upper.tar");
  CHECK(owners(to + "upper.tar") == given);
  CHECK(image.snug({"rm", "work"}).code == 0);
}

TEST_SUITE_END();
