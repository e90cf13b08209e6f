#include "bringing.hh"

#include "progress.hh"
#include "unpacking.hh"

namespace snug::image_commands {

image::Stored bring(const cli::Invocation& invocation, transport::Source& source, image::Store& store, const std::string& name) {
  ProgressDisplay progress(error_screen(invocation.arguments.flag("quiet")));
  const Unpacker unpacker(invocation);
  return transport::fetch(source, store, {.name = name, .any_platform = true,
                                          .unpack = [&](const image::Digest& diff_id) { return unpacker.start(diff_id); }, .progress = &progress});
}

}  // namespace snug::image_commands
