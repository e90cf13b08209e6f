#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "images.hh"
#include "tar.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

/// A store with an image of the small root, made with `umoci insert`, whose layers end without the padding of a tar archive.
struct Small : Data {
  Small() {
    make_image(folder() + "/layout", "small", {small_root()}, {"--config.cmd", "sh", "--config.env", "COLOUR=red"});
    const Result pulled = snug({"pull", "-q", "oci:" + folder() + "/layout:small"});
    REQUIRE_MESSAGE(pulled.code == 0, pulled.err);
    const std::string id = pulled.out.substr(0, pulled.out.find('\n'));
    REQUIRE(snug({"tag", id, "localhost/small:1"}).code == 0);
    REQUIRE(snug({"rmi", "localhost/layout:small"}).code == 0);  // the name that it got by itself
  }

  /// Starts a container that does `script` and then waits for the file `go` to be there.
  [[nodiscard]] Background start(const std::string& name, const std::string& script) const {
    return Background({"env", environment(), program(), "run", "--name", name, "-v", folder() + ":/meet", "localhost/small:1", "sh", "-c",
                       script + "; touch /meet/ready; while [ ! -e /meet/go ]; do sleep 0.1; done"});
  }

  [[nodiscard]] bool is_ready() const {
    return eventually([&] { return fs::exists(folder() + "/ready"); });
  }
  void let_go() const { shell_output("touch " + folder() + "/go"); }
};

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("commit makes an image of what a container wrote, and of what it removed") {
  const Small store;
  const Background container = store.start("worker", "echo new >/etc/new; rm /etc/passwd; chmod 4755 /etc/new; ln /etc/new /etc/other");
  REQUIRE(store.is_ready());
  const Result made = store.snug({"commit", "-m", "a note", "-c", "ENV COLOUR=blue", "-c", "CMD cat /etc/new", "worker", "localhost/changed"});
  CHECK_MESSAGE(made.code == 0, made.err);
  CHECK(made.out.starts_with("sha256:"));
  store.let_go();
  const Result first = store.snug({"run", "localhost/changed"});
  CHECK(first.out == "new\n");
  CHECK_MESSAGE(!has(first.err, "done, "), first.err);  // it is only unpacked
  const Result seen = store.snug({"run", "localhost/changed", "sh", "-c", "echo $COLOUR; stat -c '%a %h' /etc/other; ls -d /meet; test -s /etc/hosts && echo hosts"});
  CHECK_MESSAGE(seen.out == "blue\n4755 2\n/meet\nhosts\n", seen.err);
  CHECK(store.snug({"run", "localhost/small:1", "cat", "/etc/new"}).code == 1);
  CHECK(has(store.snug({"history", "localhost/changed"}).out, "a note"));
  CHECK(store.snug({"gc", "--check"}).out == "removed 0 blobs, 0 layers and 0 unfinished things: 0B\n");
}

TEST_CASE("commit leaves out what is in the image's volumes, which goes away with the container") {
  const Data data;
  const std::string base = shell_output("tar -C '" + small_root() + "' -c --owner=0 --group=0 .");
  make_odd_image(data.folder() + "/layout", "docker.io/library/odd:latest", {base, tar({.name = "data/old", .data = "old\n"}) + tar_end()}, R"({"Cmd":["sh"],"Volumes":{"/data":{},"/new/deep":{}}})");
  REQUIRE(data.snug({"load", "-q", "-i", data.folder() + "/layout"}).code == 0);
  for (const std::string read_only : {"", "--read-only"}) {
    std::vector<std::string> words{"run", "--rm=false", "--name", "worker"};
    if (!read_only.empty()) words.push_back(read_only);
    words.insert(words.end(), {"odd", "sh", "-c", "echo x >/data/mine; rm /data/old; touch /new/deep/mine; touch /etc/mine 2>/dev/null; ls /data"});
    CHECK(data.snug(words).out == "mine\n");
    const Result made = data.snug({"commit", "worker", "localhost/changed"});
    REQUIRE_MESSAGE(made.code == 0, made.err);
    CHECK(data.snug({"run", "localhost/changed", "sh", "-c", "ls /data /new/deep; test -e /etc/mine && echo etc"}).out == std::string("/data:\nold\n\n/new/deep:\n") + (read_only.empty() ? "etc\n" : ""));
    CHECK(data.snug({"rm", "worker"}).code == 0);
    CHECK(fs::is_empty(data.store() + "/containers"));
  }
}

