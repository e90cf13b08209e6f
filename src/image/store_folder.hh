#pragma once

#include <string>
#include <string_view>

#include "snug/sys/fd.hh"

namespace snug::image {

/// What oci-layout says.
inline constexpr std::string_view layout_text = R"({"imageLayoutVersion":"1.0.0"})";

/// The folder of the blobs with such a digest, of the store at `path`.
[[nodiscard]] std::string blobs_folder(const std::string& path, std::string_view algorithm);

/// Whether there is any blob, also one that is not finished.
[[nodiscard]] bool has_any_blob(const std::string& path);

/// Makes what a store is made of below `path`, where it is missing.
void make_store(const std::string& path);

/// Locks index.json for as long as the descriptor lives; waits for others.
[[nodiscard]] sys::Fd lock_index(const std::string& path);

/// Keeps so many bytes of the disk for the next index, as far as there are any. Gives them up; false where there were none.
void keep_reserve(const std::string& path, std::uint64_t size) noexcept;
[[nodiscard]] bool drop_reserve(const std::string& path) noexcept;

}  // namespace snug::image
