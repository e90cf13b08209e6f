#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include "images.hh"
#include "snug/base/text.hh"

// Against Debian's docker-registry, with images by umoci, and skopeo as the one who looks.

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

unsigned free_port() {
  const snug::sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ::ntohs(address.sin_port);
}

bool answers(unsigned port) {
  const snug::sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

/// A home of a test's own, an image in it, and a registry.
class Registry {
 public:
  /// `http` and `more` are lines of its configuration.
  explicit Registry(const std::string& http = {}, const std::string& more = {}) : port_(free_port()) {
    scratch_.write("registry.yml", "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: " + scratch_.path() +
                                       "/registry}}\nhttp:\n  addr: " + host() + "\n" + http + more);
    fs::create_directories(scratch_.path() + "/home/.config/containers");
    fs::create_directories(scratch_.path() + "/tree/etc");
    scratch_.write("tree/etc/word", "hello\n");
    start();
  }

  void start() {
    program_ = std::make_unique<Background>(std::vector<std::string>{"docker-registry", "serve", scratch_.path() + "/registry.yml"});
    REQUIRE(eventually([&] { return answers(port_); }));
  }
  void stop() { program_.reset(); }

  [[nodiscard]] std::string host() const { return snug::format("127.0.0.1:{}", port_); }
  [[nodiscard]] std::string path(const std::string& name) const { return scratch_.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const { scratch_.write(name, text); }

  /// Runs snug with the data folder `data`.
  [[nodiscard]] Result snug(const std::string& data, std::vector<std::string> words, const std::string& input = {}) const {
    words.insert(words.begin(), program());
    return run(words, {.env = environment(data), .input = input});
  }
  [[nodiscard]] std::vector<std::string> environment(const std::string& data) const {
    return {"XDG_DATA_HOME=" + path(data), "HOME=" + path("home"), "XDG_RUNTIME_DIR=" + path("home")};
  }

  /// Puts an image into the registry, with skopeo.
  std::string fill(const std::string& name, const std::string& options = "--dest-tls-verify=false") const {
    // umoci insert leaves the end of the archive out.
    shell_output("umoci init --layout " + path("layout") + " && umoci new --image " + path("layout:a") + " && umoci unpack --rootless --image " + path("layout:a") + " " + path("bundle") +
                 " && cp -r " + path("tree/etc") + " " + path("bundle/rootfs") + " && umoci repack --image " + path("layout:a") + " " + path("bundle"));
    shell_output("skopeo --insecure-policy copy -q " + options + " oci:" + path("layout:a") + " docker://" + host() + "/" + name);
    const std::string digest = shell_output("skopeo inspect --format '{{.Digest}}' oci:" + path("layout:a"));
    return digest.substr(0, digest.find('\n'));
  }

 private:
  Scratch scratch_;
  unsigned port_;
  std::unique_ptr<Background> program_;
};

bool missing() {
  if (run({"sh", "-c", "command -v docker-registry skopeo umoci"}).code == 0) return false;
  skip("docker-registry, skopeo or umoci is not installed");
  return true;
}

void check_refused(const Result& result, const std::string& part) {
  CHECK(result.code == 125);
  CHECK_MESSAGE(has(result.err, part), result.err);
  CHECK(result.out.empty());
}

const std::string plain = "--tls-verify=false";

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("owners that were remembered with one id are those of the image that is pushed") {
  if (missing()) return;
  const Registry registry;
  const std::string name = registry.host() + "/kept:1";
  shell_output("tar -C " + small_root() + " -cf " + registry.path("root.tar") + " .");
  REQUIRE(registry.snug("one", {"import", "-q", registry.path("root.tar"), "localhost/base"}).code == 0);
  const auto in = [&](const std::string& data, const std::string& image, const std::string& script) {
    return registry.snug(data, {"run", "--rm=false", "--name", "box", "--network", "none", "--userns", "single", "--emulate-root", "remembered", image, "sh", "-c", script});
  };
  REQUIRE(in("one", "localhost/base", "touch /given; chown 5:6 /given; chmod 4755 /given").code == 0);
  REQUIRE(registry.snug("one", {"commit", "box", "localhost/kept"}).code == 0);
  const Result pushed = registry.snug("one", {"push", "-q", plain, "localhost/kept", name});
  REQUIRE_MESSAGE(pushed.code == 0, pushed.err);
  shell_output("skopeo --insecure-policy copy -q --src-tls-verify=false docker://" + name + " dir:" + registry.path("copied"));
  const std::string listed = shell_output("for blob in " + registry.path("copied") + "/*; do tar --numeric-owner -tvf $blob 2>/dev/null || true; done | grep given");
  CHECK_MESSAGE(listed.starts_with("-rwsr-xr-x 5/6 "), listed);
  REQUIRE(registry.snug("two", {"pull", "-q", "--userns", "single", plain, name}).code == 0);
  CHECK(in("two", name, "stat -c '%u:%g %a' /given").out == "5:6 4755\n");
}

TEST_CASE("what is pulled and pushed keeps its digest, for other programs too") {
  if (missing()) return;
  const Registry registry;
  const std::string digest = registry.fill("team/thing:1"), name = registry.host() + "/team/thing:1", other = registry.host() + "/other/thing:2";
  const Result pulled = registry.snug("one", {"pull", "--userns", "single", plain, name});
  REQUIRE_MESSAGE(pulled.code == 0, pulled.err);
  CHECK(pulled.out.size() == 65);
  CHECK(has(registry.snug("one", {"images", "--digests"}).out, digest));
  CHECK(shell_output("cat $(find " + registry.path("one/snug/layers") + " -name word)") == "hello\n");

  const Result pushed = registry.snug("one", {"push", "--digestfile", registry.path("digest"), plain, name, other});
  REQUIRE_MESSAGE(pushed.code == 0, pushed.err);
  CHECK(pushed.out == digest + "\n");
  CHECK(shell_output("cat " + registry.path("digest")) == digest);
  CHECK_MESSAGE(has(pushed.err, "already there"), pushed.err);  // mounted from the neighbour
  CHECK(shell_output("skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://" + other) == digest + "\n");
  shell_output("skopeo --insecure-policy copy -q --src-tls-verify=false docker://" + other + " oci:" + registry.path("copied:x"));

  const std::string by_digest = registry.host() + "/other/thing@" + digest;
  const Result elsewhere = registry.snug("two", {"pull", "-q", "--no-unpack", plain, by_digest});
  CHECK_MESSAGE(elsewhere.out == pulled.out, elsewhere.err);
  CHECK(elsewhere.err.empty());
  CHECK(has(registry.snug("two", {"images", "--digests"}).out, digest));
}

TEST_CASE("what was made here comes to an empty registry whole") {
  if (missing()) return;
  const Registry registry;
  const std::string name = registry.host() + "/made/here:1";
  shell_output("tar -C " + registry.path("tree") + " -cf " + registry.path("root.tar") + " .");
  REQUIRE(registry.snug("one", {"import", registry.path("root.tar"), name}).code == 0);
  const Result pushed = registry.snug("one", {"push", plain, name});
  REQUIRE_MESSAGE(pushed.code == 0, pushed.err);
  CHECK(shell_output("skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://" + name) == pushed.out);
  const Result pulled = registry.snug("two", {"pull", "--userns", "single", plain, name});
  CHECK_MESSAGE(pulled.code == 0, pulled.err);
  CHECK(shell_output("cat $(find " + registry.path("two/snug/layers") + " -name word)") == "hello\n");
  check_refused(registry.snug("one", {"push", plain, "nothing", name}), "there is no image 'nothing'");
}

TEST_CASE("what was made here is sent compressed, as it was told, and is the same image") {
  if (missing()) return;
  const Registry registry;
  const std::string name = registry.host() + "/made/plain";
  shell_output("tar -C " + registry.path("tree") + " -cf " + registry.path("root.tar") + " .");
  REQUIRE(registry.snug("one", {"import", registry.path("root.tar"), name}).code == 0);
  const std::string id = registry.snug("one", {"images", "-q", "--no-trunc"}).out;
  for (const auto& [format, word] : {std::pair<std::string, std::string>{"", "tar+gzip"}, {"gzip", "tar+gzip"}, {"zstd", "tar+zstd"}, {"none", ".tar\""}}) {
    const std::string tagged = name + ":" + (format.empty() ? "usual" : format);
    std::vector<std::string> words{"push", plain, name, tagged};
    if (!format.empty()) words.insert(words.begin() + 1, "--compression-format=" + format);
    const Result pushed = registry.snug("one", words);
    REQUIRE_MESSAGE(pushed.code == 0, pushed.err);
    const std::string manifest = shell_output("skopeo inspect --raw --tls-verify=false docker://" + tagged);
    CHECK_MESSAGE(has(manifest, word), manifest);
    CHECK(shell_output("skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://" + tagged) == pushed.out);
    shell_output("skopeo --insecure-policy copy -q --src-tls-verify=false docker://" + tagged + " oci:" + registry.path("copied:x"));
    CHECK(registry.snug("two", {"pull", "-q", "--userns", "single", plain, tagged}).code == 0);
    // What came from a registry goes on as it is.
    CHECK(registry.snug("two", {"push", "-q", plain, tagged, name + ":again"}).out == pushed.out);
  }
  CHECK(shell_output("cat $(find " + registry.path("two/snug/layers") + " -name word)") == "hello\n");
  CHECK(registry.snug("two", {"images", "-q", "--no-trunc", "--filter", "reference=" + name + ":usual"}).out == id);
  check_refused(registry.snug("one", {"push", plain, "--compression-format", "xz", name}), "there is no such format");
  const Result again = registry.snug("one", {"push", plain, name, registry.host() + "/made/twin:1"});
  CHECK_MESSAGE(has(again.err, "already there"), again.err);
}

TEST_CASE("the policy tells whether the registry is asked") {
  if (missing()) return;
  Registry registry;
  static_cast<void>(registry.fill("thing:1"));
  const std::string name = registry.host() + "/thing:1";
  const auto pull = [&](const std::string& policy) { return registry.snug("one", {"pull", "--no-unpack", plain, "--policy", policy, name}); };
  check_refused(pull("never"), "is not here, and the policy 'never' forbids to bring it");
  check_refused(pull("sometimes"), "there is no such policy");
  const Result first = pull("missing");
  REQUIRE_MESSAGE(first.code == 0, first.err);
  registry.stop();
  for (const char* policy : {"missing", "never", "newer"}) CHECK(pull(policy).out == first.out);
  CHECK(has(pull("newer").err, "stays as it is"));
  check_refused(pull("always"), "cannot talk to");
  // What is there is unpacked without a registry.
  const Result unpacked = registry.snug("one", {"pull", "--userns", "single", "--policy", "missing", name});
  CHECK_MESSAGE(unpacked.out == first.out, unpacked.err);
  CHECK(shell_output("cat $(find " + registry.path("one/snug/layers") + " -name word)") == "hello\n");
}

TEST_CASE("what registries.conf has another name for is found again by the one that was typed") {
  if (missing()) return;
  Registry registry;
  static_cast<void>(registry.fill("only/here:1"));
  const std::string none = "127.0.0.1:1", conf = "[aliases]\nmine = \"" + registry.host() + "/only/here\"\n[[registry]]\nlocation = \"" + registry.host() + "\"\ninsecure = true\n";
  registry.write("home/.config/containers/registries.conf", "unqualified-search-registries = [\"" + none + "\", \"" + registry.host() + "\"]\n" + conf);
  const auto snug = [&](const std::vector<std::string>& words) { return registry.snug("one", words); };
  const Result nothing = snug({"pull", "-q", "no/such:1"});
  CHECK_MESSAGE((has(nothing.err, "cannot talk to '" + none) && has(nothing.err, registry.host() + "/no/such:1")), nothing.err);
  REQUIRE(snug({"pull", "-q", "--no-unpack", "mine:1"}).code == 0);
  registry.stop();
  for (const char* name : {"mine:1", "only/here:1"}) {
    const Result found = snug({"inspect", name});
    CHECK_MESSAGE(found.code == 0, found.err);
    CHECK(snug({"history", name}).code == 0);
    CHECK(snug({"pull", "--no-unpack", "--policy", "missing", name}).code == 0);
    CHECK(has(snug({"run", "--pull", "never", "--userns", "single", name, "/no/such"}).err, "/no/such"));
    CHECK(snug({"tag", name, "localhost/other:1"}).code == 0);
    CHECK(has(snug({"rmi", name}).out, "Untagged: " + registry.host() + "/only/here:1\n"));
    CHECK(snug({"tag", "other:1", registry.host() + "/only/here:1"}).code == 0);
  }
  CHECK(has(snug({"inspect", "only/there"}).err, "no image 'only/there'"));
}

TEST_CASE("blobs that a registry has are not kept, where a setting says so") {
  if (missing()) return;
  const Registry registry;
  static_cast<void>(registry.fill("thing:1"));
  const std::string name = registry.host() + "/thing:1";
  fs::create_directories(registry.path("home/.config/snug"));
  registry.write("home/.config/snug/config.toml", "keep-blobs = false\n");
  REQUIRE(registry.snug("one", {"pull", plain, name}).code == 0);
  const auto blobs = [&] { return shell_output("ls " + registry.path("one/snug/images/blobs/sha256") + " | wc -l"); };
  CHECK(blobs() == "2\n");
  CHECK(registry.snug("one", {"inspect", name}).code == 0);
  CHECK(registry.snug("one", {"gc", "--check"}).code == 0);
  registry.write("home/.config/snug/config.toml", "");
  REQUIRE(registry.snug("one", {"pull", plain, name}).code == 0);
  CHECK(blobs() == "3\n");
}

TEST_CASE("what lacks a blob that a registry has says which image brings it") {
  if (missing()) return;
  const Registry registry;
  static_cast<void>(registry.fill("thing:1"));
  const std::string name = registry.host() + "/thing:1", remedy = "'snug pull " + name + "' brings it anew";
  REQUIRE(registry.snug("one", {"pull", "-q", plain, name}).code == 0);
  REQUIRE(registry.snug("one", {"gc", "--blobs"}).code == 0);
  REQUIRE(registry.snug("one", {"create", "--name", "work", name, "true"}).code == 0);
  const Result made = registry.snug("one", {"commit", "work", "own:2"});
  CHECK(made.code == 0);
  CHECK_MESSAGE(has(made.err, "snug: notice: the store lacks the blob sha256:"), made.err);
  CHECK(has(made.err, remedy));
  const Result saved = registry.snug("one", {"save", "-q", "-o", registry.path("own.tar"), "own:2"});
  CHECK(saved.code == 125);
  CHECK_MESSAGE(has(saved.err, remedy), saved.err);
  CHECK(has(registry.snug("one", {"gc", "--check"}).out, remedy));
  REQUIRE(registry.snug("one", {"pull", "-q", plain, name}).code == 0);
  CHECK(registry.snug("one", {"save", "-q", "-o", registry.path("own.tar"), "own:2"}).code == 0);
  CHECK(registry.snug("one", {"rm", "work"}).code == 0);
}

TEST_CASE("a pull that is interrupted leaves a store that is free and whole, and the next one goes on") {
  if (missing()) return;
  const Registry registry;
  shell_output("head -c 40000000 /dev/urandom >" + registry.path("tree/etc/large"));
  static_cast<void>(registry.fill("large:1"));
  const std::string name = registry.host() + "/large:1";
  std::vector<std::string> words{"env"};
  for (const std::string& line : registry.environment("one")) words.push_back(line);
  words.insert(words.end(), {"setsid", "--wait", program(), "pull", "-q", plain, name});
  for (int moment = 0; moment < 4; ++moment) {
    const Background pull(words);
    static_cast<void>(eventually([&] { return fs::exists(registry.path("one/snug/staging")) && !fs::is_empty(registry.path("one/snug/staging")); }));
    for (int step = 0; step < moment; ++step) pause_briefly();
    for (const pid_t each : find_processes(name))  // as the terminal does: all of its processes
      static_cast<void>(::kill(each, SIGINT));
    CHECK(eventually([&] { return find_processes(name).empty(); }));
    const Result checked = registry.snug("one", {"gc", "--check", "--dry-run"});
    CHECK_MESSAGE(checked.code == 0, checked.out << checked.err);
  }
  const Result pulled = registry.snug("one", {"pull", "-q", plain, name});
  CHECK_MESSAGE(pulled.code == 0, pulled.err);
  // What had only begun may still lie there.
  CHECK(registry.snug("one", {"gc", "--check"}).out.starts_with("removed 0 blobs, 0 layers and "));
}

TEST_CASE("a pull ends for a signal to snug alone, and goes on at one that its caller ignores") {
  const snug::sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));  // which never answers
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  REQUIRE(::listen(socket.get(), 4) == 0);
  const std::string name = snug::format("127.0.0.1:{}/never:1", ::ntohs(address.sin_port));
  Background pull({"sh", "-c", "trap '' HUP; exec \"$@\"", "sh", program(), "pull", "-q", plain, name});
  REQUIRE(eventually([&] {
    pollfd asked{socket.get(), POLLIN, 0};
    return ::poll(&asked, 1, 0) == 1;
  }));
  for (const pid_t each : find_processes(name)) static_cast<void>(::kill(each, SIGHUP));
  pull.signal(SIGINT);
  CHECK(pull.wait() == 130);
}

