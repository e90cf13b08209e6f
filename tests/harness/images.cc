#include "images.hh"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

namespace snug::test {

Result Data::snug(std::vector<std::string> words, const std::string& input) const {
  words.insert(words.begin(), program());
  return run(words, {.env = {environment()}, .input = input});
}

std::string shell_output(const std::string& script) {
  const Result result = run({"sh", "-ec", script});
  const std::string said = script + ": " + result.err;
  REQUIRE_MESSAGE(result.code == 0, said);
  return result.out;
}

namespace {

/// A layout in the making.
struct Layout {
  std::string path;

  // Gives what a descriptor says of the blob: `"digest":…,"size":…`.
  [[nodiscard]] std::string add(const std::string& content) const {
    std::ofstream(path + "/blob", std::ios::binary) << content;
    const std::string hex = shell_output("sha256sum <'" + path + "/blob'").substr(0, 64);
    std::filesystem::rename(path + "/blob", path + "/blobs/sha256/" + hex);
    return "\"digest\":\"sha256:" + hex + "\",\"size\":" + std::to_string(content.size());
  }
};

std::string digest_in(const std::string& descriptor) { return descriptor.substr(9, 73); }

}  // namespace

void make_odd_image(const std::string& path, const std::string& name, const std::vector<std::string>& layers, const std::string& config) {
  std::filesystem::create_directories(path + "/blobs/sha256");
  const Layout layout{path};
  std::string descriptors, diff_ids;
  for (const std::string& layer : layers) {
    const std::string blob = layout.add(layer), comma = descriptors.empty() ? "" : ",";
    descriptors += comma + R"({"mediaType":"application/vnd.oci.image.layer.v1.tar",)" + blob + "}";
    diff_ids += comma + digest_in(blob);
  }
  const std::string configuration = layout.add(R"({"architecture":"amd64","os":"linux","config":)" + config + R"(,"rootfs":{"type":"layers","diff_ids":[)" + diff_ids + "]}}");
  const std::string manifest = layout.add(R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",)" + configuration + R"(},"layers":[)" + descriptors + "]}");
  std::ofstream(path + "/oci-layout") << R"({"imageLayoutVersion":"1.0.0"})";
  std::ofstream(path + "/index.json") << R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",)" << manifest
                                      << R"(,"annotations":{"org.opencontainers.image.ref.name":")" << name << "\"}}]}";
}

void make_image(const std::string& layout, const std::string& tag, const std::vector<std::string>& trees, const std::vector<std::string>& config) {
  if (!std::filesystem::exists(layout)) shell_output("umoci init --layout '" + layout + "'");
  const std::string image = "'" + layout + ":" + tag + "'";
  shell_output("umoci new --image " + image);
  for (const std::string& tree : trees) shell_output("umoci insert --rootless --image " + image + " '" + tree + "' /");
  if (config.empty()) return;
  std::vector<std::string> words{"umoci", "config", "--image", layout + ":" + tag};
  words.insert(words.end(), config.begin(), config.end());
  const Result result = run(words);
  REQUIRE_MESSAGE(result.code == 0, result.err);
}

}  // namespace snug::test
