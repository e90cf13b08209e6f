#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "output", .letter = 'o', .argument = "FILE", .help = "write this file instead of standard output", .completer = {cli::Complete::file}},
};

}  // namespace

constinit const cli::Command export_command{
    .name = "export",
    .summary = "write a container's files into a tar archive",
    .operands = "CONTAINER",
    .description = "Writes all files of a container that runs on an image, as they are now, into a plain tar archive. Volumes are\n"
                   "not in it.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::containers},
    .function = run_image_program};

}  // namespace snug::commands
