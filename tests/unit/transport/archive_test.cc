#include "snug/transport/archive.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "doubles.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/sys/file.hh"
#include "tar.hh"
#include "tar_header.hh"
#include "tar_index.hh"

using namespace snug;
using namespace snug::test;
using namespace snug::transport;
namespace media = image::media;

namespace {

const std::string plain = noise(300000, 1) + std::string(300000, 'a'), other = noise(100000, 2);

std::string config_of(const std::vector<std::string>& layers) {
  image::Config config{.platform = image::own_platform()};
  for (const std::string& layer : layers) config.diff_ids.push_back(digest_of(layer));
  return image::render_config(config);
}

Json listed(const std::string& config, const std::vector<std::string>& layers, const std::vector<std::string>& names = {"debian:12"}) {
  return {{"Config", config}, {"RepoTags", names}, {"Layers", layers}};
}

/// A docker-archive with one image of two layers.
std::string docker_archive(const std::string& first = plain, const std::string& second = other) {
  return tar({.name = "./a/layer.tar", .data = first}) + tar({.name = "b/layer.tar", .type = '2', .link = "../c/layer.tar"}) + tar({.name = "c/layer.tar", .data = second}) +
         tar({.name = "x.json", .data = config_of({plain, other})}) +
         tar({.name = "manifest.json", .data = Json::array({listed("x.json", {"a/layer.tar", "b/layer.tar"})}).dump()}) + tar_end();
}

/// An image in memory as an archive of OCI's.
std::string oci_archive(MemorySource& source, const std::string& name = "v1") {
  image::Index index{std::string(media::index), {{.media_type = source.top.media_type, .digest = digest_of(source.top.content), .size = source.top.content.size(),
                                                 .annotations = {{"org.opencontainers.image.ref.name", name}}}}};
  std::string archive = tar({.name = "oci-layout", .data = R"({"imageLayoutVersion":"1.0.0"})"}) + tar({.name = "index.json", .data = image::render_index(index)});
  source.blobs[digest_of(source.top.content).text()] = source.top.content;
  for (const auto& [digest, blob] : source.blobs) archive += tar({.name = "blobs/sha256/" + digest.substr(7), .data = blob});
  return archive + tar_end();
}

std::string fetched(const TestStore& test, const std::string& location, const std::string& name = "docker.io/library/x:1") {
  image::Store store = test.store;
  return thrown([&] { static_cast<void>(fetch(*open_archive_source(location, store), store, {.name = name})); });
}

/// What is said of an archive that cannot be taken.
std::string refused(const std::string& archive, const std::string& form = "docker-archive") {
  TestStore test;
  return fetched(test, form + ":" + test.write("a.tar", archive));
}

TarIndex index_of(const TestStore& test, const std::string& archive, sys::Fd& file) {
  file = sys::open(AT_FDCWD, test.write("index.tar", archive), O_RDONLY);
  return TarIndex(file.get(), archive.size());
}

std::string content(const TarIndex& index, const std::string& name) {
  const auto extent = index.find(name);
  return extent ? read_text(*extent, 1 << 30U) : "nothing";
}

}  // namespace

TEST_CASE("places of images are told apart from names") {
  CHECK(parse_location("oci:/srv/x") == Location{Form::oci, "/srv/x", ""});
  CHECK(parse_location("oci:/srv/x:docker.io/library/debian:12") == Location{Form::oci, "/srv/x", "docker.io/library/debian:12"});
  CHECK(parse_location("docker-archive:-") == Location{Form::docker_archive, "-", ""});
  CHECK(parse_location("oci-archive:x.tar:v1") == Location{Form::oci_archive, "x.tar", "v1"});
  CHECK(parse_location("dir:/srv/a:b") == Location{Form::folder, "/srv/a:b", ""});
  CHECK_FALSE(parse_location("debian:12"));
  CHECK_FALSE(parse_location("oci"));
  CHECK_THROWS_AS(static_cast<void>(parse_location("oci::v1")), UsageError);
  for (const char* place : {"docker-daemon:debian:12", "containers-storage:localhost/x", "sif:x.sif"}) CHECK_THROWS_AS(static_cast<void>(parse_location(place)), UsageError);
  CHECK(render_location({Form::docker_archive, "x", "a:1"}) == "docker-archive:x:a:1");
}

