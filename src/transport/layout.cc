#include "layout.hh"

#include <algorithm>

#include "content.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::transport {
namespace {

using image::Descriptor;
using image::Digest;
using image::Index;

// docker's own layouts have the whole name here, and the tag alone where others have the name.
constexpr const char* docker_name_key = "io.containerd.image.name";

std::string annotation_of(const Descriptor& descriptor, const char* key) {
  const auto found = descriptor.annotations.find(key);
  return found == descriptor.annotations.end() ? "" : found->second;
}

std::string name_of(const Descriptor& descriptor) {
  const std::string name = annotation_of(descriptor, docker_name_key);
  return name.empty() ? annotation_of(descriptor, name_key) : name;
}

class LayoutSource : public Source {
 public:
  /// `roots` are for several platforms, where there is more than one.
  LayoutSource(std::shared_ptr<const Files> files, std::string name, std::vector<Descriptor> roots)
      : files_(std::move(files)), name_(std::move(name)), roots_(std::move(roots)) {}

  std::string name() const override { return name_; }

  Text manifest(const std::optional<Digest>& digest) override {
    if (digest) return {files_->read(blob_name(*digest), image::largest_manifest), {}};
    if (roots_.size() > 1) return {image::render_index({std::string(image::media::index), roots_}), std::string(image::media::index)};
    image::check_manifest_kind(roots_[0]);
    Text text{files_->read(blob_name(roots_[0].digest), image::largest_manifest), roots_[0].media_type, roots_[0].digest};
    check_content(text.content, roots_[0]);
    return text;
  }

  void read_blob(const Descriptor& blob, const Resumption& begin, const std::function<void()>& /*restart*/, const Sink& sink) override {
    const auto file = files_->find(blob_name(blob.digest));
    if (!file) throw Error(format("it has no blob {}", blob.digest.text()));
    read_extent(file->extent, begin.from, sink);
  }

 private:
  std::shared_ptr<const Files> files_;
  std::string name_;
  std::vector<Descriptor> roots_;
};

/// Images of an index that are one: `roots` differ in their platforms alone.
struct Group {
  std::vector<std::string> names, tags;
  std::vector<Descriptor> roots;
};

bool belongs(const Group& group, const Descriptor& descriptor) {
  const std::string name = name_of(descriptor);
  const bool one_image = group.roots[0].digest == descriptor.digest;
  if (one_image || name.empty() != group.names.empty()) return one_image;
  return name.empty() ? descriptor.platform && group.roots[0].platform : group.names.front() == name;
}

std::vector<Group> groups_of(Index index) {
  std::vector<Group> groups;
  for (Descriptor& descriptor : index.manifests) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& one) { return belongs(one, descriptor); });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{});
    const std::string name = name_of(descriptor);
    if (!name.empty() && std::find(group->names.begin(), group->names.end(), name) == group->names.end()) group->names.push_back(name);
    if (const std::string tag = annotation_of(descriptor, name_key); !tag.empty() && tag != name) group->tags.push_back(tag);
    if (group->roots.empty() || group->roots[0].digest != descriptor.digest) group->roots.push_back(std::move(descriptor));
  }
  return groups;
}

}  // namespace

bool is_layout(const Files& files) { return files.find(layout_name) && files.find(index_name); }

std::string blob_name(const Digest& digest) { return format("blobs/{}/{}", digest.algorithm, digest.hex); }

std::vector<Contained> open_layout(const std::shared_ptr<const Files>& files) {
  auto document = image::parse_manifest(files->read(index_name, image::largest_manifest), image::media::index);
  auto* index = std::get_if<Index>(&document);
  if (!index) throw Error("its index.json is no list of images");
  std::vector<Contained> images;
  for (Group& group : groups_of(std::move(*index))) {
    std::string name = "oci:" + files->name() + (group.names.empty() ? "" : ":" + group.names[0]);
    images.push_back({std::move(group.names), std::make_unique<LayoutSource>(files, std::move(name), std::move(group.roots)), std::move(group.tags)});
  }
  return images;
}

}  // namespace snug::transport
