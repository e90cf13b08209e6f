#include "snug/image/contents.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "store_folder.hh"

namespace snug::image {
namespace {

using sys::Fd;

std::vector<sys::Entry> entries_of(const std::string& path) {
  const Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder && errno == ENOENT) return {};
  if (!folder) throw system_error(format("open {}", quoted(path)), errno);
  return sys::list_folder(folder.get());
}

bool is_free(const std::string& path) {
  const Fd fd = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

bool add_reached(const Store& store, const Digest& manifest, std::set<Digest>& blobs) {
  constexpr std::size_t most = 4096;
  std::set<Digest> seen{manifest};
  std::vector<Digest> waiting{manifest};
  try {
    while (!waiting.empty()) {
      const Digest digest = std::move(waiting.back());
      waiting.pop_back();
      blobs.insert(digest);
      const auto document = parse_manifest(store.read_blob(digest, largest_manifest));
      if (const auto* image = std::get_if<Manifest>(&document)) {
        blobs.insert(image->config.digest);
        for (const Descriptor& layer : image->layers) blobs.insert(layer.digest);
        continue;
      }
      for (const Descriptor& one : std::get<Index>(document).manifests) {
        const std::string path = store.blob_path(one.digest);
        const bool was_here = sys::find_status(AT_FDCWD, path.c_str()) || sys::find_status(AT_FDCWD, (path + std::string(put_aside_ending)).c_str());
        if (was_here && seen.insert(one.digest).second) waiting.push_back(one.digest);
      }
      if (seen.size() > most) return false;
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

Usage usage_of(const Store& store) {
  Usage usage;
  for (const Stored& stored : store.list()) {
    usage.blobs.insert(stored.manifest.digest);
    try {
      const Image image = store.open(stored);
      usage.blobs.insert({image.descriptor.digest, image.manifest.config.digest});
      for (const Descriptor& layer : image.manifest.layers) usage.blobs.insert(layer.digest);
      usage.diff_ids.insert(image.config.diff_ids.begin(), image.config.diff_ids.end());
      if (image.descriptor.digest != stored.manifest.digest && !add_reached(store, stored.manifest.digest, usage.blobs))
        throw Error("not all of its list of images can be read");
    } catch (const Error& error) {
      usage.damaged.push_back(format("{}: {}", quoted(stored.name.empty() ? stored.manifest.digest.text() : stored.name), error.message()));
    }
  }
  return usage;
}

std::optional<std::string> remedy_for_blob(const Store& store, const Digest& blob) {
  for (const Stored& stored : store.list()) {
    if (stored.name.empty() || !stored.manifest.annotations.contains(std::string(origin_key))) continue;
    try {
      // By no function of the store: whoever misses a blob asks here what would mend that.
      const auto text = sys::find_file_text(store.blob_path(stored.manifest.digest).c_str(), largest_manifest);
      const auto document = text ? parse_manifest(*text) : std::variant<Manifest, Index>();
      const auto* manifest = std::get_if<Manifest>(&document);
      const auto is_it = [&](const Descriptor& layer) { return layer.digest == blob; };
      if (stored.manifest.digest == blob || (manifest && std::any_of(manifest->layers.begin(), manifest->layers.end(), is_it))) return remedy_for(stored);
    } catch (const Error&) {
      continue;  // one damaged image must not hide the others
    }
  }
  return {};
}

std::vector<Digest> list_blobs(const Store& store) {
  std::vector<Digest> blobs;
  for (const std::string_view algorithm : algorithms)
    for (const sys::Entry& entry : entries_of(blobs_folder(store.path(), algorithm)))
      if (auto digest = parse_digest(format("{}:{}", algorithm, entry.name))) blobs.push_back(*std::move(digest));
  return blobs;
}

std::vector<PutAside> list_put_aside(const Store& store) {
  std::vector<PutAside> blobs;
  for (const std::string_view algorithm : algorithms) {
    const std::string folder = blobs_folder(store.path(), algorithm);
    for (const sys::Entry& entry : entries_of(folder)) {
      if (!entry.name.ends_with(put_aside_ending)) continue;
      const std::string hex = entry.name.substr(0, entry.name.size() - put_aside_ending.size());
      if (auto digest = parse_digest(format("{}:{}", algorithm, hex))) blobs.push_back({*std::move(digest), format("{}/{}", folder, entry.name)});
    }
  }
  return blobs;
}

std::vector<LayerFolder> list_layers(const Store& store) {
  std::vector<LayerFolder> layers;
  const std::string folder = store.path() + "/layers";
  for (const sys::Entry& map : entries_of(folder))
    for (const sys::Entry& entry : entries_of(format("{}/{}", folder, map.name))) {
      constexpr std::string_view mark = "seam-";
      const bool seam = entry.name.starts_with(mark);
      std::string name = entry.name.substr(seam ? mark.size() : 0);
      if (const std::size_t dash = name.find('-'); dash != std::string::npos) name[dash] = ':';
      if (const auto digest = parse_digest(name)) layers.push_back({map.name, *digest, format("{}/{}/{}", folder, map.name, entry.name), seam});
    }
  return layers;
}

bool is_used(const LayerFolder& layer) { return !is_free(layer.path); }

std::string take_away(const Store& store, const LayerFolder& layer, const std::function<bool()>& is_needed) {
  const Fd folder = sys::try_open(AT_FDCWD, layer.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) return {};
  if (is_needed()) return {};
  const std::string path = format("{}/staging/{}", store.path(), sys::random_name());
  if (::rename(layer.path.c_str(), path.c_str()) != 0) throw system_error(format("move {} away", quoted(layer.path)), errno);
  return path;
}

std::vector<std::string> list_abandoned(const Store& store, std::int64_t age) {
  std::vector<std::string> abandoned;
  const std::string folder = store.path() + "/staging";
  for (const sys::Entry& entry : entries_of(folder)) {
    const std::string path = format("{}/{}", folder, entry.name);
    const auto status = sys::find_status(AT_FDCWD, path.c_str());
    const bool old = status && (S_ISDIR(status->st_mode) || std::time(nullptr) - status->st_mtim.tv_sec >= age);
    if (old && is_free(path)) abandoned.push_back(path);
  }
  for (const sys::Entry& entry : entries_of(store.path() + "/locks"))
    if (const std::string path = format("{}/locks/{}", store.path(), entry.name); entry.name.starts_with("layer-") && is_free(path)) abandoned.push_back(path);
  for (const std::string_view algorithm : algorithms)
    for (const sys::Entry& entry : entries_of(blobs_folder(store.path(), algorithm)))
      if (entry.name.starts_with('.')) abandoned.push_back(format("{}/{}", blobs_folder(store.path(), algorithm), entry.name));
  return abandoned;
}

}  // namespace snug::image
