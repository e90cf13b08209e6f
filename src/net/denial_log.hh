#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "snug/net/denials.hh"

namespace snug::net {

/// Writes what was refused into a file that stays small, and the same only now and then. Times are seconds.
class DenialLog {
 public:
  /// Goes on with what is in the file, which stays the caller's; -1: there is none.
  explicit DenialLog(int file);

  void note(Denial denial, std::int64_t now);
  /// Writes what has been counted for a while.
  void flush(std::int64_t now, bool all = false);
  /// How many milliseconds it may be until flush() has to be called; -1: as long as it takes.
  [[nodiscard]] int patience() const;

 private:
  struct Repeated {
    Denial denial;            ///< its count: of those that are not written yet
    std::int64_t written = 0;
  };

  void write(Denial denial);
  void rewrite();

  int file_;
  std::uint64_t number_ = 0;
  std::size_t size_ = 0;
  std::deque<std::string> lines_;  ///< all that is in the file
  std::vector<Repeated> repeated_;
};

}  // namespace snug::net
