#pragma once

#include <functional>
#include <string>
#include <vector>

namespace snug::layer {

/// What the upper folder of an overlay does to a path of the layers below.
enum class Change : char { added = 'A', changed = 'C', deleted = 'D' };

/// An overlay: absolute paths, the lower layers topmost first.
struct Overlay {
  std::string upper;
  std::vector<std::string> lowers;
  std::string folder = {};  ///< what it is mounted on: "" is the root, else "home/"
  bool fuse = false;        ///< the upper was written by fuse-overlayfs, which has marks of its own
  bool copy = false;        ///< the upper is no overlay's, but was a copy of all that the layers show
};

/// Gives each path that the upper folder adds, changes or deletes, without a slash at its front, to `take`, in no order: all that is in
/// a new folder, and of a folder that is deleted only itself. A folder that is there in both has changed where something in it has, or its
/// owner or mode; a file of a copy where its kind, mode, owner, size or time differs. What snug makes to mount on (as pack() has it, and `mounts`) is left out. Reads by descriptors and follows no
/// link, also while the container runs. False where something may not be read: then it has to be asked again, as root over the ids of the
/// container. Throws an Error for what else goes wrong.
[[nodiscard]] bool find_changes(const Overlay& overlay, const std::vector<std::string>& mounts,
                                const std::function<void(Change change, const std::string& path)>& take);

}  // namespace snug::layer
