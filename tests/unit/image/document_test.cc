#include "snug/image/document.hh"

#include <doctest/doctest.h>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"

using namespace snug;
using namespace snug::image;

namespace {

const std::string hex(64, 'b');

std::string descriptor(std::string_view type) {
  return format(R"({{"mediaType":"{}","digest":"sha256:{}","size":7}})", type, hex);
}

std::string manifest(std::string_view layer_type = media::layer_gzip, std::string_view more = "") {
  return format(R"({{"schemaVersion":2,"config":{},"layers":[{}]{}}})", descriptor(media::config), descriptor(layer_type), more);
}

std::string refusal(std::string_view text, std::string_view type = {}) {
  try {
    static_cast<void>(parse_manifest(text, type));
  } catch (const Error& error) {
    return error.message();
  }
  return "taken";
}

std::string config_refusal(std::string_view text) {
  try {
    static_cast<void>(parse_config(text));
  } catch (const Error& error) {
    return error.message();
  }
  return "taken";
}

Index index_of(std::initializer_list<std::string_view> platforms) {
  Index index;
  for (const std::string_view platform : platforms) index.manifests.push_back({.size = index.manifests.size(), .platform = parse_platform(platform)});
  return index;
}

std::uint64_t chosen(std::initializer_list<std::string_view> platforms, std::string_view wanted) {
  return choose_platform(index_of(platforms), parse_platform(wanted)).size;
}

}  // namespace

TEST_CASE("a manifest is read, and written as it was") {
  const auto read = std::get<Manifest>(parse_manifest(manifest(), media::manifest));
  CHECK(read.media_type == media::manifest);
  CHECK(read.layers.size() == 1);
  CHECK(read.layers[0].digest.hex == hex);
  CHECK(std::get<Manifest>(parse_manifest(render_manifest(read))) == read);
  CHECK(std::get<Manifest>(parse_manifest(manifest(media::docker_layer_gzip), media::docker_manifest)).media_type == media::docker_manifest);
}

TEST_CASE("what is named as an image or a list of images is called so") {
  CHECK_NOTHROW(check_manifest_kind({.media_type = std::string(media::docker_list)}));
  CHECK_NOTHROW(check_manifest_kind({.media_type = std::string(media::manifest)}));
  CHECK_NOTHROW(check_manifest_kind({}));
  for (const char* type : {"text/x-evil", "application/vnd.oci.image.layer.v1.tar"}) CHECK_THROWS_AS(check_manifest_kind({.media_type = type}), Error);
  CHECK(compression_of("application/vnd.docker.image.rootfs.diff.tar.zstd") == Compression::zstd);
}

TEST_CASE("a manifest with other layers keeps what is not known of it") {
  Manifest changed = std::get<Manifest>(parse_manifest(manifest(), media::manifest));
  changed.layers[0].media_type = media::layer_gzip;
  changed.layers[0].size = 77;
  const std::string text = change_manifest(manifest(media::layer, R"(,"annotations":{"a":"b"})"), changed);
  CHECK(std::get<Manifest>(parse_manifest(text)) == changed);
  CHECK(text.find(R"("annotations":{"a":"b"})") != std::string::npos);
}

TEST_CASE("what is two things at once, or not what it is called, is refused") {
  CHECK(refusal(manifest(media::layer, R"(,"manifests":[])")) == "it is an image and a list of images at once");
  CHECK(refusal(manifest(), media::index).find("it is not what it is called") == 0);
  CHECK(refusal(R"({"manifests":[]})", media::manifest).find("it is not what it is called") == 0);
  CHECK(refusal(manifest(media::layer, format(R"(,"mediaType":"{}")", media::docker_manifest)), media::manifest).find("it was sent as") == 0);
  CHECK(refusal(R"({"schemaVersion":1,"fsLayers":[]})").find("docker's first schema") != std::string::npos);
  CHECK(refusal("[]") == "it is no object");
  CHECK(refusal("{}") == "its field 'config' is no object");
  CHECK(refusal(R"({"config":{"size":1,"digest":"sha256:x"},"layers":[]})").find("'digest' is no digest") != std::string::npos);
  CHECK(refusal(manifest("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")).find("may not be handed on") != std::string::npos);
  CHECK(refusal(manifest("text/plain\x1b")).find("text/plain") != std::string::npos);
  CHECK(refusal(R"({"config":{"size":-1}})").find("number of bytes") == std::string::npos);
}