TEST_CASE("an image by its digest has no tag in the list") {
  if (missing()) return;
  const Registry registry;
  const std::string digest = registry.fill("thing:1"), name = registry.host() + "/thing";
  REQUIRE(registry.snug("one", {"pull", "-q", "--no-unpack", plain, name + ":1"}).code == 0);
  REQUIRE(registry.snug("one", {"pull", "-q", "--no-unpack", plain, name + ":1@" + digest}).code == 0);
  const std::string list = registry.snug("one", {"images", "--format", "{{.Repository}} {{.Tag}}"}).out;
  CHECK(has(list, name + " 1\n"));
  CHECK(has(list, name + " <none>\n"));
}

TEST_CASE("an image out of a list is known by the list's digest, too") {
  if (missing() || run({"sh", "-c", "command -v curl"}).code != 0) return;
  const Registry registry;
  const std::string digest = registry.fill("thing:1"), name = registry.host() + "/thing";
  const std::string size = shell_output("stat -c %s " + registry.path("layout/blobs/sha256/" + digest.substr(7)));
  registry.write("list", R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + digest + R"(","size":)" +
                             size.substr(0, size.find('\n')) + R"(,"platform":{"os":"linux","architecture":")" + shell_output("dpkg --print-architecture | tr -d '\n'") + R"("}}]})");
  shell_output("curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @" + registry.path("list") + " http://" + name.substr(0, name.find('/')) + "/v2/thing/manifests/all");
  const std::string list = "sha256:" + shell_output("sha256sum <" + registry.path("list")).substr(0, 64);
  REQUIRE(registry.snug("one", {"pull", plain, name + ":all"}).code == 0);
  const std::string seen = registry.snug("one", {"inspect", "--format", "{{json .RepoDigests}}", name + ":all"}).out;
  CHECK_MESSAGE(has(seen, name + "@" + list), seen);
  CHECK_MESSAGE(has(seen, name + "@" + digest), seen);
  CHECK(registry.snug("one", {"inspect", name + "@" + list}).code == 0);
  CHECK(registry.snug("one", {"push", plain, name + "@" + list, name + ":again"}).out == digest + "\n");
}

