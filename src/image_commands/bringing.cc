#include "bringing.hh"

#include "progress.hh"

namespace snug::image_commands {

image::Stored bring(const cli::Invocation& invocation, transport::Source& source, image::Store& store, const std::string& name) {
  ProgressDisplay progress(error_screen(invocation.arguments.flag("quiet")));
  return transport::fetch(source, store, {.name = name, .any_platform = true, .progress = &progress});
}

}  // namespace snug::image_commands
