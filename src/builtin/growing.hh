#pragma once

#include <string>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::builtin {

/// A text of which more may be to come.
class GrowingText {
 public:
  /// Reads standard input for "-"; with `numbered` each line has its number. Throws Failure.
  GrowingText(const std::string& path, bool numbered);

  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  [[nodiscard]] bool has_ended() const { return !file_; }
  [[nodiscard]] int fd() const { return file_.get(); }
  /// How much of it is here, in bytes.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Takes what there is to be read now, of which there has to be something. Throws Failure; it has ended then.
  void read();

 private:
  void add(std::string line);

  sys::Fd file_;  ///< empty: it has ended
  bool numbered_;
  std::vector<std::string> lines_;
  std::string waiting_;  ///< of a line that is not finished
  std::size_t size_ = 0;
};

}  // namespace snug::builtin
