#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "entry.hh"

namespace snug::layer {

/// Writes a tar archive of POSIX.1-2001: ustar headers, and records for what these have no room for. Throws where it cannot
/// be written.
class TarWriter {
 public:
  /// `fd` stays the caller's.
  explicit TarWriter(int fd);

  /// Begins an entry; of a file `entry.size` bytes have to be written next, and end_file() called.
  void add(const Entry& entry);
  /// The same for a file with holes, in GNU's form 1.0: what lies in `segments` has to be written next.
  void add_sparse(const Entry& entry, const std::vector<Segment>& segments);
  void write(std::string_view data);
  void end_file();

  /// Writes the mark of the archive's end.
  void finish();

 private:
  void add(const Entry& entry, std::string records, std::int64_t size);
  void add_header(const Entry& entry, char type, std::int64_t size);
  void flush();

  int fd_;
  std::string buffer_;
  std::uint64_t written_ = 0;
};

}  // namespace snug::layer
