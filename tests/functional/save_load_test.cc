#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "images.hh"
#include "snug/base/text.hh"
#include "tar.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

/// An image of two layers in a layout of umoci's, and a store without it.
struct Made : Data {
  Made() {
    // umoci insert does not fill up the block of the last file: the last is a folder, and a file of whole blocks.
    for (const char* tree : {"one/etc/z", "two/etc"}) fs::create_directories(folder() + "/" + tree);
    shell_output("cd " + folder() + " && echo one >one/etc/one && ln -s one one/etc/link && chmod 4755 one/etc/one && head -c 3072000 /dev/urandom >two/etc/two");
    make_image(layout(), "v1", {folder() + "/one", folder() + "/two"}, {"--config.cmd", "sh", "--config.env", "A=b"});
  }

  [[nodiscard]] std::string layout() const { return folder() + "/layout"; }
  [[nodiscard]] std::string path(const std::string& name) const { return folder() + "/" + name; }
  std::string out(const std::vector<std::string>& words) const {
    const Result result = snug(words);
    CHECK_MESSAGE(result.code == 0, result.err);
    return result.out;
  }
  std::string copy(const std::string& from, const std::string& to) const { return shell_output("skopeo --insecure-policy copy -q " + from + " " + to); }
  [[nodiscard]] std::string digest(const std::string& place) const { return shell_output("skopeo inspect --format '{{.Digest}}' " + place); }
  [[nodiscard]] std::string unpacked() const {
    return shell_output("cd " + store() + "/layers/*/ && find . -path '*/root/*' -printf '%P %m %l %s\\n' | sort");
  }
};

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("an image comes from what skopeo wrote, in each form, with its digests, and is unpacked") {
  Made made;
  const std::string digest = made.digest("oci:" + made.layout() + ":v1");
  made.copy("oci:" + made.layout() + ":v1", "docker-archive:" + made.path("d.tar") + ":example.org/x:1");
  made.copy("oci:" + made.layout() + ":v1", "oci-archive:" + made.path("o.tar") + ":example.org/y:1");
  CHECK(made.out({"load", "-i", made.path("d.tar")}) == "Loaded image: example.org/x:1\n");
  CHECK(made.out({"load", "-q", "-i", made.path("o.tar")}) == "Loaded image: example.org/y:1\n");
  CHECK(made.out({"load", "-i", made.layout()}) == "Loaded image: localhost/v1:latest\n");
  for (const char* name : {"example.org/y:1", "localhost/v1:latest"}) CHECK(made.digest("oci:" + made.store() + "/images:" + name) == digest);
  const std::string ids = made.out({"images", "-q"});
  CHECK(snug::lines(ids).size() == 1);
  const std::string tree = made.unpacked();
  CHECK_MESSAGE(has(tree, "/root/etc/one 4755"), tree);
  CHECK_MESSAGE(has(tree, "/root/etc/two "), tree);
  CHECK(made.out({"gc", "--check"}).find("damaged") == std::string::npos);
}

TEST_CASE("an image that is pulled out of a file is called as it is there, or else after the file") {
  Made made;
  const auto names = [&] { return made.out({"images", "--format", "{{.Repository}}:{{.Tag}}"}); };
  const auto pull = [&](const std::string& place) {
    static_cast<void>(made.snug({"rmi", "--all"}));
    static_cast<void>(made.out({"pull", "-q", "--no-unpack", place}));
    return names();
  };
  made.copy("oci:" + made.layout() + ":v1", "docker-archive:" + made.path("d.tar") + ":foo:1");
  made.copy("oci:" + made.layout() + ":v1", "docker-archive:" + made.path("none.tar"));
  made.copy("oci:" + made.layout() + ":v1", "oci-archive:" + made.path("o.tar") + ":hi");
  CHECK(pull("docker-archive:" + made.path("d.tar")) == "foo:1\n");
  CHECK(pull("docker-archive:" + made.path("none.tar")) == "localhost/none:latest\n");
  CHECK(pull("oci-archive:" + made.path("o.tar")) == "localhost/hi:latest\n");
  CHECK(pull("oci-archive:" + made.path("o.tar") + ":hi") == "localhost/o:hi\n");
  CHECK(pull("oci:" + made.layout()) == "localhost/layout:latest\n");
  const std::string long_name = "one-of-two-files-with-names-of-more-than-forty-letters.target.oci";
  fs::copy(made.path("none.tar"), made.path(long_name + ".tar"));
  CHECK(pull("docker-archive:" + made.path(long_name + ".tar")) == "localhost/" + long_name + ":latest\n");
}

