#pragma once

#include <string>

#include "snug/base/environment.hh"

namespace snug::shell {

/// What was typed before, in memory and in $XDG_STATE_HOME/snug/history, which prompts share. Where the file cannot
/// be had it is kept in memory alone, and nobody is told.
class History {
 public:
  explicit History(const Environment& environment);

  /// Tells whether there was no file before.
  [[nodiscard]] bool is_new() const noexcept { return new_; }

  /// Keeps a line, unless it begins with a blank.
  void keep(const std::string& line);

 private:
  std::string folder_, file_;  ///< empty where there is no place for them
  bool new_ = false;
};

}  // namespace snug::shell
