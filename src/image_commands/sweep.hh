#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "snug/image/store.hh"
#include "snug/commands/trees.hh"

namespace snug::image_commands {

/// Something in the store that no image needs.
struct Waste {
  enum class Kind { blob, layer, unfinished };
  Kind kind = Kind::blob;
  std::string name;  ///< for people: a digest, or a path
  std::string path, map;
  image::Digest digest = {};
};

/// What was swept out.
struct Swept {
  std::size_t blobs = 0, layers = 0, unfinished = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> kept;  ///< what stays, and why, a sentence each
};

/// Gives the folders of the layers that containers were made on, whether or not they run.
[[nodiscard]] std::set<std::string> layers_of_containers(const image::Store& store);

/// Finds blobs and layers that no image has, and what was begun and abandoned, for `age` seconds where it can be gone on with. Where
/// an image is damaged only the last is found: nobody knows what the image needs.
[[nodiscard]] std::vector<Waste> find_waste(const image::Store& store, std::int64_t age);

/// Keeps everybody from adding to the store while the descriptor lives; throws where somebody does.
[[nodiscard]] sys::Fd lock_for_removal(const image::Store& store);

/// Removes what was found, but layers that a container runs on; `try_only` only weighs it. The caller has lock_for_removal.
Swept sweep(const image::Store& store, const commands::Trees& trees, std::int64_t age, bool try_only);

}  // namespace snug::image_commands
