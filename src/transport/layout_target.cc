#include "layout_target.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "layout.hh"
#include "snug/transport/new_file.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/transport/hash.hh"
#include "tar_writer.hh"

namespace snug::transport {
namespace {

using image::Descriptor;
using image::Digest;
using Read = std::function<void(const Sink&)>;

/// Where the files of a layout go to.
class Place {
 public:
  virtual ~Place() = default;
  [[nodiscard]] virtual bool has(const Descriptor& blob) = 0;
  virtual void put(const Descriptor& blob, const Read& read) = 0;
  /// Adds descriptors to the index, in place of those of the same names, and makes all whole.
  virtual void finish(const std::vector<Descriptor>& added) = 0;
};

class ArchivePlace : public Place {
 public:
  explicit ArchivePlace(const std::string& path) : file_(path), writer_(file_.fd()) { writer_.add(layout_name, layout_text); }

  bool has(const Descriptor& blob) override { return writer_.has(blob_name(blob.digest)); }
  void put(const Descriptor& blob, const Read& read) override { writer_.add(blob_name(blob.digest), blob.size, read); }
  void finish(const std::vector<Descriptor>& added) override {
    writer_.add(index_name, image::render_index({std::string(image::media::index), added}));
    writer_.end();
    file_.finish();
  }

