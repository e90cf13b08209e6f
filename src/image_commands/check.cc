#include "check.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/image/contents.hh"
#include "snug/sys/file.hh"
#include "snug/transport/hash.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

// Whether a registry has it: what was made here is nowhere else, whatever it is called.
bool can_be_fetched(const image::Stored& stored) { return stored.manifest.annotations.contains(std::string(image::origin_key)); }

std::optional<image::Image> try_open(const image::Store& store, const image::Stored& stored) {
  try {
    return store.open(stored);
  } catch (const Error&) {
    return {};
  }
}

class Check {
 public:
  Check(image::Store& store, bool try_only) : store_(store), try_only_(try_only) {}

  std::size_t run() {
    for (const image::Digest& blob : list_blobs(store_)) check_blob(blob);
    check_index();
    for (const image::Stored& stored : store_.list()) check_image(stored);
    return faults_;
  }

 private:
  void tell(std::string_view fault, std::string_view remedy) {
    ++faults_;
    commands::print(format("{}; {}\n", fault, remedy));
  }

  void check_blob(const image::Digest& blob) {
    const sys::Fd fd = store_.open_blob(blob);
    if (transport::digest_of_file(fd.get(), blob.algorithm) == blob) return;
    if (!try_only_) ::unlink(store_.blob_path(blob).c_str());
    tell(format("the blob {} is damaged", blob.text()), try_only_ ? "'snug gc --check' removes it" : "removed, 'snug pull' brings it anew");
  }

  // Names are lost with the index, images are not.
  void check_index() {
    try {
      static_cast<void>(store_.list());
    } catch (const Error& error) {
      if (try_only_) {
        tell(error.message(), "'snug gc --check' makes it anew");
        throw;
      }
      std::vector<image::Descriptor> manifests;
      for (const image::Digest& blob : list_blobs(store_))
        if (auto manifest = find_manifest(blob)) manifests.push_back(*std::move(manifest));
      store_.rebuild(manifests);
      tell(error.message(), format("made anew with {} images, which have lost their names; what there was of the old one is index.json.damaged", manifests.size()));
    }
  }

  std::optional<image::Descriptor> find_manifest(const image::Digest& blob) {
    const auto status = sys::find_status(AT_FDCWD, store_.blob_path(blob).c_str());
    if (!status || static_cast<std::uint64_t>(status->st_size) > image::largest_manifest) return {};
    try {
      const auto document = image::parse_manifest(store_.read_blob(blob, image::largest_manifest));
      const auto* manifest = std::get_if<image::Manifest>(&document);
      if (!manifest) return {};
      return image::Descriptor{.media_type = manifest->media_type, .digest = blob, .size = static_cast<std::uint64_t>(status->st_size)};
    } catch (const Error&) {
      return {};  // a configuration, or a layer
    }
  }

  void check_image(const image::Stored& stored) {
    const std::string name = stored.name.empty() ? stored.manifest.digest.text() : short_name(stored.name);
    const std::string remedy = can_be_fetched(stored) ? format("'snug pull {}' mends it", shell_quoted(name)) : format("'snug rmi {}' removes it", shell_quoted(name));
    try {
      const image::Image image = store_.open(stored);
      for (const image::Descriptor& layer : image.manifest.layers)
        if (!store_.has_blob(layer.digest, layer.size) && !is_unpacked(image, layer)) tell(format("{} lacks the blob {}", quoted(name), layer.digest.text()), remedy);
    } catch (const Error& error) {
      tell(format("{} is damaged: {}", quoted(name), error.message()), remedy);
    }
  }

  // What gc --blobs took is no damage.
  bool is_unpacked(const image::Image& image, const image::Descriptor& layer) {
    for (std::size_t at = 0; at < image.manifest.layers.size(); ++at) {
      if (image.manifest.layers[at].digest != layer.digest) continue;
      for (const image::LayerFolder& folder : list_layers(store_))
        if (folder.digest == image.config.diff_ids[at]) return true;
    }
    return false;
  }

  image::Store& store_;
  bool try_only_;
  std::size_t faults_ = 0;
};

}  // namespace

std::size_t check(image::Store& store, bool try_only) { return Check(store, try_only).run(); }

void drop_blobs(const image::Store& store, bool try_only, Swept& swept) {
  std::set<image::Digest> unpacked, wanted, done;
  for (const image::LayerFolder& layer : list_layers(store)) unpacked.insert(layer.digest);
  // A layer that one image of the store has from nowhere stays for all of them.
  for (const image::Stored& stored : store.list())
    if (const auto image = can_be_fetched(stored) ? std::nullopt : try_open(store, stored))
      for (const image::Descriptor& layer : image->manifest.layers) wanted.insert(layer.digest);
  for (const image::Stored& stored : store.list()) {
    const auto image = try_open(store, stored);
    for (std::size_t at = 0; image && at < image->manifest.layers.size(); ++at) {
      const image::Descriptor& layer = image->manifest.layers[at];
      if (wanted.contains(layer.digest) || !unpacked.contains(image->config.diff_ids[at]) || !done.insert(layer.digest).second) continue;
      if (!store.has_blob(layer.digest, layer.size) || (!try_only && ::unlink(store.blob_path(layer.digest).c_str()) != 0)) continue;
      ++swept.blobs;
      swept.bytes += layer.size;
    }
  }
}

}  // namespace snug::image_commands
