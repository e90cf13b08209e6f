#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::sys {

/// How a helper ended, and what it wrote until then.
struct HelperEnd {
  enum class How { succeeded, failed, too_late, too_much };
  How how = How::failed;
  std::string text;  ///< written by strangers
};

/// What a helper is given besides its words.
struct HelperInput {
  std::string text = {};                      ///< on its standard input, 4096 bytes at most
  std::vector<std::string> environment = {};  ///< NAME=VALUE
};

/// A program of the system that is asked something. It starts with the environment of `input` alone and with no signal blocked
/// or ignored, one stream of it is read, and the others lead to /dev/null. At the end of this object it is dead and
/// reaped.
class Helper {
 public:
  enum class Read { output = 1, error = 2 };

  /// Starts `words`, the first of which is an absolute path. Throws where it cannot be started.
  Helper(std::vector<std::string> words, Read stream, HelperInput input = {});
  ~Helper() { kill(); }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  /// Reads until it ends; kills it where that takes longer than `patience_ms` or where it writes more than `limit`
  /// bytes.
  [[nodiscard]] HelperEnd finish(int patience_ms, std::size_t limit = std::size_t{1} << 16U);

 private:
  void kill() noexcept;
  [[nodiscard]] bool reap() noexcept;

  pid_t pid_ = -1;
  Fd stream_, process_;
};

}  // namespace snug::sys
