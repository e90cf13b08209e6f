#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/image/document.hh"
#include "snug/image/reference.hh"
#include "snug/image/store.hh"
#include "snug/sys/fd.hh"

namespace snug::transport {

/// Takes bytes as they come, in pieces of any size.
using Sink = std::function<void(std::string_view)>;

/// A manifest or an index, as its sender wrote it.
struct Text {
  std::string content, media_type;
  std::optional<image::Digest> digest = {};  ///< by which it goes, where that is known
};

/// How far a blob was read already, by an earlier process perhaps.
struct Resumption {
  std::uint64_t from = 0;                                   ///< bytes
  std::string validator = {};                               ///< what the source called the content then: an entity tag
  std::function<void(const std::string&)> remember = {};   ///< is given what it calls it now, before the bytes; may be empty
};

/// Where an image comes from: a registry, an archive, a folder in OCI's layout. What it gives is a stranger's: sizes and
/// digests are checked by who reads it (fetch). All functions may be called by several threads at once.
class Source {
 public:
  virtual ~Source() = default;

  /// What people call it, for messages: "docker.io/library/debian:12".
  [[nodiscard]] virtual std::string name() const = 0;

  /// Reads the manifest that the source's own reference names, or the one of `digest`.
  [[nodiscard]] virtual Text manifest(const std::optional<image::Digest>& digest) = 0;

  /// Gives the bytes of a blob to `sink`, from byte `begin.from` on. Where the source can no longer go on there it calls `restart`
  /// and begins with the first. Whatever `sink` throws passes through. Returns when the source has no more.
  virtual void read_blob(const image::Descriptor& blob, const Resumption& begin, const std::function<void()>& restart, const Sink& sink) = 0;
};

/// Where an image goes to. All functions may be called by several threads at once.
class Target {
 public:
  virtual ~Target() = default;

  /// What people call it, for messages.
  [[nodiscard]] virtual std::string name() const = 0;

  /// Whether the target has the blob already, or could take it from a neighbour (cross-repository mount).
  [[nodiscard]] virtual bool has_blob(const image::Descriptor& blob) = 0;

  /// Puts a blob there; `read` gives its bytes to the sink, from the first, each time that it is called.
  virtual void write_blob(const image::Descriptor& blob, const std::function<void(const Sink&)>& read) = 0;

