#include "bringing.hh"
#include "change.hh"
#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/transport/archive.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

image::Config config_of(const cli::Arguments& arguments) {
  const std::string* message = arguments.find("message");
  image::Config config = new_config({}, message ? *message : format("Imported from {}", arguments.operands[0]));
  if (const std::string* platform = arguments.find("platform")) config.platform = image::parse_platform(*platform);
  apply_changes(config.process, arguments);
  return config;
}

}  // namespace

int import(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "an archive");
  const std::string name = invocation.arguments.operands.size() < 2 ? "" : new_name(invocation.arguments.operands[1]);
  image::Store store = store_of(invocation);
  const auto source = transport::open_tarball_source(invocation.arguments.operands[0], config_of(invocation.arguments), store);
  const image::Stored stored = bring(invocation, *source, store, name);
  commands::print(store.open(stored).id().text() + "\n");
  return 0;
}

}  // namespace snug::image_commands
