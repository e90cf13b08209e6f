#include <array>
#include <cstdint>

#include "commands.hh"
#include "making.hh"
#include "monitoring.hh"
#include "run_options.hh"
#include "settings.hh"
#include "visiting.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    making_options[0],
    making_options[1],
    cli::Option{.name = "verbose", .help = "print each step as it is done, with the time it took"},
};

int run(const cli::Invocation& invocation) {
  plan::Spec spec = read_spec(invocation);
  check_foreground(spec);
  const bool verbose = invocation.arguments.flag("verbose");
  IdFile id_file(invocation);
  make_room(invocation, spec);
  Planned planned = plan_container(std::move(spec), invocation, Purpose::run, verbose);
  id_file.write(planned);
  if (plan::is_kept(planned.spec)) state::write_new_record(planned.facts.store, record_of(planned));
  if (!planned.spec.detach) return run_in_foreground(planned, verbose);
  const std::string id = planned.storage->id();
  start_in_background(planned);
  print(id + "\n");
  return 0;
}

}  // namespace

constinit const cli::Command run_command{
    .name = "run",
    .summary = "run a command, or a shell, inside walls of its own",
    .operands = "[ROOTFS [COMMAND [ARG...]]]",
    .description = "Starts COMMAND in a container made from ROOTFS: an image (NAME[:TAG][@DIGEST], oci:PATH[:TAG],\n"
                   "oci-archive:PATH, docker-archive:PATH), a folder (/path, ./path, dir:PATH), a tar archive\n"
                   "(tar:PATH), or 'host', this machine's own root, copy-on-write, the default. An image that is\n"
                   "missing is pulled. Without a COMMAND it is the image's, or your shell. The container goes away\n"
                   "when it ends, with what it wrote to the root; with --detach or --rm=false it stays.",
    .options = options,
    .shared = &run_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::rootfs},
    .further = cli::Completer{cli::Complete::file},
    .function = run};

}  // namespace snug::commands