  /// Puts the manifest there, last, under the target's own reference; what is not whole before is now.
  virtual void finish(const Text& manifest) = 0;
};

/// A layer that is being unpacked somewhere else, as a plain tar archive that is written into a pipe. Whoever reads the pipe
/// does so to its end, also past the end of the archive. Made and used by several threads, each its own.
class Unpacking {
 public:
  virtual ~Unpacking() = default;
  /// The end of the pipe to write to, which fetch() sets not to block; closed by finish().
  [[nodiscard]] virtual int input() const noexcept = 0;
  /// Tells that all was written and was what it should be; waits for the end. Throws what went wrong. Without it the layer
  /// is thrown away by the destructor.
  virtual void finish() = 0;
  /// Called instead where nobody reads the pipe any more, which is before the end only where something went wrong: throws what.
  [[noreturn]] virtual void fail();
};

/// Told how a fetch or a delivery goes on; called by several threads, one call at a time for one blob.
class Progress {
 public:
  virtual ~Progress() = default;
  /// What is compressed comes under another name then: `compressed` is the end of this one.
  enum class State { waiting, copying, unpacking, done, present, compressing, compressed };
  virtual void show(const image::Descriptor& blob, State state, std::uint64_t bytes) = 0;
};

/// What `fetch` does.
struct Fetch {
  std::string name = {};                              ///< what the image is called from now on; empty: nothing
  image::Platform platform = image::own_platform();
  bool any_platform = false;                          ///< an image for another platform than was asked for is an error, unless
  bool from_registry = false;                         ///< where it can be had again (image::origin_key)
  bool only_unpack = false;                           ///< an image of the store, of whose blobs some may have been dropped
  unsigned jobs = 4;                                  ///< how many layers at once
  /// Starts the unpacking of a layer; null where it is not wanted, for one that is unpacked already. May be empty.
  std::function<std::unique_ptr<Unpacking>(const image::Digest& diff_id)> unpack = {};
  Progress* progress = nullptr;
};

/// Brings an image into the store: documents first, then layers side by side: each is hashed, inflated, hashed
/// again and unpacked while it comes. Its name it gets when all is whole. Blobs that are there are not read again, but
/// unpacked where that is missing. Throws an Error that names the blob; what was whole by then stays, what was not waits for
/// the next time. Memory is bounded. Gives what the store has now.
image::Stored fetch(Source& source, image::Store& store, const Fetch& how);

/// An image that goes out with other layers than the store has (compress_layers).
struct Repacked {
  Text manifest = {};
  image::Manifest document;                     ///< the same, read
  std::map<image::Digest, sys::Fd> files = {};  ///< the blobs that the store does not have
};

/// Copies an image of the store to a target, byte for byte, or as `repacked` has it.
void deliver(const image::Store& store, const image::Image& image, Target& target, Progress* progress, unsigned jobs = 3, const Repacked* repacked = nullptr);

/// How registries are talked to.
struct Connection {
  std::string insecure_host = {};   ///< the one HOST[:PORT] that is talked to without TLS verification, or in plain HTTP
  std::string cert_folder = {};     ///< of --cert-dir: *.crt to trust, *.cert and *.key to show
  std::string auth_file = {};       ///< of --authfile; empty: where podman keeps it
  std::string credentials = {};     ///< NAME:PASSWORD of --creds
  std::string registries_file = {};  ///< $CONTAINERS_REGISTRIES_CONF, in place of the caller's and the system's registries.conf
  std::string runtime_folder = {};  ///< $XDG_RUNTIME_DIR
  std::string config_folder = {};   ///< $XDG_CONFIG_HOME, or $HOME/.config
  std::string docker_folder = {};   ///< $DOCKER_CONFIG, or $HOME/.docker
  std::string http_proxy = {}, https_proxy = {}, no_proxy = {};  ///< of the environment, as curl reads them
  std::vector<std::string> helper_folders = {};                  ///< where docker-credential-NAME may lie, of $PATH
  std::vector<std::string> helper_environment = {};              ///< NAME=VALUE, what such a program may know
  unsigned stall_seconds = 60;                                   ///< how long a server may be silent
  std::function<void(unsigned seconds)> pause = {};              ///< waits before another attempt; empty: sleeps
  std::function<void(std::string_view)> notice = {};  ///< told of retries and the like, a line each; may be empty
};

/// Opens a source by its transport: oci:PATH[:TAG], oci-archive:PATH[:TAG], docker-archive:PATH[:NAME]. The path - is standard
/// input; what cannot be read at any place is copied into the staging folder of `store` first. Throws.
[[nodiscard]] std::unique_ptr<Source> open_archive_source(std::string_view location, const image::Store& store);
[[nodiscard]] std::unique_ptr<Target> open_archive_target(std::string_view location);

/// Lists what a name may stand for, as registries.conf says, to be tried in this order: the name itself, unless its registry was
/// not typed. Throws where a file is damaged.
[[nodiscard]] std::vector<image::Reference> find_candidates(const image::Reference& reference, const Connection& connection);

/// Opens a repository of a registry. The first request is made by the first function that is called. Throws where files of the
/// caller's are damaged, and where registries.conf blocks the registry.
[[nodiscard]] std::unique_ptr<Source> open_registry_source(const image::Reference& reference, const Connection& connection);

/// Other repositories of the same registry.
struct Neighbours {
  std::map<image::Digest, std::string> blobs = {};  ///< that one of them is known to have
  std::string same = {};  ///< one that may have the image, under another of its names; with other layers than the store where it came there compressed
};
[[nodiscard]] std::unique_ptr<Target> open_registry_target(const image::Reference& reference, const Connection& connection, Neighbours neighbours = {});

/// Tries a name and a password (NAME:PASSWORD) at a registry, and keeps them in the caller's auth.json, or the helper that it names,
/// where it takes them. `key` is HOST[:PORT], with /NAMESPACE where they are for that alone. Throws.
void log_in(const std::string& key, const std::string& credentials, const Connection& connection);
/// Forgets them again; all where `key` is empty. False where there were none.
bool log_out(const std::string& key, const Connection& connection);
/// Gives the name that the caller is logged in with; nothing where that is none.
[[nodiscard]] std::optional<std::string> find_login_name(const std::string& key, const Connection& connection);

}  // namespace snug::transport