TEST_CASE("gc --blobs keeps what no registry has, whatever it is called") {
  const Small store;
  const Background container = store.start("here", "echo new >/etc/new");
  REQUIRE(store.is_ready());
  REQUIRE(store.snug({"commit", "here", "made-here"}).code == 0);
  store.let_go();
  CHECK(store.snug({"run", "made-here", "cat", "/etc/new"}).out == "new\n");
  CHECK(has(store.snug({"gc", "--blobs"}).out, "removed 0 blobs"));
  CHECK(store.snug({"save", "-q", "-o", store.folder() + "/out.tar", "made-here"}).code == 0);
}

TEST_CASE("what is made on layers whose blobs were dropped runs, and what needs them is told where they are") {
  const Small store;
  shell_output("cd " + store.store() + "/images && sed -i 's|\"org.opencontainers.image.ref.name\"|\"snug.origin\":\"registry\",&|g' index.json");
  REQUIRE(has(store.snug({"gc", "--blobs"}).out, "removed 1 blob"));
  const Background container = store.start("here", "echo new >/etc/new");
  REQUIRE(store.is_ready());
  REQUIRE(store.snug({"commit", "here", "made-here"}).code == 0);
  store.let_go();
  const Result made = store.snug({"run", "made-here", "cat", "/etc/new"});
  CHECK_MESSAGE(made.out == "new\n", made.err);
  fs::remove_all(store.store() + "/layers");
  CHECK(has(store.snug({"run", "made-here", "true"}).err, "'snug pull localhost/small:1' brings it anew"));
}

TEST_CASE("a container's files stay while they are read, also when it ends") {
  const Small store;
  const Background container = store.start("ending", "mkdir /many; for n in $(seq 3000); do echo $n >/many/$n; done");
  REQUIRE(store.is_ready());
  Background commit({"env", store.environment(), program(), "commit", "ending", "localhost/whole"});
  store.let_go();
  if (commit.wait() == 0)  // else it came too late, and said so
    CHECK(store.snug({"run", "localhost/whole", "sh", "-c", "ls /many | wc -l"}).out == "3000\n");
}

TEST_CASE("two containers of one name do not run") {
  const Small store;
  const Background container = store.start("once", "true");
  REQUIRE(store.is_ready());
  const Result second = store.snug({"run", "--name", "once", "localhost/small:1", "true"});
  CHECK(second.code == 125);
  CHECK_MESSAGE(has(second.err, "there is a container of the name 'once' already"), second.err);
  store.let_go();
}

TEST_CASE("export writes what a container sees") {
  const Small store;
  const Background container = store.start("seen", "echo new >/etc/new; rm -r /etc/group");
  REQUIRE(store.is_ready());
  const std::string file = store.folder() + "/all.tar";
  const Result made = store.snug({"export", "-o", file, "seen"});
  CHECK_MESSAGE(made.code == 0, made.err);
  store.let_go();
  const std::string names = shell_output("tar -tf " + file);
  CHECK(has(names, "etc/new\n"));
  CHECK_FALSE(has(names, "etc/group\n"));
  CHECK(has(names, "bin/sh\n"));
  CHECK(store.snug({"import", "-q", file, "localhost/again"}).code == 0);
  CHECK(store.snug({"run", "localhost/again", "cat", "/etc/new"}).out == "new\n");
}

