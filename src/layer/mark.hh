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

/// What fuse-overlayfs makes in a folder of its upper that hides those below. Its whiteouts are overlayfs's, or files with a layer's
/// name of them where there can be no devices.
inline constexpr const char* fuse_opaque = ".wh..wh..opq";
inline constexpr const char* fuse_opaque_device = ".wh..opq";

/// Gives the path of what the whiteout `path` hides.
[[nodiscard]] std::string hidden_by(const std::string& path);

}  // namespace snug::layer
