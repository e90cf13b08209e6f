#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "snug/image/digest.hh"

namespace snug::image {

/// The name of an image, whole: "debian:12" is docker.io/library/debian:12.
struct Reference {
  std::string registry;            ///< "docker.io", "localhost:5000"
  std::string repository;          ///< "library/debian"
  std::string tag;                 ///< "latest" where nothing was said; may be empty only beside a digest
  std::optional<Digest> digest;    ///< of NAME@DIGEST
  bool short_name = false;         ///< the registry was not typed: registries.conf may know others
  bool operator==(const Reference&) const = default;
};

/// Reads NAME[:TAG][@DIGEST] by docker's rules; throws UsageError that says which part is wrong.
[[nodiscard]] Reference parse_reference(std::string_view text);

/// Gives the whole name, "docker.io/library/debian:12"; with a digest "…@sha256:HEX". It is the value of
/// org.opencontainers.image.ref.name in the store.
[[nodiscard]] std::string render_reference(const Reference& reference);

/// Gives the name as people type it, "debian:12"; without the tag where `tag` is false.
[[nodiscard]] std::string familiar_name(const Reference& reference, bool tag = true);

/// Whether `name`, whole or as another program has written it, means `reference`, or the same in localhost where that names no registry.
[[nodiscard]] bool means(std::string_view name, const Reference& reference);

/// The same of what was typed. Nothing that is no name is.
[[nodiscard]] bool is_name_of(std::string_view typed, std::string_view name);

}  // namespace snug::image
