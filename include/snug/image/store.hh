#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snug/image/document.hh"
#include "snug/image/reference.hh"
#include "snug/sys/fd.hh"

namespace snug::image {

/// An image of the store by one of its names.
struct Stored {
  std::string name;  ///< whole, as render_reference gives it, or what another program wrote there; empty: has none any more
  Descriptor manifest;
  bool operator==(const Stored&) const = default;
};

/// An image that is there, and all that was read of it.
struct Image {
  std::string name;  ///< as in Stored
  Descriptor descriptor;
  Manifest manifest;
  Config config;
  /// Gives docker's image id: the digest of the configuration.
  [[nodiscard]] const Digest& id() const noexcept { return manifest.config.digest; }
};

/// The annotation in index.json of an image that came from a registry, where its blobs can be had again.
inline constexpr std::string_view origin_key = "snug.origin";
/// The same of one that was chosen from a list of images (docker's manifest list): the list's digest, which people pin.
inline constexpr std::string_view list_key = "snug.list";

/// Gives that digest; nothing where the image came from no list.
[[nodiscard]] std::optional<Digest> list_of(const Descriptor& manifest);

/// What snug keeps of images, in $XDG_DATA_HOME/snug (snug-image(5)):
///
///     images/   an OCI image layout: oci-layout, index.json, blobs/ALGORITHM/HEX
///     layers/   MAP/ALGORITHM-HEX/root: a layer unpacked for one id map, named by its diff_id, ready to be a lower
///               MAP/seam-ALGORITHM-HEX/root: what goes on top of the layers of the image with this id, where there is anything
///     staging/  what is not whole yet; each entry is locked while somebody works on it
///     locks/    files that are only there to be locked
///
/// All is 0700 and the caller's own (but for what is below a layer's root). Whatever gets its last name gets it by
/// rename(2) after fsync(2). Runs on the host side, in no namespace. A Store that only reads makes nothing.
class Store {
 public:
  /// `path` is absolute; nothing is made or opened yet.
  explicit Store(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Lists the images that have a name, and those that have none any more, as index.json says. Empty where there is no
  /// store. Throws where index.json is damaged, and says how to mend that.
  [[nodiscard]] std::vector<Stored> list() const;

  /// Finds an image by name, by digest or by the first letters of its id; nothing where there is none. A name without a
  /// registry is docker.io's, or else localhost's; of an id at least four letters are needed. Of several that may
  /// be meant it is the first that `is_wanted` (empty: all are): a list of images that has the digest in the name may have several here. Throws where it fits several, and where it is no name.
  [[nodiscard]] std::optional<Image> find(std::string_view name, const std::function<bool(const Image&)>& is_wanted = {}) const;

  /// Finds an image by name or by the digest of its manifest, and reads nothing of it.
  [[nodiscard]] std::optional<Stored> find_stored(std::string_view name) const;

  /// Whether there is a store at all.
  [[nodiscard]] bool exists() const;

  /// Reads the documents of an image; throws an Error that names the blob that is missing or damaged.
  [[nodiscard]] Image open(const Stored& stored) const;

  /// Gives `name` to the image of `manifest`, and takes it from the image that had it, which stays without one. With an empty
  /// name it is only kept. The annotations origin_key and list_key of `manifest` are kept with it. Locks the index.
  void set_name(const std::string& name, const Descriptor& manifest);

  /// Takes a name away, and with its last name the image from the index; false where there was none of that name.
  bool drop_name(const std::string& name);
  /// Takes images from the index, with all their names, which it gives. Throws where there are more than `most_names`.
  std::vector<std::string> drop_images(const std::vector<Digest>& manifests, std::size_t most_names);
  /// Gives what the index said before it was last changed, as far as that can be read.
  [[nodiscard]] std::vector<Descriptor> list_former() const;
  /// Whether oci-layout says what it should; with `mend` it does from then on.
  [[nodiscard]] bool check_layout(bool mend);
  /// Writes the index anew, with these images and their names; the old one is index.json.damaged then.
  void rebuild(const std::vector<Descriptor>& manifests);

  // Blobs

  [[nodiscard]] std::string blob_path(const Digest& digest) const;
  /// Whether the blob is there, and of that size.
  [[nodiscard]] bool has_blob(const Digest& digest, std::uint64_t size) const;
  /// Opens a blob to read; throws an Error that names it where it is not there.
  [[nodiscard]] sys::Fd open_blob(const Digest& digest) const;
  /// Reads a whole small blob; throws where it is larger than `limit`, and where the digest is not its content's.
  [[nodiscard]] std::string read_blob(const Digest& digest, std::uint64_t limit) const;
  /// Puts a small document in place under the digest that the caller has computed.
  void write_blob(const Digest& digest, std::string_view content);

  // Layers

  /// Gives MAP for an id map as the kernel takes it, lines "INSIDE OUTSIDE COUNT": "0-1000-1+1-100000-65536", with "_" before
  /// the groups' where they differ. Throws where it is too long for a name.
  [[nodiscard]] static std::string map_name(std::string_view uid_map, std::string_view gid_map);
  /// Gives the path of a layer's folder; its root is "root" in it.
  [[nodiscard]] std::string layer_path(const std::string& map, const Digest& diff_id) const;
  [[nodiscard]] bool has_layer(const std::string& map, const Digest& diff_id) const;
  /// Opens a layer's folder and locks it (shared): while the descriptor lives nobody removes it. Empty where it is not there.
  [[nodiscard]] sys::Fd use_layer(const std::string& map, const Digest& diff_id) const;
  /// The same for the seam of an image of several layers (layer::make_seam): a folder with a root where there is one to mount,
  /// and without where it was found that none is needed.
  [[nodiscard]] std::string seam_path(const std::string& map, const Digest& image) const;
  [[nodiscard]] sys::Fd use_seam(const std::string& map, const Digest& image) const;

 private:
  std::string path_;
};

/// Says what mends an image that cannot be read, or takes it away: a sentence for a hint.
[[nodiscard]] std::string remedy_for(const Stored& stored);

/// Something in the making below STORE/staging. Locked while it lives, so that others neither take it up nor away.
class Staged {
 public:
  /// Makes a folder of a new name.
  [[nodiscard]] static Staged make_folder(const Store& store);
  /// Takes the file of this name, or makes it: a download that can go on. Waits for whoever has it, and calls `waiting`
  /// once before it does: whoever had it may have finished it, so look again whether it is still needed.
  [[nodiscard]] static Staged open_file(const Store& store, const std::string& name, const std::function<void()>& waiting = {});

  /// The file, open to read and write; or the folder.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Gives it its last name by rename(2), after fsync(2) of it, and fsync(2) of the folder after. False where something of
  /// that name stands already: then this one stays, to be removed.
  bool move_to(const std::string& path);

 private:
  Staged(sys::Fd fd, std::string path) noexcept : fd_(std::move(fd)), path_(std::move(path)) {}

  sys::Fd fd_;
  std::string path_;
};

/// Holds STORE/locks/NAME, which is there only while somebody does; a crash leaves the file, which the next one takes.
class Lock {
 public:
  /// Waits for whoever has it. Throws.
  Lock(const Store& store, const std::string& name);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  std::string path_;
  sys::Fd file_;
};

/// A lock on STORE as a whole: shared by whoever adds to it or uses it, exclusive for who takes away.
/// Throws where the store cannot be made.
[[nodiscard]] sys::Fd lock_shared(const Store& store);
/// Empty where somebody has it.
[[nodiscard]] sys::Fd try_lock_exclusive(const Store& store);

}  // namespace snug::image
