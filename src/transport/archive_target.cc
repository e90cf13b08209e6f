#include "docker_archive_target.hh"
#include "layout_target.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/transport/archive.hh"

namespace snug::transport {
namespace {

/// A place with one image in it.
class SingleTarget : public Target {
 public:
  SingleTarget(std::string name, std::unique_ptr<Collection> collection, std::unique_ptr<Target> target)
      : name_(std::move(name)), collection_(std::move(collection)), target_(std::move(target)) {}

  std::string name() const override { return name_; }
  bool has_blob(const image::Descriptor& blob) override { return target_->has_blob(blob); }
  void write_blob(const image::Descriptor& blob, const std::function<void(const Sink&)>& read) override { target_->write_blob(blob, read); }
  void finish(const Text& manifest) override {
    target_->finish(manifest);
    collection_->finish();
  }

 private:
  std::string name_;
  std::unique_ptr<Collection> collection_;
  std::unique_ptr<Target> target_;
};

std::unique_ptr<Target> single(const Location& location) {
  if (location.form == Form::folder) return open_folder_target(location.path);
  if (location.form == Form::docker_archive) {
    auto collection = create_docker_archive(location.path);
    auto target = collection->add(location.name.empty() ? std::vector<image::Reference>() : std::vector{image::parse_reference(location.name)});
    return std::make_unique<SingleTarget>(render_location(location), std::move(collection), std::move(target));
  }
  auto collection = location.form == Form::oci ? create_layout(location.path) : create_layout_archive(location.path);
  auto target = collection->add_as(location.name.empty() ? std::vector<std::string>() : std::vector{location.name});
  return std::make_unique<SingleTarget>(render_location(location), std::move(collection), std::move(target));
}

}  // namespace

std::unique_ptr<Collection> create_collection(Form form, const std::string& path) {
  if (form == Form::docker_archive) return create_docker_archive(path);
  if (form == Form::oci_archive) return create_layout_archive(path);
  return create_layout(path);
}

std::unique_ptr<Target> open_archive_target(std::string_view text) {
  const auto location = parse_location(text);
  if (!location) throw UsageError(format("{} is no place for images", quoted(text)), "oci:PATH, oci-archive:PATH, docker-archive:PATH or dir:PATH");
  return single(*location);
}

}  // namespace snug::transport
