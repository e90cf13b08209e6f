#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "input", .letter = 'i', .argument = "FILE", .help = "read this file or folder instead of standard input", .completer = {cli::Complete::file}},
    cli::Option{.name = "quiet", .letter = 'q', .help = "do not show how it goes on"},
};

}  // namespace

constinit const cli::Command load_command{
    .name = "load",
    .summary = "take images out of an archive into the store",
    .description = "Takes all images, with their names, out of what 'docker save' or 'podman save' wrote (docker-archive,\n"
                   "oci-archive, compressed with gzip or zstd or not), or out of a folder in OCI's image layout.",
    .options = options,
    .function = run_image_program};

}  // namespace snug::commands