TEST_CASE("members are found by their names, through links, in all forms of headers") {
  TestStore test;
  sys::Fd file;
  const std::string deep = std::string(120, 'd') + "/" + std::string(120, 'f');
  const TarIndex index = index_of(test,
                                  tar({.name = "./a//b", .data = "one"}) + tar({.name = "c", .type = '2', .link = "./a/b"}) + tar({.name = "a/d", .type = '2', .link = "../c"}) +
                                      tar({.name = "hard", .type = '1', .link = "a/b"}) + tar({.name = "abs", .type = '2', .link = "/a/b"}) + tar({.name = "folder", .type = '5'}) +
                                      pax({{"path", deep}}, {.name = "x", .data = "two"}) + gnu_long('L', deep + "2", {.name = "x", .data = "three"}) +
                                      gnu_long('K', "a/b", {.name = "long", .type = '2', .link = "x"}) + tar({.name = "file", .data = "four", .prefix = "pre/fix"}) +
                                      tar({.name = "up", .type = '2', .link = "../../../a/b"}) + tar({.name = "empty"}) + tar_end() + "behind the end",
                                  file);
  for (const char* name : {"a/b", "/a/b", "./a/./b", "c", "a/d", "hard", "abs", "long", "up"}) CHECK(content(index, name) == "one");
  CHECK(content(index, deep) == "two");
  CHECK(content(index, deep + "2") == "three");
  CHECK(content(index, "pre/fix/file") == "four");
  CHECK(content(index, "empty").empty());
  CHECK(content(index, "folder") == "nothing");
  CHECK(content(index, "") == "nothing");
  CHECK(content(index, "x") == "nothing");
}

TEST_CASE("an archive that is hostile or damaged is refused") {
  TestStore test;
  sys::Fd file;
  const auto index_error = [&](const std::string& archive) { return thrown([&] { static_cast<void>(index_of(test, archive, file)); }); };
  const auto find_error = [&](const std::string& archive) {
    return thrown([&] { static_cast<void>(index_of(test, archive, file).find("x")); });
  };
  CHECK(find_error(tar({.name = "x", .data = "1"}) + tar({.name = "./x", .data = "2"})) == "it has 'x' twice");
  CHECK(find_error(tar({.name = "x", .type = '2', .link = "x"})).find("leads from link to link") != std::string::npos);
  CHECK(find_error(tar({.name = "x", .type = '2', .link = "/etc/passwd"})).find("which is not there") != std::string::npos);
  CHECK(find_error(tar({.name = "x", .type = '2', .link = ""})).find("is a link to ''") != std::string::npos);
  CHECK(index_error(tar_header({.name = "x"}, 1000) + "short") == "it ends too early");
  CHECK(index_error(tar({.name = "x"}) + tar({.name = "y"}).substr(0, 300)) == "it ends too early");
  CHECK(index_error(tar({.name = "x"}).substr(0, 300)) == "it is no tar archive: it ends too early");
  CHECK(index_error(std::string(1000, 'x')) == "it is no tar archive: a number in a header is none");
  CHECK(index_error(tar_header({.name = "x", .type = 'L'}, 2 << 20U) + std::string(3 << 20U, 'x')).find("extended headers") != std::string::npos);
  CHECK(index_error(tar_header({.name = "x", .type = 'S'}, 0)) == "it holds a sparse file");
  CHECK(index_error(pax({{"size", "99999999999999"}}, {.name = "x"})) == "it ends too early");
  CHECK(index_error(pax({{"size", "-1"}}, {.name = "x"})).find("pax") != std::string::npos);
  for (const char* record : {"5 a=b\n", "99 a=b\n", "x a=b\n", "6 aab\n", "0 a=b\n", "18446744073709551616 a=b\n", "3 \n"})
    CHECK_MESSAGE(index_error(tar({.name = "p", .type = 'x', .data = record}) + tar({.name = "x"})).find("pax") != std::string::npos, record);
  std::string sum = tar({.name = "x"});
  sum[3] = 'y';
  CHECK(index_error(sum).find("checksum") != std::string::npos);
  std::string huge = tar_header({.name = "x"}, 0);
  huge.replace(124, 12, std::string("\x80\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", 12));
  put_sum(huge);
  CHECK(index_error(huge).find("too large") != std::string::npos);
  std::string many;
  const std::string one = tar_header({.name = "n"}, 0);
  for (int at = 0; at < 1000; ++at) many += pax({{"path", std::string(20000, 'n') + std::to_string(at)}}, {.name = "x"});
  CHECK(index_error(many).find("more members") != std::string::npos);
}

