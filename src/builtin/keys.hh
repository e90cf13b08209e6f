#pragma once

#include <termios.h>

#include <optional>
#include <string>

#include "call.hh"
#include "snug/sys/fd.hh"

namespace snug::builtin {

/// The keyboard without echo and without lines, for as long as this lives.
class Keys {
 public:
  explicit Keys(sys::Fd terminal);
  ~Keys();
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  /// Waits for a key, or until `other` (-1: none) has something to be read, which gives 0. Arrows and the like come as the letter
  /// that does the same, a signal as 'r', and 'q' where nobody types any more. What was pasted comes in one piece.
  [[nodiscard]] char next(int other);

  /// Reads a line behind `sign`. Nothing where it was taken back.
  [[nodiscard]] std::optional<std::string> line(Out& out, char sign);

 private:
  bool fill();
  char take();
  std::string take_sequence();

  sys::Fd terminal_;
  termios before_{};
  std::string waiting_;  ///< typed, and not taken yet
  bool ended_ = false;
};

}  // namespace snug::builtin
