#include <unistd.h>

#include <array>

#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/commands/layers.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "tree", .help = "pack all as it is: whiteouts have no meaning"},
};

int pack_layer(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "a folder");
  if (::isatty(STDOUT_FILENO)) throw UsageError("standard output is a terminal, and the archive goes there");
  commands::Packing packing{.name = invocation.arguments.operands[0]};
  packing.what = invocation.arguments.flag("tree") ? plan::Pack::tree : plan::Pack::layer;
  for (const std::string& path : invocation.arguments.operands) {
    if (!path.starts_with('/')) throw UsageError(format("{} does not begin with a slash", quoted(path)));
    packing.layers.push_back({path, {}});
  }
  const plan::Spec spec = commands::read_id_map(invocation);
  commands::pack_layers(spec, probe::host_facts(spec, commands::caller_environment(invocation.environment)), packing, STDOUT_FILENO);
  return 0;
}

}  // namespace

constinit const cli::Command pack_layer_command{
    .name = "pack-layer",
    .summary = "pack folders into a layer of an image",
    .operands = "FOLDER...",
    .description = "Writes a plain tar archive to standard output: of an overlay of the folders, the first on top, as a layer.",
    .options = options,
    .shared = &commands::id_map_option_set,
    .max_operands = SIZE_MAX,
    .function = pack_layer};

}  // namespace snug::image_commands