TEST_CASE("an image that is made of a container runs what that was made with, and what is said besides") {
  const Small store;
  const auto config = [&](const std::string& name) { return store.snug({"inspect", "-f", "{{json .Config}}", "localhost/" + name}).out; };
  REQUIRE(store.snug({"create", "--name", "made", "-e", "COLOUR=blue", "-e", "SIZE=1", "-w", "/etc", "--user", "0:0", "-l", "kind=mine", "localhost/small:1", "echo", "hello"}).code == 0);
  REQUIRE(store.snug({"commit", "made", "localhost/kept"}).code == 0);
  const std::string kept = config("kept");
  for (const char* part : {R"(COLOUR=blue")", R"("SIZE=1")", R"("Cmd":["echo","hello"])", R"("WorkingDir":"/etc")", R"("User":"0:0")", R"("kind":"mine")"}) CHECK_MESSAGE(has(kept, part), kept);
  CHECK_FALSE(has(kept, "COLOUR=red"));
  CHECK(store.snug({"run", "localhost/kept"}).out == "hello\n");
  REQUIRE(store.snug({"commit", "-c", "ENV SIZE=2", "-c", "CMD pwd", "made", "localhost/changed"}).code == 0);
  CHECK(has(config("changed"), R"("SIZE=2")"));
  CHECK(store.snug({"run", "localhost/changed"}).out == "/etc\n");
  REQUIRE(store.snug({"create", "--name", "entered", "--entrypoint", "echo", "localhost/small:1"}).code == 0);
  REQUIRE(store.snug({"commit", "entered", "localhost/entered"}).code == 0);
  CHECK(has(config("entered"), R"("Entrypoint":["echo"])"));
  CHECK_FALSE(has(config("entered"), R"("Cmd":["sh"])"));
  CHECK(store.snug({"rm", "made", "entered"}).code == 0);
}

TEST_CASE("a container stands still while it is committed, where that was asked for and can be had, and goes on") {
  const Small store;
  REQUIRE(store.snug({"run", "-d", "--name", "busy", "localhost/small:1", "sh", "-c", "while :; do echo x >>/tick; sleep 0.01; done"}).code == 0);
  const auto status = [&] { return store.snug({"ps", "--format", "{{.Status}}"}).out; };
  const Result made = store.snug({"commit", "--pause", "busy"});
  CHECK_MESSAGE(made.code == 0, made.err);
  CHECK_FALSE(has(status(), "Paused"));
  if (store.snug({"pause", "busy"}).code == 0) {
    CHECK(made.err.empty());
    CHECK(store.snug({"commit", "-p", "busy"}).code == 0);
    CHECK(has(status(), "Paused"));
  } else {
    CHECK_MESSAGE(has(made.err, "snug: notice: the container 'busy' has no cgroup of its own by which it could be paused"), made.err);
  }
  CHECK(store.snug({"rm", "-f", "busy"}).code == 0);
}

TEST_CASE("memory does not grow with what is committed, exported, saved and pushed") {
  const Small store;
  constexpr long most = 64 << 10;  // KiB
  REQUIRE(store.snug({"run", "--rm=false", "--name", "large", "localhost/small:1", "sh", "-c", "head -c 150000000 /dev/urandom >/large"}).code == 0);
  const std::string to = store.folder() + "/";
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"commit", "large", "localhost/large"}, {"export", "-o", to + "all.tar", "large"}, {"save", "-q", "-o", to + "d.tar", "localhost/large"},
                                                                                    {"save", "-q", "--format", "oci-archive", "-o", to + "o.tar", "localhost/large"}, {"push", "-q", "localhost/large", "oci:" + to + "pushed:1"}}) {
    const Result result = store.snug(words);
    CHECK_MESSAGE(result.code == 0, result.err);
    CHECK_MESSAGE(result.peak < most, words[0] << " took " << result.peak << " KiB");
  }
  CHECK(store.snug({"rm", "large"}).code == 0);
}

TEST_CASE("a container that was never started is as its image is") {
  const Small store;
  REQUIRE(store.snug({"create", "--name", "idle", "localhost/small:1", "true"}).code == 0);
  const std::string file = store.folder() + "/all.tar";
  const Result exported = store.snug({"export", "-o", file, "idle"});
  CHECK_MESSAGE(exported.code == 0, exported.err);
  CHECK(has(shell_output("tar -tf " + file), "bin/sh\n"));
  const Result made = store.snug({"commit", "idle", "localhost/same"});
  CHECK_MESSAGE(made.code == 0, made.err);
  const auto tree = [&](const std::string& image) { return store.snug({"run", "--network", "none", image, "sh", "-c", "stat -c '%a %n' / && find /bin -exec stat -c '%a %Y %n' {} +"}).out; };
  CHECK(has(tree("localhost/same"), "/bin/sh"));
  CHECK(tree("localhost/same") == tree("localhost/small:1"));
  CHECK(store.snug({"start", "idle"}).code == 0);
  CHECK(store.snug({"commit", "idle"}).code == 0);
  CHECK(store.snug({"rm", "-f", "idle"}).code == 0);
}

