#include "snug/image/contents.hh"
#include "snug/image/store.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "sha2.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug;
using namespace snug::image;
namespace fs = std::filesystem;

namespace {

Digest digest(char letter) { return {"sha256", std::string(64, letter)}; }

/// A store of its own, with images that are called by a letter.
struct TestStore {
  fs::path folder = fs::temp_directory_path() / ("snug-store-" + sys::random_name());
  Store store{folder / "snug"};
  std::map<char, Digest> manifests, configs;
  ~TestStore() { fs::remove_all(folder); }

  Digest write(const std::string& text) {
    Digest digest{"sha256", sha256(text)};
    store.write_blob(digest, text);
    return digest;
  }

  Descriptor add(char letter, const std::string& name) {
    const std::string config = std::string(R"({"architecture":"amd64","os":"linux","author":")") + letter + R"(","rootfs":{"diff_ids":[]}})";
    configs[letter] = write(config);
    const std::string text = render_manifest({.media_type = std::string(media::manifest), .config = {std::string(media::config), configs[letter], config.size()}, .layers = {}});
    manifests[letter] = write(text);
    Descriptor manifest{.media_type = std::string(media::manifest), .digest = manifests[letter], .size = text.size()};
    store.set_name(name, manifest);
    return manifest;
  }

  [[nodiscard]] Digest of(char letter) const { return manifests.at(letter); }
  [[nodiscard]] std::string letter_of(const Digest& manifest) const {
    for (const auto& [letter, digest] : manifests)
      if (digest == manifest) return {letter};
    return "?";
  }

  std::string names() const {
    std::string text;
    for (const Stored& stored : store.list()) text += stored.name + "=" + letter_of(stored.manifest.digest) + " ";
    return text;
  }

  std::string found(std::string_view name) const {
    try {
      const auto image = store.find(name);
      return image ? letter_of(image->descriptor.digest) : "nothing";
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
  CHECK(test.store.drop_images({test.of('a')}, 0).empty());
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
  const std::string id = test.configs.at('b').hex;
  CHECK(test.found(id.substr(0, 3)) == "nothing");
  CHECK(test.found(id.substr(0, 8)) == "b");
  CHECK(test.found(test.of('c').text()) == "c");
  CHECK(test.found("debian@" + test.of('a').text()) == "a");
  CHECK(test.found("debian@" + test.of('b').text()) == "nothing");
  CHECK(test.found("deb@" + test.of('a').text()) == "nothing");
  CHECK(test.found("sha256:" + id) == "b");
  CHECK(test.found("sha512:" + id) == "nothing");
  Descriptor of_list = test.add('d', "quay.io/me/list:1");
  of_list.annotations.emplace(list_key, digest('1').text());
  test.store.set_name("quay.io/me/list:1", of_list);
  of_list.digest = test.of('b');
  test.store.set_name("quay.io/me/list:2", of_list);
  const auto of_author = [](const char* author) { return [author](const Image& image) { return image.config.author == author; }; };
  CHECK(test.store.find("quay.io/me/list@" + digest('1').text(), of_author("b")).value().name == "quay.io/me/list:2");
  CHECK(test.store.find("quay.io/me/list@" + digest('1').text(), of_author("d")).value().name == "quay.io/me/list:1");
  CHECK_FALSE(test.store.find("quay.io/me/list@" + digest('1').text(), of_author("a")));
}

TEST_CASE("one damaged file costs that image only, and is named") {
  TestStore test;
  test.add('a', "docker.io/library/one:latest");
  test.add('b', "docker.io/library/two:latest");
  fs::resize_file(test.store.blob_path(test.of('a')), 10);
  CHECK(test.found("one") == "the blob " + test.of('a').text() + " is damaged: its content has another digest");
  CHECK(test.found("two") == "b");
  CHECK(test.found(test.configs.at('b').hex.substr(0, 8)) == "b");
  fs::remove(test.store.blob_path(test.of('a')));
  CHECK(test.found("one") == "the blob " + test.of('a').text() + " is not in the store");
  fs::resize_file(test.folder / "snug/images/index.json", 10);
  CHECK(test.found("two").find("index.json' is damaged") != std::string::npos);
}

TEST_CASE("a document is believed for its digest of either kind alone") {
  TestStore test;
  const std::string text = "{}";
  const Digest digest{"sha512", sha512(text)};
  test.store.write_blob(digest, text);
  CHECK(test.store.read_blob(digest, 10) == text);
  test.store.write_blob(digest, "[]");
  CHECK_THROWS_AS(static_cast<void>(test.store.read_blob(digest, 10)), Error);
}

TEST_CASE("a FIFO in the place of a file is not waited for") {
  TestStore test;
  test.add('a', "docker.io/library/one:latest");
  const std::string blob = test.store.blob_path(test.of('a')), index = test.folder / "snug/images/index.json";
  for (const std::string& path : {blob, index}) {
    fs::remove(path);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK(test.found("one") == snug::quoted(path) + " is no file");
  }
}

TEST_CASE("a document that says something else than its name is not believed, and the hint is for where it came from") {
  TestStore test;
  Descriptor manifest = test.add('a', "docker.io/library/one:latest");
  const auto hint = [&] {
    try {
      static_cast<void>(test.store.find("one"));
      return std::string("none");
    } catch (const Error& error) {
      return error.hint();
    }
  };
  CHECK(hint() == "none");
  std::ofstream(test.store.blob_path(test.configs.at('a'))) << R"({"architecture":"amd64","os":"linux","author":"z","rootfs":{"diff_ids":[]}})";
  CHECK(test.found("one") == "the blob " + test.configs.at('a').text() + " is damaged: its content has another digest");
  CHECK(hint() == "it came from no registry: load or make it again; 'snug rmi docker.io/library/one:latest' removes it");
  manifest.annotations = {{std::string(origin_key), "registry"}};
  test.store.set_name("docker.io/library/one:latest", manifest);
  CHECK(hint() == "'snug pull docker.io/library/one:latest' brings it anew");
}

TEST_CASE("documents are hashed as the standard has it") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  for (const auto& [count, start] : {std::pair{55, "9f4390f8d30c"}, {56, "b35439a4ac6f"}, {63, "7d3e74a05d7d"}, {64, "ffe054fe7ae0"}})
    CHECK(sha256(std::string(static_cast<std::size_t>(count), 'a')).starts_with(start));
  CHECK(sha512("abc") == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  CHECK(sha512(std::string(1000000, 'a')) == "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
  for (const auto& [count, start] : {std::pair{111, "fa9121c7b32b"}, {112, "c01d080efd49"}, {127, "828613968b50"}, {128, "b73d1929aa61"}})
    CHECK(sha512(std::string(static_cast<std::size_t>(count), 'a')).starts_with(start));
}

TEST_CASE("the index before is kept, and what oci-layout says") {
  TestStore test;
  test.add('a', "docker.io/library/one:latest");
  test.add('b', "docker.io/library/two:latest");
  REQUIRE(test.store.list_former().size() == 1);
  CHECK(test.store.list_former()[0].digest == test.of('a'));
  CHECK(test.store.check_layout(false));
  fs::resize_file(test.folder / "snug/images/oci-layout", 0);
  CHECK_FALSE(test.store.check_layout(false));
  CHECK_FALSE(test.store.check_layout(true));
  CHECK(test.store.check_layout(false));
  fs::resize_file(test.folder / "snug/images/index.json.old", 3);
  CHECK(test.store.list_former().empty());
}

TEST_CASE("a store whose index is gone is damaged, not empty") {
  TestStore test;
  test.add('a', "docker.io/library/one:latest");
  fs::remove(test.folder / "snug/images/index.json");
  CHECK(test.found("one").find("index.json' is missing") != std::string::npos);
  CHECK_THROWS_AS(test.add('b', "docker.io/library/two:latest"), Error);
  test.store.rebuild({{.media_type = std::string(media::manifest), .digest = test.of('a'), .size = 1}});
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
  manifest.annotations.emplace(list_key, digest('d').text());
  test.store.set_name("docker.io/library/two:latest", manifest);
  CHECK(list_of(test.store.find_stored("two")->manifest) == digest('d'));
  CHECK(test.found("two@" + digest('d').text()) == "a");
  CHECK(test.found("two@" + digest('e').text()) == "nothing");
  CHECK_THROWS_AS(test.store.drop_images({test.of('a')}, 1), Error);
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