TEST_CASE("the header of a file is what others read, whatever its size") {
  for (const std::uint64_t size : {0ULL, 1ULL, 0777ULL, (1ULL << 33U) - 1, 1ULL << 33U, 1ULL << 45U}) {
    const auto header = parse_tar_header(render_tar_header({.size = size, .name = "blobs/x", .uid = 4000000000}));
    REQUIRE(header);
    CHECK(header->size == size);
    CHECK(header->name == "blobs/x");
    CHECK(header->is_file());
  }
}

TEST_CASE("a name of any length is read back") {
  TestStore test;
  std::string archive;
  for (const std::size_t length : {99U, 100U, 101U, 135U, 980U, 990U, 5000U})
    archive += render_tar_header({.size = 3, .name = std::string(length, 'n')}) + padded(format("{:03}", length % 1000));
  archive += render_tar_header({.type = '5', .name = std::string(150, 'f') + "/"}) + tar_end();
  sys::Fd file;
  const TarIndex index = index_of(test, archive, file);
  for (const std::size_t length : {99U, 100U, 101U, 135U, 980U, 990U, 5000U}) CHECK(content(index, std::string(length, 'n')) == format("{:03}", length % 1000));
}

TEST_CASE("a docker-archive becomes an image: its configuration as it is, layers named by what they are") {
  TestStore test;
  const std::string path = test.write("a.tar", docker_archive());
  CHECK(fetched(test, "docker-archive:" + path) == "");
  const auto image = test.store.find("x:1");
  REQUIRE(image);
  CHECK(image->id() == digest_of(config_of({plain, other})));
  REQUIRE(image->manifest.layers.size() == 2);
  CHECK(image->manifest.layers[1].digest == digest_of(other));
  CHECK(image->manifest.layers[1].media_type == media::layer);
  CHECK(test.store.read_blob(digest_of(plain), 1 << 30U) == plain);
  CHECK(fetched(test, "docker-archive:" + path + ":debian:12") == "");
  CHECK(fetched(test, "docker-archive:" + path + ":docker.io/library/debian:12") == "");
  CHECK(fetched(test, "docker-archive:" + path + ":fedora").find("there is no 'fedora' in it") != std::string::npos);
}

TEST_CASE("a docker-archive may be compressed as a whole, or have compressed layers") {
  for (const std::string& archive : {gzip(docker_archive()), zstd(docker_archive())}) {
    TestStore test;
    CHECK(fetched(test, "docker-archive:" + test.write("a.tar", archive)) == "");
    CHECK(test.store.read_blob(digest_of(other), 1 << 30U) == other);
    CHECK(test.staged().empty());
  }
  TestStore test;
  CHECK(fetched(test, "docker-archive:" + test.write("a.tar", docker_archive(gzip(plain), zstd(other)))) == "");
  const auto image = test.store.find("x:1");
  REQUIRE(image);
  CHECK(image->manifest.layers[0].digest == digest_of(gzip(plain)));
  CHECK(image->manifest.layers[0].media_type == media::layer_gzip);
  CHECK(image->manifest.layers[1].media_type == media::layer_zstd);
}

