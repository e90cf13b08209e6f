#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "snug/image/store.hh"

namespace snug::image {

/// A layer that was unpacked for an id map, or the seam of an image.
struct LayerFolder {
  std::string map;
  Digest digest;  ///< the layer's diff_id; of a seam the image's id
  std::string path;
  bool seam = false;
};

/// What the images of a store are made of.
struct Usage {
  std::set<Digest> blobs;        ///< documents and layers
  std::set<Digest> diff_ids;
  std::vector<std::string> damaged;  ///< images of which this cannot be told, a sentence each

  [[nodiscard]] bool has(const LayerFolder& folder) const { return folder.seam ? blobs.contains(folder.digest) : diff_ids.contains(folder.digest); }
};

/// Reads the documents of all images.
[[nodiscard]] Usage usage_of(const Store& store);

/// Adds the digests of all that an entry of the index reaches, itself included: of a list of images, which another program put there, those of
/// all platforms that are here. False where that is not all, because a document is damaged or missing, or there are too many.
[[nodiscard]] bool add_reached(const Store& store, const Digest& manifest, std::set<Digest>& blobs);

/// Says which image of the store brings this blob of a layer anew, a sentence for a hint; nothing where no registry is known to have it.
[[nodiscard]] std::optional<std::string> remedy_for_blob(const Store& store, const Digest& blob);

/// Lists the blobs that are there, whole or not. What is no digest's name is left alone.
[[nodiscard]] std::vector<Digest> list_blobs(const Store& store);

/// A damaged blob that gc --check put aside, beside its place.
struct PutAside {
  Digest digest;
  std::string path;
};

/// What its file is called behind the digest.
inline constexpr std::string_view put_aside_ending = ".damaged";

/// Lists them.
[[nodiscard]] std::vector<PutAside> list_put_aside(const Store& store);

/// Lists the unpacked layers, and the seams.
[[nodiscard]] std::vector<LayerFolder> list_layers(const Store& store);

/// Whether a container runs on the layer.
[[nodiscard]] bool is_used(const LayerFolder& layer);

/// Moves a layer away, into STORE/staging, so that it is there whole or not at all. Gives its new path; empty where it
/// is in use, or where `is_needed` says so once nobody can begin to use it any more.
[[nodiscard]] std::string take_away(const Store& store, const LayerFolder& layer, const std::function<bool()>& is_needed);

/// Lists what lies in STORE/staging and nobody works on: folders, and files that were not touched for `age` seconds; and what a crash
/// left of a document in the making among the blobs, and locks that nobody holds. Who removes them has the store for himself.
[[nodiscard]] std::vector<std::string> list_abandoned(const Store& store, std::int64_t age);

}  // namespace snug::image
