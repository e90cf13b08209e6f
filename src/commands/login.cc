#include <array>

#include "commands.hh"
#include "image_program.hh"
#include "registry_options.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    authfile_option,
    cert_dir_option,
    cli::Option{.name = "get-login", .help = "print the name that you are logged in with"},
    cli::Option{.name = "password", .letter = 'p', .argument = "PASSWORD", .help = "the password, which all users of this machine can see then"},
    cli::Option{.name = "password-stdin", .help = "read the password from standard input"},
    tls_verify_option,
    cli::Option{.name = "username", .letter = 'u', .argument = "NAME", .help = "the user's name"},
};

}  // namespace

constinit const cli::Command login_command{
    .name = "login",
    .summary = "keep a name and a password for a registry",
    .operands = "[REGISTRY]",
    .description = "Asks for a name and a password, tries them at REGISTRY (docker.io by default), and keeps them where podman\n"
                   "does: $XDG_RUNTIME_DIR/containers/auth.json, or else ~/.config/containers/auth.json.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::free},
    .function = run_image_program};

}  // namespace snug::commands
