#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doubles.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug;
using namespace snug::test;
using namespace snug::transport;
using image::Digest;
namespace media = image::media;

namespace {

// What the reader of a tar archive gets: its own end, whether it was there or not.
std::string padded(const std::string& plain) { return plain + std::string((512 - plain.size() % 512) % 512 + 1024, '\0'); }


const std::string plain = noise(700000, 1) + std::string(2000000, 'a'), other = noise(300000, 2);

/// Unpackings by the diff_id.
struct Tree {
  std::map<std::string, std::shared_ptr<Unpacked>> layers;
  std::set<std::string> present;
  std::size_t stops_after = ~std::size_t{0};
  std::mutex mutex;

  std::unique_ptr<Unpacking> start(const Digest& diff_id) {
    const std::lock_guard lock(mutex);
    if (present.contains(diff_id.text())) return nullptr;
    auto& layer = layers[diff_id.text()];
    layer = std::make_shared<Unpacked>();
    return collect(layer, stops_after);
  }
  Unpacked& of(const std::string& content) { return *layers.at(digest_of(content).text()); }
};

struct Bringing {
  TestStore test;
  MemorySource source;
  Tree tree;

  image::Stored bring(const std::string& name = "docker.io/library/x:1") {
    return fetch(source, test.store, {.name = name, .unpack = [this](const Digest& diff_id) { return tree.start(diff_id); }});
  }
  std::string refused() {
    return thrown([&] { static_cast<void>(bring()); });
  }
  bool has(const std::string& blob) const { return test.store.has_blob(digest_of(blob), blob.size()); }
};

std::string flipped(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

std::size_t count_threads() {
  const sys::Fd threads = sys::open(AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY);
  return sys::list_folder(threads.get()).size();
}

}  // namespace

TEST_CASE("an image comes in with all its layers, kept as they came and unpacked") {
  Bringing b;
  b.source.add_layer(plain, plain, media::layer);
  b.source.add_layer(gzip(other), other, media::docker_layer_gzip);
  b.source.add_layer(zstd(plain + other), plain + other, media::layer_zstd);
  b.source.make();
  const image::Stored stored = b.bring();
  CHECK(stored.name == "docker.io/library/x:1");
  CHECK(stored.manifest.digest == digest_of(b.source.top.content));
  const auto image = b.test.store.find("x:1");
  REQUIRE(image);
  CHECK(image->manifest == b.source.document);
  for (const std::string& layer : {plain, other, plain + other}) {
    CHECK(b.tree.of(layer).bytes == padded(layer));
    CHECK(b.tree.of(layer).end == Unpacked::End::finished);
  }
  CHECK(b.test.store.read_blob(digest_of(gzip(other)), 1 << 30U) == gzip(other));
  CHECK(b.test.staged().empty());
}

TEST_CASE("what is there is not transferred again, and unpacked where that is missing") {
  Bringing b;
  b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  static_cast<void>(b.bring());
  b.tree.present.insert(digest_of(plain).text());
  b.tree.layers.clear();
  static_cast<void>(b.bring("docker.io/library/y:1"));
  CHECK(b.source.asked == 1);
  CHECK(b.tree.layers.empty());
  b.tree.present.clear();
  static_cast<void>(b.bring());
  CHECK(b.source.asked == 1);
  CHECK(b.tree.of(plain).bytes == padded(plain));
  CHECK(b.tree.of(plain).end == Unpacked::End::finished);
}

TEST_CASE("a layer that stands twice in an image is brought once") {
  Bringing b;
  for (int at = 0; at < 3; ++at) b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  static_cast<void>(b.bring());
  CHECK(b.source.asked == 1);
}

TEST_CASE("a blob of the store that is damaged is brought again") {
  Bringing b;
  b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  static_cast<void>(b.bring());
  const std::string path = b.test.store.blob_path(digest_of(gzip(plain)));
  for (const std::string& damaged : {flipped(gzip(plain), 5000), gzip(plain).substr(0, 5000)}) {
    std::filesystem::remove(path);
    b.test.write(std::filesystem::relative(path, b.test.folder), damaged);
    static_cast<void>(b.bring());
    CHECK(b.test.store.read_blob(digest_of(gzip(plain)), 1 << 30U) == gzip(plain));
    CHECK(b.tree.of(plain).bytes == padded(plain));
  }
  CHECK(b.source.asked == 3);
}

TEST_CASE("a layer that is not what it should be is refused, and nothing of it stays") {
  const std::string blob = gzip(plain);
  struct Case {
    std::string sent, says;
  };
  for (const Case& one : {Case{flipped(blob, 300000), ""}, Case{flipped(blob, 3), ""}, Case{blob.substr(0, blob.size() - 1), "it ends after"},
                          Case{blob + "x", "it has more than the"}, Case{"", "it ends after 0 of"}}) {
    Bringing b;
    b.source.add_layer(blob, plain, media::layer_gzip);
    b.source.make();
    b.source.blobs[digest_of(blob).text()] = one.sent;
    const std::string error = b.refused();
    CHECK_MESSAGE(error.find(one.says) != std::string::npos, error);
    CHECK_MESSAGE(error.starts_with("the layer " + digest_of(blob).text() + " is not what it should be: "), error);
    CHECK(error.ends_with("fetching 'memory'"));
    CHECK_FALSE(b.has(blob));
    CHECK(b.test.staged().empty());
    CHECK(b.test.store.list().empty());
    CHECK(b.tree.of(plain).end == Unpacked::End::thrown_away);
  }
}

TEST_CASE("sizes and diff_ids of the documents are checked") {
  const std::string blob = gzip(plain);
  {
    Bringing b;
    b.source.add_layer(blob, other, media::layer_gzip);
    b.source.make();
    CHECK(b.refused().find("unpacked its digest is " + digest_of(plain).text() + ", and its configuration says " + digest_of(other).text()) != std::string::npos);
    CHECK(b.tree.of(other).end == Unpacked::End::thrown_away);
  }
  {
    Bringing b;
    b.source.add_layer(plain, other, media::layer);
    b.source.make();
    CHECK(b.refused().find("its configuration says that its digest is " + digest_of(other).text()) != std::string::npos);
  }
  {
    Bringing b;
    b.source.add_layer(blob, plain, media::layer_gzip);
    b.source.config.diff_ids.clear();
    b.source.make();
    CHECK(b.refused() == "it has 1 layers, and its configuration speaks of 0 | fetching 'memory'");
  }
  {
    Bringing b;
    b.source.add_layer(blob, plain, media::layer_gzip);
    b.source.document.layers[0].size += 1;
    b.source.make();
    CHECK(b.refused().find("it ends after") != std::string::npos);
  }
  {
    Bringing b;
    b.source.add_layer(blob, plain, media::layer_gzip);
    b.source.document.layers[0].size = std::uint64_t{1} << 60U;
    b.source.make();
    CHECK(b.refused().find("its layers are 1.15EB, and ") == 0);
    CHECK(b.source.starts.empty());
  }
}

TEST_CASE("another image cannot say of a blob that is there that it unpacks to something else") {
  Bringing b;
  b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  static_cast<void>(b.bring());
  MemorySource liar;
  liar.add_layer(gzip(plain), other, media::layer_gzip);
  liar.make();
  b.tree.present.insert(digest_of(other).text());
  const std::string error = thrown([&] {
    static_cast<void>(fetch(liar, b.test.store, {.name = "docker.io/library/liar:1", .unpack = [&](const Digest& diff_id) { return b.tree.start(diff_id); }}));
  });
  CHECK(error.find("its configuration says") != std::string::npos);
  CHECK(b.has(gzip(plain)));  // which is no fault of the blob
}

TEST_CASE("what a blob is called is checked, also where it is there by another name") {
  Bringing b;
  b.source.add_layer(plain, plain, media::layer);
  b.source.make();
  static_cast<void>(b.bring());
  MemorySource liar;
  liar.add_layer(plain, plain, media::layer_gzip);
  liar.make();
  CHECK(thrown([&] { static_cast<void>(fetch(liar, b.test.store, {.name = "docker.io/library/liar:1"})); }).find("is not compressed with gzip") != std::string::npos);
  CHECK(b.has(plain));
}

TEST_CASE("a transfer that broke goes on where it was") {
  Bringing b;
  b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  b.source.breaks_after = 600000;
  CHECK(b.refused().starts_with("the connection broke | fetching the layer "));
  CHECK(b.tree.of(plain).end == Unpacked::End::thrown_away);
  CHECK(b.test.staged().size() == 1);
  b.source.breaks_after = ~std::size_t{0};
  SUBCASE("where the source can go on") {
    static_cast<void>(b.bring());
    CHECK(b.source.starts.back() > 0);
    CHECK(b.source.asked == 2);
  }
  SUBCASE("where it cannot") {
    b.source.restarts = true;
    static_cast<void>(b.bring());
    CHECK(b.source.asked == 2);
  }
  SUBCASE("where the file was damaged meanwhile") {
    const std::filesystem::path file = b.test.folder / "snug/staging" / b.test.staged()[0];
    const auto size = std::filesystem::file_size(file);
    b.test.write(std::filesystem::relative(file, b.test.folder), std::string(size, '\0'));
    static_cast<void>(b.bring());
    CHECK(b.source.starts.back() == 0);
  }
  SUBCASE("where it is larger than the blob") {
    b.test.write("snug/staging/" + b.test.staged()[0], std::string(5000000, 'x'));
    static_cast<void>(b.bring());
    CHECK(b.source.starts.back() == 0);
  }
  CHECK(b.tree.of(plain).bytes == padded(plain));
  CHECK(b.tree.of(plain).end == Unpacked::End::finished);
  CHECK(b.test.store.read_blob(digest_of(gzip(plain)), 1 << 30U) == gzip(plain));
  CHECK(b.test.staged().empty());
}

TEST_CASE("what the unpacker says of its end is what the caller hears") {
  Bringing b;
  b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  b.tree.stops_after = 100000;
  CHECK(b.refused().starts_with("the disk is full | fetching the layer "));
  CHECK(b.test.store.list().empty());
}

TEST_CASE("one layer that fails stops the others, and no thread outlives the call") {
  Bringing b;
  for (unsigned at = 0; at < 6; ++at) b.source.add_layer(noise(2000000, at + 10), noise(2000000, at + 10), media::layer);
  b.source.make();
  b.source.blobs[b.source.document.layers[1].digest.text()] = "x";
  const std::size_t before = count_threads();
  CHECK(b.refused().find("it ends after 1 of 2000000 bytes") != std::string::npos);
  CHECK(count_threads() == before);
  CHECK(b.test.store.list().empty());
}

TEST_CASE("a list of images is followed to the one for the platform, whose digest and size are checked") {
  Bringing b;
  b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  const Text manifest = b.source.top;
  image::Index index{std::string(media::index), {{.media_type = manifest.media_type, .digest = digest_of(manifest.content), .size = manifest.content.size(), .platform = image::own_platform()}}};
  b.source.texts[digest_of(manifest.content).text()] = manifest.content;
  b.source.top = {image::render_index(index), index.media_type};
  CHECK(b.bring().manifest.digest == digest_of(manifest.content));
  CHECK_FALSE(image::list_of(b.test.store.list()[0].manifest));  // of a file, which nobody pins
  const Digest list = digest_of(b.source.top.content);
  static_cast<void>(fetch(b.source, b.test.store, {.name = "docker.io/library/x:1", .from_registry = true}));
  CHECK(image::list_of(b.test.store.list()[0].manifest) == list);
  CHECK(b.test.store.find("x@" + list.text()));
  b.source.texts[digest_of(manifest.content).text()] = manifest.content + " ";
  CHECK(b.refused().find(" bytes instead of ") != std::string::npos);
  b.source.texts[digest_of(manifest.content).text()] = flipped(manifest.content, 10);
  CHECK(b.refused().find("has the digest") != std::string::npos);
}

TEST_CASE("lists that name each other end") {
  Bringing b;
  image::Index index{std::string(media::index), {}};
  for (int depth = 0; depth < 10; ++depth) {
    const std::string text = image::render_index(index);
    b.source.texts[digest_of(text).text()] = text;
    index.manifests = {{.media_type = std::string(media::index), .digest = digest_of(text), .size = text.size(), .platform = image::own_platform()}};
  }
  b.source.top = {image::render_index(index), index.media_type};
  CHECK(b.refused().find("lists of images name other lists") != std::string::npos);
}

TEST_CASE("an image for another platform is an error, unless it was asked for") {
  Bringing b;
  b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  const std::string error = thrown([&] { static_cast<void>(fetch(b.source, b.test.store, {.name = "docker.io/library/x:1", .platform = {"linux", "vax", ""}})); });
  CHECK(error.find("not for linux/vax") != std::string::npos);
  CHECK(fetch(b.source, b.test.store, {.name = {}, .platform = {"linux", "vax", ""}, .any_platform = true}).manifest.size > 0);
}

TEST_CASE("what was asked for by its digest must have it") {
  Bringing b;
  b.source.add_layer(gzip(plain), plain, media::layer_gzip);
  b.source.make();
  const std::string digest = digest_of(b.source.top.content).text();
  CHECK(b.bring("docker.io/library/x@" + digest).name == "docker.io/library/x@" + digest);
  CHECK(thrown([&] { static_cast<void>(b.bring("docker.io/library/x@sha256:" + std::string(64, 'a'))); }).find("has the digest") != std::string::npos);
}

TEST_CASE("several processes that want one image transfer each blob once") {
  Bringing b;
  for (unsigned at = 0; at < 3; ++at) b.source.add_layer(noise(1000000, at + 20), noise(1000000, at + 20), media::layer);
  b.source.make();
  std::vector<pid_t> children;
  const sys::FdPair pipe = sys::make_pipe();
  for (int at = 0; at < 16; ++at) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        static_cast<void>(fetch(b.source, b.test.store, {.name = "docker.io/library/x:1"}));
        const std::string count(static_cast<std::size_t>(b.source.asked), '.');
        ::_exit(sys::write_all(pipe.second.get(), count));
      } catch (...) {
        ::_exit(1);
      }
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  std::array<char, 100> buffer;
  CHECK(::read(pipe.first.get(), buffer.data(), buffer.size()) == 3);
  CHECK(b.test.store.find("x:1"));
  CHECK(b.test.staged().empty());
}
