#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "harness.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "tar.hh"

using namespace snug;
using namespace snug::test;
namespace fs = std::filesystem;

namespace {

std::string image_program() { return fs::path(program()).parent_path() / "snug-image"; }

Result shell(const std::string& script) { return run({"sh", "-c", script}); }

// A store of its own, and archives to unpack into it.
class Layers {
 public:
  explicit Layers(std::vector<std::string> options) : options_(std::move(options)) {}
  ~Layers() { static_cast<void>(shell("chmod -R u+rwx '" + store() + "'; unshare --user --map-root-user --map-auto rm -rf '" + store() + "'")); }
  Layers(const Layers&) = delete;
  Layers& operator=(const Layers&) = delete;

  std::string digest(const std::string& archive) const {
    scratch_.write("archive", archive);
    return "sha256:" + shell("sha256sum <'" + path("archive") + "'").out.substr(0, 64);
  }

  [[nodiscard]] Result unpack(const std::string& archive, const std::string& digest = {}) const {
    return run(words(digest.empty() ? this->digest(archive) : digest), {.env = {"XDG_DATA_HOME=" + scratch_.path()}, .input = archive});
  }

  std::vector<std::string> words(const std::string& digest) const {
    std::vector<std::string> words{image_program(), "unpack-layer", "--diff-id", digest};
    words.insert(words.end(), options_.begin(), options_.end());
    return words;
  }

  // The same for a shell, which reads the file `name` in place of standard input.
  std::string command(const std::string& digest, const std::string& name, const std::string& more = {}) const {
    return "XDG_DATA_HOME='" + scratch_.path() + "' exec " + join(words(digest), " ") + " " + more + " <'" + path(name) + "'";
  }

  // Of the layers that there are, "root" included; the id map has a name that depends on the account.
  std::vector<std::string> roots() const {
    std::vector<std::string> found;
    std::error_code none;
    for (const auto& map : fs::directory_iterator(store() + "/layers", none))
      for (const auto& layer : fs::directory_iterator(map)) found.push_back(layer.path() / "root");
    return found;
  }

  bool is_clean() const {
    std::error_code none;
    return fs::directory_iterator(store() + "/staging", none) == fs::directory_iterator();
  }

  Result collect() const { return run({program(), "gc"}, {.env = {"XDG_DATA_HOME=" + scratch_.path()}}); }

  std::string path(const std::string& name) const { return scratch_.path() + "/" + name; }
  std::string store() const { return path("snug"); }
  const Scratch& scratch() const { return scratch_; }

 private:
  std::vector<std::string> options_;
  Scratch scratch_;
};

std::string a_layer() {
  return tar({.name = "./", .type = '5', .mode = 0711}) + tar({.name = "d/", .type = '5', .mode = 0755}) + tar({.name = "d/.wh..wh..opq"}) +
         tar({.name = "d/x", .data = "new"}) + tar({.name = ".wh.gone"}) + tar({.name = "tool", .data = "text", .mode = 04755}) + tar_end();
}

// So large that it can be killed in the middle, with files that belong to others and folders that are shut.
std::string a_large_layer() {
  std::string bytes = tar({.name = "./", .type = '5', .mode = 0755});
  for (int folder = 0; folder < 100; ++folder) {
    bytes += tar({.name = format("d{}/", folder), .type = '5', .mode = 0, .uid = 1000, .gid = 1000});
    for (int file = 0; file < 100; ++file) bytes += tar({.name = format("d{}/f{}", folder, file), .data = std::string(600, 'x'), .mode = 0600, .uid = 1000, .gid = 1000});
  }
  return bytes + tar_end();
}

void check_whole(const std::vector<std::string>& options) {
  const Layers layers(options);
  const Result result = layers.unpack(a_layer());
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.out == "entries 6 devices 0 owners 0 xattrs 0 marks 2\n");
  CHECK(result.err.empty());
  CHECK(layers.is_clean());
  REQUIRE(layers.roots().size() == 1);
  const std::string root = layers.roots()[0];
  CHECK(fs::path(root).parent_path().filename() == "sha256-" + layers.digest(a_layer()).substr(7));
  CHECK(shell("cd '" + root + "' && stat -c '%n %a %F %t,%T' . d d/x gone tool").out ==
        ". 711 directory 0,0\nd 755 directory 0,0\nd/x 644 regular file 0,0\ngone 0 character special file 0,0\ntool 4755 regular file 0,0\n");
  char value[8];
  CHECK(::getxattr((root + "/d").c_str(), "user.overlay.opaque", value, sizeof value) == 1);
  // What is there is not unpacked again.
  CHECK(layers.unpack(a_layer()).code == 0);
  CHECK(layers.roots().size() == 1);
}

