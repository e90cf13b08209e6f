#pragma once

#include <cstddef>

#include "snug/image/store.hh"
#include "sweep.hh"

namespace snug::image_commands {

/// Reads every blob and document of the store and tells what is damaged, on standard output. Unless `try_only` a blob that does
/// not hash to its name is removed, so that the next pull brings it anew, and an index that cannot be read is made again from the
/// manifests that are there. Gives how many faults there were.
[[nodiscard]] std::size_t check(image::Store& store, bool try_only);

/// Removes the blobs of layers of images whose name says where they can be fetched again, and that are unpacked. Adds to `swept`.
void drop_blobs(const image::Store& store, bool try_only, Swept& swept);

}  // namespace snug::image_commands
