#pragma once

#include <string>

#include "snug/sys/fd.hh"

namespace snug::transport {

/// A file that gets its name when it is whole: until then the one that has the name stays, and nothing is left behind. What is no
/// regular file (a pipe, /dev/null), and standard output, is written at once.
class NewFile {
 public:
  /// -: standard output. Throws, also for a terminal.
  explicit NewFile(const std::string& path);
  /// The file `name` in a folder, in place of whatever is called so.
  NewFile(sys::Fd folder, std::string name);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Gives it its name.
  void finish();

 private:
  void open_unnamed();
  [[nodiscard]] std::string make_name() const;

  std::string path_;
  sys::Fd fd_, folder_;    ///< the folder: where it is to get a name
  std::string temporary_;  ///< its name meanwhile, where it cannot be without
};

}  // namespace snug::transport