TEST_CASE("what buildx writes is found by its tag as by its name, and called by that") {
  Made made;
  shell_output("sed -i 's/\"org.opencontainers.image.ref.name\":\"v1\"/\"io.containerd.image.name\":\"docker.io\\/me\\/app:1.5\",\"org.opencontainers.image.ref.name\":\"1.5\"/' " + made.layout() + "/index.json");
  for (const char* name : {"1.5", "docker.io/me/app:1.5"}) {
    static_cast<void>(made.out({"pull", "-q", "--no-unpack", "oci:" + made.layout() + ":" + name}));
    CHECK(made.out({"rmi", "me/app:1.5"}).starts_with("Untagged: me/app:1.5\n"));
  }
}

TEST_CASE("an archive gives no image a name with another's digest") {
  Made made;
  made.copy("oci:" + made.layout() + ":v1", "docker-archive:" + made.path("d.tar") + ":foo:1");
  const std::string trusted = "docker.io/library/alpine@sha256:" + std::string(64, '0');
  shell_output("cd " + made.folder() + " && mkdir in && tar -C in -xf d.tar && chmod -R u+w in && sed -i 's|\"RepoTags\":\\[|&\"localhost/x:1\",\"" + trusted + "\",|' in/manifest.json && tar -C in -cf odd.tar .");
  const Result loaded = made.snug({"load", "-q", "-i", made.path("odd.tar")});
  CHECK(loaded.code == 0);
  CHECK_MESSAGE(has(loaded.err, "which has another digest"), loaded.err);
  CHECK(made.snug({"inspect", trusted}).code != 0);
  CHECK(made.snug({"inspect", "localhost/x:1"}).code == 0);
}

TEST_CASE("what was asked for by its id is saved without a name") {
  Made made;
  static_cast<void>(made.out({"load", "-q", "-i", made.layout()}));
  static_cast<void>(made.out({"save", "-q", "-o", made.path("d.tar"), made.out({"images", "-q"}).substr(0, 12)}));
  CHECK(has(shell_output("tar -xOf " + made.path("d.tar") + " manifest.json"), R"("RepoTags":null)"));
  static_cast<void>(made.out({"save", "-q", "-o", made.path("d.tar"), "v1"}));
  CHECK(has(shell_output("tar -xOf " + made.path("d.tar") + " manifest.json"), R"("RepoTags":["localhost/v1:latest"])"));
}

TEST_CASE("standard input is an archive, compressed or not, and nothing of it stays in the staging folder") {
  Made made;
  made.copy("oci:" + made.layout() + ":v1", "docker-archive:" + made.path("d.tar") + ":x:1");
  for (const char* pack : {"cat", "gzip -c", "zstd -qc"}) {
    const std::string script = std::string(pack) + " <" + made.path("d.tar") + " | " + made.environment() + " " + program() + " load -q";
    CHECK(shell_output(script) == "Loaded image: x:1\n");
  }
  CHECK(fs::is_empty(made.store() + "/staging"));
}

