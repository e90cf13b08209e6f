#include <fcntl.h>

#include "connection.hh"
#include "functions.hh"
#include "progress.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/sys/file.hh"
#include "snug/transport/archive.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

void add_blobs(const image::Manifest& manifest, const std::string& repository, transport::Neighbours& neighbours) {
  neighbours.emplace(manifest.config.digest, repository);
  for (const image::Descriptor& layer : manifest.layers) neighbours.emplace(layer.digest, repository);
}

/// What other repositories of that registry have, as far as the names of images in the store tell.
transport::Neighbours neighbours_of(const image::Store& store, const image::Reference& target) {
  transport::Neighbours neighbours;
  for (const image::Stored& stored : store.list()) {
    try {
      const image::Reference name = image::parse_reference(stored.name);
      if (name.registry == target.registry && name.repository != target.repository) add_blobs(store.open(stored).manifest, name.repository, neighbours);
    } catch (const Error&) {  // no name, or a damaged image: it only could have spared an upload
    }
  }
  return neighbours;
}

std::string destination_of(const cli::Invocation& invocation, const image::Image& image) {
  const auto& operands = invocation.arguments.operands;
  if (operands.size() > 1) return operands[1];
  if (image.name.empty()) throw UsageError(format("{} has no name that tells where to push it", quoted(operands[0])), "snug push IMAGE DESTINATION");
  return image.name;
}

std::unique_ptr<transport::Target> open_target(const cli::Invocation& invocation, const image::Store& store, std::string destination) {
  if (transport::parse_location(destination)) return transport::open_archive_target(destination);
  constexpr std::string_view docker = "docker://";  // of skopeo and podman
  if (destination.starts_with(docker)) destination.erase(0, docker.size());
  const image::Reference reference = image::parse_reference(destination);
  return transport::open_registry_target(reference, connection_of(invocation, reference.registry), neighbours_of(store, reference));
}

}  // namespace

int push(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "an image");
  const cli::Arguments& arguments = invocation.arguments;
  const image::Store store = store_of(invocation);
  const image::Image image = find_image(store, arguments.operands[0]);
  const auto target = open_target(invocation, store, destination_of(invocation, image));
  ProgressDisplay progress(error_screen(arguments.flag("quiet")));
  transport::deliver(store, image, *target, &progress);
  const std::string digest = image.descriptor.digest.text();
  if (const std::string* file = arguments.find("digestfile"))
    if (const sys::Fd fd = sys::open(AT_FDCWD, *file, O_WRONLY | O_CREAT | O_TRUNC, 0666); const int error = sys::write_all(fd.get(), digest))
      throw system_error(format("write {}", quoted(*file)), error);
  commands::print(digest + "\n");
  return 0;
}

}  // namespace snug::image_commands
