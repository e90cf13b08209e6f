#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/image/reference.hh"
#include "snug/transport/transport.hh"

namespace snug::transport {

// Images in files: what docker save writes (docker-archive), OCI's image layout, as a folder (oci) or in a tar archive
// (oci-archive), and a folder with one image that skopeo calls dir. Archives are never unpacked: their members are looked up by name.

enum class Form { oci, oci_archive, docker_archive, folder };

/// Where images lie or go to: FORM:PATH[:NAME]. As in skopeo, the path ends at the first colon.
struct Location {
  Form form = Form::oci_archive;
  std::string path;  ///< -: standard input or output
  std::string name;  ///< of the image in there; may be empty
  bool operator==(const Location&) const = default;
};

/// Reads oci:PATH[:TAG], oci-archive:PATH[:TAG], docker-archive:PATH[:NAME] or dir:PATH; nothing where it begins with none of these words.
/// Throws UsageError where there is no path.
[[nodiscard]] std::optional<Location> parse_location(std::string_view text);

/// Gives a location as people write it.
[[nodiscard]] std::string render_location(const Location& location);

/// An image that lies in a file or folder, and what it is called there.
struct Contained {
  std::vector<std::string> names;  ///< a stranger's text, not checked
  std::unique_ptr<Source> source;
  std::vector<std::string> tags = {};  ///< by which others find it there, beside its names
};

/// Opens all images in the archive or the layout at `path`, whichever it is; -: standard input. Throws.
[[nodiscard]] std::vector<Contained> open_all(const std::string& path, const image::Store& store);

/// Opens the image that `text`, a location, names there; where it names none, the only one there is. Throws.
[[nodiscard]] Contained open_contained(std::string_view text, const image::Store& store);

/// Opens the tar archive of a root file system, plain or compressed with gzip or zstd, as an image of one layer. `config` lacks the
/// layer's diff_id. -: standard input. Throws, also where it is no such archive.
[[nodiscard]] std::unique_ptr<Source> open_tarball_source(const std::string& path, image::Config config, const image::Store& store);

/// Makes a folder with one image in it, in the layout that skopeo and podman call dir:, in place of an image that is there. Throws, also where
/// something else is in it.
[[nodiscard]] std::unique_ptr<Target> open_folder_target(const std::string& path);

/// Several images that go into one place.
class Collection {
 public:
  virtual ~Collection() = default;

  /// Gives the target for one image, which it holds by these names; to be finished before the next.
  [[nodiscard]] virtual std::unique_ptr<Target> add(std::vector<image::Reference> names) = 0;

  /// Makes an archive whole, which gets its name now.
  virtual void finish() = 0;
};

/// Makes the place, or opens the layout that is there, to which images are added then. -: standard output. Throws.
[[nodiscard]] std::unique_ptr<Collection> create_collection(Form form, const std::string& path);

}  // namespace snug::transport