TEST_CASE("what was saved is read by skopeo, and by a second store") {
  Made made, second;
  static_cast<void>(made.out({"load", "-i", made.layout()}));
  const std::string name = "localhost/v1:latest", digest = made.digest("oci:" + made.layout() + ":v1");
  static_cast<void>(made.out({"save", "--format", "oci-archive", "-o", made.path("o.tar"), name}));
  static_cast<void>(made.out({"save", "--format", "oci-dir", "-o", made.path("dir"), name}));
  static_cast<void>(made.out({"save", "-o", made.path("d.tar"), name}));
  CHECK(made.digest("oci-archive:" + made.path("o.tar")) == digest);
  CHECK(made.digest("oci:" + made.path("dir") + ":" + name) == digest);
  CHECK(has(shell_output("skopeo inspect --config docker-archive:" + made.path("d.tar")), "A=b"));
  made.copy("docker-archive:" + made.path("d.tar"), "oci:" + made.path("again") + ":v1");
  CHECK(second.out({"load", "-i", made.path("d.tar")}) == "Loaded image: localhost/v1:latest\n");
  CHECK(second.out({"images", "-q"}) == made.out({"images", "-q"}));
  CHECK(second.unpacked() == made.unpacked());
}

TEST_CASE("an image whose blobs are named by sha512 goes out in each form, and comes back") {
  Made made;
  shell_output("cd " + made.layout() + R"sh(
    mkdir -p blobs/sha512
    rename() { hex=$(sha512sum <blobs/sha256/$1 | cut -c1-128); mv blobs/sha256/$1 blobs/sha512/$hex; sed -i "s/sha256:$1/sha512:$hex/g" $2; }
    manifest=$(grep -o 'sha256:[0-9a-f]*' index.json | cut -c8-)
    for blob in $(grep -o 'sha256:[0-9a-f]*' blobs/sha256/$manifest | cut -c8-); do rename $blob blobs/sha256/$manifest; done
    size=$(stat -c %s blobs/sha256/$manifest)
    rename $manifest index.json
    sed -i 's/"size":[0-9]*/"size":'$size/ index.json)sh");
  const std::string id = made.out({"pull", "-q", "oci:" + made.layout() + ":v1"});
  REQUIRE(id.size() == 129);
  for (const std::string form : {"docker-archive", "oci-archive", "oci-dir"}) {
    const std::string path = made.path("saved-" + form);
    static_cast<void>(made.out({"save", "-q", "--format", form, "-o", path, "localhost/layout:v1"}));
    const Made second;
    CHECK(has(second.out({"load", "-q", "-i", path}), "Loaded image: localhost/layout:v1"));
    CHECK_MESSAGE(has(second.unpacked(), "/root/etc/one 4755"), second.unpacked());
  }
}

TEST_CASE("the files of an image go into one archive, as a container on it finds them") {
  Made made;
  static_cast<void>(made.out({"load", "-q", "-i", made.layout()}));
  CHECK(made.out({"push", "-q", "localhost/v1", "tar:" + made.path("flat.tar")}).empty());
  const std::string list = shell_output("tar -tvf " + made.path("flat.tar"));
  CHECK_MESSAGE(has(list, "-rwsr-xr-x"), list);
  CHECK_MESSAGE(has(list, "etc/link -> one"), list);
  CHECK_MESSAGE(has(list, "3072000 "), list);
  CHECK(made.out({"push", "-q", "localhost/v1", "tar:-"}).size() > 3072000);
}