TEST_CASE("a docker-archive with something wrong in it is refused") {
  const std::string layers = tar({.name = "a", .data = plain}), config = tar({.name = "x.json", .data = config_of({plain})});
  const auto with = [&](const Json& list) { return refused(layers + config + tar({.name = "manifest.json", .data = list.dump()}) + tar_end()); };
  CHECK(with(Json::array({listed("x.json", {"a"})})) == "");
  CHECK(with(Json::array()).starts_with("there is no image in it | reading 'docker-archive:"));
  CHECK(with(Json::object()).starts_with("its manifest.json is no list"));
  CHECK(with(Json::array({7})).starts_with("an image in its manifest.json has no configuration"));
  CHECK(with(Json::array({listed("y.json", {"a"})})).starts_with("its 'y.json' is missing"));
  CHECK(with(Json::array({listed("../../x.json", {"/etc/passwd"})})).starts_with("its '/etc/passwd' is missing"));
  CHECK(with(Json::array({listed("x.json", {"a", "a"})})).starts_with("it has 2 layers, and its configuration speaks of 1"));
  CHECK(with(Json::array({listed("x.json", {"x.json"})})).find("it ends after") == std::string::npos);
  CHECK(with(Json::array({listed("x.json", {"x.json"})})).find("is not what it should be: its digest is") != std::string::npos);
  CHECK(with(Json::array({{{"Config", 5}}})).starts_with("its field 'Config' is no text"));
  CHECK(with(Json::array({listed("x.json", {"a"}), listed("x.json", {"a"}, {"b"})})).starts_with("there are several images in it"));
  CHECK(refused(layers + config + tar_end()).starts_with("it is no image: it has neither"));
  CHECK(refused(tar({.name = "manifest.json", .data = std::string(5 << 20U, '[')})).starts_with("it is larger than"));
  CHECK(refused(tar({.name = "manifest.json", .data = std::string(100000, '[')})).starts_with("it is more than 100 levels deep"));
  CHECK(refused("no archive at all").starts_with("it is no tar archive"));
  CHECK(refused(docker_archive(plain, plain)).find("its digest is " + digest_of(plain).text()) != std::string::npos);
  std::string cut = gzip(docker_archive());
  cut.resize(cut.size() / 2);
  CHECK(refused(cut).starts_with("the compressed data end too early"));
}

TEST_CASE("a layout is read from a folder as from an archive, and verified") {
  for (const bool packed : {true, false}) {
    TestStore test;
    MemorySource source;
    source.add_layer(gzip(plain), plain, media::layer_gzip);
    source.make();
    std::string path = test.write("a.tar", oci_archive(source));
    const std::string manifest = "/blobs/sha256/" + digest_of(source.top.content).hex;
    if (!packed) {
      std::filesystem::create_directory(test.folder / "layout");
      REQUIRE(::system(("tar -xf " + path + " -C " + (test.folder / "layout").string()).c_str()) == 0);
      path = test.folder / "layout";
    }
    const std::string location = (packed ? "oci-archive:" : "oci:") + path;
    CHECK(fetched(test, location) == "");
    CHECK(test.store.find("x:1")->descriptor.digest == digest_of(source.top.content));
    CHECK(fetched(test, location + ":v1") == "");
    CHECK(fetched(test, location + ":v2").starts_with("there is no 'v2' in it"));
    CHECK(open_all(path, test.store).at(0).names == std::vector<std::string>{"v1"});
    if (packed) continue;
    test.write("layout" + manifest, source.top.content + " ");
    CHECK(fetched(test, location).find(" bytes instead of ") != std::string::npos);
    std::filesystem::remove(path + manifest);
    CHECK(fetched(test, location).find("it has no 'blobs/sha256/") != std::string::npos);
    REQUIRE(::mkfifo((path + manifest).c_str(), 0600) == 0);
    CHECK(fetched(test, location).find("is no file") != std::string::npos);
    std::filesystem::remove(path + manifest);
    test.write("outside", source.top.content);
    std::filesystem::create_symlink("../../../outside", path + manifest);
    CHECK(fetched(test, location).find("it has no 'blobs/sha256/") != std::string::npos);
  }
}

