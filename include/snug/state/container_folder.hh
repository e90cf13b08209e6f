#pragma once

#include <string>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::state {

/// The folder of one container, STORE/containers/ID: 0700, and locked (flock(2)) for as long as this lives, by
/// which other commands know that it is in use. Made on the host side, in no namespace.
class ContainerFolder {
 public:
  /// Makes STORE and STORE/containers too where they are missing. Throws where the disk is full, or STORE is not
  /// the caller's own.
  explicit ContainerFolder(const std::string& store);

  /// Takes hold of the folder of a container that is there. Throws where somebody holds it: it runs.
  ContainerFolder(const std::string& store, const std::string& id);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

 private:
  std::string id_, path_;
  sys::Fd lock_;
};

/// Whether a container's folder, open, is that of one that stays when it has ended.
[[nodiscard]] bool is_kept(const sys::Fd& folder);

/// Whether the container's folder `path` is there, and no living container holds it, and it is not kept.
[[nodiscard]] bool is_leftover(const std::string& path);

/// Finds folders that no living container holds and that are not kept: what a crash left. Gives their paths.
[[nodiscard]] std::vector<std::string> find_leftovers(const std::string& store);

/// Removes a folder with everything in it, by descriptors, never following a link, opening up folders that are
/// closed to their owner. False where something stays, because it belongs to a sub-id: then call it again as root
/// of a user namespace that maps them.
[[nodiscard]] bool remove_tree(const std::string& path);

}  // namespace snug::state
