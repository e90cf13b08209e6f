#include <array>
#include <cstdint>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "format", .argument = "FORMAT", .help = "docker-archive, the default, docker-dir, oci-archive or oci-dir", .completer = {cli::Complete::words, "docker-archive docker-dir oci-archive oci-dir"}},
    cli::Option{.name = "output", .letter = 'o', .argument = "FILE", .help = "write this file or folder instead of standard output", .completer = {cli::Complete::file}},
    cli::Option{.name = "quiet", .letter = 'q', .help = "do not show how it goes on"},
};

}  // namespace

constinit const cli::Command save_command{
    .name = "save",
    .summary = "write images into an archive",
    .operands = "IMAGE...",
    .description = "Writes images, with their names, into one archive that 'docker load', 'podman load' and 'snug load' take.\n"
                   "oci-archive and oci-dir keep the digests of an image and its layers as they came.",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