TEST_CASE("images of one name in a layout are one, for several platforms") {
  TestStore test;
  MemorySource source, foreign;
  source.add_layer(gzip(plain), plain, media::layer_gzip);
  source.make();
  image::Index index{std::string(media::index), {}};
  index.manifests.push_back({.media_type = source.top.media_type, .digest = image::Digest{"sha256", std::string(64, 'a')}, .size = 10, .platform = image::Platform{"linux", "vax", ""}});
  index.manifests.push_back({.media_type = source.top.media_type, .digest = digest_of(source.top.content), .size = source.top.content.size(), .platform = image::own_platform()});
  source.blobs[digest_of(source.top.content).text()] = source.top.content;
  test.write("l/oci-layout", "{}");
  test.write("l/index.json", image::render_index(index));
  for (const auto& [digest, blob] : source.blobs) test.write("l/blobs/sha256/" + digest.substr(7), blob);
  CHECK(fetched(test, "oci:" + test.folder.string() + "/l") == "");
  CHECK(test.store.find("x:1")->descriptor.digest == digest_of(source.top.content));
}

TEST_CASE("what docker's newer releases save is a layout with names of its own") {
  TestStore test;
  MemorySource source;
  source.add_layer(plain, plain, media::layer);
  source.make();
  image::Index index{std::string(media::index), {{.media_type = source.top.media_type, .digest = digest_of(source.top.content), .size = source.top.content.size(),
                                                 .annotations = {{"io.containerd.image.name", "docker.io/library/debian:12"}, {"org.opencontainers.image.ref.name", "12"}}}}};
  test.write("l/oci-layout", "{}");
  test.write("l/index.json", image::render_index(index));
  CHECK(open_all(test.folder / "l", test.store).at(0).names == std::vector<std::string>{"docker.io/library/debian:12"});
  for (const char* name : {"12", "debian:12"}) CHECK(open_contained("oci:" + (test.folder / "l").string() + ":" + name, test.store).names.size() == 1);
  index.manifests.push_back({.media_type = source.top.media_type, .digest = digest_of("other"), .size = 5, .annotations = {{"io.containerd.image.name", "docker.io/library/ubuntu:12"}, {"org.opencontainers.image.ref.name", "12"}}});
  test.write("l/index.json", image::render_index(index));
  CHECK(thrown([&] { static_cast<void>(open_contained("oci:" + (test.folder / "l").string() + ":12", test.store)); }).find("several images in it have the tag '12'") != std::string::npos);
}

TEST_CASE("an image goes out and comes back as it was") {
  TestStore test;
  MemorySource source;
  source.add_layer(gzip(plain), plain, media::layer_gzip);
  source.add_layer(zstd(other), other, media::layer_zstd);
  source.add_layer(plain + other, plain + other, media::docker_layer);
  source.make();
  static_cast<void>(fetch(source, test.store, {.name = "docker.io/library/x:1"}));
  const image::Image image = *test.store.find("x:1");
  for (const std::string form : {"oci", "oci-archive", "docker-archive"}) {
    const std::string place = form + ":" + (test.folder / form).string() + ":docker.io/library/y:2";
    deliver(test.store, image, *open_archive_target(place), nullptr);
    deliver(test.store, image, *open_archive_target(place), nullptr);  // in place of the first
    TestStore second;
    CHECK(fetched(second, place) == "");
    const image::Image back = *second.store.find("x:1");
    CHECK(back.id() == image.id());
    CHECK((back.descriptor.digest == image.descriptor.digest) == (form != "docker-archive"));
    CHECK(back.config == image.config);
    CHECK(open_all(test.folder / form, test.store).size() == 1);
  }
}