TEST_CASE("a registry in plain HTTP is talked to where it was named for that, alone") {
  if (missing()) return;
  const Registry registry;
  static_cast<void>(registry.fill("thing:1"));
  const std::string name = registry.host() + "/thing:1";
  check_refused(registry.snug("one", {"pull", name}), "plain HTTP: --tls-verify=false");
  check_refused(registry.snug("one", {"pull", plain, "thing:1"}), "names none");
  check_refused(registry.snug("one", {"pull", plain, registry.host() + "/nothing:1"}), "manifest unknown");
  check_refused(registry.snug("one", {"create", name, "true"}), "plain HTTP: --tls-verify=false");
  const Result made = registry.snug("one", {"create", plain, name, "true"});
  CHECK_MESSAGE(made.code == 0, made.err);
  check_refused(registry.snug("one", {"create", plain, "--creds", "nobody", "--pull", "always", name, "true"}), "credentials are NAME:PASSWORD");
  registry.write("home/.config/containers/registries.conf",
                 "unqualified-search-registries = [\"" + registry.host() + "\"]\n[[registry]]\nprefix = \"example.com/far\"\nlocation = \"" + registry.host() + "\"\ninsecure = true\n[[registry]]\nlocation = \"" +
                     registry.host() + "\"\ninsecure = true\n");
  CHECK(registry.snug("one", {"pull", "--no-unpack", "thing:1"}).code == 0);
  CHECK(registry.snug("one", {"pull", "--no-unpack", "example.com/far/thing:1"}).code == 0);
  const std::string images = registry.snug("one", {"images"}).out;
  registry.write("home/.config/containers/registries.conf", "unqualified-search-registries = [\"" + registry.host() + "\", \"example.com\"]\n");
  check_refused(registry.snug("one", {"pull", "--creds", "name:word", "thing:1"}), "may be of several");
  CHECK_MESSAGE(has(images, registry.host() + "/thing "), images);
  CHECK_MESSAGE(has(images, "example.com/far/thing "), images);
  registry.write("home/.config/containers/registries.conf", "[[registry]]\nlocation = 1\n");
  check_refused(registry.snug("one", {"pull", name}), "/.config/containers/registries.conf:2");
}