void check_refused(const std::vector<std::string>& options) {
  const Layers layers(options);
  const std::string whole = a_large_layer(), digest = layers.digest(whole);
  for (const auto& [archive, name, message] : {std::tuple{whole, layers.digest("other"), "snug: the archive is not " + layers.digest("other") + ", but " + digest + "\n"},
                                               std::tuple{whole.substr(0, whole.size() / 2), digest, "snug: the archive is not " + digest + ", but "},
                                               std::tuple{whole.substr(0, whole.size() / 2 + 100), layers.digest(whole.substr(0, whole.size() / 2 + 100)), std::string("snug: cannot unpack 'sha256:")},
                                               std::tuple{tar({.name = "../x"}) + tar_end(), std::string(), std::string("snug: cannot unpack 'sha256:")}}) {
    const Result result = layers.unpack(archive, name);
    CHECK(result.code == 125);
    CHECK(result.out.empty());
    CHECK_MESSAGE(result.err.starts_with(message), result.err);
    CHECK(layers.roots().empty());
    CHECK(layers.is_clean());
  }
}

// The end of the archive is not enough, nor is its end mark: nobody has said that it is what it should be.
void check_verdict(const std::vector<std::string>& options) {
  const Layers layers(options);
  const std::string digest = layers.digest(a_layer());
  Result result = shell(layers.command(digest, "archive", "--verdict 3</dev/null"));
  CHECK(result.code == 125);
  CHECK(result.err == "snug: the layer is thrown away: it did not come whole\n");
  CHECK(layers.roots().empty());
  CHECK(layers.is_clean());
  result = shell("printf '!' | { exec 3<&0; " + layers.command(digest, "archive", "--verdict") + "; }");
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(layers.roots().size() == 1);
}

void check_killed(const std::vector<std::string>& options) {
  const Layers layers(options);
  const std::string digest = layers.digest(a_large_layer());
  const auto is_over = [] { return find_processes("unpack-layer").empty() && find_processes("snug-layer").empty(); };
  for (int turn = 0; turn < 16; ++turn) {
    Background writer({"sh", "-c", layers.command(digest, "archive")});
    const timespec time{0, turn % 8 * 16'000'000};
    ::nanosleep(&time, nullptr);
    // First the one that writes, which the other survives to clear up; then the one that has raised the walls.
    const bool of_writer = turn < 8;
    pid_t victim = writer.pid();
    if (!of_writer) {
      try {
        victim = only_child(writer.pid());
      } catch (const std::exception&) {
        continue;  // not started yet, or finished
      }
    }
    ::kill(victim, SIGKILL);
    CHECK(writer.wait() != 0);
    CHECK(eventually(is_over));
    CHECK(layers.roots().empty());
    if (of_writer) CHECK(layers.is_clean());
  }
  CHECK(eventually(is_over));
  const Result collected = layers.collect();
  CHECK_MESSAGE(collected.code == 0, collected.err);
  CHECK(layers.is_clean());
  CHECK(layers.unpack(a_large_layer(), digest).code == 0);
  CHECK(layers.roots().size() == 1);
}

