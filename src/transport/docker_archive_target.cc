#include "docker_archive_target.hh"

#include <map>

#include "compress.hh"
#include "snug/transport/new_file.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/transport/hash.hh"
#include "tar_writer.hh"

namespace snug::transport {
namespace {

using image::Compression;
using image::Descriptor;
using image::Digest;
using Read = std::function<void(const Sink&)>;

bool is_config(const Descriptor& blob) { return blob.media_type == image::media::config || blob.media_type == image::media::docker_config; }

/// The bytes of a layer as a plain tar archive.
Read plain(Compression compression, const Read& read) {
  if (compression == Compression::none) return read;
  return [compression, &read](const Sink& sink) {
    Inflater inflater(compression, [&](const Piece& piece) { sink(piece->view()); });
    read([&](std::string_view bytes) { inflater.add(bytes); });
    inflater.finish();
  };
}

/// The archive, and under which names the blobs are in it.
struct Contents {
  explicit Contents(std::string where) : path(std::move(where)), file(path), writer(file.fd()) {}

  std::string path;
  NewFile file;
  TarWriter writer;
  std::mutex mutex;
  std::map<Digest, std::string> names;
  Json images = Json::array();

  void put(const Digest& blob, const std::string& name) {
    const std::lock_guard lock(mutex);
    names.emplace(blob, name);
  }
  std::string find(const Digest& blob) {
    const std::lock_guard lock(mutex);
    const auto found = names.find(blob);
    return found == names.end() ? "" : found->second;
  }
};

class DockerTarget : public Target {
 public:
  DockerTarget(Contents& contents, std::vector<image::Reference> names) : contents_(contents), names_(std::move(names)) {}

  std::string name() const override { return render_location({Form::docker_archive, contents_.path, names_.empty() ? "" : image::familiar_name(names_[0])}); }
  bool has_blob(const Descriptor& blob) override { return !contents_.find(blob.digest).empty(); }

  void write_blob(const Descriptor& blob, const Read& read) override {
    if (is_config(blob)) {
      const std::string name = blob.digest.hex + ".json";
      contents_.writer.add(name, blob.size, read);
      contents_.put(blob.digest, name);
    } else {
      write_layer(blob, plain(image::compression_of(blob.media_type), read));
    }
  }

  void finish(const Text& manifest) override {
    const auto document = std::get<image::Manifest>(image::parse_manifest(manifest.content, manifest.media_type));
    Json layers = Json::array(), tags = Json::array();
    for (const Descriptor& layer : document.layers) layers.push_back(contents_.find(layer.digest));
    for (const image::Reference& name : names_)
      if (!name.tag.empty()) tags.push_back(image::familiar_name(name));
    contents_.images.push_back({{"Config", contents_.find(document.config.digest)}, {"RepoTags", tags.empty() ? Json() : tags}, {"Layers", layers}});
  }

 private:
  // The header before the layer says how large it is, and that is known when it has been inflated once. It might be a pipe
  // that is written, which cannot be gone back in.
  void write_layer(const Descriptor& blob, const Read& read) {
    Hasher hasher;
    std::uint64_t size = 0;
    read([&](std::string_view bytes) {
      hasher.add(bytes);
      size += bytes.size();
    });
    const std::string name = hasher.finish().hex + ".tar";
    contents_.writer.add(name, size, read);
    contents_.put(blob.digest, name);
  }

  Contents& contents_;
  std::vector<image::Reference> names_;
};

class DockerCollection : public Collection {
 public:
  explicit DockerCollection(const std::string& path) : contents_(path) {}

  std::unique_ptr<Target> add(std::vector<image::Reference> names) override { return std::make_unique<DockerTarget>(contents_, std::move(names)); }

  void finish() override {
    contents_.writer.add("manifest.json", contents_.images.dump());
    contents_.writer.end();
    contents_.file.finish();
  }

 private:
  Contents contents_;
};

}  // namespace

std::unique_ptr<Collection> create_docker_archive(const std::string& path) { return std::make_unique<DockerCollection>(path); }

}  // namespace snug::transport
