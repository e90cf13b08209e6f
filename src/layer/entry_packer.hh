#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "entry.hh"
#include "tar_writer.hh"

namespace snug::layer {

/// Puts what a walk through a tree finds into a tar archive: files with their holes, and each second name as a hard link.
class EntryPacker {
 public:
  explicit EntryPacker(int archive);

  /// Puts in what has no contents, or is empty.
  void add(const Entry& entry);

  /// Puts in an open file, or the device that it stands for. `status` is its own.
  void add_file(int file, const Entry& entry, const struct stat& status);

  /// Puts in another name of what is there already; false where it is new.
  [[nodiscard]] bool add_known(const std::string& path, const struct stat& status);

  /// Remembers what may have another name.
  void remember(const Entry& entry, const struct stat& status);

  /// Takes over the attributes of an open file that are to be kept, and the owner that was meant. Gives whether the folder is opaque.
  [[nodiscard]] bool read_xattrs(int fd, Entry& entry, const struct stat& status);

  void finish() { writer_.finish(); }

  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::uint64_t lost_xattrs() const noexcept { return lost_xattrs_; }

 private:
  /// A file with several names, as the first of them is in the archive.
  struct Linked {
    std::string path;
    std::int64_t uid, gid;
    unsigned mode;
  };

  void copy(int file, const Entry& entry, Segment segment);

  TarWriter writer_;
  std::uint32_t uid_, gid_;
  std::uint64_t entries_ = 0, lost_xattrs_ = 0;
  std::map<std::pair<dev_t, ino_t>, Linked> linked_;
  std::map<std::string, std::string> values_;
  std::string buffer_;
};

/// Makes the entry of what has this status.
[[nodiscard]] Entry entry_of(std::string name, Kind kind, const struct stat& status);

}  // namespace snug::layer
