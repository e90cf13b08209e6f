#include <array>

#include "commands.hh"
#include "image_program.hh"
#include "registry_options.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    authfile_option,
    cert_dir_option,
    cli::Option{.name = "compression-format", .argument = "FORMAT", .help = "gzip, zstd or none, for layers that are not compressed", .completer = {cli::Complete::words, "gzip none zstd"}},
    creds_option,
    cli::Option{.name = "digestfile", .argument = "FILE", .help = "write the digest there as well", .completer = {cli::Complete::file}},
    cli::Option{.name = "quiet", .letter = 'q', .help = "do not show how it goes on"},
    tls_verify_option,
};

}  // namespace

constinit const cli::Command push_command{
    .name = "push",
    .summary = "copy an image from the store to a registry",
    .operands = "IMAGE [DESTINATION]",
    .description = "Copies an image to the registry that its name, or else DESTINATION, tells, and prints the digest of its manifest.\n"
                   "DESTINATION may also be oci:FOLDER[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], dir:FOLDER as\n"
                   "skopeo has it or, for its files alone, tar:FILE.",
    .options = options,
    .max_operands = 2,
    .completer = {cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