 private:
  NewFile file_;
  TarWriter writer_;
};

// The next part of a path, made where it is missing; no link is followed.
sys::Fd make_folder(int parent, const std::string& name) {
  constexpr unsigned mode = 0777;
  if (::mkdirat(parent, name.c_str(), mode) != 0 && errno != EEXIST) throw system_error(format("make the folder {}", quoted(name)), errno);
  return sys::open(parent, name, O_RDONLY | O_DIRECTORY | (parent == AT_FDCWD ? 0 : O_NOFOLLOW));
}

// Of an index that is not ours: what is not as it should be is passed over, and stays.
std::string text_at(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string name_of(const Json& descriptor) {
  return descriptor.is_object() && descriptor.contains("annotations") ? text_at(descriptor["annotations"], name_key) : "";
}

bool replaces(const Json& one, const Json& old) {
  return name_of(one) == name_of(old) && (!name_of(old).empty() || text_at(one, "digest") == text_at(old, "digest"));
}

class FolderPlace : public Place {
 public:
  explicit FolderPlace(const std::string& path) : path_(path), root_(make_folder(AT_FDCWD, path)), blobs_(make_folder(root_.get(), "blobs")) {
    lock(LOCK_SH);
    new_ = !sys::find_status(root_.get(), layout_name);
    if (new_) sys::replace_file(root_.get(), layout_name, layout_text);
  }

  // What did not come whole goes away again, unless somebody else writes there, who may have taken a blob of it for granted.
  ~FolderPlace() override {
    if (finished_ || ::flock(root_.get(), LOCK_EX | LOCK_NB) != 0) return;
    for (const std::string& name : put_) ::unlinkat(root_.get(), name.c_str(), 0);
    if (!new_) return;
    ::unlinkat(root_.get(), std::string(layout_name).c_str(), 0);
    for (const char* folder : {"blobs/sha256", "blobs/sha512", "blobs"}) ::unlinkat(root_.get(), folder, AT_REMOVEDIR);
    ::rmdir(path_.c_str());  // fails where there is anything else in it
  }
  FolderPlace(const FolderPlace&) = delete;
  FolderPlace& operator=(const FolderPlace&) = delete;

  bool has(const Descriptor& blob) override {
    const auto status = sys::find_status(root_.get(), blob_name(blob.digest).c_str());
    return status && S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == blob.size;
  }

  void put(const Descriptor& blob, const Read& read) override {
    NewFile file(make_folder(blobs_.get(), blob.digest.algorithm), blob.digest.hex);
    read([&](std::string_view bytes) {
      if (const int error = sys::write_all(file.fd(), bytes)) throw system_error(format("write into {}", quoted(path_)), error);
    });
    file.finish();
    const std::lock_guard guard(mutex_);
    put_.push_back(blob_name(blob.digest));
  }

  void finish(const std::vector<Descriptor>& added) override {
    lock(LOCK_EX);
    sys::replace_file(root_.get(), index_name, merged_index(added).dump());
    finished_ = true;
    ::flock(root_.get(), LOCK_UN);
  }

 private:
  void lock(int how) const {
    while (::flock(root_.get(), how) != 0)
      if (errno != EINTR) throw system_error(format("lock {}", quoted(path_)), errno);
  }

  // What others wrote into the index stays as it is, also what snug does not know.
  Json merged_index(const std::vector<Descriptor>& added) const {
    const Json more = parse_json(image::render_index({std::string(image::media::index), added}));
    const sys::Fd file = sys::try_open(root_.get(), index_name, O_RDONLY | O_NOFOLLOW);
    if (!file && errno == ENOENT) return more;
    if (!file) throw system_error(format("open {} in {}", index_name, quoted(path_)), errno);
    Json index = parse_json(sys::read_all(file.get(), image::largest_manifest));
    if (!index.is_object() || !index.contains("manifests") || !index["manifests"].is_array())
      throw Error(format("the index of {} is no list of images", quoted(path_)));
    Json list = Json::array();
    for (const Json& old : index["manifests"]) {
      const auto& list_of_new = more["manifests"];
      if (std::none_of(list_of_new.begin(), list_of_new.end(), [&](const Json& one) { return replaces(one, old); })) list.push_back(old);
    }
    for (const Json& one : more["manifests"]) list.push_back(one);
    index["manifests"] = std::move(list);
    return index;
  }

  std::string path_;
  sys::Fd root_, blobs_;
  bool new_ = false, finished_ = false;
  std::mutex mutex_;  // blobs come side by side
  std::vector<std::string> put_;
};

class LayoutTarget : public Target {
 public:
  LayoutTarget(Place& place, const Location& location, std::vector<Descriptor>& added, std::vector<std::string> names)
      : place_(place), location_(location), added_(added), names_(std::move(names)) {}

  std::string name() const override { return render_location({location_.form, location_.path, names_.empty() ? "" : names_[0]}); }
  bool has_blob(const Descriptor& blob) override { return place_.has(blob); }
  void write_blob(const Descriptor& blob, const Read& read) override { place_.put(blob, read); }

  void finish(const Text& manifest) override {
    const Descriptor descriptor{.media_type = manifest.media_type, .digest = manifest.digest ? *manifest.digest : digest_of(manifest.content), .size = manifest.content.size()};
    if (!place_.has(descriptor)) place_.put(descriptor, [&](const Sink& sink) { sink(manifest.content); });
    if (names_.empty()) added_.push_back(descriptor);
    for (const std::string& name : names_) {
      added_.push_back(descriptor);
      added_.back().annotations.emplace(name_key, name);
    }
  }

 private:
  Place& place_;
  const Location& location_;
  std::vector<Descriptor>& added_;
  std::vector<std::string> names_;
};

class PlacedCollection : public LayoutCollection {
 public:
  PlacedCollection(std::unique_ptr<Place> place, Location location) : place_(std::move(place)), location_(std::move(location)) {}

  std::unique_ptr<Target> add_as(std::vector<std::string> names) override { return std::make_unique<LayoutTarget>(*place_, location_, added_, std::move(names)); }
  void finish() override { place_->finish(added_); }

 private:
  std::unique_ptr<Place> place_;
  Location location_;
  std::vector<Descriptor> added_;
};

}  // namespace

std::unique_ptr<Target> LayoutCollection::add(std::vector<image::Reference> names) {
  std::vector<std::string> whole;
  for (const image::Reference& name : names) whole.push_back(image::render_reference(name));
  return add_as(std::move(whole));
}

std::unique_ptr<LayoutCollection> create_layout(const std::string& path) {
  if (path == "-") throw UsageError("a folder cannot be written to standard output", "-o PATH names it");
  return std::make_unique<PlacedCollection>(std::make_unique<FolderPlace>(path), Location{Form::oci, path, {}});
}

std::unique_ptr<LayoutCollection> create_layout_archive(const std::string& path) {
  return std::make_unique<PlacedCollection>(std::make_unique<ArchivePlace>(path), Location{Form::oci_archive, path, {}});
}

}  // namespace snug::transport
