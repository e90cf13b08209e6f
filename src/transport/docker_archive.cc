#include "docker_archive.hh"

#include <map>

#include "compress.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/transport/hash.hh"

namespace snug::transport {
namespace {

using image::Compression;
using image::Descriptor;
using image::Digest;

constexpr const char* manifest_name = "manifest.json";

/// What manifest.json says of an image.
struct Listed {
  std::string config;
  std::vector<std::string> names, layers;
};

std::string text_of(const Json& value, std::string_view field) {
  if (!value.is_string()) throw Error(format("its field '{}' is no text", field));
  return value.get<std::string>();
}

std::vector<std::string> texts_of(const Json& object, const char* field) {
  std::vector<std::string> texts;
  const auto list = object.find(field);
  if (list == object.end() || list->is_null()) return texts;
  if (!list->is_array()) throw Error(format("its field '{}' is no list", field));
  for (const Json& value : *list) texts.push_back(text_of(value, field));
  return texts;
}

std::vector<Listed> read_list(const Files& files) {
  const Json document = parse_json(files.read(manifest_name, image::largest_manifest));
  if (!document.is_array()) throw Error("its manifest.json is no list");
  std::vector<Listed> list;
  for (const Json& object : document) {
    if (!object.is_object() || !object.contains("Config")) throw Error("an image in its manifest.json has no configuration");
    list.push_back({text_of(object["Config"], "Config"), texts_of(object, "RepoTags"), texts_of(object, "Layers")});
  }
  return list;
}

File find_member(const Files& files, const std::string& path) {
  auto file = files.find(path);
  if (!file) throw Error(format("its {} is missing", quoted(path)));
  return std::move(*file);
}

Compression compression_of(const Extent& extent) {
  return find_compression(read_text({extent.file, extent.offset, std::min<std::uint64_t>(extent.size, 4)}, 4));
}

// docker's own layers are plain, and named by what they unpack to; others may have compressed them.
Descriptor describe_layer(const Extent& extent, const Digest& diff_id) {
  const Compression compression = compression_of(extent);
  if (compression == Compression::none) return {.media_type = std::string(image::media::layer), .digest = diff_id, .size = extent.size};
  Hasher hasher;
  read_extent(extent, 0, [&](std::string_view bytes) { hasher.add(bytes); });
  return {.media_type = std::string(compression == Compression::gzip ? image::media::layer_gzip : image::media::layer_zstd),
          .digest = hasher.finish(), .size = extent.size};
}

class DockerSource : public Source {
 public:
  DockerSource(std::shared_ptr<const Files> files, const Listed& listed) : files_(std::move(files)) {
    name_ = "docker-archive:" + files_->name() + (listed.names.empty() ? "" : ":" + listed.names[0]);
    File config = find_member(*files_, listed.config);
    const std::string text = read_text(config.extent, image::largest_config);
    const image::Config parsed = image::parse_config(text);
    if (parsed.diff_ids.size() != listed.layers.size())
      throw Error(format("it has {} layers, and its configuration speaks of {}", listed.layers.size(), parsed.diff_ids.size()));
    image::Manifest manifest{.media_type = std::string(image::media::manifest),
                             .config = {.media_type = std::string(image::media::config), .digest = digest_of(text), .size = text.size()}, .layers = {}};
    for (std::size_t at = 0; at < listed.layers.size(); ++at) {
      File layer = find_member(*files_, listed.layers[at]);
      manifest.layers.push_back(describe_layer(layer.extent, parsed.diff_ids[at]));
      blobs_.emplace(manifest.layers.back().digest, std::move(layer));
    }
    blobs_.emplace(manifest.config.digest, std::move(config));
    manifest_ = {image::render_manifest(manifest), manifest.media_type};
  }

  std::string name() const override { return name_; }

  Text manifest(const std::optional<Digest>& digest) override {
    if (digest && *digest != digest_of(manifest_.content, digest->algorithm)) throw Error(format("it has no manifest {}", digest->text()));
    return manifest_;
  }

  void read_blob(const Descriptor& blob, const Resumption& begin, const std::function<void()>& /*restart*/, const Sink& sink) override {
    const auto found = blobs_.find(blob.digest);
    if (found == blobs_.end()) throw Error(format("it has no blob {}", blob.digest.text()));
    read_extent(found->second.extent, begin.from, sink);
  }

 private:
  std::shared_ptr<const Files> files_;
  std::string name_;
  Text manifest_;
  std::map<Digest, File> blobs_;
};

}  // namespace

bool is_docker_archive(const Files& files) { return files.find(manifest_name).has_value(); }

std::vector<Contained> open_docker_archive(const std::shared_ptr<const Files>& files) {
  std::vector<Contained> images;
  for (Listed& listed : read_list(*files)) {
    auto source = std::make_unique<DockerSource>(files, listed);
    images.push_back({std::move(listed.names), std::move(source)});
  }
  return images;
}

}  // namespace snug::transport