// From archive to folder to archive, and the same once more.
void check_packed(const std::vector<std::string>& options, const std::string& owner_of_link) {
  const Layers layers(options);
  const Result first = layers.unpack(tar({.name = "./", .type = '5', .mode = 0711}) + tar({.name = "home/", .type = '5', .mode = 0700, .uid = 1000, .gid = 1000}) +
                                     tar({.name = "home/.wh..wh..opq"}) + tar({.name = "home/link", .type = '2', .link = "x", .uid = 1000, .gid = 1000}) +
                                     tar({.name = "home/mail", .data = "text", .mode = 02640, .uid = 1000, .gid = 8}) + tar({.name = "home/same", .type = '1', .link = "home/mail"}) +
                                     tar({.name = "tool", .data = "text", .mode = 04755}) + tar({.name = ".wh.gone"}) + tar_end());
  REQUIRE_MESSAGE(first.code == 0, first.err);
  REQUIRE(layers.roots().size() == 1);
  std::vector<std::string> words{image_program(), "pack-layer"};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(layers.roots()[0]);
  const Result packed = run(words);
  REQUIRE_MESSAGE(packed.code == 0, packed.err);
  layers.scratch().write("packed", packed.out);
  const std::string list = shell("TZ=UTC tar --numeric-owner --full-time -tvf '" + layers.path("packed") + "' | tr -s ' '").out;
  CHECK(list == "drwx--x--x 0/0 0 2001-09-09 01:46:40 ./\n---------- 0/0 0 1970-01-01 00:00:00 .wh.gone\ndrwx------ 1000/1000 0 2001-09-09 01:46:40 home/\n"
                "---------- 0/0 0 1970-01-01 00:00:00 home/.wh..wh..opq\nlrwxrwxrwx " + owner_of_link + " 0 2001-09-09 01:46:40 home/link -> x\n"
                "-rw-r-S--- 1000/8 4 2001-09-09 01:46:40 home/mail\nhrw-r-S--- 1000/8 0 2001-09-09 01:46:40 home/same link to home/mail\n"
                "-rwsr-xr-x 0/0 4 2001-09-09 01:46:40 tool\n");
  REQUIRE(layers.unpack(packed.out).code == 0);
  for (const std::string& root : layers.roots()) {
    words.back() = root;
    CHECK(run(words).out == packed.out);
  }
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("layer: packed again it says the same, but for the owners of links") { check_packed({"--userns=single"}, "0/0"); }

TEST_CASE("layer: unpacked whole, and named by its digest") { check_whole({"--userns=single"}); }
TEST_CASE("layer: cut, swapped or hostile, nothing of it stays") { check_refused({"--userns=single"}); }
TEST_CASE("layer: it has no name before somebody says that it is whole") { check_verdict({"--userns=single"}); }
TEST_CASE("layer: killed in the middle, it leaves nothing that gc does not clear") { check_killed({"--userns=single"}); }

TEST_CASE("layer: with one id the owners of the image are kept beside the files") {
  const Layers layers({"--userns=single"});
  const Result result = layers.unpack(tar({.name = "mail", .mode = 02644, .uid = 1000, .gid = 8}) + tar({.name = "home/", .type = '5', .mode = 0700, .uid = 1000, .gid = 1000}) +
                                      tar({.name = "home/link", .type = '2', .link = "x", .uid = 1000}) + tar({.name = "root", .mode = 04755}) + tar_end());
  CHECK_MESSAGE(result.out == "entries 4 devices 0 owners 3 xattrs 0 marks 0\n", result.err);
  REQUIRE(layers.roots().size() == 1);
  const std::string root = layers.roots()[0];
  const auto kept = [&](const char* name) {
    char value[64];
    const ssize_t size = ::getxattr((root + "/" + name).c_str(), "user.snug.owner", value, sizeof value);
    return size < 0 ? std::string("none") : std::string(value, static_cast<std::size_t>(size));
  };
  CHECK(kept("mail") == "1000:8:2644");
  CHECK(kept("home") == "1000:1000");
  CHECK(kept("root") == "none");
  CHECK(shell("stat -c '%u:%a' '" + root + "/mail' '" + root + "/root'").out == format("{0}:644\n{0}:4755\n", ::getuid()));
}

TEST_CASE("layer: the kernel makes of the layers what their archives say") {
  const Layers layers({"--userns=single"});
  const std::string lower = tar({.name = "d/y", .data = "old"}) + tar({.name = "e/y", .data = "old"}) + tar({.name = "gone/z"}) + tar({.name = "f", .data = "old"}) +
                            tar({.name = "g/y", .data = "old"}) + tar_end();
  const std::string upper = tar({.name = "d/x", .data = "new"}) + tar({.name = ".wh.d"}) + tar({.name = "e/.wh..wh..opq"}) + tar({.name = "e/x", .data = "new"}) +
                            tar({.name = ".wh.gone"}) + tar({.name = ".wh.f"}) + tar({.name = "f", .data = "new"}) + tar({.name = "g/.wh.y"}) + tar({.name = "g/x"}) + tar_end();
  std::string options;
  for (const std::string& archive : {upper, lower}) {
    REQUIRE(layers.unpack(archive).code == 0);
    for (const std::string& root : layers.roots())
      if (root.find(layers.digest(archive).substr(7)) != std::string::npos) options += (options.empty() ? "lowerdir=" : ":") + root;
  }
  const Result result = shell("mkdir '" + layers.path("m") + "' && cd '" + layers.path("m") + "' && unshare --user --map-root-user --mount sh -c \"mount -t overlay none -o userxattr,'" +
                              options + "' . && cd \\$PWD && find . -type f | sort && cat f\"");
  CHECK_MESSAGE(result.out == "./d/x\n./e/x\n./f\n./g/x\nnew", result.err);
}

TEST_CASE("layer: what is asked for in a wrong way") {
  const Layers layers({"--userns=single"});
  CHECK(layers.unpack("", "md5:x").err.starts_with("snug: --diff-id 'md5:x': it is no digest\n"));
  CHECK(run({image_program(), "unpack-layer"}).err.starts_with("snug: --diff-id is missing"));
  CHECK(shell(layers.command(layers.digest("x"), "archive", "--verdict 3<&-")).err.starts_with("snug: --verdict: descriptor 3 is not open"));
  CHECK(!fs::exists(layers.store()));
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("layer, with ranges: unpacked whole, and named by its digest") { check_whole({}); }
TEST_CASE("layer, with ranges: cut, swapped or hostile, nothing of it stays") { check_refused({}); }
TEST_CASE("layer, with ranges: it has no name before somebody says that it is whole") { check_verdict({}); }
TEST_CASE("layer, with ranges: killed in the middle, it leaves nothing that gc does not clear") { check_killed({}); }
TEST_CASE("layer, with ranges: packed again it says the same") { check_packed({}, "1000/1000"); }
TEST_CASE("layer, with the caller's own id inside: packed again it says the same") { check_packed({"--userns=keep-id"}, "1000/1000"); }
TEST_CASE("layer, with the caller's own id inside: unpacked whole, and the root is root's") { check_whole({"--userns=keep-id"}); }

TEST_SUITE_END();
