#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "snug/image/digest.hh"

namespace snug::image {

// The documents that images are made of. Docker's and OCI's differ in their media types alone. What is read from them is
// checked for its form, and for nothing else: every text in them is a stranger's.

/// What a program runs on: Go's words for it.
struct Platform {
  std::string os = "linux", architecture, variant;  ///< "linux", "amd64", "v8"
  bool operator==(const Platform&) const = default;
};

/// Gives the platform that this program was built for.
[[nodiscard]] Platform own_platform();

/// Reads OS/ARCH[/VARIANT] or ARCH; throws UsageError.
[[nodiscard]] Platform parse_platform(std::string_view text);

/// Gives OS/ARCH[/VARIANT].
[[nodiscard]] std::string render_platform(const Platform& platform);

/// Names a piece of content: its kind, its digest, its size in bytes.
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::optional<Platform> platform = {};
  std::map<std::string, std::string> annotations = {};
  bool operator==(const Descriptor&) const = default;
};

/// An image: its configuration and its layers, the lowest first.
struct Manifest {
  std::string media_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  bool operator==(const Manifest&) const = default;
};

/// Images of one name for several platforms (docker's manifest list), or all that are in a layout.
struct Index {
  std::string media_type;
  std::vector<Descriptor> manifests;
  bool operator==(const Index&) const = default;
};

/// What an image wants to run; what the command line says goes before it.
struct Process {
  std::optional<std::vector<std::string>> entrypoint, command;
  std::vector<std::string> env;  ///< "NAME=VALUE"
  std::string workdir, user, stop_signal;
  std::map<std::string, std::string> labels;
  std::vector<std::string> volumes, ports;  ///< "/var/lib/db", "80/tcp"
  bool operator==(const Process&) const = default;
};

/// One line of how an image came to be; `empty`: without a layer of its own.
struct History {
  std::string created, created_by, author, comment;
  bool empty = false;
  bool operator==(const History&) const = default;
};

/// The configuration of an image.
struct Config {
  Platform platform;
  std::string created, author;  ///< `created`: RFC 3339, or empty
  Process process;
  std::vector<Digest> diff_ids;  ///< of the layers' plain tar archives, the lowest first
  std::vector<History> history;
  bool operator==(const Config&) const = default;
};

inline constexpr std::uint64_t largest_manifest = 4U << 20U;  ///< bytes
inline constexpr std::uint64_t largest_config = 8U << 20U;    ///< bytes

/// Reads a manifest or an index. `media_type` is what the sender called it, or empty; a document that says something else
/// of itself, or that is both at once, is refused. Throws an Error.
[[nodiscard]] std::variant<Manifest, Index> parse_manifest(std::string_view text, std::string_view media_type = {});

/// Whether a descriptor calls itself an image or a list of images, or nothing; and throws where it does not: another reader may take it for what
/// it says.
[[nodiscard]] bool is_manifest_kind(const Descriptor& descriptor);
void check_manifest_kind(const Descriptor& descriptor);

/// Reads the index of a layout, which lists all images in it and may be as large as it has to. Throws an Error.
[[nodiscard]] Index parse_index(std::string_view text);

/// Reads a configuration; throws an Error.
[[nodiscard]] Config parse_config(std::string_view text);

/// Gives the documents' texts, in OCI's form. A manifest keeps its media types.
[[nodiscard]] std::string render_manifest(const Manifest& manifest);
[[nodiscard]] std::string render_index(const Index& index);
[[nodiscard]] std::string render_config(const Config& config);

/// Gives the text of a configuration that says what `config` says, and keeps what `original` says besides.
[[nodiscard]] std::string change_config(std::string_view original, const Config& config);

/// Gives the text of a manifest with the media types, and the layers' digests and sizes, that `manifest` has, and as many layers
/// as `original`, of which it keeps all else.
[[nodiscard]] std::string change_manifest(std::string_view original, const Manifest& manifest);

/// Whether an image for `there` will do where one for `wanted` was asked for: choose_platform might choose it.
[[nodiscard]] bool serves(const Platform& there, const Platform& wanted);

/// Chooses the image for `wanted` from an index, as docker does: the variant that fits best, the first of equals. Throws an
/// Error that lists the platforms there are.
[[nodiscard]] const Descriptor& choose_platform(const Index& index, const Platform& wanted);

namespace media {
inline constexpr std::string_view manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view docker_layer_zstd = "application/vnd.docker.image.rootfs.diff.tar.zstd";
inline constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view docker_layer_gzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
}  // namespace media

/// How a layer is compressed, by its media type; what is no layer's media type (a foreign one too) throws an Error.
enum class Compression { none, gzip, zstd };
[[nodiscard]] Compression compression_of(std::string_view media_type);

}  // namespace snug::image
