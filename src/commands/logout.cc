#include <array>

#include "commands.hh"
#include "image_program.hh"
#include "registry_options.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "all", .letter = 'a', .help = "forget the credentials for all registries"},
    authfile_option,
};

}  // namespace

constinit const cli::Command logout_command{
    .name = "logout",
    .summary = "forget the name and the password for a registry",
    .operands = "[REGISTRY]",
    .description = "Removes what 'snug login' kept for REGISTRY, docker.io by default.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::free},
    .function = run_image_program};

}  // namespace snug::commands
