#pragma once

#include <vector>

#include "files.hh"
#include "snug/transport/archive.hh"

namespace snug::transport {

/// Whether these are the files of an image layout of OCI's.
[[nodiscard]] bool is_layout(const Files& files);

/// Opens all images that the index of a layout names. Several of one name are one image, for several platforms.
[[nodiscard]] std::vector<Contained> open_layout(const std::shared_ptr<const Files>& files);

/// Gives the path of a blob in a layout.
[[nodiscard]] std::string blob_name(const image::Digest& digest);

inline constexpr const char* layout_name = "oci-layout";
inline constexpr const char* index_name = "index.json";
inline constexpr std::string_view layout_text = R"({"imageLayoutVersion":"1.0.0"})";
inline constexpr const char* name_key = "org.opencontainers.image.ref.name";

}  // namespace snug::transport
