#pragma once

#include <string_view>
#include <vector>

#include "files.hh"
#include "snug/transport/archive.hh"

namespace snug::transport {

// What skopeo calls dir: a folder with the manifest and the blobs of one image, each by the digits of its digest.

/// Whether these are the files of such a folder.
[[nodiscard]] bool is_image_folder(const Files& files);

/// Opens the image in it, which has no name.
[[nodiscard]] std::vector<Contained> open_image_folder(const std::shared_ptr<const Files>& files);

inline constexpr const char* manifest_name = "manifest.json";
inline constexpr const char* version_name = "version";
inline constexpr std::string_view version_text = "Directory Transport Version: 1.1\n";

}  // namespace snug::transport