TEST_CASE("a certificate is verified, unless it was said that it need not be") {
  if (missing()) return;
  const Scratch keys;
  fs::create_directories(keys.path() + "/trusted");
  shell_output("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout " + keys.path() + "/key -out " + keys.path() +
               "/trusted/own.crt 2>/dev/null");
  const Registry registry("  tls: {certificate: " + keys.path() + "/trusted/own.crt, key: " + keys.path() + "/key}\n");
  static_cast<void>(registry.fill("thing:1", "--dest-tls-verify=false"));
  const std::string name = registry.host() + "/thing:1";
  check_refused(registry.snug("one", {"pull", "--no-unpack", name}), "certificate");
  check_refused(registry.snug("one", {"pull", "--no-unpack", "--tls-verify", name}), "certificate");
  CHECK(registry.snug("one", {"pull", "--no-unpack", plain, name}).code == 0);
  check_refused(registry.snug("two", {"pull", "--no-unpack", "--cert-dir", keys.path() + "/none", name}), "/none': No such file");
  const Result trusted = registry.snug("two", {"pull", "--no-unpack", "--cert-dir", keys.path() + "/trusted", name});
  CHECK_MESSAGE(trusted.code == 0, trusted.err);
}

TEST_CASE("a registry that wants a certificate is shown the one that is for it") {
  if (missing()) return;
  const Scratch keys;
  const std::string make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 2>/dev/null ";
  shell_output("cd " + keys.path() + " && mkdir own half alone && " + make + "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout key -out own/own.crt && " + make +
               "-subj /CN=somebody -keyout own/me.key -out own/me.cert && cp own/me.cert half && cp own/own.crt alone");
  const Registry registry("  tls: {certificate: " + keys.path() + "/own/own.crt, key: " + keys.path() + "/key, clientcas: [" + keys.path() + "/own/me.cert]}\n");
  const std::string digest = registry.fill("thing:1", "--dest-cert-dir " + keys.path() + "/own"), name = registry.host() + "/thing:1";
  // Why is not for certain: TLS 1.3 refuses after the handshake, and what the server says of it may be lost with the connection.
  check_refused(registry.snug("one", {"pull", "--no-unpack", "--cert-dir", keys.path() + "/alone", name}), registry.host());
  check_refused(registry.snug("one", {"pull", "--no-unpack", "--cert-dir", keys.path() + "/half", name}), "no 'me.key'");
  const Result shown = registry.snug("one", {"pull", "--no-unpack", "--cert-dir", keys.path() + "/own", name});
  CHECK_MESSAGE(shown.code == 0, shown.err);
  const std::string folder = "home/.config/containers/certs.d/" + registry.host();
  fs::create_directories(registry.path(folder));
  shell_output("cp " + keys.path() + "/own/* '" + registry.path(folder) + "'");
  const Result found = registry.snug("two", {"pull", "--no-unpack", name});
  CHECK_MESSAGE(found.code == 0, found.err);
  CHECK(has(registry.snug("two", {"images", "--digests"}).out, digest));
}

