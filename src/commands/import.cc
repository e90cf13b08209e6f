#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "change", .letter = 'c', .argument = "INSTRUCTION", .help = "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR, as in a Dockerfile", .repeatable = true},
    cli::Option{.name = "message", .letter = 'm', .argument = "TEXT", .help = "what the history of the image is to say"},
    cli::Option{.name = "platform", .argument = "OS/ARCH[/VARIANT]", .help = "the files are for this platform, not for this machine's"},
    cli::Option{.name = "quiet", .letter = 'q', .help = "do not show how it goes on"},
};

}  // namespace

constinit const cli::Command import_command{
    .name = "import",
    .summary = "make an image from a tar archive of a root file system",
    .operands = "FILE|- [NAME[:TAG]]",
    .description = "Makes an image of one layer from a tar archive, plain or compressed with gzip or zstd, and prints its id.",
    .options = options,
    .max_operands = 2,
    .completer = {cli::Complete::file},
    .further = cli::Completer{cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
