#pragma once

#include <cstdint>
#include <string>

namespace snug::probe {

/// What a file system is called, and whether it has what an overlay's upper needs: whiteouts, user xattrs, rename
/// flags, and no life of its own elsewhere. A lower needs names that are what they are.
struct Filesystem {
  std::string name;
  bool takes_upper = false;
  bool takes_lower = false;  ///< for certain: what is not known has to be tried
};

/// Names the file system of a statfs(2) magic number. Pure.
[[nodiscard]] Filesystem filesystem_of(std::uint32_t magic);

/// Names the file system of an open file.
[[nodiscard]] Filesystem filesystem_of_file(int fd);

/// Names the file system on which `folder` lies, or would lie once it is made.
[[nodiscard]] Filesystem filesystem_at(std::string folder);

}  // namespace snug::probe
