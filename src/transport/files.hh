#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "extent.hh"
#include "snug/image/store.hh"

namespace snug::transport {

/// A file among Files.
struct File {
  sys::Fd own;  ///< what the extent is of, where it is not of the archive
  Extent extent;
};

/// The files of a folder, or of a tar archive.
class Files {
 public:
  virtual ~Files() = default;
  /// What people call them: the path that was given.
  [[nodiscard]] virtual const std::string& name() const = 0;
  /// Finds a regular file by its path, from the folder or the archive's root on; no link leads out of them. Throws where
  /// something else is there.
  [[nodiscard]] virtual std::optional<File> find(const std::string& path) const = 0;

  /// Reads a small file; throws where it is not there, or larger than `limit`.
  [[nodiscard]] std::string read(const std::string& path, std::uint64_t limit) const;
};

/// Opens the folder or the archive at `path` (-: standard input). An archive that is compressed as a whole, or comes through a
/// pipe, is copied into the staging folder of `store` first, where it has no name and goes away with this.
[[nodiscard]] std::shared_ptr<const Files> open_files(const std::string& path, const image::Store& store);

}  // namespace snug::transport
