#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "entry.hh"
#include "snug/layer/unpack.hh"

struct archive;
struct archive_entry;

namespace snug::layer {

/// A piece of a file's contents; valid until the next is read.
struct Block {
  std::string_view data;
  std::int64_t offset = 0;
};

/// Reads a tar archive, plain or (but for a layer) compressed, one entry after the other. Throws an Error that says where it is broken.
class Archive {
 public:
  /// Reads from `fd`, which stays the caller's.
  Archive(int fd, Form form);

  /// Reads the next entry; false at the end.
  [[nodiscard]] bool next(Entry& entry);

  /// Reads the next piece of the entry's contents; false at their end. Holes are not given.
  [[nodiscard]] bool read(Block& block);

 private:
  [[noreturn]] void fail(std::string_view where) const;

  std::unique_ptr<archive, int (*)(archive*)> archive_;
  std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry_;
  std::string name_;  ///< of the entry that was read last
};

}  // namespace snug::layer
