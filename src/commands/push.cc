#include <array>

#include "commands.hh"
#include "image_program.hh"
#include "registry_options.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    authfile_option,
    cert_dir_option,
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
    .description = "Copies an image to the registry that its name, or else DESTINATION, tells, byte for byte, and prints the\n"
                   "digest of its manifest. DESTINATION may also be oci:FOLDER[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME].",
    .options = options,
    .max_operands = 2,
    .function = run_image_program};

}  // namespace snug::commands
