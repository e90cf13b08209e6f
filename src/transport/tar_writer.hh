#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "snug/transport/transport.hh"
#include "tar_header.hh"

namespace snug::transport {

/// Writes the files of a new tar archive one after the other, and each folder before what is in it. Several threads may; each waits for the others.
class TarWriter {
 public:
  /// `fd` stays the caller's.
  explicit TarWriter(int fd) : fd_(fd) {}

  /// Adds a file of `size` bytes, which `read` gives; throws where it gives more or less. A name that is there is passed over.
  void add(const std::string& name, std::uint64_t size, const std::function<void(const Sink&)>& read);
  void add(const std::string& name, std::string_view content);
  [[nodiscard]] bool has(const std::string& name);
  /// Writes the end of the archive.
  void end();

 private:
  void add_folders(const std::string& name);
  void write_header(TarHeader header) const;
  void write(std::string_view bytes) const;

  int fd_;
  std::mutex mutex_;
  std::set<std::string> names_;
};

}  // namespace snug::transport
