#include <algorithm>

#include "content.hh"
#include "extent.hh"
#include "pipeline.hh"
#include "side_by_side.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/transport/hash.hh"
#include "snug/transport/transport.hh"

namespace snug::transport {
namespace {

using image::Descriptor;
using State = Progress::State;

/// Copies the blobs of one image.
class Delivery {
 public:
  Delivery(const image::Store& store, const Repacked* repacked, Target& target, Progress* progress)
      : store_(store), repacked_(repacked), target_(target), progress_(progress) {}

  void copy(const Descriptor& blob, const std::stop_token& stop) const {
    const bool present = target_.has_blob(blob);
    if (!present) target_.write_blob(blob, [&](const Sink& sink) { read(blob, stop, sink); });
    show(blob, present ? State::present : State::done, blob.size);
  }

  void show(const Descriptor& blob, State state, std::uint64_t bytes) const {
    if (progress_) progress_->show(blob, state, bytes);
  }

 private:
  void read(const Descriptor& blob, const std::stop_token& stop, const Sink& sink) const {
    const bool is_other = repacked_ && repacked_->files.contains(blob.digest);
    const sys::Fd stored = is_other ? sys::Fd() : store_.open_blob(blob.digest);
    const int file = is_other ? repacked_->files.at(blob.digest).get() : stored.get();
    Hasher hasher(blob.digest.algorithm);
    std::uint64_t size = 0;
    read_extent({file, 0, blob.size}, 0, [&](std::string_view bytes) {
      if (stop.stop_requested()) throw Stopped();
      hasher.add(bytes);
      sink(bytes);
      show(blob, State::copying, size += bytes.size());
    });
    if (size != blob.size || hasher.finish() != blob.digest)
      throw Error(format("the blob {} of the store is damaged", blob.digest.text()), "snug gc --check removes it, and the next pull of the image brings it");
  }

  const image::Store& store_;
  const Repacked* repacked_;
  Target& target_;
  Progress* progress_;
};

std::vector<Descriptor> layers_of(const image::Manifest& manifest) {
  std::vector<Descriptor> layers;
  for (const Descriptor& layer : manifest.layers)
    if (std::none_of(layers.begin(), layers.end(), [&](const Descriptor& one) { return one.digest == layer.digest; })) layers.push_back(layer);
  return layers;
}

}  // namespace

void deliver(const image::Store& store, const image::Image& image, Target& target, Progress* progress, unsigned jobs, const Repacked* repacked) {
  const sys::Fd lock = image::lock_shared(store);
  const Delivery delivery(store, repacked, target, progress);
  const std::vector<Descriptor> layers = layers_of(repacked ? repacked->document : image.manifest);
  try {
    const Text manifest{store.read_blob(image.descriptor.digest, image::largest_manifest), image.manifest.media_type, image.descriptor.digest};
    check_content(manifest.content, image.descriptor);
    for (const Descriptor& layer : layers) delivery.show(layer, State::waiting, 0);
    do_side_by_side(layers.size(), jobs, [&](std::size_t at, const std::stop_token& stop) { delivery.copy(layers[at], stop); });
    delivery.copy(repacked ? repacked->document.config : image.manifest.config, {});
    target.finish(repacked ? repacked->manifest : manifest);
  } catch (Error& error) {
    throw error.during(format("copying {} to {}", quoted(image.name.empty() ? image.id().text() : image.name), quoted(target.name())));
  }
}

}  // namespace snug::transport
