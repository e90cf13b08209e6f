#pragma once

#include <time.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace snug::layer {

enum class Kind { file, folder, symlink, hard_link, fifo, device, socket };

struct Xattr {
  std::string_view name, value;
};

/// A piece of a file that is no hole.
struct Segment {
  std::int64_t offset = 0, size = 0;
};

/// An entry of an archive as it stands there: nothing of it is checked yet.
struct Entry {
  Kind kind = Kind::file;
  std::string name = {};
  std::string link = {};  ///< of a symbolic or a hard link
  std::int64_t uid = 0, gid = 0;
  unsigned mode = 0;  ///< permission bits, setuid, setgid and sticky
  bool block = false;                  ///< of a device
  std::uint32_t major = 0, minor = 0;  ///< the same
  timespec time{};
  std::int64_t size = 0;
  std::vector<Xattr> xattrs = {};  ///< valid until the next entry is read
  std::vector<Segment> segments = {};  ///< of a file with holes
};

}  // namespace snug::layer
