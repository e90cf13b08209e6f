#include <array>
#include <cstdint>
#include <ctime>
#include <memory>
#include <variant>

#include "commands.hh"
#include "snug/commands/output.hh"
#include "planning.hh"
#include "run_options.hh"
#include "snug/base/text.hh"
#include "snug/commands/layers.hh"
#include "snug/runtime/launch.hh"
#include "snug/state/record.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "verbose", .help = "print each step as it is done, with the time it took"},
};

// What commit and export need to know of a container that runs on an image and writes to the disk.
void write_record(const Planned& planned) {
  const auto* overlay = planned.plan.find<plan::MakeOverlay>();
  if (planned.manifest.empty() || planned.storage->path().empty() || !overlay || !overlay->upper || overlay->upper->mount) return;
  const std::string& folder = planned.storage->path();
  for (const state::Record& other : planned.spec.name ? state::list_records(planned.facts.store) : std::vector<state::Record>())
    if (other.name == *planned.spec.name && state::is_running(planned.facts.store, other))
      throw Error(format("a container of the name {} is running already", quoted(other.name)), "another --name, or none");
  state::write_record(planned.facts.store, {.id = folder.substr(folder.rfind('/') + 1), .name = planned.spec.name.value_or(""),
                                            .created = std::time(nullptr), .image = planned.spec.rootfs.given, .manifest = planned.manifest,
                                            .map = layer_map(id_maps_of(planned.spec, planned.facts)),
                                            .lowers = planned.spec.rootfs.layers, .upper = format("{}/{}", folder, overlay->upper->path), .spec = {}});
}

int run(const cli::Invocation& invocation) {
  const bool verbose = invocation.arguments.flag("verbose");
  Planned planned = plan_container(invocation, verbose);
  if (!planned.storage) planned.storage = std::make_unique<Storage>(planned.plan, planned.facts.store);
  write_record(planned);
  const auto result = runtime::launch(planned.plan, {.folder = planned.storage->path(), .step_done = step_printer(planned.plan, verbose)});
  if (const auto* failure = std::get_if<runtime::StepFailure>(&result))
    throw failure_error(planned.plan, planned.facts, *failure);
  const auto& exited = std::get<runtime::Exited>(result);
  if (exited.init_killed) say("snug: the container was killed from outside\n");
  return exited.code;
}

}  // namespace

constinit const cli::Command run_command{
    .name = "run",
    .summary = "run a command, or a shell, inside walls of its own",
    .operands = "[ROOTFS [COMMAND [ARG...]]]",
    .description = "Starts COMMAND in a container made from ROOTFS: an image (NAME[:TAG][@DIGEST], oci:PATH[:TAG],\n"
                   "oci-archive:PATH, docker-archive:PATH), a folder (/path, ./path, dir:PATH), a tar archive\n"
                   "(tar:PATH), or 'host', this machine's own root, copy-on-write, the default. An image that is\n"
                   "missing is pulled. Without a COMMAND it is the image's, or your shell. What is written to the root\n"
                   "goes away with the container.",
    .options = options,
    .shared = &run_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::rootfs},
    .function = run};

}  // namespace snug::commands