TEST_CASE("a root without accounts knows who works there; that is no change, but emptied accounts are one") {
  const Small store;
  REQUIRE(store.snug({"run", "--rm=false", "--name", "bare", "localhost/small:1", "rm", "/etc/passwd", "/etc/group"}).code == 0);
  REQUIRE(store.snug({"commit", "bare", "localhost/bare"}).code == 0);
  CHECK(store.snug({"run", "localhost/bare", "sh", "-c", "id -un; cat /etc/passwd"}).out == "root\nroot:x:0:0::/root:/bin/sh\n");
  CHECK(store.snug({"run", "-u", "root:root", "localhost/bare", "id", "-gn"}).out == "root\n");
  const std::string me = shell_output("id -un; id -gn");
  CHECK(store.snug({"run", "--userns", "keep-id", "localhost/bare", "sh", "-c", "id -un; id -gn"}).out == me);
  const Background container({"env", store.environment(), program(), "run", "--name", "who", "-v", store.folder() + ":/meet", "localhost/bare", "sh", "-c",
                              "test -s /etc/passwd && touch /meet/ready; while [ ! -e /meet/go ]; do sleep 0.1; done"});
  REQUIRE(store.is_ready());
  CHECK(store.snug({"diff", "who"}).out.empty());
  REQUIRE(store.snug({"commit", "who", "localhost/same"}).code == 0);
  const auto empty = [&](const std::string& image) {
    CHECK(store.snug({"run", image, "cat", "/etc/passwd"}).out == "root:x:0:0::/root:/bin/sh\n");
    return shell_output("find " + store.store() + "/layers -type f -name passwd -size 0 | wc -l");
  };
  CHECK(empty("localhost/same") == "0\n");
  store.let_go();
  // Where what is written stays, accounts can be installed.
  const Result installed = store.snug({"run", "--rm=false", "--name", "kept", "localhost/bare", "sh", "-c", "ls /etc/passwd; cat /etc/passwd.new; echo me:x:7:7::/:/bin/sh >/etc/passwd.new; mv /etc/passwd.new /etc/passwd"});
  CHECK(installed.code == 0);
  CHECK(installed.out.empty());
  CHECK(store.snug({"diff", "kept"}).out == "C /etc\nA /etc/passwd\n");
  REQUIRE(store.snug({"commit", "kept", "localhost/installed"}).code == 0);
  CHECK(store.snug({"run", "localhost/installed", "cat", "/etc/passwd"}).out == "me:x:7:7::/:/bin/sh\nroot:x:0:0::/root:/bin/sh\n");
  REQUIRE(store.snug({"run", "--rm=false", "--name", "emptied", "localhost/small:1", "sh", "-c", ": >/etc/passwd"}).code == 0);
  CHECK(store.snug({"diff", "emptied"}).out == "C /etc\nC /etc/passwd\n");
  REQUIRE(store.snug({"commit", "emptied", "localhost/emptied"}).code == 0);
  CHECK(empty("localhost/emptied") == "1\n");
}

TEST_CASE("commit and export say what they need") {
  const Data data;
  CHECK(has(data.snug({"commit"}).err, "needs a container"));
  for (const auto& words : {std::vector<std::string>{"commit", "nobody"}, {"bootstrap", "debian:12"}})
    CHECK(has(data.snug({words[0], words[1], "x@sha256:" + std::string(64, '0')}).err, "names a digest, which nobody can give"));
  CHECK(has(data.snug({"export", "nobody", "-o", data.folder() + "/x"}).err, "there is no container 'nobody'"));
  CHECK_FALSE(fs::exists(data.folder() + "/x"));
}

TEST_CASE("an image is in use while a container runs on it") {
  const Small store;
  const Background container = store.start("user", "true");
  REQUIRE(store.is_ready());
  const Result refused = store.snug({"rmi", "localhost/small:1"});
  CHECK(refused.code == 1);
  CHECK_MESSAGE(has(refused.err, "a container was made on"), refused.err);
  CHECK(store.snug({"rmi", "--force", "localhost/small:1"}).code == 0);
  CHECK(has(store.snug({"gc"}).out, " 0 layers"));
  store.let_go();
  CHECK(eventually([&] { return has(store.snug({"gc"}).out, "1 layer"); }));
}

TEST_CASE("bootstrap takes the names of distributions, and nothing else for them") {
  const Data data;
  CHECK(has(data.snug({"bootstrap", "fedora:40"}).err, "is no distribution that can be made here"));
  CHECK(has(data.snug({"bootstrap", "debian:--hook"}).err, "is no distribution that can be made here"));
  CHECK(has(data.snug({"bootstrap", "--include", "a b", "debian:bookworm"}).err, "letters that stand in none"));
  for (const char* packages : {"--help", "vim,--help", "", "vim,", "-o=x"})
    CHECK_MESSAGE(has(data.snug({"bootstrap", std::string("--include=") + packages, "debian:bookworm"}).err, "no package begins so"), packages);
  CHECK(has(data.snug({"bootstrap", "--variant", "huge", "debian:bookworm"}).err, "'huge': it is not known"));
  for (const char* name : {"debian:bookworm", "debian:12", "ubuntu:24.04"}) CHECK(has(data.snug({"bootstrap", "--mirror", "copy:/etc", name}).err, "it is no URL"));
  CHECK(has(data.snug({"bootstrap", "ubuntu:24.05"}).err, "is no distribution that can be made here"));
  CHECK_FALSE(fs::exists(data.store()));
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("single");

TEST_CASE("bootstrap asks for sub-ids at once, and says who gives them") {
  const Data data;
  const Result result = data.snug({"bootstrap", "debian:bookworm"});
  CHECK(result.code == 125);
  CHECK(has(result.err, "the packages of a distribution belong to several users, and only one id is mapped here: "));
  CHECK_MESSAGE(has(result.err, "hint:  ask an administrator: usermod --add-subuids "), result.err);
  CHECK_FALSE(fs::exists(data.store()));
}

TEST_SUITE_END();
