#include "bringing.hh"

#include "own_source.hh"
#include "progress.hh"
#include "unpacking.hh"

namespace snug::image_commands {

image::Stored bring(const cli::Invocation& invocation, transport::Source& source, image::Store& store, const std::string& name) {
  ProgressDisplay progress(error_screen(invocation.arguments.flag("quiet")));
  const Unpacker unpacker(invocation);
  image::Stored stored = transport::fetch(source, store, {.name = name, .any_platform = true,
                                          .unpack = [&](const image::Digest& diff_id) { return unpacker.start(diff_id); }, .progress = &progress});
  unpacker.settle(store.open(stored));
  return stored;
}

// A layout of skopeo's or podman's may have a bare word, which names no repository anywhere.
std::string contained_name(const std::string& name) {
  const bool bare = name.find_first_of("/:@") == std::string::npos;
  return image::render_reference(image::parse_reference(bare ? "localhost/" + name : name));
}

void unpack_present(const cli::Invocation& invocation, image::Store& store, const image::Image& image) {
  const bool from_registry = image.descriptor.annotations.contains(std::string(image::origin_key));
  // Nothing comes from elsewhere: that is for who waits at a terminal, and not for whoever reads what the command says.
  Screen screen = error_screen(invocation.arguments.flag("quiet"));
  if (screen.kind == Screen::Kind::lines) screen.kind = Screen::Kind::none;
  ProgressDisplay progress(std::move(screen));
  const Unpacker unpacker(invocation);
  const auto source = open_own_source(store, {image.name, image.descriptor});
  transport::fetch(*source, store, {.name = image.name, .any_platform = true, .from_registry = from_registry, .only_unpack = true,
                                    .unpack = [&](const image::Digest& diff_id) { return unpacker.start(diff_id); }, .progress = &progress});
  unpacker.settle(image);
}

}  // namespace snug::image_commands
