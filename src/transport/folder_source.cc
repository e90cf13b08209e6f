#include "folder.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::transport {
namespace {

class FolderSource final : public Source {
 public:
  explicit FolderSource(std::shared_ptr<const Files> files) : files_(std::move(files)) {}

  std::string name() const override { return "dir:" + files_->name(); }

  // Those of a list lie beside it.
  Text manifest(const std::optional<image::Digest>& digest) override {
    const std::string file = digest ? format("{}.{}", digest->hex, manifest_name) : manifest_name;
    return {files_->read(file, image::largest_manifest), {}};
  }

  void read_blob(const image::Descriptor& blob, const Resumption& begin, const std::function<void()>& /*restart*/, const Sink& sink) override {
    const auto file = files_->find(blob.digest.hex);
    if (!file) throw Error(format("it has no blob {}", blob.digest.text()));
    read_extent(file->extent, begin.from, sink);
  }

 private:
  std::shared_ptr<const Files> files_;
};

}  // namespace

bool is_image_folder(const Files& files) {
  constexpr std::uint64_t longest = 100;
  return files.find(manifest_name) && files.find(version_name) && files.read(version_name, longest).starts_with("Directory Transport Version: ");
}

std::vector<Contained> open_image_folder(const std::shared_ptr<const Files>& files) {
  std::vector<Contained> images;
  images.push_back({{}, std::make_unique<FolderSource>(files)});
  return images;
}

}  // namespace snug::transport