TEST_CASE("a folder as skopeo has it holds one image, by its digests, in place of the one before") {
  Made made;
  static_cast<void>(made.out({"load", "-q", "-i", made.layout()}));
  const std::string digest = made.digest("oci:" + made.layout() + ":v1"), place = "dir:" + made.path("folder");
  for (int time = 0; time < 2; ++time) {
    CHECK(made.out({"push", "-q", "localhost/v1", place}) == digest);
    CHECK(made.digest(place) == digest);
    CHECK(shell_output("skopeo inspect --config " + place).find("A=b") != std::string::npos);
  }
  made.copy(place, "oci:" + made.path("again") + ":v1");
  CHECK(made.digest("oci:" + made.path("again") + ":v1") == digest);
  const std::string id = made.out({"images", "-q", "localhost/v1"});
  CHECK(made.out({"rmi", "localhost/v1"}).find("Deleted: ") != std::string::npos);
  CHECK(made.out({"pull", "-q", place}).substr(0, 12) == id.substr(0, 12));
  CHECK(made.digest("oci:" + made.store() + "/images:localhost/folder:latest") == digest);
  for (const std::string& folder : {place, made.path("folder")}) {
    const Result taken = made.snug({"run", folder, "true"});
    CHECK_MESSAGE(has(taken.err, "it is an image in a folder, as skopeo writes it (dir:)\n  hint:  snug pull dir:" + made.path("folder") + " brings it"), taken.err);
    CHECK(taken.code == 125);
  }
  CHECK(made.out({"load", "-q", "-i", made.path("folder")}).find("Loaded image") != std::string::npos);
  CHECK(made.snug({"pull", "dir:" + small_root()}).err.find("it is no image: ") != std::string::npos);
  CHECK(made.out({"tag", "localhost/folder", "localhost/v1"}).empty());
  static_cast<void>(made.out({"save", "-q", "--format", "docker-dir", "-o", made.path("saved"), "localhost/v1"}));
  CHECK(made.digest("dir:" + made.path("saved")) == digest);
  const Result mixed = made.snug({"push", "localhost/v1", "dir:" + made.layout()});
  CHECK(mixed.code == 125);
  CHECK_MESSAGE(has(mixed.err, "something else than an image"), mixed.err);
}

