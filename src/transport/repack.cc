#include "snug/transport/repack.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "deflate.hh"
#include "extent.hh"
#include "input.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/transport/hash.hh"

namespace snug::transport {
namespace {

using image::Compression;
using image::Descriptor;
namespace media = image::media;

bool is_plain(const Descriptor& layer) { return image::compression_of(layer.media_type) == Compression::none; }

std::string_view media_type_of(const Descriptor& layer, Compression compression) {
  if (compression == Compression::zstd) return media::layer_zstd;
  return layer.media_type == media::docker_layer ? media::docker_layer_gzip : media::layer_gzip;
}

// Docker's kind of manifest knows no zstd.
void make_oci(image::Manifest& manifest) {
  manifest.media_type = media::manifest;
  manifest.config.media_type = media::config;
  for (Descriptor& layer : manifest.layers)
    if (layer.media_type == media::docker_layer_gzip) layer.media_type = media::layer_gzip;
}

std::uint64_t size_of(int file) {
  const auto status = sys::find_status(file, "");
  if (!status) throw system_error("look at a layer", errno);
  return static_cast<std::uint64_t>(status->st_size);
}

/// Layers that are compressed, each once.
class Packing {
 public:
  Packing(const image::Store& store, Compression compression, Progress* progress) : store_(store), compression_(compression), progress_(progress) {}

  Descriptor compress(const Descriptor& layer) {
    const auto [place, is_new] = done_.emplace(layer.digest, layer);
    if (is_new) place->second = compress_anew(layer);
    return place->second;
  }
  std::map<image::Digest, sys::Fd> finish() { return std::move(files_); }

 private:
  Descriptor compress_anew(const Descriptor& layer) {
    sys::Fd file = make_nameless(store_);
    const Compressed made = compress_file(store_.open_blob(layer.digest).get(), file.get(), compression_, layer.digest.algorithm, [&](std::uint64_t bytes) { show(layer, Progress::State::compressing, bytes); });
    show(layer, Progress::State::compressed, layer.size);
    if (made.plain != layer.digest)
      throw Error(format("the blob {} of the store is damaged", layer.digest.text()), "snug gc --check removes it, and the next pull of the image brings it");
    files_.insert_or_assign(made.blob, std::move(file));
    Descriptor described = layer;
    described.media_type = media_type_of(layer, compression_);
    described.digest = made.blob;
    described.size = made.size;
    return described;
  }

  void show(const Descriptor& layer, Progress::State state, std::uint64_t bytes) const {
    if (progress_) progress_->show(layer, state, bytes);
  }

  const image::Store& store_;
  Compression compression_;
  Progress* progress_;
  std::map<image::Digest, Descriptor> done_;
  std::map<image::Digest, sys::Fd> files_;
};

}  // namespace

Compressed compress_file(int from, int to, Compression compression, std::string_view algorithm, const std::function<void(std::uint64_t)>& watch) {
  Hasher plain(algorithm), blob;
  Compressed made;
  Crew crew;
  Stage writer(crew, [&](const Piece& piece) {
    blob.add(piece->view());
    made.size += piece->size;
    if (const int error = sys::write_all(to, piece->view())) throw system_error("write a layer into the store", error);
  });
  try {
    Deflater deflater(compression, [&](Piece piece) { writer.put(std::move(piece)); });
    std::uint64_t read = 0;
    read_extent({from, 0, size_of(from)}, 0, [&](std::string_view bytes) {
      if (watch) watch(read += bytes.size());
      plain.add(bytes);
      deflater.add(bytes);
    });
    deflater.finish();
    writer.finish();
  } catch (const Stopped&) {
    crew.rethrow();
    throw;
  }
  made.plain = plain.finish();
  made.blob = blob.finish();
  return made;
}

std::optional<Repacked> compress_layers(const image::Store& store, const image::Image& image, Compression compression, Progress* progress) {
  if (std::none_of(image.manifest.layers.begin(), image.manifest.layers.end(), is_plain)) return {};
  const sys::Fd lock = image::lock_shared(store);
  Packing packing(store, compression, progress);
  Repacked repacked{.document = image.manifest};
  if (compression == Compression::zstd) make_oci(repacked.document);
  for (Descriptor& layer : repacked.document.layers)
    if (is_plain(layer)) layer = packing.compress(layer);
  repacked.files = packing.finish();
  repacked.manifest = {image::change_manifest(store.read_blob(image.descriptor.digest, image::largest_manifest), repacked.document), repacked.document.media_type};
  return repacked;
}

}  // namespace snug::transport
