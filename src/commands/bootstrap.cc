#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "include", .argument = "PACKAGE[,PACKAGE...]", .help = "packages to install besides", .repeatable = true},
    cli::Option{.name = "mirror", .argument = "URL", .help = "where the packages come from; otherwise the distribution's own place"},
    cli::Option{.name = "quiet", .letter = 'q', .help = "do not show how it goes on"},
    cli::Option{.name = "variant", .argument = "VARIANT", .help = "what of the distribution: essential, apt, minbase (the default) or important", .completer = {cli::Complete::words, "essential apt minbase important"}},
};

}  // namespace

constinit const cli::Command bootstrap_command{
    .name = "bootstrap",
    .summary = "make an image of Debian or Ubuntu from its packages alone",
    .operands = "debian:SUITE|ubuntu:SUITE [NAME[:TAG]]",
    .description = "Makes an image with mmdebstrap, which runs in a container on this machine's own root, copy-on-write, with this\n"
                   "machine's network: for where no registry is in reach. It is called as it was asked for, or NAME. Prints the image's id.",
    .options = options,
    .max_operands = 2,
    .completer = {cli::Complete::words, "debian: ubuntu:"},
    .further = cli::Completer{cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