TEST_CASE("memory does not grow with the windows of zstd that layers ask for") {
  const Made made;
  constexpr long most = 240 << 10;  // KiB: one window of 128 MiB and all else; three of them are 384 MiB
  shell_output("cd " + made.folder() + R"sh(
    mkdir -p wide/blobs/sha256
    put() { hex=$(sha256sum <$1 | cut -c1-64); described="\"digest\":\"sha256:$hex\",\"size\":$(stat -c %s $1)"; mv $1 wide/blobs/sha256/$hex; }
    for n in 1 2 3; do
      { echo $n; head -c 135M /dev/zero; } >plain
      ids="$ids,\"sha256:$(sha256sum <plain | cut -c1-64)\""
      zstd -q --rm --long=27 plain -o blob
      put blob
      layers="$layers,{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+zstd\",$described}"
    done
    echo '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":['${ids#,}']}}' >config
    put config
    echo '{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",'$described'},"layers":['${layers#,}']}' >manifest
    put manifest
    echo '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",'$described'}]}' >wide/index.json
    echo '{"imageLayoutVersion":"1.0.0"}' >wide/oci-layout)sh");;
  const Result result = made.snug({"pull", "-q", "--no-unpack", "oci:" + made.path("wide")});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.peak < most);
}

TEST_CASE("an archive that is damaged is refused, and the store stays whole") {
  Made made;
  made.copy("oci:" + made.layout() + ":v1", "docker-archive:" + made.path("d.tar") + ":x:1");
  shell_output("cd " + made.folder() + " && head -c 1000000 d.tar >cut.tar && sed 's/one/two/' d.tar >odd.tar && head -c 50000 /dev/urandom >noise.tar");
  for (const char* name : {"cut.tar", "odd.tar", "noise.tar", "missing.tar"}) {
    const Result result = made.snug({"load", "-i", made.path(name)});
    CHECK(result.code == 125);
    CHECK_MESSAGE(("\n" + result.err).find("\nsnug: ") != std::string::npos, result.err);
  }
  CHECK(made.out({"images", "-q"}).empty());
  for (const auto& entry : fs::directory_iterator(made.store() + "/staging"))  // what could be gone on with
    CHECK_MESSAGE(entry.path().filename().string().starts_with("sha256-"), entry.path().string());
  CHECK(made.out({"load", "-i", made.path("d.tar")}) == "Loaded image: x:1\n");
}

TEST_CASE("what is compressed as snug does not read it is named, with what reads it") {
  const Data data;
  shell_output("cd " + data.folder() + " && mkdir tree && tar -cf a.tar tree && xz -k a.tar && bzip2 -k a.tar");
  for (const std::string program : {"xz", "bzip2"}) {
    const std::string file = data.folder() + "/a.tar." + (program == "xz" ? "xz" : "bz2");
    for (const char* verb : {"load", "import"}) {
      const Result seen = run({"sh", "-c", data.environment() + " '" + snug::test::program() + "' " + verb + (verb == std::string("load") ? " -i " : " ") + file});
      CHECK(seen.code == 125);
      CHECK_MESSAGE(has(seen.err, "compressed with " + program), seen.err);
      CHECK(has(seen.err, program + " -dc FILE"));
    }
  }
}

TEST_CASE("a push into a layout that fails leaves nothing there") {
  const Data data;
  make_odd_image(data.folder() + "/layout", "odd", {tar({.name = "x", .data = "1"}) + tar_end(), tar({.name = "y", .data = "2"}) + tar_end()}, "{}");
  REQUIRE(data.snug({"load", "-q", "-i", data.folder() + "/layout"}).code == 0);
  const std::string layer = shell_output("tar -c -C " + data.folder() + " layout | tar -t | grep -c sha256/.");
  CHECK(layer == "4\n");
  const std::string largest = shell_output("cd " + data.store() + "/images/blobs/sha256 && grep -l '^y' * | head -1");
  REQUIRE(!largest.empty());
  shell_output("rm -f " + data.store() + "/images/blobs/sha256/" + largest);
  CHECK(data.snug({"push", "-q", "odd", "oci:" + data.folder() + "/to:1"}).code != 0);
  CHECK_FALSE(std::filesystem::exists(data.folder() + "/to"));
  CHECK(data.snug({"load", "-q", "-i", data.folder() + "/layout"}).code == 0);
  CHECK(data.snug({"push", "-q", "odd", "oci:" + data.folder() + "/to:1"}).code == 0);
  shell_output("rm -f " + data.store() + "/images/blobs/sha256/" + largest);
  CHECK(data.snug({"push", "-q", "odd", "oci:" + data.folder() + "/to:2"}).code == 0);  // it is there already
}

TEST_CASE("an archive is neither written to a terminal nor read from one") {
  Made made;
  static_cast<void>(made.out({"load", "-i", made.layout()}));
  Terminal save({"env", made.environment(), program(), "save", "localhost/v1"}, 24, 80);
  CHECK(save.expect("an archive is not for a terminal"));
  CHECK(save.expect("> FILE behind the command writes it into a file"));
  Terminal load({"env", made.environment(), program(), "load"}, 24, 80);
  CHECK(load.expect("standard input is a terminal, not an archive"));
}

TEST_CASE("an archive that finds no room names its place, and no remedy for the store") {
  Made made;
  static_cast<void>(made.out({"load", "-i", made.layout()}));
  for (const std::string form : {"docker-archive", "oci-archive"}) {
    const Result full = run({"sh", "-c", made.environment() + " " + program() + " save --format " + form + " localhost/v1 >/dev/full"});
    CHECK(full.code == 125);
    CHECK_MESSAGE((has(full.err, "(ENOSPC)") && !has(full.err, "snug df")), full.err);
    if (form == "docker-archive") CHECK_MESSAGE(has(full.err, "copying 'localhost/v1:latest' to 'docker-archive:-:localhost/v1:latest'"), full.err);
  }
  const Result listed = run({"sh", "-c", made.environment() + " " + program() + " images >/dev/full"});
  CHECK_MESSAGE((has(listed.err, "(ENOSPC)") && !has(listed.err, "snug df")), listed.err);
}

TEST_CASE("on a terminal each layer has a line") {
  Made made;
  Terminal load({"env", made.environment(), program(), "load", "-i", made.layout()}, 24, 80);
  CHECK_MESSAGE(load.expect("done, "), load.seen());
  CHECK_MESSAGE(load.expect("Loaded image: localhost/v1:latest"), load.seen());
  CHECK(load.wait() == 0);
}

TEST_CASE("a tar archive becomes an image that runs what was said") {
  Made made;
  shell_output("tar -C " + made.folder() + "/one -czf " + made.path("r.tgz") + " .");
  const std::string id = made.out({"import", "-c", "CMD [\"sh\"]", "-c", "ENV X=\"1 2\"", "-m", "by hand", made.path("r.tgz"), "mine:1"});
  CHECK(id.starts_with("sha256:"));
  CHECK(has(made.out({"history", "mine:1"}), "by hand"));
  const std::string config = shell_output("skopeo inspect --config oci:" + made.store() + "/images:docker.io/library/mine:1");
  CHECK_MESSAGE(has(config, "X=1 2"), config);
  CHECK_MESSAGE(has(made.unpacked(), "/root/etc/link 777 one"), made.unpacked());
  const Result refused = made.snug({"import", "-c", "RUN x", made.path("r.tgz")});
  CHECK(refused.err == "snug: --change 'RUN x': 'RUN' is no change\n  hint:  CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR are\n");
  shell_output("head -c 5000 /dev/urandom >" + made.path("noise"));
  CHECK(has(made.snug({"import", made.path("noise")}).err, "it is no tar archive"));
  for (const char* format : {"docker-archive", "oci-archive"}) {
    static_cast<void>(made.out({"save", "--format", format, "-o", made.path(format), "mine:1"}));
    CHECK(has(made.snug({"import", made.path(format)}).err, "it is an archive of images, and no root file system\n"));
  }
  shell_output("cd " + made.folder() + "/one && echo >manifest.json && tar -cf " + made.path("marked.tar") + " . && rm manifest.json");
  static_cast<void>(made.out({"import", made.path("marked.tar")}));
  const std::string pulled = made.out({"pull", "-q", "--platform", "linux/arm64", "tar:" + made.path("r.tgz")});
  CHECK(pulled == made.out({"inspect", "-f", "{{.Id}}", "localhost/r"}).substr(7));
  static_cast<void>(made.out({"import", "-q", "--platform", "linux/arm/v7", made.path("r.tgz"), "localhost/armed"}));
  CHECK(made.out({"inspect", "-f", "{{.Architecture}} {{.Variant}}", "armed"}) == "arm v7\n");
  static_cast<void>(made.out({"rmi", "r"}));
  static_cast<void>(made.out({"pull", "-q", "--arch", "arm64", "tar:" + made.path("r.tgz")}));
  CHECK(has(made.snug({"pull", "--arch", "arm64", "--platform", "linux", "tar:" + made.path("r.tgz")}).err, "--platform and --arch cannot be used together"));
  CHECK(made.out({"inspect", "-f", "{{.Architecture}} {{.RepoTags}}", "r"}) == "arm64 [\"localhost/r:latest\"]\n");
  CHECK(has(made.snug({"pull", "tar:" + made.path("noise")}).err, "it is no tar archive"));
  CHECK(has(made.snug({"pull", "tar:"}).err, "names no path"));
}

TEST_CASE("a load that is killed leaves a store that is whole, and the next one goes on") {
  Made made;
  shell_output("head -c 60000000 /dev/urandom >" + made.path("one/etc/large"));
  make_image(made.layout(), "large", {made.path("one")});
  made.copy("oci:" + made.layout() + ":large", "oci-archive:" + made.path("o.tar") + ":example.org/large:1");
  for (int at = 0; at < 4; ++at) {
    Background load({"env", made.environment(), program(), "load", "-i", made.path("o.tar")});
    static_cast<void>(eventually([&] { return fs::exists(made.store() + "/staging") && !fs::is_empty(made.store() + "/staging"); }));
    for (int moment = 0; moment < at; ++moment) pause_briefly();
    load.signal(SIGKILL);
    static_cast<void>(load.wait());
  }
  CHECK(eventually([&] { return find_processes(made.path("o.tar")).empty(); }));
  CHECK(made.out({"load", "-i", made.path("o.tar")}) == "Loaded image: example.org/large:1\n");
  CHECK(made.out({"gc", "--check"}).find("damaged") == std::string::npos);
}
