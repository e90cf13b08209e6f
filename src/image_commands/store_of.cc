#include "store_of.hh"

#include <algorithm>
#include <set>

#include "connection.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"

namespace snug::image_commands {

image::Store store_of(const cli::Invocation& invocation) {
  return image::Store(probe::find_store(commands::caller_environment(invocation.environment)));
}

std::string name_here(const cli::Invocation& invocation, const image::Store& store, const std::string& typed) {
  if (store.find_stored(typed)) return typed;
  for (const image::Reference& candidate : candidates_of(invocation, image::parse_reference(typed)))
    if (std::string name = image::render_reference(candidate); store.find_stored(name)) return name;
  return typed;
}

image::Image find_image(const cli::Invocation& invocation, const image::Store& store, const std::string& typed) {
  if (auto found = store.find(name_here(invocation, store, typed))) return *std::move(found);
  throw Error(format("there is no image {}", quoted(typed)), "'snug images' lists those that are there; 'snug pull' brings others");
}

std::string new_name(const std::string& typed) {
  const image::Reference name = image::parse_reference(typed);
  if (name.digest) throw UsageError(format("{} names a digest, which nobody can give", quoted(typed)));
  const auto is_algorithm = [&](std::string_view word) { return word == image::familiar_name(name, false); };
  if (image::parse_digest("sha256:" + typed) || std::any_of(image::algorithms.begin(), image::algorithms.end(), is_algorithm))
    throw UsageError(format("{} would be taken for an id, and never be found", quoted(typed)), "another name, or localhost/NAME");
  return image::render_reference(name);
}

void need_operands(const cli::Invocation& invocation, std::size_t least, std::string_view what) {
  if (invocation.arguments.operands.size() >= least) return;
  throw UsageError(format("'snug {}' needs {}", invocation.command.name, what), format("snug {} {}", invocation.command.name, invocation.command.operands));
}

std::string short_name(const std::string& name) {
  if (name.empty()) return "<none>";
  try {
    return image::familiar_name(image::parse_reference(name));
  } catch (const UsageError&) {
    return name;  // of somebody else who wrote into the layout
  }
}

std::uint64_t size_of(const image::Image& image) {
  std::set<image::Digest> seen{image.manifest.config.digest};
  std::uint64_t size = image.descriptor.size + image.manifest.config.size;
  for (const image::Descriptor& layer : image.manifest.layers)
    if (seen.insert(layer.digest).second) size += layer.size;
  return size;
}

}  // namespace snug::image_commands
