#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <set>

#include "content.hh"
#include "intake.hh"
#include "layer_fetch.hh"
#include "side_by_side.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/sys/file.hh"
#include "snug/transport/hash.hh"
#include "snug/transport/transport.hh"

namespace snug::transport {

using image::Config;
using image::Descriptor;
using image::Digest;
using image::Manifest;
using image::Store;

void Unpacking::fail() {
  finish();
  throw Error("what unpacks the layer ended too early");
}

namespace {

/// The manifest of an image, and its descriptor.
struct Found {
  Text text;
  Descriptor descriptor;
  Manifest manifest;
  std::optional<Digest> list = {};  ///< that it was chosen from
};

constexpr int deepest_index = 4;

// The name that was asked for may hold the digest: the source's own document is the one.
std::optional<Digest> asked_digest(const std::string& name) {
  const std::size_t at = name.rfind('@');
  return at == std::string::npos ? std::nullopt : image::parse_digest(std::string_view(name).substr(at + 1));
}

Descriptor describe(const Text& text, const Fetch& how) {
  // What is in the store may have come from the list that its name has the digest of.
  const std::optional<Digest> asked = how.only_unpack ? std::nullopt : asked_digest(how.name);
  const Digest digest = asked ? *asked : text.digest ? *text.digest : digest_of(text.content);
  Descriptor descriptor{.media_type = text.media_type, .digest = digest, .size = text.content.size()};
  check_content(text.content, descriptor);
  return descriptor;
}

/// From the document that the source names to the one image for the platform.
Found find_image(Source& source, const Fetch& how) {
  Text text = source.manifest({});
  Descriptor descriptor = describe(text, how);
  std::optional<Digest> list;
  for (int depth = 0; depth < deepest_index; ++depth) {
    auto document = image::parse_manifest(text.content, text.media_type);
    if (auto* manifest = std::get_if<Manifest>(&document)) {
      descriptor.media_type = manifest->media_type;
      return {std::move(text), std::move(descriptor), std::move(*manifest), std::move(list)};
    }
    if (!list) list = descriptor.digest;
    descriptor = image::choose_platform(std::get<image::Index>(document), how.platform);
    descriptor.annotations.clear();
    if (descriptor.size > image::largest_manifest) throw Error(format("the manifest {} is larger than {} bytes", descriptor.digest.text(), image::largest_manifest));
    text = source.manifest(descriptor.digest);
    text.media_type = descriptor.media_type;
    check_content(text.content, descriptor);
  }
  throw Error("its lists of images name other lists, and those others");
}

std::string read_config(Source& source, const Store& store, const Descriptor& blob) {
  if (blob.size > image::largest_config) throw Error(format("its configuration is larger than {} bytes", image::largest_config));
  if (store.has_blob(blob.digest, blob.size)) {
    try {
      std::string text = store.read_blob(blob.digest, image::largest_config);
      if (digest_of(text, blob.digest.algorithm) == blob.digest) return text;
    } catch (const Error&) {  // damaged: it comes anew
    }
  }
  std::string text;
  source.read_blob(blob, {}, [&] { text.clear(); }, [&](std::string_view bytes) {
    if (text.size() + bytes.size() > blob.size) throw Error(format("its configuration has more than the {} bytes that it should have", blob.size));
    text += bytes;
  });
  check_content(text, blob);
  return text;
}

void check_platform(const Config& config, const Fetch& how) {
  const image::Platform &has = config.platform, &wanted = how.platform;
  if (how.any_platform || has.architecture.empty() || (has.os == wanted.os && has.architecture == wanted.architecture)) return;
  throw Error(format("it is for {}, not for {}", printable(image::render_platform(has)), image::render_platform(wanted)),
              format("--platform {} takes it all the same", printable(image::render_platform(has))));
}

std::vector<Layer> layers_of(const Manifest& manifest, const Config& config) {
  if (manifest.layers.size() != config.diff_ids.size())
    throw Error(format("it has {} layers, and its configuration speaks of {}", manifest.layers.size(), config.diff_ids.size()));
  std::vector<Layer> layers;
  for (std::size_t at = 0; at < manifest.layers.size(); ++at) {
    Layer layer{manifest.layers[at], config.diff_ids[at], image::compression_of(manifest.layers[at].media_type)};
    if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(std::move(layer));
  }
  return layers;
}

/// Layers that belong to an image of the store: that such a blob unpacks to such a tar has been checked.
std::set<Layer> known_layers(const Store& store) {
  std::set<Layer> known;
  for (const image::Stored& stored : store.list()) {
    try {
      const image::Image image = store.open(stored);
      for (Layer& layer : layers_of(image.manifest, image.config)) known.insert(std::move(layer));
    } catch (const Error&) {
      continue;  // a damaged image vouches for nothing
    }
  }
  return known;
}

// A disk that all of it does not fit onto need not be filled to find that out. What an earlier time has left is on it already.
void check_room(const Store& store, const std::vector<Layer>& layers) {
  std::uint64_t missing = 0;
  std::set<Digest> counted;
  for (const Layer& layer : layers) {
    const image::Descriptor& blob = layer.blob;
    if (store.has_blob(blob.digest, blob.size) || !counted.insert(blob.digest).second) continue;
    const auto begun = sys::find_status(AT_FDCWD, format("{}/staging/{}-{}", store.path(), blob.digest.algorithm, blob.digest.hex).c_str());
    const std::uint64_t there = begun ? static_cast<std::uint64_t>(begun->st_size) : 0;
    missing += std::min(blob.size - std::min(blob.size, there), UINT64_MAX - missing);
  }
  struct statvfs disk {};
  if (missing == 0 || ::statvfs(store.path().c_str(), &disk) != 0 || disk.f_blocks == 0) return;  // some file systems do not say
  if (const std::uint64_t room = disk.f_bavail * disk.f_frsize; missing > room)
    throw Error(format("its layers are {}, and {} has room for {}", render_size(missing), quoted(store.path()), render_size(room)),
                "'snug df' tells what images and containers take, 'snug gc' removes what nothing needs");
}

void bring_layers(Source& source, const Store& store, const Fetch& how, const std::vector<Layer>& layers) {
  const bool any_present = std::any_of(layers.begin(), layers.end(), [&](const Layer& layer) { return store.has_blob(layer.blob.digest, layer.blob.size); });
  const std::set<Layer> known = any_present ? known_layers(store) : std::set<Layer>();
  if (!how.only_unpack) check_room(store, layers);
  if (how.progress)
    for (const Layer& layer : layers) how.progress->show(layer.blob, Progress::State::waiting, 0);
  std::vector<Layer> largest_first = layers;  // one that is begun last, and takes longest, would be waited for alone
  std::stable_sort(largest_first.begin(), largest_first.end(), [](const Layer& one, const Layer& other) { return one.blob.size > other.blob.size; });
  Slot large_window;
  do_side_by_side(layers.size(), how.jobs, [&](std::size_t at, std::stop_token stop) {
    const Layer& layer = largest_first[at];
    try {
      LayerFetch(source, store, how, large_window, layer, stop).run(known.contains(layer));
    } catch (const Damaged& error) {
      throw Error(format("the layer {} is not what it should be: {}", layer.blob.digest.text(), error.message()));
    } catch (Error& error) {
      throw error.during(format("{} the layer {}", how.only_unpack ? "unpacking" : "fetching", layer.blob.digest.text()));
    }
  });
}

}  // namespace

image::Stored fetch(Source& source, Store& store, const Fetch& how) {
  const sys::Fd lock = image::lock_shared(store);
  try {
    const Found found = find_image(source, how);
    const std::string config_text = read_config(source, store, found.manifest.config);
    const Config config = image::parse_config(config_text);
    check_platform(config, how);
    const std::vector<Layer> layers = layers_of(found.manifest, config);
    bring_layers(source, store, how, layers);
    if (how.only_unpack) return {how.name, found.descriptor};
    store.write_blob(found.manifest.config.digest, config_text);
    store.write_blob(found.descriptor.digest, found.text.content);
    image::Descriptor named = found.descriptor;
    named.annotations.clear();  // a stranger's
    if (how.from_registry) named.annotations.emplace(image::origin_key, "registry");
    if (how.from_registry && found.list) named.annotations.emplace(image::list_key, found.list->text());
    store.set_name(how.name, named);
    return {how.name, named};
  } catch (Error& error) {
    throw error.during(format("{} {}", how.only_unpack ? "unpacking" : "fetching", quoted(source.name())));
  }
}

}  // namespace snug::transport
