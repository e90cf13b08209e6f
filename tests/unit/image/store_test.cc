#include "snug/image/contents.hh"
#include "snug/image/store.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug;
using namespace snug::image;
namespace fs = std::filesystem;

namespace {

Digest digest(char letter) { return {"sha256", std::string(64, letter)}; }

/// A store of its own, with images whose blobs are what they need not hash to: nothing here looks at that.
struct TestStore {
  fs::path folder = fs::temp_directory_path() / ("snug-store-" + sys::random_name());
  Store store{folder / "snug"};
  ~TestStore() { fs::remove_all(folder); }

  Descriptor add(char letter, const std::string& name) {
    const Digest config{"sha256", std::string(63, letter) + "0"};
    store.write_blob(config, R"({"architecture":"amd64","os":"linux","rootfs":{"diff_ids":[]}})");
    const std::string text = render_manifest({.media_type = std::string(media::manifest), .config = {std::string(media::config), config, 5}, .layers = {}});
    store.write_blob(digest(letter), text);
    Descriptor manifest{.media_type = std::string(media::manifest), .digest = digest(letter), .size = text.size()};
    store.set_name(name, manifest);
    return manifest;
  }

  std::string names() const {
    std::string text;
    for (const Stored& stored : store.list()) text += stored.name + "=" + stored.manifest.digest.hex.substr(0, 1) + " ";
    return text;
  }

  std::string found(std::string_view name) const {
    try {
      const auto image = store.find(name);
      return image ? image->descriptor.digest.hex.substr(0, 1) : "nothing";
    } catch (const Error& error) {
      return error.message();
    }
  }
};

}  // namespace

TEST_CASE("a store that is not there is an empty one, and looking makes none") {
  TestStore test;
  CHECK(test.store.list().empty());
  CHECK(test.found("debian") == "nothing");
  CHECK_FALSE(fs::exists(test.folder));
}

TEST_CASE("a name belongs to one image; who loses it stays until it is removed") {
  TestStore test;
  test.add('a', "docker.io/library/x:1");
  test.add('a', "docker.io/library/y:1");
  CHECK(test.names() == "docker.io/library/x:1=a docker.io/library/y:1=a ");
  test.add('b', "docker.io/library/x:1");
  test.add('b', "docker.io/library/y:1");
  CHECK(test.names() == "docker.io/library/x:1=b =a docker.io/library/y:1=b ");
  CHECK(test.store.drop_name("docker.io/library/y:1"));
  CHECK_FALSE(test.store.drop_name("docker.io/library/y:1"));
  CHECK(test.store.drop_image(digest('a'), 0).empty());
  CHECK(test.names() == "docker.io/library/x:1=b ");
  test.add('b', "");
  CHECK(test.names() == "docker.io/library/x:1=b ");
}

TEST_CASE("images are found by name, by id, by digest, and by what is left of a name") {
  TestStore test;
  test.add('a', "docker.io/library/debian:12");
  test.add('b', "quay.io/me/tool:latest");
  test.add('c', "localhost/tool:latest");
  CHECK(test.found("debian:12") == "a");
  CHECK(test.found("docker.io/debian:12") == "a");
  CHECK(test.found("debian") == "nothing");
  CHECK(test.found("me/tool") == "nothing");
  CHECK(test.found("quay.io/me/tool") == "b");
  CHECK(test.found("tool") == "c");
  CHECK(test.found("b") == "nothing");
  CHECK(test.found("bbbb") == "b");
  CHECK(test.found(digest('c').text()) == "c");
  CHECK(test.found("debian@" + digest('a').text()) == "a");
  CHECK(test.found("debian@" + digest('b').text()) == "nothing");
}

TEST_CASE("one damaged file costs that image only, and is named") {
  TestStore test;
  test.add('a', "docker.io/library/one:latest");
  test.add('b', "docker.io/library/two:latest");
  fs::resize_file(test.store.blob_path(digest('a')), 10);
  CHECK(test.found("one").find("it is no JSON") == 0);
  CHECK(test.found("two") == "b");
  CHECK(test.found("bbbb") == "b");
  fs::remove(test.store.blob_path(digest('a')));
  CHECK(test.found("one") == "the blob " + digest('a').text() + " is not in the store");
  fs::resize_file(test.folder / "snug/images/index.json", 10);
  CHECK(test.found("two").find("index.json' is damaged") != std::string::npos);
}

