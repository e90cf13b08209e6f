#include <array>
#include <cstdint>

#include "commands.hh"
#include "image_program.hh"
#include "registry_options.hh"
#include "snug/commands/layers.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "arch", .argument = "ARCH", .help = "take the image for this architecture, with linux: --platform linux/ARCH"},
    authfile_option,
    cert_dir_option,
    creds_option,
    cli::Option{.name = "no-unpack", .help = "only fetch; the layers are unpacked when they are needed"},
    cli::Option{.name = "platform", .argument = "OS/ARCH[/VARIANT]", .help = "take the image for this platform, not for this machine's"},
    cli::Option{.name = "policy", .argument = "POLICY", .help = "always, the default, missing, newer or never", .completer = {cli::Complete::words, "always missing newer never"}},
    cli::Option{.name = "quiet", .letter = 'q', .help = "do not show how it goes on"},
    tls_verify_option,
};

}  // namespace

constinit const cli::Command pull_command{
    .name = "pull",
    .summary = "bring images from a registry into the store",
    .operands = "IMAGE...",
    .description = "Brings images, by NAME[:TAG][@DIGEST], out of registries, unpacks them and prints their ids. Also out of\n"
                   "oci:FOLDER[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME] and dir:FOLDER as skopeo has it, and out of\n"
                   "tar:FILE, the files of a root file system. What was interrupted goes on where it was.",
    .options = options,
    .shared = &id_map_option_set,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