TEST_CASE("several images share one archive, and what they have in common is in it once") {
  TestStore test;
  for (const char* name : {"docker.io/library/x:1", "docker.io/library/x:2"}) {
    MemorySource source;
    source.add_layer(gzip(plain), plain, media::layer_gzip);
    source.config.author = name;
    source.make();
    static_cast<void>(fetch(source, test.store, {.name = name}));
  }
  for (const auto& [form, name] : {std::pair{Form::oci_archive, "o.tar"}, {Form::docker_archive, "d.tar"}}) {
    const std::string path = test.folder / name;
    const auto collection = create_collection(form, path);
    for (const char* one : {"x:1", "x:2"}) deliver(test.store, *test.store.find(one), *collection->add({image::parse_reference(one)}), nullptr);
    CHECK_FALSE(std::filesystem::exists(path));
    collection->finish();
    const auto images = open_all(path, test.store);
    REQUIRE(images.size() == 2);
    CHECK(images[0].names[0].ends_with("x:1"));
    CHECK(images[1].names[0].ends_with("x:2"));
    CHECK(std::filesystem::file_size(path) < (form == Form::docker_archive ? plain.size() : gzip(plain).size()) + 20000);
  }
}

TEST_CASE("what is damaged in the store does not go out, and the old file stays") {
  TestStore test;
  MemorySource source;
  source.add_layer(gzip(plain), plain, media::layer_gzip);
  source.make();
  static_cast<void>(fetch(source, test.store, {.name = "docker.io/library/x:1"}));
  const image::Image image = *test.store.find("x:1");
  std::string damaged = gzip(plain);
  damaged[damaged.size() - 20] = static_cast<char>(damaged[damaged.size() - 20] ^ 1);
  test.write(std::filesystem::relative(test.store.blob_path(digest_of(gzip(plain))), test.folder), damaged);
  const std::string path = test.write("out", "old");
  const std::string error = thrown([&] { deliver(test.store, image, *open_archive_target("oci-archive:" + path), nullptr); });
  CHECK_MESSAGE(error.find("of the store is damaged | copying 'docker.io/library/x:1' to 'oci-archive:") != std::string::npos, error);
  CHECK(std::filesystem::file_size(path) == 3);
  CHECK(std::distance(std::filesystem::directory_iterator(test.folder), {}) == 2);
}

TEST_CASE("a blob of a layout has no name until it is whole, so that a kill leaves nothing") {
  const TestStore test;
  const std::string layout = (test.folder / "l").string();
  const auto target = open_archive_target("oci:" + layout + ":x");
  target->write_blob({.digest = digest_of(plain), .size = plain.size()}, [&](const Sink& sink) {
    sink(plain.substr(0, 1000));
    CHECK(std::filesystem::is_empty(layout + "/blobs/sha256"));
    sink(plain.substr(1000));
  });
  CHECK(std::filesystem::file_size(layout + "/blobs/sha256/" + digest_of(plain).hex) == plain.size());
}

TEST_CASE("what others wrote into the index of a layout stays") {
  TestStore test;
  MemorySource source;
  source.add_layer(plain, plain, media::layer);
  source.make();
  static_cast<void>(fetch(source, test.store, {.name = "docker.io/library/x:1"}));
  test.write("l/index.json", R"({"schemaVersion":2,"odd":1,"manifests":[{"digest":7,"more":[1]},5,{"annotations":{"org.opencontainers.image.ref.name":"x"}}]})");
  deliver(test.store, *test.store.find("x:1"), *open_archive_target("oci:" + (test.folder / "l").string() + ":x"), nullptr);
  const Json index = parse_json(read_text({sys::open(AT_FDCWD, test.folder / "l/index.json", O_RDONLY).release(), 0, 100000}, 100000));
  CHECK(index["odd"] == 1);
  REQUIRE(index["manifests"].size() == 3);
  CHECK(index["manifests"][0]["more"][0] == 1);
  CHECK(index["manifests"][2]["digest"] == digest_of(source.top.content).text());
}
