#include "root_archive.hh"

#include "bringing.hh"
#include "own_source.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/commands/layers.hh"
#include "snug/transport/new_file.hh"
#include "store_of.hh"

namespace snug::image_commands {

void write_root_archive(const cli::Invocation& invocation, image::Store& store, const image::Image& image, const std::string& path) {
  const plan::Spec spec = commands::read_id_map(invocation);
  const plan::HostFacts facts = probe::host_facts(spec, commands::caller_environment(invocation.environment));
  const std::string map = commands::layer_map(commands::id_maps_of(spec, facts));
  auto layers = commands::find_layers(store, map, image);
  if (!layers) {
    unpack_present(invocation, store, image);
    layers = commands::find_layers(store, map, image);
  }
  const std::string name = short_name(image.name);
  if (!layers) throw Error(format("the image {} was taken away meanwhile", quoted(name)));
  if (layers->roots.empty()) throw Error(format("the image {} has no layers, and so no root", quoted(name)));
  commands::Packing packing{.name = name, .what = plan::Pack::tree};
  for (const std::string& root : layers->roots) packing.layers.push_back({root, {}});
  transport::NewFile output(path);
  commands::pack_layers(spec, facts, packing, output.fd());
  output.finish();
}

}  // namespace snug::image_commands
