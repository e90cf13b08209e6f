#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace snug::state {

/// How much there is of a tree.
struct TreeSize {
  std::uint64_t bytes = 0;  ///< of the disk, hard links counted once, mounts not entered
  std::uint64_t names = 0;  ///< of files and folders, its own left out
};

/// Measures a tree. Nothing where a folder in it
/// is closed to the caller: then call it again as root of a user namespace that maps its owner. Throws nothing.
[[nodiscard]] std::optional<TreeSize> tree_size(const std::string& path);

}  // namespace snug::state
