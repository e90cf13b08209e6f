#pragma once

#include <cstddef>

#include "snug/commands/trees.hh"
#include "snug/image/store.hh"
#include "sweep.hh"

namespace snug::image_commands {

/// How many faults were found in a store, and how many of them are none any more.
struct Faults {
  std::size_t found = 0, mended = 0;
  bool no_index = false;  ///< and with `try_only` it stays so: what the images have nobody knows
};

/// Reads every blob and document of the store, counts the names in every unpacked layer, and tells what is damaged, on standard output.
/// Unless `try_only` a blob that does not hash to its name is removed, so that the next pull brings it anew, or put aside where no registry has
/// it; an unpacked layer is removed; and an index that cannot be read is made again from the manifests that are there and the names
/// that they had before. The caller has lock_for_removal.
[[nodiscard]] Faults check(image::Store& store, const commands::Trees& trees, bool try_only);

/// Removes the blobs of layers of images whose name says where they can be fetched again, and that are unpacked. Adds to `swept`.
void drop_blobs(const image::Store& store, bool try_only, Swept& swept);

}  // namespace snug::image_commands
