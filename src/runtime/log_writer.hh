#pragma once

#include <array>
#include <string>
#include <string_view>

#include "snug/plan/spec.hh"
#include "snug/sys/fd.hh"

namespace snug::runtime {

/// Keeps what a container writes: whole lines, each with its time, in files that are rotated by size. Never throws once it is
/// made: what the disk has no room for is lost, and as soon as there is room again a line says so.
class LogWriter {
 public:
  /// Writes below `folder`, which stays the caller's. Throws where no file can be made.
  LogWriter(int folder, const plan::LogChoice& choice);

  /// Takes what came from a stream, 1 or 2. The end of a line that is not finished waits for the rest.
  void write(int stream, std::string_view bytes) noexcept;

  /// Writes what is not finished.
  void finish() noexcept;

 private:
  void append_parts(int stream, std::string_view bytes, bool all);
  void put();
  [[nodiscard]] std::size_t fitting(std::string_view lines) const;
  [[nodiscard]] bool append(std::string_view lines);
  void rotate();

  int folder_;
  plan::LogChoice choice_;
  sys::Fd file_;
  std::uint64_t size_ = 0;
  std::array<std::string, 3> unfinished_;
  std::string ready_;      ///< lines to be written
  std::uint64_t lost_ = 0;
  int error_ = 0;          ///< why they were lost
};

}  // namespace snug::runtime
