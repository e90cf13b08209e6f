#include "container.hh"
#include "functions.hh"
#include "snug/commands/layers.hh"
#include "snug/transport/new_file.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

std::vector<plan::Layer> layers_of(const Container& container) {
  std::vector<plan::Layer> layers;
  if (container.has_written()) layers.push_back({container.record.upper, {}});
  for (const std::string& lower : container.record.lowers) layers.push_back({lower, {}});
  return layers;
}

}  // namespace

int export_container(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "a container");
  const std::string& typed = invocation.arguments.operands[0];
  const std::string* path = invocation.arguments.find("output");
  const Container container = find_container(invocation, typed);
  const commands::Packing packing{.name = typed, .what = plan::Pack::tree, .layers = layers_of(container)};
  transport::NewFile output(path ? *path : "-");
  commands::pack_layers(container.spec, container.facts, packing, output.fd());
  output.finish();
  return 0;
}

}  // namespace snug::image_commands
