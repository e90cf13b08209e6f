#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::probe {

/// A root file system to look at before it is one: a folder, or the folders of layers as overlayfs will show them. Of
/// several, each name is looked up in the topmost that has it, and links lead where they will lead inside. All of it was
/// written by strangers; nothing outside of the folders is reached.
class View {
 public:
  /// `roots`: the topmost first, at least one.
  explicit View(std::vector<sys::Fd> roots) noexcept : roots_(std::move(roots)) {}

  [[nodiscard]] int top() const noexcept { return roots_.front().get(); }

  /// Opens `path`; of a folder, what the topmost layer has of it. Empty with errno set where that fails.
  [[nodiscard]] sys::Fd open(const std::string& path, int flags) const;

 private:
  std::vector<sys::Fd> roots_;
};

/// Whether a layer's folder hides what the layers below have in its place: the mark of overlayfs. Nothing, with errno set to
/// EACCES, where that cannot be told, since the folder is closed to the caller.
[[nodiscard]] std::optional<bool> find_opaque(int folder);

}  // namespace snug::probe