TEST_CASE("documents of strangers are bounded") {
  CHECK(refusal(std::string(100000, '[')) == "it is more than 100 levels deep");
  CHECK(refusal(R"({"config":{},"config":{}})") == "the name 'config' stands twice in one object");
  CHECK(refusal("{} {}").find("it is no JSON") == 0);
  CHECK(refusal("{\"a\":\"\xff\"}").find("it is no JSON") == 0);
  CHECK(refusal(std::string(largest_manifest + 1, ' ')).find("larger than") != std::string::npos);
  CHECK(config_refusal(R"({"rootfs":{"diff_ids":["x"]}})").find("'diff_ids' is no digest") != std::string::npos);
  CHECK(config_refusal(R"({"rootfs":{"diff_ids":[]},"config":{"Env":"x"}})") == "its field 'Env' is no list of texts");
  CHECK(config_refusal(R"({"rootfs":{"diff_ids":[]},"config":{"Env":[1]}})") == "its field 'Env' is no text");
  CHECK(config_refusal("{}") == "its field 'rootfs' is no object");
}

TEST_CASE("a document costs what its size says, however it is made") {
  std::string objects = "[";
  for (int n = 0; n < 200000; ++n) objects += R"({"":0},)";
  const std::string text = R"({"rootfs":{"diff_ids":[]},"x":)" + objects + "0]}";  // seconds or hours: a test that hangs fails
  CHECK(parse_config(text).diff_ids.empty());
  CHECK(config_refusal(R"({"rootfs":{"diff_ids":[]},"architecture":")" + std::string(1000, 'x') + "\"}").find("its platform has") == 0);
  CHECK(config_refusal("{\"rootfs\":{\"diff_ids\":[]},\"variant\":\"\xc2\x9b\"}").find("its platform has the variant") == 0);
}

TEST_CASE("JSON for people holds nothing that a terminal acts on") {
  const std::string text = "\x1b \x7f \xc2\x9b \xe2\x80\xae \xe2\x81\xa6 \xe2\x80\x93 \xc3\xa9";
  const std::string shown = render_json(Json(text));
  CHECK(shown == "\"\\u001b \\u007f \\u009b \\u202e \\u2066 \xe2\x80\x93 \xc3\xa9\"\n");
  CHECK(parse_json(shown).get<std::string>() == text);
}

TEST_CASE("a configuration is read, and nothing of it is lost that snug knows") {
  const Config config = parse_config(
      R"({"architecture":"arm64","os":"linux","created":"2024-01-01T00:00:00Z","config":{"Entrypoint":["/e"],"Cmd":null,"Env":["A=b"],)"
      R"("WorkingDir":"/w","User":"u:g","Labels":{"l":"1"},"Volumes":{"/v":{}},"ExposedPorts":{"80/tcp":{}},"StopSignal":"SIGINT"},)"
      R"("rootfs":{"type":"layers","diff_ids":["sha256:)" +
      hex + R"("]},"history":[{"created_by":"x","empty_layer":true},{"created_by":"y"}],"unknown":{"a":1}})");
  CHECK(config.process.entrypoint == std::vector<std::string>{"/e"});
  CHECK_FALSE(config.process.command);
  CHECK(config.process.volumes == std::vector<std::string>{"/v"});
  CHECK(config.history.at(0).empty);
  CHECK(parse_config(render_config(config)) == config);
}

TEST_CASE("the image for the platform is chosen as docker does") {
  CHECK(chosen({"linux/arm64/v8", "linux/amd64"}, "amd64") == 1);
  CHECK(chosen({"linux/amd64/v3", "linux/amd64"}, "linux/amd64") == 1);
  CHECK(chosen({"linux/arm/v6", "linux/arm/v7"}, "linux/arm/v7") == 1);
  CHECK(chosen({"linux/arm64"}, "linux/arm64/v8") == 0);
  CHECK(chosen({"windows/amd64", "linux/amd64"}, "x86_64") == 1);
  CHECK(parse_platform("linux") == own_platform());
  CHECK(serves(parse_platform("linux/arm64/v8"), parse_platform("aarch64")));
  CHECK(chosen({"linux/arm/v6", "linux/arm/v5"}, "linux/arm/v7") == 0);
  CHECK(chosen({"linux/arm/v6", "linux/arm/v7", "linux/arm/v8"}, "linux/arm") == 1);
  CHECK(chosen({"linux/arm", "linux/arm/v5"}, "linux/arm/v6") == 1);
  CHECK(chosen({"linux/arm/v5", "linux/386"}, "i386") == 1);
  CHECK(serves(parse_platform("linux/arm/v6"), parse_platform("linux/arm/v7")));
  CHECK_FALSE(serves(parse_platform("linux/arm/v7"), parse_platform("linux/arm/v6")));
  CHECK_THROWS_WITH_AS(static_cast<void>(chosen({"linux/s390x", "unknown/unknown"}, "amd64")), "there is no image for linux/amd64 in it", Error);
  CHECK_THROWS_AS(static_cast<void>(chosen({"linux/amd64/v3"}, "amd64")), Error);
  CHECK_THROWS_AS(static_cast<void>(parse_platform("a/b/c/d")), UsageError);
  CHECK_THROWS_AS(static_cast<void>(parse_platform("linux/")), UsageError);
}
