#include <fcntl.h>

#include "connection.hh"
#include "functions.hh"
#include "progress.hh"
#include "root_archive.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/sys/file.hh"
#include "snug/transport/archive.hh"
#include "snug/transport/hash.hh"
#include "snug/transport/repack.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

void add_blobs(const image::Manifest& manifest, const std::string& repository, transport::Neighbours& neighbours) {
  neighbours.blobs.emplace(manifest.config.digest, repository);
  for (const image::Descriptor& layer : manifest.layers) neighbours.blobs.emplace(layer.digest, repository);
}

/// What other repositories of that registry have, as far as the names of images in the store tell.
transport::Neighbours neighbours_of(const image::Store& store, const image::Image& image, const image::Reference& target) {
  transport::Neighbours neighbours;
  for (const image::Stored& stored : store.list()) {
    try {
      const image::Reference name = image::parse_reference(stored.name);
      if (name.registry != target.registry || name.repository == target.repository) continue;
      add_blobs(store.open(stored).manifest, name.repository, neighbours);
      if (stored.manifest.digest == image.descriptor.digest) neighbours.same = name.repository;
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

std::unique_ptr<transport::Target> open_target(const cli::Invocation& invocation, const image::Store& store, const image::Image& image, std::string destination, ProgressDisplay& display) {
  if (transport::parse_location(destination)) return transport::open_archive_target(destination);
  constexpr std::string_view docker = "docker://";  // of skopeo and podman
  if (destination.starts_with(docker)) destination.erase(0, docker.size());
  const image::Reference reference = image::parse_reference(destination);
  return transport::open_registry_target(reference, connection_of(invocation, reference.registry, &display), neighbours_of(store, image, reference));
}

// As podman does: what no registry has seen goes there compressed. Elsewhere, and what came from one, stays as it is.
image::Compression compression_for(const cli::Arguments& arguments, const image::Image& image, bool to_registry) {
  using image::Compression;
  const std::string* format = arguments.find("compression-format");
  if (!format) return to_registry && !image.descriptor.annotations.contains(std::string(image::origin_key)) ? Compression::gzip : Compression::none;
  if (*format == "gzip") return Compression::gzip;
  if (*format == "zstd") return Compression::zstd;
  if (*format == "none") return Compression::none;
  throw UsageError(snug::format("--compression-format {}: there is no such format", quoted(*format)), "gzip, zstd and none are there");
}

}  // namespace

int push(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "an image");
  const cli::Arguments& arguments = invocation.arguments;
  image::Store store = store_of(invocation);
  const image::Image image = find_image(invocation, store, arguments.operands[0]);
  const std::string destination = destination_of(invocation, image);
  if (constexpr std::string_view tar = "tar:"; destination.starts_with(tar)) {
    write_root_archive(invocation, store, image, destination.substr(tar.size()));
    return 0;
  }
  const auto compression = compression_for(arguments, image, !transport::parse_location(destination));
  ProgressDisplay progress(error_screen(arguments.flag("quiet")));
  const auto target = open_target(invocation, store, image, destination, progress);
  const auto repacked = compression == image::Compression::none ? std::nullopt : transport::compress_layers(store, image, compression, &progress);
  transport::deliver(store, image, *target, &progress, 3, repacked ? &*repacked : nullptr);
  const std::string digest = (repacked ? transport::digest_of(repacked->manifest.content) : image.descriptor.digest).text();
  if (const std::string* file = arguments.find("digestfile"))
    if (const sys::Fd fd = sys::open(AT_FDCWD, *file, O_WRONLY | O_CREAT | O_TRUNC, 0666); const int error = sys::write_all(fd.get(), digest))
      throw system_error(format("write {}", quoted(*file)), error);
  commands::print(digest + "\n");
  return 0;
}

}  // namespace snug::image_commands
