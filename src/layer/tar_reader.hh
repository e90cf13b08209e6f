#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive.hh"
#include "entry.hh"
#include "tar_writer.hh"

namespace snug::layer {

/// Reads what TarWriter writes, and no other archive: in a process that has no library for those. Throws an Error that says
/// where it is damaged.
class TarReader {
 public:
  /// Reads from `fd`, which stays the caller's.
  explicit TarReader(int fd);

  /// Reads the next entry; false at the end mark.
  [[nodiscard]] bool next(Entry& entry);

  /// Reads the next piece of the entry's contents; false at their end. Holes are not given.
  [[nodiscard]] bool read(Block& block);

 private:
  std::string_view take(std::size_t size);
  std::string_view take_some(std::uint64_t most);
  bool fill();
  void skip();
  void read_records(std::uint64_t size);
  void read_map(Entry& entry);
  void apply_records(Entry& entry);
  [[noreturn]] void fail_damaged() const;

  int fd_;
  std::string buffer_;
  std::size_t at_ = 0, end_ = 0;
  std::string name_;  ///< of the entry that was read last
  std::map<std::string, std::string, std::less<>> records_;
  std::vector<Segment> segments_;
  std::size_t segment_ = 0;
  std::uint64_t left_ = 0;  ///< bytes of the entry that are still to come, without the padding
  std::uint64_t padding_ = 0;
};

}  // namespace snug::layer
