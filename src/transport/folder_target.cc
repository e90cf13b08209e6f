#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "folder.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/transport/archive.hh"
#include "snug/transport/new_file.hh"

namespace snug::transport {
namespace {

bool is_blob(const std::string& name) {
  return name.size() >= 64 && std::all_of(name.begin(), name.end(), [](char each) { return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'f'); });
}

bool is_part(const std::string& name) { return name == manifest_name || name.starts_with("signature-") || is_blob(name); }

class FolderTarget final : public Target {
 public:
  explicit FolderTarget(std::string path) : path_(std::move(path)) {
    constexpr unsigned mode = 0777;
    if (::mkdir(path_.c_str(), mode) != 0 && errno != EEXIST) throw system_error(format("make the folder {}", quoted(path_)), errno);
    folder_ = sys::open(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY);
    clear();
    sys::replace_file(folder_.get(), version_name, version_text);  // whatever becomes of it, the next image may come here
  }

  std::string name() const override { return "dir:" + path_; }
  bool has_blob(const image::Descriptor& /*blob*/) override { return false; }

  void write_blob(const image::Descriptor& blob, const std::function<void(const Sink&)>& read) override {
    NewFile file(format("{}/{}", path_, blob.digest.hex));
    read([&](std::string_view bytes) {
      if (const int error = sys::write_all(file.fd(), bytes)) throw system_error(format("write the blob {}", blob.digest.brief()), error);
    });
    file.finish();
  }

  void finish(const Text& manifest) override { sys::replace_file(folder_.get(), manifest_name, manifest.content); }

 private:
  // Another image in such a folder goes; anything else would be mixed with it.
  void clear() const {
    const std::vector<sys::Entry> entries = sys::list_folder(folder_.get());
    if (!entries.empty() && !sys::find_status(folder_.get(), version_name))
      throw Error(format("{} holds something else than an image", quoted(path_)), "an empty folder, or one that is not there yet, can become one");
    for (const sys::Entry& entry : entries)
      if (is_part(entry.name)) static_cast<void>(::unlinkat(folder_.get(), entry.name.c_str(), 0));
  }

  std::string path_;
  sys::Fd folder_;
};

}  // namespace

std::unique_ptr<Target> open_folder_target(const std::string& path) { return std::make_unique<FolderTarget>(path); }

}  // namespace snug::transport