TEST_CASE("one image that cannot be had does not keep out the others") {
  if (missing()) return;
  const Registry registry;
  static_cast<void>(registry.fill("thing:1"));
  const Result pulled = registry.snug("one", {"pull", "--no-unpack", plain, registry.host() + "/nothing:1", registry.host() + "/thing:1"});
  CHECK(pulled.code == 125);
  CHECK_MESSAGE(has(pulled.err, "manifest unknown"), pulled.err);
  CHECK(pulled.out.size() == 65);
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("ranges");

TEST_CASE("podman pulls what was pushed, and it is the same") {
  if (missing()) return;
  if (run({"sh", "-c", "command -v podman runc"}).code != 0) return skip("podman or runc is not installed");
  const Registry registry;
  const std::string name = registry.host() + "/made/here:1";
  shell_output("tar -C '" + small_root() + "' --owner=0 --group=0 -cf " + registry.path("root.tar") + " .");
  REQUIRE(registry.snug("one", {"import", "-q", "-c", "CMD [\"echo\", \"hello\"]", registry.path("root.tar"), name}).code == 0);
  const Result pushed = registry.snug("one", {"push", "-q", plain, name});
  REQUIRE_MESSAGE(pushed.code == 0, pushed.err);
  const Scratch scratch("/tmp");  // podman takes no long path
  const std::string& place = scratch.path();
  const std::string podman = "env HOME=" + place + " XDG_RUNTIME_DIR=" + place + " podman --runtime runc --cgroup-manager cgroupfs --storage-driver vfs --root " + place + "/root --runroot " + place + "/run ";
  shell_output(podman + "pull -q --tls-verify=false " + name + " 2>&1");
  CHECK(shell_output(podman + "image inspect --format '{{.Digest}} {{.Config.Cmd}}' " + name) == pushed.out.substr(0, 71) + " [echo hello]\n");
  shell_output(podman + "unshare rm -rf " + place + "/root; kill $(cat " + place + "/libpod/tmp/pause.pid)");
}

TEST_CASE("a real Debian: imported, changed, committed, pushed, pulled elsewhere and run") {
  if (missing()) return;
  if (debian_root().empty()) return skip("no Debian root was made");
  const Registry registry;
  const std::string name = registry.host() + "/debian/changed:1", go = registry.path("meet");
  fs::create_directories(go);
  const std::string environment = snug::join(registry.environment("one"), " ");
  shell_output("unshare --user --map-root-user --map-auto tar -C " + debian_root() + " --exclude=./usr/lib/gcc --exclude=./usr/share/doc --exclude=./usr/share/locale -cf - . | env " + environment + " " +
               program() + " import -q - localhost/debian");
  const Background container({"env", "XDG_DATA_HOME=" + registry.path("one"), "XDG_RUNTIME_DIR=" + registry.path("home"), program(), "run", "--name", "work", "-v", go + ":/meet",
                              "localhost/debian", "sh", "-c",
                              "echo changed >/etc/changed && chown 5:7 /etc/changed && rm /etc/issue && touch /meet/ready && while [ ! -e /meet/go ]; do sleep 0.1; done"});
  REQUIRE(eventually([&] { return fs::exists(go + "/ready"); }, std::chrono::seconds(60)));
  const Result made = registry.snug("one", {"commit", "work", name});
  REQUIRE_MESSAGE(made.code == 0, made.err);
  shell_output("touch " + go + "/go");

  const Result pushed = registry.snug("one", {"push", "-q", plain, name});
  REQUIRE_MESSAGE(pushed.code == 0, pushed.err);
  CHECK(shell_output("skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://" + name) == pushed.out);
  shell_output("skopeo --insecure-policy copy -q --src-tls-verify=false docker://" + name + " oci:" + registry.path("copied:x"));
  CHECK(shell_output("skopeo inspect --format '{{.Digest}}' oci:" + registry.path("copied:x")) == pushed.out);

  const Result pulled = registry.snug("two", {"pull", "-q", plain, name});
  REQUIRE_MESSAGE(pulled.code == 0, pulled.err);
  CHECK("sha256:" + pulled.out == made.out);
  const Result seen = registry.snug("two", {"run", name, "bash", "-c", "cat /etc/changed; stat -c %u:%g /etc/changed; dpkg-query -W -f '${Package}\\n' bash; test -e /etc/issue || echo gone"});
  CHECK_MESSAGE(seen.out == "changed\n5:7\nbash\ngone\n", seen.err);
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("any");

TEST_CASE("a login is tried, kept for the caller alone, used, and forgotten") {
  if (missing()) return;
  const Scratch keys;
  keys.write("users", "name:$2y$05$abcdefghijklmnopqrstuuQDoL5Sa/TtfS/XN4AY/jgq.HBbO1BTu\n");
  const Registry registry({}, "auth: {htpasswd: {realm: here, path: " + keys.path() + "/users}}\n");
  const std::string host = registry.host(), name = host + "/thing:1", file = registry.path("home/containers/auth.json");
  static_cast<void>(registry.fill("thing:1", "--dest-tls-verify=false --dest-creds name:word"));
  check_refused(registry.snug("one", {"pull", "--no-unpack", plain, name}), "'snug login --tls-verify=false " + host + "' takes a name and a password");
  CHECK(registry.snug("one", {"pull", "--no-unpack", "--creds", "name:word", plain, name}).code == 0);
  check_refused(registry.snug("one", {"login", plain, "-u", "name", "-p", "wrong", host}), "does not accept");
  CHECK_FALSE(fs::exists(file));
  check_refused(registry.snug("one", {"login", "--get-login", host}), "not logged in");

  const Result login = registry.snug("one", {"login", plain, "-u", "name", "--password-stdin", host}, "word\n");
  CHECK_MESSAGE(login.out == "Login Succeeded!\n", login.err);
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(registry.snug("one", {"login", "--get-login", host}).out == "name\n");
  CHECK(registry.snug("two", {"pull", "--no-unpack", plain, name}).code == 0);
  CHECK(registry.snug("two", {"push", plain, name, host + "/pushed:1"}).code == 0);
  // Whoever answers is told what is his own, whatever the image is called.
  registry.write("home/.config/containers/registries.conf", "[[registry]]\nprefix = \"far.example\"\nlocation = \"" + host + "\"\ninsecure = true\n");
  CHECK(registry.snug("four", {"pull", "--no-unpack", "far.example/thing:1"}).code == 0);
  check_refused(registry.snug("one", {"login", "-u", "name", "-p", "word", "far.example"}), "snug login " + host);
  registry.write("far.json", R"({"auths": {"far.example": {"auth": "bmFtZTp3b3Jk"}}})");
  check_refused(registry.snug("five", {"pull", "--no-unpack", "--authfile", registry.path("far.json"), "far.example/thing:1"}), "'snug login " + host);
  const Result typed = registry.snug("six", {"pull", "--no-unpack", "--authfile", registry.path("far.json"), "--creds", "name:word", "far.example/thing:1"});
  check_refused(typed, "'snug login " + host);
  CHECK_MESSAGE(has(typed.err, "notice: '" + host + "' answers for 'far.example', as registries.conf says, and is not told the credentials"), typed.err);
  fs::remove(registry.path("home/.config/containers/registries.conf"));
  CHECK(shell_output("skopeo inspect --tls-verify=false --authfile " + file + " --format ok docker://" + name) == "ok\n");
  CHECK(registry.snug("one", {"login", plain, "-u", "name", "-p", "word", host + "/team"}).code == 0);
  CHECK(registry.snug("one", {"logout", host + "/team"}).out == "Removed login credentials for " + host + "/team\n");
  CHECK(registry.snug("one", {"login", "--get-login", host + "/team"}).out == "name\n");
  CHECK(registry.snug("one", {"logout", host}).out == "Removed login credentials for " + host + "\n");
  check_refused(registry.snug("one", {"logout", host}), "not logged in");
  check_refused(registry.snug("three", {"pull", "--no-unpack", plain, name}), "'snug login ");
}

TEST_CASE("a password is asked for at the terminal, which does not show it") {
  if (missing()) return;
  const Scratch keys;
  keys.write("users", "name:$2y$05$abcdefghijklmnopqrstuuQDoL5Sa/TtfS/XN4AY/jgq.HBbO1BTu\n");
  const Registry registry({}, "auth: {htpasswd: {realm: here, path: " + keys.path() + "/users}}\n");
  std::vector<std::string> words{"env"};
  for (const std::string& variable : registry.environment("one")) words.push_back(variable);
  for (const std::string& word : {program(), std::string("login"), plain, registry.host()}) words.push_back(word);
  Terminal terminal(words, 24, 80);
  REQUIRE_MESSAGE(terminal.expect("Username: "), terminal.seen());
  terminal.send("name\n");
  REQUIRE_MESSAGE(terminal.expect("Password: "), terminal.seen());
  terminal.send("word\n");
  CHECK_MESSAGE(terminal.expect("Login Succeeded!"), terminal.seen());
  CHECK_MESSAGE(!has(terminal.seen(), "word\r"), terminal.seen());
  CHECK(terminal.wait() == 0);

  Terminal interrupted(words, 24, 80);
  REQUIRE(interrupted.expect("Username: "));
  interrupted.send("name\n");
  REQUIRE(interrupted.expect("Password: "));
  interrupted.send("\x03");
  CHECK(interrupted.wait() == 130);
}

TEST_SUITE_END();