TEST_CASE("a store whose index is gone is damaged, not empty") {
  TestStore test;
  test.add('a', "docker.io/library/one:latest");
  fs::remove(test.folder / "snug/images/index.json");
  CHECK(test.found("one").find("index.json' is missing") != std::string::npos);
  CHECK_THROWS_AS(test.add('b', "docker.io/library/two:latest"), Error);
  test.store.rebuild({{.media_type = std::string(media::manifest), .digest = digest('a'), .size = 1}});
  CHECK(test.names() == "=a ");
}

TEST_CASE("where an image came from is kept, as far as snug itself says so") {
  TestStore test;
  Descriptor manifest = test.add('a', "docker.io/library/one:latest");
  CHECK_FALSE(test.store.list()[0].manifest.annotations.contains(std::string(origin_key)));
  manifest.annotations = {{std::string(origin_key), "registry"}, {"org.opencontainers.image.ref.name", "docker.io/library/other:latest"}};
  test.store.set_name("docker.io/library/two:latest", manifest);
  CHECK(test.names() == "docker.io/library/one:latest=a docker.io/library/two:latest=a ");
  CHECK(test.store.list()[1].manifest.annotations.contains(std::string(origin_key)));
  CHECK_THROWS_AS(test.store.drop_image(digest('a'), 1), Error);
}

TEST_CASE("what is staged gets its last name once") {
  TestStore test;
  const auto path = test.store.blob_path(digest('d'));
  {
    Staged first = Staged::open_file(test.store, "part");
    REQUIRE(sys::write_all(first.fd(), "12") == 0);
  }
  Staged again = Staged::open_file(test.store, "part");
  struct stat status {};
  REQUIRE(::fstat(again.fd(), &status) == 0);
  CHECK(status.st_size == 2);
  CHECK(again.move_to(path));
  Staged late = Staged::open_file(test.store, "part");
  CHECK_FALSE(late.move_to(path));
  CHECK(test.store.has_blob(digest('d'), 2));
  CHECK_FALSE(test.store.has_blob(digest('d'), 3));
}

TEST_CASE("a layer is used until it is moved away, and never half") {
  TestStore test;
  const Digest id = digest('e');
  const std::string map = Store::map_name("0 1000 1\n1 100000 65536\n", "0 1000 1\n1 100000 65536\n");
  CHECK(map == "0-1000-1+1-100000-65536");
  CHECK(Store::map_name("         0       1000          1\n", "0 100 1") == "0-1000-1_0-100-1");
  CHECK_FALSE(test.store.use_layer(map, id));
  Staged folder = Staged::make_folder(test.store);
  CHECK(folder.move_to(test.store.layer_path(map, id)));
  CHECK(test.store.has_layer(map, id));
  CHECK_FALSE(test.store.use_layer(map, id));  // its maker has it still
  { const Staged done = std::move(folder); }
  CHECK(test.store.use_layer(map, id));
  const sys::Fd shared = lock_shared(test.store);
  CHECK_FALSE(try_lock_exclusive(test.store));
}

TEST_CASE("a layer is taken away where nobody uses it, and nobody needs it by then") {
  const TestStore test;
  const std::string path = test.store.layer_path("0-1000-1", digest('a'));
  fs::create_directories(path + "/root");
  fs::create_directories(test.folder / "snug/staging");
  const LayerFolder layer{"0-1000-1", digest('a'), path};
  bool asked_while_locked = false;
  CHECK(take_away(test.store, layer, [&] {
          asked_while_locked = !test.store.use_layer("0-1000-1", digest('a'));
          return true;
        }).empty());
  CHECK(asked_while_locked);
  {
    const sys::Fd used = test.store.use_layer("0-1000-1", digest('a'));
    REQUIRE(used);
    CHECK(take_away(test.store, layer, [] { return false; }).empty());
  }
  const std::string away = take_away(test.store, layer, [] { return false; });
  CHECK(fs::exists(away + "/root"));
  CHECK(!fs::exists(path));
}
