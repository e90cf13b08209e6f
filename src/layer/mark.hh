#pragma once

#include <sys/stat.h>

#include <string>

namespace snug::layer {

/// What a name of an image's layer says of the layers below, by the rules of OCI and of aufs.
enum class Mark {
  none,      ///< it is a name like any other
  whiteout,  ///< `.wh.NAME`: there is no NAME
  opaque,    ///< `.wh..wh..opq`: there is nothing in this folder
  ignored,   ///< aufs's own
};

/// Tells what `path`, which is clean, says. Throws where it hides what no name is of, or lies below a whiteout.
[[nodiscard]] Mark mark_of(const std::string& path);

/// Tells whether a file is overlayfs's whiteout: the one device that anybody may make.
[[nodiscard]] bool is_whiteout(const struct stat& status) noexcept;

/// Gives the path of what the whiteout `path` hides.
[[nodiscard]] std::string hidden_by(const std::string& path);

}  // namespace snug::layer
